//! The field syntax table: RFC 9110 §5.3, §5.6.1.2, §8.8.3, §13.1.1 and §13.1.2.

use super::*;

/// What a field of these lines says; `!` stands for a malformed element.
fn read(lines: &[&[u8]]) -> Vec<Vec<u8>> {
    let headers = ConditionalHeaders::from_fields(lines.iter().map(|line| ("If-Match", *line)));
    match headers.if_match() {
        TagField::Absent => vec![b"absent".to_vec()],
        TagField::Any => vec![b"any".to_vec()],
        TagField::List(tags) => {
            tags.elements().map(|element| element.map_or(b"!".to_vec(), EntityTagRef::to_bytes)).collect()
        }
    }
}

#[track_caller]
fn check(lines: &[&[u8]], expected: &[&[u8]]) {
    assert_eq!(read(lines), expected, "{lines:?}");
}

/// Whether these lines let a PATCH with If-Match through, and whether they make a GET with If-None-Match a 304,
/// where the current tag is `"T"`.
fn outcome(lines: &[&str]) -> (bool, bool) {
    let if_match: Vec<_> = lines.iter().map(|line| ("If-Match", *line)).collect();
    let if_none_match: Vec<_> = lines.iter().map(|line| ("If-None-Match", *line)).collect();
    (decide("PATCH", &if_match) == PROCEED, decide("GET", &if_none_match) == NOT_MODIFIED)
}

#[test]
fn no_line_is_absent() {
    check(&[], &[b"absent"]);
}

#[test]
fn several_lines_are_one_list_in_order() {
    check(&[b"\"a\"", b"W/\"b\", \"c\"", b"\"d\""], &[b"\"a\"", b"W/\"b\"", b"\"c\"", b"\"d\""]);
    assert_eq!(outcome(&["\"A\"", "\"T\""]), (true, true));
    assert_eq!(outcome(&["\"T\"", "\"A\""]), (true, true));
    assert_eq!(outcome(&["\"T\"", "malformed"]), (false, true));
}

#[test]
fn tag_does_not_reach_from_one_line_into_the_next() {
    check(&[b"\"a", b"b\""], &[b"!", b"!"]);
}

#[test]
fn empty_elements_and_whitespace_around_elements_are_ignored() {
    check(&[b" ,\t, \"a\"\t ,,  W/\"b\" , "], &[b"\"a\"", b"W/\"b\""]);
    check(&[b"", b"\"a\"", b",", b" \"b\""], &[b"\"a\"", b"\"b\""]);
    assert_eq!(outcome(&[",, \t\"T\"\t,"]), (true, true));
}

#[test]
fn elements_need_no_whitespace_between_them() {
    check(&[b"\"a\",\"b\""], &[b"\"a\"", b"\"b\""]);
}

#[test]
fn empty_value_is_present_and_an_empty_list() {
    for lines in [&[""][..], &[" \t "], &[","], &[", ,\t,"], &["", ""], &["", ","]] {
        let bytes: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        check(&bytes, &[]);
        assert_eq!(outcome(lines), (false, false), "{lines:?}");
    }
    assert!(!headers(&[("If-Match", "")]).is_empty());
}

#[test]
fn asterisk_alone_is_the_wildcard() {
    for value in ["*", " *", "*\t", " \t* "] {
        check(&[value.as_bytes()], &[b"any"]);
        assert_eq!(outcome(&[value]), (true, true), "{value}");
    }
}

#[test]
fn asterisk_in_quotes_or_doubled_is_not_the_wildcard() {
    check(&[b"\"*\""], &[b"\"*\""]);
    check(&[b"W/\"*\""], &[b"W/\"*\""]);
    check(&[b"**"], &[b"!"]);
    check(&[b"W/*"], &[b"!"]);
    for value in ["\"*\"", "W/\"*\"", "**"] {
        assert_eq!(outcome(&[value]), (false, false), "{value}");
    }
}

#[test]
fn asterisk_in_a_list_or_beside_another_line_is_malformed() {
    check(&[b"*, \"a\""], &[b"!", b"\"a\""]);
    check(&[b"*", b"*"], &[b"!", b"!"]);
    for lines in
        [&["*, \"A\""][..], &["\"A\", *"], &["*,"], &["*, *"], &["*", "*"], &["*", "\"A\""], &["*", ""]]
    {
        assert_eq!(outcome(lines), (false, false), "{lines:?}");
    }
    assert_eq!(outcome(&["*, \"T\""]), (false, true));
}

#[test]
fn comma_inside_quotes_belongs_to_the_tag() {
    check(&[b"\"a,b\""], &[b"\"a,b\""]);
    check(&[b"W/\",\",\",,\""], &[b"W/\",\"", b"\",,\""]);
    assert_eq!(outcome(&["\"T,T\""]), (false, false));
    assert_eq!(outcome(&["\",\",\"T\""]), (true, true));
}

