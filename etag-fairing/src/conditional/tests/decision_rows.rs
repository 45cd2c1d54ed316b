//! The decision table: RFC 9110 §13.2.2 and what follows from it for each method.

use super::*;

#[track_caller]
fn each(methods: &[&str], fields: &[&[(&str, &str)]], expected: Decision) {
    for method in methods {
        for fields in fields {
            assert_eq!(decide(method, fields), expected, "{method} {fields:?}");
        }
    }
}

#[test]
fn read_without_conditions_is_200() {
    each(&READS, &[&[]], PROCEED);
}

#[test]
fn read_with_inm_of_the_tag_or_its_weak_form_or_any_is_304() {
    let fields: [&[_]; 4] = [
        &[("If-None-Match", "\"T\"")],
        &[("If-None-Match", "W/\"T\"")],
        &[("If-None-Match", "*")],
        &[("If-None-Match", "\"A\", \"T\"")],
    ];
    each(&READS, &fields, NOT_MODIFIED);
}

#[test]
fn read_with_inm_of_another_tag_is_200_whatever_ims_says() {
    for date in [BEFORE_M, AT_M, AFTER_M, "yesterday"] {
        each(&READS, &[&[("If-None-Match", "\"A\""), ("If-Modified-Since", date)]], PROCEED);
    }
    each(&READS, &[&[("If-None-Match", "\"A\"")]], PROCEED);
}

#[test]
fn read_with_inm_of_the_tag_and_ims_before_m_is_304() {
    each(&READS, &[&[("If-None-Match", "\"T\""), ("If-Modified-Since", BEFORE_M)]], NOT_MODIFIED);
}

#[test]
fn read_with_ims_at_or_after_m_is_304() {
    for date in [AT_M, AFTER_M, "Fri, 31 Dec 9999 23:59:59 GMT"] {
        each(&READS, &[&[("If-Modified-Since", date)]], NOT_MODIFIED);
    }
}

#[test]
fn read_with_ims_before_m_is_200() {
    each(&READS, &[&[("If-Modified-Since", BEFORE_M)]], PROCEED);
}

#[test]
fn read_with_ims_where_m_is_unknown_is_200() {
    for method in READS {
        assert_eq!(decide_on("\"T\"", None, method, &[("If-Modified-Since", AFTER_M)]), PROCEED);
    }
}

#[test]
fn read_with_im_of_another_or_weak_tag_is_412() {
    let fields: [&[_]; 4] = [
        &[("If-Match", "\"A\"")],
        &[("If-Match", "W/\"T\"")],
        &[("If-Match", "\"A\""), ("If-None-Match", "\"T\"")],
        &[("If-Match", "\"A\""), ("If-Modified-Since", AFTER_M)],
    ];
    each(&READS, &fields, IF_MATCH_FAILED);
}

#[test]
fn read_with_ius_before_m_is_412_even_with_inm_of_the_tag() {
    let fields: [&[_]; 2] = [
        &[("If-Unmodified-Since", BEFORE_M)],
        &[("If-Unmodified-Since", BEFORE_M), ("If-None-Match", "\"T\"")],
    ];
    each(&READS, &fields, IF_UNMODIFIED_SINCE_FAILED);
}

#[test]
fn read_with_im_and_inm_of_the_tag_is_304() {
    each(&READS, &[&[("If-Match", "\"T\""), ("If-None-Match", "\"T\"")]], NOT_MODIFIED);
}

#[test]
fn read_with_ius_at_m_goes_on_to_inm_and_ims() {
    let fields: [&[_]; 2] = [
        &[("If-Unmodified-Since", AT_M), ("If-None-Match", "\"T\"")],
        &[("If-Unmodified-Since", AT_M), ("If-Modified-Since", AT_M)],
    ];
    each(&READS, &fields, NOT_MODIFIED);
}

#[test]
fn read_with_im_of_the_tag_and_ius_before_m_is_200() {
    each(&READS, &[&[("If-Match", "\"T\""), ("If-Unmodified-Since", BEFORE_M)]], PROCEED);
}

