//! 304 and 412, on the wire.

use etag_fairing::document::MEDIA_TYPE;

use crate::app::*;

#[test]
fn if_none_match_compares_weakly_all_lines_of_it() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    let weak = format!("W/{tag}");
    let list = format!("\"a,b\", {weak} ,");
    for same in [tag.as_str(), &weak, &list, "*"] {
        assert_is_304(&server.get("/small", &if_none_match(same)), &tag);
    }
    let lines = [("If-None-Match", "\"x\""), ("if-none-match", tag.as_str())];
    assert_is_304(&server.get("/small", &lines), &tag);
    for other in ["\"x\"", "", ",", "*, *", tag.trim_matches('"'), "w/\"x\""] {
        let answer = server.get("/small", &if_none_match(other));
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL), "{other}");
    }
}

#[test]
fn if_match_on_a_get_is_412_with_an_error_document() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    assert_eq!(server.get("/small", &[("If-Match", &tag)]).status, 200);
    assert_eq!(server.get("/small", &[("If-Match", "*")]).status, 200);
    let weak = format!("W/{tag}");
    for stale in ["\"x\"", &weak, "", "x", "*, *"] {
        let answer = server.get("/small", &[("If-Match", stale), ("If-None-Match", &tag)]);
        assert_eq!(answer.status, 412, "{stale}");
        assert_eq!(answer.field("content-type"), Some(MEDIA_TYPE));
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!(answer.tag(), tag);
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let error = &document["errors"][0];
        assert_eq!((&error["status"], &error["code"]), (&"412".into(), &"precondition_failed".into()));
        assert_eq!(error["source"]["header"], "If-Match");
        assert_eq!(error["links"]["about"], "/small");
    }
}

#[test]
fn if_match_that_holds_goes_on_to_if_none_match() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    assert_is_304(&server.get("/small", &[("If-Match", &tag), ("If-None-Match", &tag)]), &tag);
}

#[test]
fn last_modified_of_the_handler_takes_part() {
    let server = start(ON);
    let same = "Thu, 01 Jan 2026 00:00:00 GMT";
    let before = "Wed, 31 Dec 2025 23:59:59 GMT";
    let tag = server.get("/dated", &[]).tag();
    assert_is_304(&server.get("/dated", &[("If-Modified-Since", same)]), &tag);
    assert_eq!(server.get("/dated", &[("If-Modified-Since", before)]).status, 200);
    assert_eq!(server.get("/dated", &[("If-Unmodified-Since", same)]).status, 200);
    let answer = server.get("/dated", &[("If-Unmodified-Since", before)]);
    assert_eq!((answer.status, answer.field("last-modified")), (412, None));
    // If-None-Match is there, so the date doesn't count.
    let fields = [("If-None-Match", "\"x\""), ("If-Modified-Since", same)];
    assert_eq!(server.get("/dated", &fields).status, 200);
    assert_eq!(server.get("/small", &[("If-Unmodified-Since", before)]).status, 200);
}

#[test]
fn a_304_keeps_what_caches_and_scripts_need() {
    let server = start(ON);
    let full = server.get("/fields", &[]);
    let answer = server.get("/fields", &if_none_match("*"));
    assert_is_304(&answer, &full.tag());
    for kept in [
        "content-location",
        "content-security-policy",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "set-cookie",
        "vary",
        "cache-control",
        "expires",
        "x-content-type-options",
    ] {
        assert!(full.field(kept).is_some(), "{kept}");
        assert_eq!(answer.field(kept), full.field(kept), "{kept}");
    }
    assert!(answer.field("date").is_some());
    for dropped in ["content-type", "content-language", "last-modified"] {
        assert!(full.field(dropped).is_some(), "{dropped}");
        assert_eq!(answer.field(dropped), None, "{dropped}");
    }
    // RFC 9110 §8.6: it may have the 200's length, but some clients would then wait for such a body.
    assert_eq!(answer.field("content-length"), None);
}

