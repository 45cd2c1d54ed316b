//! What is hashed of a body, and what passes through.

use etag_fairing::document::MEDIA_TYPE;

use crate::app::*;

#[test]
fn every_size_goes_out_whole_with_its_tag() {
    let server = start(ON);
    for size in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 20] {
        let answer = server.get(&format!("/sized/{size}"), &[]);
        assert_eq!(answer.text(), letters(size));
        assert_eq!(answer.tag(), quoted_hash(letters(size).as_bytes()));
        let again = server.get(&format!("/sized/{size}"), &if_none_match(&answer.tag()));
        assert_is_304(&again, &answer.tag());
    }
}

#[test]
fn streams_pass_through_untouched() {
    let server = start(ON);
    let answer = server.get("/bytes", &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "one two"));
    assert_is_untouched(&answer);
    for path in ["/events", "/sized-events"] {
        let answer = server.get(path, &if_none_match("*"));
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("hello"));
        assert_eq!(answer.field("etag"), None);
    }
}

#[test]
fn a_body_whose_size_must_be_asked_for_is_tagged() {
    let server = start(ON);
    let answer = server.get("/seekable", &[]);
    assert_eq!((answer.text().as_str(), answer.tag()), (SMALL, quoted_hash(SMALL.as_bytes())));
    assert_is_304(&server.get("/seekable", &if_none_match(&answer.tag())), &answer.tag());
    let server = start("[default.etag]\nmax_body = 3");
    assert_is_untouched(&server.get("/seekable", &if_none_match("*")));
}

#[test]
fn a_stream_with_its_own_tag_is_revalidated() {
    let server = start(ON);
    let answer = server.get("/own-stream", &[]);
    assert_eq!((answer.text().as_str(), answer.tag().as_str()), (SMALL, "\"s\""));
    assert_is_304(&server.get("/own-stream", &if_none_match("\"s\"")), "\"s\"");
    assert_eq!(server.get("/own-stream", &[("If-Match", "\"x\"")]).status, 412);
}

#[test]
fn max_body_is_the_longest_that_is_hashed() {
    let server = start("[default.etag]\nmax_body = 1000");
    assert_eq!(server.get("/sized/1000", &[]).tag(), quoted_hash(letters(1000).as_bytes()));
    let answer = server.get("/sized/1001", &if_none_match("*"));
    assert_eq!((answer.status, answer.text()), (200, letters(1001)));
    assert_is_untouched(&answer);
    assert!(server.get("/statistics", &[]).text().starts_with("1 "));
}

#[test]
fn a_body_shorter_than_it_claims_is_tagged_as_it_is() {
    let server = start(ON);
    let answer = server.get("/claims/1000", &[]);
    assert_eq!((answer.text().as_str(), answer.field("content-length")), (SMALL, Some("10")));
    assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
}

#[test]
fn a_body_longer_than_it_claims_goes_out_whole_and_untagged() {
    let server = start(ON);
    let answer = server.get("/claims/3", &[]);
    assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
    assert_is_untouched(&answer);
}

#[test]
fn a_body_that_cannot_be_read_is_500() {
    let server = start(ON);
    let answer = server.get("/broken", &[]);
    assert_eq!((answer.status, answer.field("content-type")), (500, Some(MEDIA_TYPE)));
    assert_eq!(answer.field("etag"), None);
}