#[test]
fn read_of_a_missing_target_stays_404() {
    for method in READS {
        for field in ["If-Match", "If-None-Match"] {
            for value in ["*", "\"T\"", ""] {
                assert_eq!(
                    decide_on_missing(method, &[(field, value)]),
                    PROCEED,
                    "{method} {field}: {value}"
                );
            }
        }
        assert_eq!(decide_on_missing(method, &[("If-Unmodified-Since", BEFORE_M)]), PROCEED);
    }
}

#[test]
fn write_with_im_of_the_tag_or_any_is_performed() {
    for value in ["\"T\"", "*", " * ", "\"A\", \"T\"", "\"T\", \"A\"", "W/\"T\", \"T\""] {
        each(&WRITES, &[&[("If-Match", value)]], PROCEED);
    }
}

#[test]
fn write_with_im_of_another_or_weak_or_malformed_or_no_tag_is_412() {
    let values =
        ["\"A\"", "W/\"T\"", "\"A\", W/\"T\"", "T", "\"T", "\"T\" x", "\"T\", x", "x, \"T\"", "", ","];
    for value in values {
        each(&WRITES, &[&[("If-Match", value)]], IF_MATCH_FAILED);
    }
}

#[test]
fn write_with_inm_any_or_of_the_tag_is_412_never_304() {
    for value in ["*", "\"T\"", "W/\"T\"", "\"A\", \"T\""] {
        each(&WRITES, &[&[("If-None-Match", value)]], IF_NONE_MATCH_FAILED);
    }
}

#[test]
fn write_with_inm_of_another_tag_is_performed() {
    for value in ["\"A\"", "W/\"A\"", "", "T"] {
        each(&WRITES, &[&[("If-None-Match", value)]], PROCEED);
    }
}

#[test]
fn write_with_im_true_goes_on_to_inm() {
    each(&WRITES, &[&[("If-Match", "\"T\""), ("If-None-Match", "*")]], IF_NONE_MATCH_FAILED);
    each(&WRITES, &[&[("If-Unmodified-Since", AT_M), ("If-None-Match", "*")]], IF_NONE_MATCH_FAILED);
}

#[test]
fn write_with_ius_at_or_after_m_is_performed() {
    each(&WRITES, &[&[("If-Unmodified-Since", AT_M)], &[("If-Unmodified-Since", AFTER_M)]], PROCEED);
}

#[test]
fn write_with_ius_before_m_is_412() {
    each(&WRITES, &[&[("If-Unmodified-Since", BEFORE_M)]], IF_UNMODIFIED_SINCE_FAILED);
}

#[test]
fn write_with_invalid_ius_is_performed() {
    for value in ["", "0", "yesterday", "2018-03-22T08:59:59Z"] {
        each(&WRITES, &[&[("If-Unmodified-Since", value)]], PROCEED);
    }
}

#[test]
fn write_with_ius_where_m_is_unknown_is_performed() {
    for method in WRITES {
        assert_eq!(decide_on("\"T\"", None, method, &[("If-Unmodified-Since", BEFORE_M)]), PROCEED);
    }
}

#[test]
fn write_ignores_ims() {
    for date in [BEFORE_M, AT_M, AFTER_M, "yesterday"] {
        each(&WRITES, &[&[("If-Modified-Since", date)]], PROCEED);
    }
}

#[test]
fn write_with_malformed_or_empty_im_does_not_fall_back_to_ius() {
    for value in ["T", "", ","] {
        each(&WRITES, &[&[("If-Match", value), ("If-Unmodified-Since", AT_M)]], IF_MATCH_FAILED);
    }
}

#[test]
fn read_with_malformed_or_empty_inm_does_not_fall_back_to_ims() {
    for value in ["T", "", ",", "*, *"] {
        each(&READS, &[&[("If-None-Match", value), ("If-Modified-Since", AT_M)]], PROCEED);
    }
}