#[test]
fn a_412_keeps_cors_and_drops_the_representation() {
    let server = start(ON);
    let answer = server.get("/fields", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.status, 412);
    assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.field("content-type"), Some(MEDIA_TYPE));
    for dropped in ["content-language", "content-location", "last-modified", "expires"] {
        assert_eq!(answer.field(dropped), None, "{dropped}");
    }
    assert_eq!(answer.lines("vary"), ["Accept-Language", "Accept"]);
    let answer = server.get("/coded?vary=Accept", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.lines("vary"), ["Accept", "Accept-Encoding"]);
}

#[test]
fn an_early_304_has_no_length_at_all() {
    let server = start(ON);
    for method in ["GET", "HEAD"] {
        let answer = server.send(method, "/early", &if_none_match("W/\"early\""), "");
        assert_is_304(&answer, "\"early\"");
        assert_eq!(answer.field("content-length"), None);
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
    }
    assert_eq!(server.get("/early", &if_none_match("\"x\"")).status, 200);
}

#[test]
fn a_304_of_an_empty_body_has_no_length_either() {
    let server = start(ON);
    for path in ["/sized/0", "/none"] {
        let answer = server.get(path, &if_none_match("*"));
        assert_is_304(&answer, &quoted_hash(b""));
        assert_eq!(answer.field("content-length"), None);
    }
}

#[test]
fn the_connection_goes_on_after_every_kind_of_304() {
    let server = start(ON);
    let mut connection = server.connect();
    for path in ["/small", "/sized/70000", "/early", "/own-stream", "/none", "/sized/0"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(connection.send(method, path, &if_none_match("*"), "").status, 304, "{path}");
            // Any byte of a body would stand before this answer's head.
            let next = connection.send("GET", "/small", &[], "");
            assert_eq!((next.status, next.text().as_str()), (200, SMALL), "{method} {path}");
        }
    }
}

#[test]
fn a_range_is_not_served_but_preconditions_are_answered() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    let range = ("Range", "bytes=0-1");
    assert_eq!(server.get("/small", &[range]).text(), SMALL);
    assert_eq!(server.get("/small", &[range, ("If-Range", "\"x\"")]).status, 200);
    assert_is_304(&server.get("/small", &[range, ("If-None-Match", &tag)]), &tag);
    assert_eq!(server.get("/small", &[range, ("If-Match", "\"x\"")]).status, 412);
}

#[test]
fn weak_tags_never_match_strongly_unless_accepted() {
    let strong = quoted_hash(SMALL.as_bytes());
    let weak = format!("W/{strong}");
    let server = start("[default.etag]\nstrength = 'weak'");
    assert_eq!(server.get("/small", &[]).tag(), weak);
    assert_is_304(&server.get("/small", &if_none_match(&strong)), &weak);
    for tag in [&weak, &strong] {
        let answer = server.get("/small", &[("If-Match", tag)]);
        assert_eq!((answer.status, answer.tag()), (412, weak.clone()));
    }
    // A handler's own tag stays as strong as it set it.
    assert_eq!(server.get("/own?tag=%22mine%22", &[]).tag(), "\"mine\"");
    let server = start("[default.etag]\nstrength = 'weak'\naccept_weakened = true");
    assert_eq!(server.get("/small", &[("If-Match", &weak)]).tag(), weak);
    assert_eq!(server.get("/small", &[("If-Match", "W/\"x\"")]).status, 412);
}

#[test]
fn accept_weakened_takes_what_a_proxy_weakened() {
    let weakened = format!("W/{}", quoted_hash(SMALL.as_bytes()));
    let if_match = [("If-Match", weakened.as_str())];
    assert_eq!(start(ON).get("/small", &if_match).status, 412);
    assert_eq!(start("[default.etag]\naccept_weakened = true").get("/small", &if_match).status, 200);
}
