//! The tags themselves, and the fields beside them.

use crate::app::*;

#[test]
fn a_tag_is_the_sha_1_of_the_body() {
    let server = start(ON);
    for path in ["/small", "/tagged"] {
        let answer = server.get(path, &[]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
        assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
        assert_eq!(answer.tag(), "\"4d9c65572f8c694d1f2c7502b6672f3079218b69\"");
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.field("content-length"), Some("10"));
    }
}

#[test]
fn head_carries_the_fields_of_the_get() {
    let server = start(ON);
    let get = server.get("/small", &[]);
    let head = server.send("HEAD", "/small", &[], "");
    assert_eq!((head.status, head.tag()), (200, get.tag()));
    assert_eq!(head.field("content-length"), get.field("content-length"));
    assert_eq!(head.field("cache-control"), get.field("cache-control"));
    assert_is_304(&server.send("HEAD", "/small", &if_none_match(&get.tag()), ""), &get.tag());
    assert_eq!(server.send("HEAD", "/small", &[("If-Match", "\"x\"")], "").status, 412);
}

#[test]
fn a_handlers_own_tag_is_used_and_nothing_is_hashed() {
    let server = start(ON);
    for tag in ["\"mine\"", "W/\"mine\"", "\"\""] {
        let path = format!("/own?tag={}", tag.replace('"', "%22").replace('/', "%2F"));
        let answer = server.get(&path, &[]);
        assert_eq!((answer.status, answer.tag().as_str()), (200, tag));
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
        assert_is_304(&server.get(&path, &if_none_match(tag)), tag);
    }
    assert_eq!(server.get("/own?tag=%22mine%22", &[("If-Match", "\"mine\"")]).status, 200);
    assert_eq!(server.get("/own?tag=W%2F%22mine%22", &[("If-Match", "W/\"mine\"")]).status, 412);
    assert!(server.get("/statistics", &[]).text().starts_with("0 "));
}

#[test]
fn a_malformed_own_tag_leaves_the_response_alone() {
    let server = start(ON);
    for tag in ["mine", "w/%22mine%22", "%22a%22,%22b%22", "%22a%20b%22"] {
        let answer = server.get(&format!("/own?tag={tag}"), &[("If-Match", "\"x\""), ("If-None-Match", "*")]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL), "{tag}");
        assert_eq!(answer.field("cache-control"), None);
    }
    let answer = server.get("/own-twice", &if_none_match("*"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.lines("etag"), ["\"a\"", "\"b\""]);
}

#[test]
fn cache_control_is_as_configured() {
    let server = start("[default.etag]\ncache_control = 'public, max-age=5'");
    assert_eq!(server.get("/small", &[]).field("cache-control"), Some("public, max-age=5"));
    let early = server.get("/early", &if_none_match("\"early\""));
    assert_eq!(early.field("cache-control"), Some("public, max-age=5"));
    let server = start("[default.etag]\ncache_control = ''");
    assert_eq!(server.get("/small", &[]).field("cache-control"), None);
    assert_eq!(server.get("/small", &if_none_match("*")).field("cache-control"), None);
}

#[test]
fn a_coded_body_varies_on_accept_encoding() {
    let server = start(ON);
    assert_eq!(server.get("/coded", &[]).field("vary"), Some("Accept-Encoding"));
    assert_eq!(server.get("/coded", &if_none_match("*")).field("vary"), Some("Accept-Encoding"));
    assert_eq!(server.get("/coded?vary=accept-encoding", &[]).field("vary"), Some("accept-encoding"));
    assert_eq!(server.get("/coded?vary=*", &[]).field("vary"), Some("*"));
}

#[test]
fn statistics_count_what_was_done() {
    let server = start(ON);
    server.get("/small", &[]);
    server.get("/small", &if_none_match("*"));
    server.get("/small", &[("If-Match", "\"x\"")]);
    server.get("/early", &if_none_match("*"));
    server.get("/plain", &[]);
    assert_eq!(server.get("/statistics", &[]).text(), "3 2 1 10");
}

#[test]
fn the_same_body_has_the_same_tag_after_a_restart() {
    let tag = start(ON).get("/small", &[]).tag();
    assert_is_304(&start(ON).get("/small", &if_none_match(&tag)), &tag);
}