#[test]
fn post_to_a_collection_with_im_asks_for_the_tag_of_the_collection() {
    let post = |value| decide_on("\"collection\"", None, "POST", &[("If-Match", value)]);
    assert_eq!(post("\"collection\""), PROCEED);
    assert_eq!(post("\"other\""), IF_MATCH_FAILED);
    assert_eq!(post("\"item\""), IF_MATCH_FAILED);
}

#[test]
fn post_to_a_collection_with_inm_any_is_412() {
    assert_eq!(decide_on("\"collection\"", None, "POST", &[("If-None-Match", "*")]), IF_NONE_MATCH_FAILED);
}

#[test]
fn put_with_inm_any_creates_a_missing_target_only() {
    assert_eq!(decide_on_missing("PUT", &[("If-None-Match", "*")]), PROCEED);
    assert_eq!(decide("PUT", &[("If-None-Match", "*")]), IF_NONE_MATCH_FAILED);
}

#[test]
fn put_with_im_to_a_missing_target_is_412() {
    for value in ["*", "\"T\"", "", "T"] {
        assert_eq!(decide_on_missing("PUT", &[("If-Match", value)]), IF_MATCH_FAILED, "{value}");
    }
}

#[test]
fn options_trace_connect_and_unknown_methods_are_never_conditional() {
    for method in ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "Patch", ""] {
        for fields in [("If-Match", "\"A\""), ("If-None-Match", "*"), ("If-Unmodified-Since", BEFORE_M)] {
            assert_eq!(decide(method, &[fields]), PROCEED, "{method} {fields:?}");
            assert_eq!(decide_on_missing(method, &[fields]), PROCEED, "{method} {fields:?}");
        }
    }
}

#[test]
fn get_with_range_and_inm_of_the_tag_is_304() {
    assert_eq!(decide("GET", &[("Range", "bytes=0-1"), ("If-None-Match", "\"T\"")]), NOT_MODIFIED);
}

#[test]
fn get_with_range_and_any_if_range_is_the_whole_200() {
    for value in ["\"T\"", "\"A\"", "W/\"T\"", AT_M, BEFORE_M, "x"] {
        assert_eq!(decide("GET", &[("Range", "bytes=0-1"), ("If-Range", value)]), PROCEED, "{value}");
    }
}

#[test]
fn get_with_range_that_cannot_be_satisfied_is_412_or_304_by_its_conditions() {
    let range = ("Range", "bytes=999999-");
    assert_eq!(decide("GET", &[range, ("If-Match", "\"A\"")]), IF_MATCH_FAILED);
    assert_eq!(decide("GET", &[range, ("If-None-Match", "\"T\"")]), NOT_MODIFIED);
}

#[test]
fn our_weak_tag_never_satisfies_im_but_does_inm() {
    for value in ["\"T\"", "W/\"T\""] {
        assert_eq!(decide_on("W/\"T\"", None, "PATCH", &[("If-Match", value)]), IF_MATCH_FAILED, "{value}");
        assert_eq!(decide_on("W/\"T\"", None, "GET", &[("If-None-Match", value)]), NOT_MODIFIED, "{value}");
    }
}

fn decide_untagged(method: &str, fields: &[(&str, &str)]) -> Decision {
    let selected = Selected { validator: Validator::Untagged, last_modified: None };
    evaluate(&headers(fields), MethodKind::of(method), Some(&selected), &Options { accept_weakened: true })
}

#[test]
fn untagged_target_matches_any_and_no_tag() {
    for method in READS.iter().chain(&WRITES) {
        assert_eq!(decide_untagged(method, &[("If-Match", "*")]), PROCEED, "{method}");
        for value in ["\"T\"", "\"\"", "W/\"T\"", "", "T"] {
            assert_eq!(decide_untagged(method, &[("If-Match", value)]), IF_MATCH_FAILED, "{method} {value}");
            assert_eq!(decide_untagged(method, &[("If-None-Match", value)]), PROCEED, "{method} {value}");
        }
    }
    assert_eq!(decide_untagged("GET", &[("If-None-Match", "*")]), NOT_MODIFIED);
    assert_eq!(decide_untagged("PUT", &[("If-None-Match", "*")]), IF_NONE_MATCH_FAILED);
}