#[test]
fn obs_text_is_legal_and_matches_equal_bytes_only() {
    check(&[b"\"\x80\xE9\xFF\", \"a\""], &[b"\"\x80\xE9\xFF\"", b"\"a\""]);
    let latin_1 = EntityTag::strong(*b"\xE9").unwrap();
    let utf_8 = EntityTag::strong("\u{E9}").unwrap();
    for (sent, current, matches) in
        [(&latin_1, &latin_1, true), (&latin_1, &utf_8, false), (&utf_8, &utf_8, true)]
    {
        let sent = sent.to_bytes();
        let headers = ConditionalHeaders::from_fields([("If-Match", sent.as_slice())]);
        let selected = Selected { validator: Validator::Tag(current), last_modified: None };
        let decision = evaluate(&headers, MethodKind::Write, Some(&selected), &Options::default());
        assert_eq!(decision == PROCEED, matches, "{sent:?} {current}");
    }
}

#[test]
fn backslash_is_an_ordinary_character() {
    check(&[b"\"a\\\", \"x\""], &[b"\"a\\\"", b"\"x\""]);
    check(&[b"\"\\a\""], &[b"\"\\a\""]);
    assert_eq!(outcome(&["\"\\T\""]), (false, false));
    assert_eq!(outcome(&["\"a\\\", \"T\""]), (true, true));
}

#[test]
fn space_tab_control_del_or_quote_inside_is_malformed() {
    for byte in (0..=0x20).chain([b'"', 0x7F]) {
        check(&[&[b'"', b'a', byte, b'b', b'"']], &[b"!"]);
    }
    for value in ["\"T \"", "\" T\"", "\"T\"\"", "\"\"T\""] {
        assert_eq!(outcome(&[value]), (false, false), "{value}");
    }
}

#[test]
fn unquoted_half_quoted_and_wrongly_prefixed_tags_are_malformed() {
    for value in [
        "w/\"T\"",
        "W/ \"T\"",
        "W/T",
        "T",
        "'T'",
        "\"T",
        "T\"",
        "W\"T\"",
        "/\"T\"",
        "W//\"T\"",
        "\"",
        "W/",
        "W/W/\"T\"",
        "\"T\"x",
        "\"T\" \"T\"",
        "\"T\";\"T\"",
        "\u{201C}T\u{201D}",
    ] {
        check(&[value.as_bytes()], &[b"!"]);
        assert_eq!(outcome(&[value]), (false, false), "{value}");
    }
}

#[test]
fn malformed_element_fails_im_whole_and_leaves_the_rest_of_inm() {
    for value in ["x, \"T\"", "\"T\", x", "\"a b\", \"T\"", "\"T\", \"a", "\"a\" \"b\", \"T\"", "\"x, \"T\""]
    {
        assert_eq!(outcome(&[value]), (false, true), "{value}");
    }
}

#[test]
fn empty_tag_is_legal() {
    check(&[b"\"\", W/\"\""], &[b"\"\"", b"W/\"\""]);
    assert_eq!(decide_on("\"\"", None, "PATCH", &[("If-Match", "\"\"")]), PROCEED);
    assert_eq!(decide_on("\"\"", None, "PATCH", &[("If-Match", "")]), IF_MATCH_FAILED);
}

#[test]
fn thousands_of_elements_are_all_read() {
    let mut line = "\"0123456789\", ".repeat(4000);
    line.push_str("\"T\"");
    assert!(line.len() > 50_000);
    assert_eq!(outcome(&[&line]), (true, true));
    assert_eq!(read(&[line.as_bytes()]).len(), 4001);
    line.push_str(", x");
    assert_eq!(outcome(&[&line]), (false, true));
}

#[test]
fn field_names_are_not_case_sensitive() {
    for name in ["If-Match", "if-match", "IF-MATCH"] {
        assert_eq!(decide("PATCH", &[(name, "\"A\"")]), IF_MATCH_FAILED, "{name}");
    }
}

#[test]
fn other_fields_leave_a_request_unconditional() {
    let fields =
        [("Accept", "*/*"), ("If-Range", "\"T\""), ("If", "\"T\""), ("If-Matches", "\"T\""), ("", "")];
    assert!(headers(&fields).is_empty());
    for name in ConditionalHeaders::FIELDS {
        assert!(!headers(&[(name, "")]).is_empty(), "{name}");
    }
}

#[test]
fn lookup_and_owned_copy_say_the_same_as_the_fields() {
    let fields = [("If-Match", "\"A\""), ("If-Modified-Since", AT_M), ("If-Match", "\"T\"")];
    let lookup = ConditionalHeaders::from_lookup(|name| {
        fields.iter().filter(move |field| field.0 == name).map(|field| field.1.as_bytes())
    });
    for headers in [headers(&fields), lookup, headers(&fields).into_owned()] {
        let TagField::List(tags) = headers.if_match() else { panic!("a list") };
        let tags: Vec<_> = tags.elements().map(|tag| tag.unwrap().to_string()).collect();
        assert_eq!(tags, ["\"A\"", "\"T\""]);
        assert_eq!(headers.if_modified_since(), Some(HttpDate::from_unix_seconds(M)));
        assert_eq!(headers.if_unmodified_since(), None);
        assert!(matches!(headers.if_none_match(), TagField::Absent));
    }
}
