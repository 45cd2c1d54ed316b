//! An upload by routes written by hand, with the preconditions of all others.

use super::{ADA, CLERK, open, refused};
use crate::support::{Connection, Response};

const PATH: &str = "/products/1/picture";

fn upload(connection: &mut Connection, path: &str, fields: &[(&str, &str)], picture: &[u8]) -> Response {
    let fields = [&[("Content-Type", "image/png"), CLERK], fields].concat();
    connection.request("PUT", path, &fields, Some(picture))
}

#[test]
fn a_picture_is_replaced_by_who_has_seen_it() {
    let server = open();
    let mut connection = server.connect();
    assert_eq!(connection.get(PATH, &[]).status, 404);
    let first = upload(&mut connection, PATH, &[("If-None-Match", "*")], b"first");
    assert_eq!(first.status, 201, "{first:?}");
    let read = connection.get(PATH, &[]);
    assert_eq!(
        (read.status, &*read.body, read.header("Content-Type")),
        (200, &b"first"[..], Some("image/png"))
    );
    assert_eq!(read.etag(), first.etag());
    let known = connection.get(PATH, &[("If-None-Match", first.etag())]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    // Two replace what both have seen: one of them has.
    let second = upload(&mut connection, PATH, &[("If-Match", first.etag())], b"second");
    assert_eq!(second.status, 200, "{second:?}");
    let late = upload(&mut connection, PATH, &[("If-Match", first.etag())], b"third");
    assert_eq!(refused(&late, 412).0, "precondition_failed");
    assert_eq!(late.etag(), second.etag());
    assert_eq!(upload(&mut connection, PATH, &[("If-None-Match", "*")], b"third").status, 412);
    assert_eq!(connection.get(PATH, &[("If-None-Match", first.etag())]).body, b"second");
}

#[test]
fn of_many_uploads_with_one_tag_one_wins() {
    let server = open();
    let tag = upload(&mut server.connect(), PATH, &[], b"0").etag().to_owned();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let (server, tag) = (&server, &tag);
        let upload = |number: u8| {
            move || upload(&mut server.connect(), PATH, &[("If-Match", tag)], &[b'a' + number]).status
        };
        let clients: Vec<_> = (0..16).map(|number| scope.spawn(upload(number))).collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
}

#[test]
fn what_is_no_picture_is_refused() {
    let server = open();
    let mut connection = server.connect();
    let fields = [("Content-Type", "text/html"), CLERK];
    assert_eq!(connection.request("PUT", PATH, &fields, Some(b"<script>")).status, 415);
    assert_eq!(upload(&mut connection, PATH, &[], &[0; 600 * 1024]).status, 413);
    let mut connection = server.connect();
    let by_ada = [("Content-Type", "image/png"), ADA];
    assert_eq!(connection.request("PUT", PATH, &by_ada, Some(b"mine")).status, 403);
    assert_eq!(upload(&mut connection, "/products/9/picture", &[], b"x").status, 404);
    // What is no longer sold has no picture any more.
    assert_eq!(upload(&mut connection, "/products/2/picture", &[], b"x").status, 201);
    assert_eq!(connection.delete("/products/2", &[CLERK, ("If-Match", "*")]).status, 204);
    assert_eq!(connection.get("/products/2/picture", &[]).status, 404);
}
