//! Which responses carry a tag.

use etag_fairing::{EtagFairing, etagged};
use rocket::{catchers, routes};

use crate::app::*;
use crate::support::Server;

#[test]
fn only_opted_in_routes_are_tagged() {
    let server = start(ON);
    assert_is_untouched(&server.get("/plain", &if_none_match("*")));
    let answer = server.get("/plain", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.status, 200);
}

#[test]
fn a_forward_takes_the_mark_along_with_it() {
    let server = start(ON);
    let answer = server.get("/forwards", &[]);
    assert_eq!(answer.text(), SMALL);
    assert_is_untouched(&answer);
}

#[test]
fn all_tags_every_eligible_route_but_nothing_unrouted() {
    let server = Server::start(ON, |rocket| {
        rocket
            .attach(EtagFairing::all())
            .mount("/", routes![plain, bytes, put_small, options_small])
            .register("/", catchers![single_page])
    });
    assert_eq!(server.get("/plain", &[]).tag(), quoted_hash(SMALL.as_bytes()));
    assert_is_304(&server.get("/plain", &if_none_match("*")), &quoted_hash(SMALL.as_bytes()));
    assert_is_untouched(&server.get("/bytes", &[]));
    let missing = server.get("/missing", &if_none_match("*"));
    assert_eq!((missing.status, missing.text().as_str()), (200, SMALL));
    assert_is_untouched(&missing);
    assert_is_untouched(&server.send("OPTIONS", "/small", &if_none_match("*"), ""));
    assert_is_untouched(&server.send("PUT", "/small", &if_none_match("*"), ""));
}

#[test]
fn an_explicit_head_route_has_the_tag_it_sets_or_none() {
    let server = start(ON);
    let head = server.send("HEAD", "/own-head", &[], "");
    assert_eq!((head.status, head.tag().as_str()), (200, "\"head\""));
    assert_is_304(&server.send("HEAD", "/own-head", &if_none_match("\"head\""), ""), "\"head\"");
    assert_is_untouched(&server.send("HEAD", "/bare-head", &[], ""));
    assert_eq!(server.get("/bare-head", &[]).tag(), quoted_hash(SMALL.as_bytes()));
}

#[test]
fn no_store_is_not_tagged_and_other_cache_control_stays() {
    let server = start(ON);
    for value in ["no-store", "private,%20No-Store"] {
        let answer = server.get(&format!("/cache-control?value={value}"), &if_none_match("*"));
        assert_eq!((answer.status, answer.field("etag")), (200, None), "{value}");
    }
    let answer = server.get("/cache-control?value=max-age%3D60", &[]);
    assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
    assert_eq!(answer.field("cache-control"), Some("max-age=60"));
    assert_eq!(server.get("/expires", &[]).field("cache-control"), None);
    assert!(server.get("/expires", &[]).field("etag").is_some());
}

#[test]
fn only_a_200_is_tagged() {
    let server = start(ON);
    for code in [201, 202, 203, 206, 301, 400, 404, 500, 503] {
        let answer = server.get(&format!("/status/{code}"), &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
        assert_eq!(answer.status, code);
        assert_is_untouched(&answer);
    }
    for code in [201, 404, 500] {
        let answer = server.get(&format!("/own-status/{code}"), &if_none_match("*"));
        assert_eq!((answer.status, answer.tag().as_str()), (code, "\"s\""));
        assert_eq!(answer.field("cache-control"), None);
    }
    assert_is_untouched(&server.get("/tagged-error", &if_none_match("*")));
    assert_eq!(server.get("/own-part", &[]).status, 206);
    assert_is_304(&server.get("/own-part", &if_none_match("\"p\"")), "\"p\"");
}

#[test]
fn catcher_output_is_not_touched_even_as_a_200() {
    let server = start(ON);
    let answer = server.get("/failing", &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "tea"));
    assert_is_untouched(&answer);
    let missing = server.get("/missing", &if_none_match("*"));
    assert_eq!(missing.status, 404);
    assert_is_untouched(&missing);
}

#[test]
fn responses_of_unsafe_methods_are_never_touched() {
    let server = start(ON);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let conditions = [form, ("If-Match", "\"x\""), ("If-None-Match", "*")];
    for (method, body) in [("POST", "text=hello"), ("PATCH", "text=hello"), ("PUT", ""), ("DELETE", "")] {
        let answer = server.send(method, "/small", &conditions, body);
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.field("cache-control"), None, "{method}");
        let own = (method == "PATCH").then_some("\"new\"");
        assert_eq!(answer.field("etag"), own, "{method}");
    }
}

#[test]
fn the_effective_method_counts_in_forms() {
    let server = start(ON);
    let fields = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("If-Match", "\"x\""),
        ("If-None-Match", "*"),
    ];
    let answer = server.send("POST", "/small", &fields, "_method=patch&text=hello");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.tag(), "\"new\"");
}

#[test]
fn options_is_never_conditional() {
    let server = start(ON);
    for path in ["/small", "/tagged"] {
        let conditional = [("If-None-Match", "*"), ("If-Match", "\"x\"")];
        let answer = server.send("OPTIONS", path, &conditional, "");
        assert_eq!(answer.status, server.send("OPTIONS", path, &[], "").status);
        assert_is_untouched(&answer);
    }
}

#[test]
fn off_is_off_and_hashes_nothing() {
    for toml in ["", "[default]\nETAG = false", "[default.etag]\nenabled = false"] {
        let server = start(toml);
        for path in ["/small", "/tagged", "/sized/5000", "/early"] {
            for fields in [&[][..], &if_none_match("*"), &[("If-Match", "\"x\"")]] {
                let answer = server.get(path, fields);
                assert_eq!((answer.status, answer.field("cache-control")), (200, None), "{path}");
                if path != "/early" {
                    assert_eq!(answer.field("etag"), None, "{path}");
                }
            }
        }
        assert_eq!(server.get("/statistics", &[]).text(), "0 0 0 0");
    }
}

#[test]
fn without_the_fairing_a_tagged_route_is_a_plain_one() {
    let server = Server::start(ON, |rocket| {
        rocket.mount("/", etagged(routes![small])).mount("/", routes![tagged, early])
    });
    for path in ["/small", "/tagged"] {
        let answer = server.get(path, &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
        assert_is_untouched(&answer);
    }
    assert_eq!(server.get("/early", &if_none_match("*")).status, 200);
}