fn decide_on_state(method: &str, accept_weakened: bool, field: (&str, &str)) -> Decision {
    let state = StateTag::of_version("S");
    let selected = Selected { validator: Validator::State(&state), last_modified: None };
    evaluate(&headers(&[field]), MethodKind::of(method), Some(&selected), &Options { accept_weakened })
}

#[test]
fn write_with_im_of_any_view_of_the_state_is_performed() {
    for value in ["\"S\"", "\"S-D\"", "\"S-D-gzip\"", "\"A\", \"S-D\""] {
        for method in WRITES {
            assert_eq!(decide_on_state(method, false, ("If-Match", value)), PROCEED, "{method} {value}");
        }
    }
}

#[test]
fn write_with_im_of_another_state_is_412() {
    for value in
        ["\"SX\"", "\"SX-D\"", "\"D\"", "\"D-S\"", "\"s\"", "\"\"", "W/\"S\"", "W/\"S-D\"", "\"S-D\", x"]
    {
        for method in WRITES {
            assert_eq!(
                decide_on_state(method, false, ("If-Match", value)),
                IF_MATCH_FAILED,
                "{method} {value}"
            );
        }
    }
}

#[test]
fn write_with_inm_of_any_view_of_the_state_is_412() {
    for value in ["\"S\"", "\"S-D\"", "W/\"S\"", "W/\"S-D\"", "x, \"S-D\""] {
        assert_eq!(
            decide_on_state("PATCH", false, ("If-None-Match", value)),
            IF_NONE_MATCH_FAILED,
            "{value}"
        );
    }
    for value in ["\"SX\"", "W/\"D-S\""] {
        assert_eq!(decide_on_state("PATCH", false, ("If-None-Match", value)), PROCEED, "{value}");
    }
}

#[test]
fn read_compares_the_whole_tag_of_the_state() {
    for method in READS {
        assert_eq!(decide_on_state(method, false, ("If-Match", "\"S\"")), PROCEED);
        assert_eq!(decide_on_state(method, false, ("If-Match", "\"S-D\"")), IF_MATCH_FAILED);
        assert_eq!(decide_on_state(method, false, ("If-None-Match", "W/\"S\"")), NOT_MODIFIED);
        assert_eq!(decide_on_state(method, false, ("If-None-Match", "\"S-D\"")), PROCEED);
    }
}

#[test]
fn accept_weakened_takes_the_weak_form_of_our_strong_tag_and_no_other() {
    for value in ["W/\"S\"", "W/\"S-D\"", "W/\"S-D-gzip\""] {
        assert_eq!(decide_on_state("PATCH", true, ("If-Match", value)), PROCEED, "{value}");
    }
    assert_eq!(decide_on_state("PATCH", true, ("If-Match", "W/\"SX\"")), IF_MATCH_FAILED);

    let decide = |tag: &str, value| {
        let tag: EntityTag = tag.parse().unwrap();
        let selected = Selected { validator: Validator::Tag(&tag), last_modified: None };
        let options = Options { accept_weakened: true };
        evaluate(&headers(&[("If-Match", value)]), MethodKind::Write, Some(&selected), &options)
    };
    assert_eq!(decide("\"T\"", "W/\"T\""), PROCEED);
    assert_eq!(decide("\"T\"", "W/\"A\""), IF_MATCH_FAILED);
    assert_eq!(decide("W/\"T\"", "W/\"T\""), IF_MATCH_FAILED);
    assert_eq!(decide("W/\"T\"", "\"T\""), IF_MATCH_FAILED);
}

#[test]
fn precondition_names_its_field() {
    assert_eq!(Precondition::IfMatch.header(), "If-Match");
    assert_eq!(Precondition::IfUnmodifiedSince.header(), "If-Unmodified-Since");
    assert_eq!(Precondition::IfNoneMatch.header(), "If-None-Match");
}
