//! What holds for every input.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::naive::{self, Current, Request};
use super::*;

/// Bytes that may stand in an opaque tag.
fn opaque() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0x21), 0x23..=0x7E_u8, 0x80..=0xFF_u8], 0..20)
}

fn entity_tag() -> impl Strategy<Value = EntityTag> {
    (any::<bool>(), prop_oneof![opaque(), select(vec![b"".to_vec(), b"a".to_vec(), b"b".to_vec()])]).prop_map(
        |(weak, opaque)| if weak { EntityTag::weak(opaque) } else { EntityTag::strong(opaque) }.unwrap(),
    )
}

/// A line of a tag list: pieces of good and bad tags in all orders, sometimes any bytes.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"\"a\"",
        b"\"a\"",
        b"W/\"a\"",
        b"\"a-v\"",
        b"W/\"a-v\"",
        b"\"b\"",
        b"\"\"",
        b"\"a,b\"",
        b"\"\xE9\"",
        b"\"a\\\"",
        b"*",
        b"a",
        b"\"",
        b"\"a",
        b"a\"",
        b"w/\"a\"",
        b"W/",
        b"\"a b\"",
        b" ",
        b"\t",
        b",",
        b",",
        b"\x7F",
    ];
    let separators: Vec<&'static [u8]> = vec![b",", b", ", b", ", b" ,\t", b"", b" "];
    prop_oneof![
        8 => vec((select(pieces), select(separators)), 0..5).prop_map(|parts| {
            let mut line = Vec::new();
            for (index, (piece, separator)) in parts.into_iter().enumerate() {
                if index > 0 {
                    line.extend_from_slice(separator);
                }
                line.extend_from_slice(piece);
            }
            line
        }),
        2 => Just(b"*".to_vec()),
        1 => vec(any::<u8>(), 0..40),
        1 => vec(select(b"\"W/a, *".to_vec()), 0..40),
    ]
}

fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![4 => Just(Vec::new()), 4 => vec(line(), 1), 2 => vec(line(), 2..4)]
}

fn date_lines() -> impl Strategy<Value = Vec<(&'static str, Option<i64>)>> {
    let dates = vec![
        (BEFORE_M, Some(M - 1)),
        (AT_M, Some(M)),
        (AFTER_M, Some(M + 1)),
        ("Thursday, 22-Mar-18 09:00:00 GMT", Some(M)),
        ("Thu Mar 22 09:00:00 2018", Some(M)),
        ("Wed, 31 Dec 1969 23:59:59 GMT", Some(-1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ("Fri, 22 Mar 2018 09:00:00 GMT", None),
        ("", None),
        ("*", None),
    ];
    prop_oneof![4 => Just(Vec::new()), 4 => vec(select(dates.clone()), 1), 1 => vec(select(dates), 2..4)]
}

fn request() -> impl Strategy<Value = Request> {
    let methods =
        vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"];
    (select(methods), lines(), lines(), date_lines(), date_lines()).prop_map(
        |(method, if_match, if_none_match, if_modified_since, if_unmodified_since)| Request {
            method,
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
        },
    )
}

fn current() -> impl Strategy<Value = Option<(Current, Option<i64>)>> {
    let opaque = || select(vec!["a", "a", "b", "", "a,b"]).prop_map(str::to_owned);
    let validator = prop_oneof![
        1 => Just(Current::Untagged),
        3 => (any::<bool>(), opaque()).prop_map(|(weak, opaque)| Current::Tag { weak, opaque }),
        3 => select(vec!["a", "b", ""]).prop_map(|state| Current::State(state.to_owned())),
    ];
    let modified = select(vec![None, Some(M), Some(M), Some(-1), Some(-2), Some(253_402_300_799)]);
    prop_oneof![1 => Just(None), 5 => (validator, modified).prop_map(Some)]
}

fn fields_of(request: &Request) -> ConditionalHeaders<'_> {
    let mut headers = ConditionalHeaders::new();
    // In an order that is not the order of evaluation.
    for (value, _) in &request.if_modified_since {
        headers.push("if-modified-since", value.as_bytes());
    }
    for line in &request.if_none_match {
        headers.push("IF-NONE-MATCH", line);
    }
    for (value, _) in &request.if_unmodified_since {
        headers.push("If-Unmodified-Since", value.as_bytes());
    }
    for line in &request.if_match {
        headers.push("If-Match", line);
    }
    headers
}

fn evaluate_with_ours(
    request: &Request,
    current: Option<&(Current, Option<i64>)>,
    accept_weakened: bool,
) -> Decision {
    let (tag, state);
    let selected = match current {
        None => None,
        Some((validator, modified)) => {
            let validator = match validator {
                Current::Untagged => Validator::Untagged,
                Current::Tag { weak, opaque } => {
                    let strong = EntityTag::strong(opaque.as_str()).unwrap();
                    tag = if *weak { strong.weakened() } else { strong };
                    Validator::Tag(&tag)
                }
                Current::State(opaque) => {
                    state = StateTag::of_version(opaque);
                    Validator::State(&state)
                }
            };
            Some(Selected { validator, last_modified: modified.map(HttpDate::from_unix_seconds) })
        }
    };
    let options = Options { accept_weakened };
    evaluate(&fields_of(request), MethodKind::of(request.method), selected.as_ref(), &options)
}

/// The elements that [`TagList`] finds, one byte as one character.
fn elements_of(lines: &[Vec<u8>]) -> Vec<Option<(bool, String)>> {
    let mut headers = ConditionalHeaders::new();
    for line in lines {
        headers.push("If-Match", line);
    }
    match headers.if_match() {
        TagField::Absent => Vec::new(),
        TagField::Any => vec![None],
        TagField::List(tags) => tags
            .elements()
            .map(|element| {
                let tag = element.ok()?;
                Some((tag.is_weak(), tag.opaque().iter().copied().map(char::from).collect()))
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics(values in vec(vec(any::<u8>(), 0..60), 0..4), method in select(vec!["GET", "PATCH"])) {
        let mut headers = ConditionalHeaders::new();
        for name in ConditionalHeaders::FIELDS {
            for value in &values {
                headers.push(name, value);
            }
        }
        let tag = EntityTag::of(b"");
        let selected = Selected {
            validator: Validator::Tag(&tag),
            last_modified: Some(HttpDate::from_unix_seconds(M)),
        };
        let kind = MethodKind::of(method);
        let decision = evaluate(&headers, kind, Some(&selected), &Options::default());
        // Nobody guesses a digest, so only the wildcard and its like could have matched.
        if !values.iter().flatten().any(|&byte| byte == b'*') {
            prop_assert_eq!(decision, if values.is_empty() { PROCEED } else { IF_MATCH_FAILED });
        }
        for value in &values {
            prop_assert_eq!(EntityTag::parse(value).ok(), EntityTagRef::parse(value).map(EntityTagRef::to_entity_tag));
            prop_assert_eq!(HttpDate::parse(value), None);
        }
    }

    #[test]
    fn tag_printed_and_parsed_is_the_same(tag in entity_tag()) {
        prop_assert_eq!(EntityTag::parse(&tag.to_bytes()), Ok(tag.clone()));
        if std::str::from_utf8(tag.opaque()).is_ok() {
            prop_assert_eq!(tag.to_string().parse(), Ok(tag));
        }
    }

    #[test]
    fn tag_parsed_and_printed_is_the_same(line in line()) {
        if let Ok(tag) = EntityTag::parse(&line) {
            prop_assert_eq!(tag.to_bytes(), line);
        }
    }

    #[test]
    fn list_printed_and_parsed_is_the_same(tags in vec(entity_tag(), 0..8), lines in 1..4_usize) {
        let per_line = tags.len().div_ceil(lines).max(1);
        let lines: Vec<Vec<u8>> = tags
            .chunks(per_line)
            .map(|tags| tags.iter().map(EntityTag::to_bytes).collect::<Vec<_>>().join(&b", "[..]))
            .collect();
        let mut headers = ConditionalHeaders::new();
        for line in &lines {
            headers.push("If-None-Match", line);
        }
        let parsed: Vec<EntityTag> = match headers.if_none_match() {
            TagField::List(list) => list.elements().map(|tag| tag.unwrap().to_entity_tag()).collect(),
            _ => Vec::new(),
        };
        prop_assert_eq!(parsed, tags);
    }

    #[test]
    fn comparisons_are_symmetric(one in entity_tag(), other in entity_tag()) {
        prop_assert_eq!(one.strong_eq(&other), other.strong_eq(&one));
        prop_assert_eq!(one.weak_eq(&other), other.weak_eq(&one));
    }

    #[test]
    fn strongly_equal_tags_are_weakly_equal_and_the_same(one in entity_tag(), other in entity_tag()) {
        if one.strong_eq(&other) {
            prop_assert!(one.weak_eq(&other));
            prop_assert_eq!(&one, &other);
        }
    }

    #[test]
    fn weak_comparison_is_reflexive_and_strong_comparison_of_strong_tags_only(tag in entity_tag()) {
        prop_assert!(tag.weak_eq(&tag));
        prop_assert_eq!(tag.strong_eq(&tag), !tag.is_weak());
    }

    #[test]
    fn weakened_tag_is_weakly_equal_and_never_strongly(tag in entity_tag(), other in entity_tag()) {
        let weakened = tag.clone().weakened();
        prop_assert!(weakened.is_weak());
        prop_assert!(weakened.weak_eq(&tag));
        prop_assert_eq!(weakened.weak_eq(&other), tag.weak_eq(&other));
        prop_assert!(!weakened.strong_eq(&tag) && !weakened.strong_eq(&other));
    }

    #[test]
    fn weak_comparison_is_equality_of_opaque_parts(one in entity_tag(), other in entity_tag()) {
        prop_assert_eq!(one.weak_eq(&other), one.opaque() == other.opaque());
    }

    #[test]
    fn state_names_its_views_and_no_other_version(one in vec(any::<u8>(), 0..6), other in vec(any::<u8>(), 0..6)) {
        let [state, another] = [&one, &other].map(StateTag::of_version);
        prop_assert!(state.is_named_by(state.with_view(&other).opaque()));
        prop_assert_eq!(state.is_named_by(another.opaque()), one == other);
        prop_assert_eq!(state.is_named_by(another.with_view(&one).opaque()), one == other);
    }

    #[test]
    fn joined_lines_are_one_line_with_commas(lines in vec(line(), 1..5)) {
        let joined = lines.join(&b", "[..]);
        prop_assert_eq!(elements_of(&lines), elements_of(&[joined]));
    }

    #[test]
    fn elements_are_those_of_the_naive_reading(lines in vec(line(), 1..4)) {
        prop_assert_eq!(elements_of(&lines), naive::elements(&naive::join(&lines)));
    }

    #[test]
    fn date_printed_and_parsed_is_the_same(seconds in -62_167_219_200..=253_402_300_799_i64) {
        let date = HttpDate::from_unix_seconds(seconds);
        prop_assert_eq!(date.unix_seconds(), seconds);
        prop_assert_eq!(HttpDate::parse(date.to_string().as_bytes()), Some(date));
    }

    #[test]
    fn three_forms_of_a_date_are_one_date(seconds in 0..=4_102_444_799_i64, ahead in -49 * 365..=49 * 365_i64) {
        let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let now = HttpDate::from_unix_seconds(seconds - ahead * 86_400);
        for form in ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
            let text = time.format(form).to_string();
            let parsed = HttpDate::parse_at(text.as_bytes(), now);
            prop_assert_eq!(parsed, Some(HttpDate::from_unix_seconds(seconds)), "{}", text);
        }
    }

    /// `httpdate` as a second opinion, where it has one: from 1970 on, four digits of year, no leap second.
    #[test]
    fn dates_agree_with_httpdate(
        seconds in 0..=253_402_300_799_i64,
        asctime in any::<bool>(),
        at in 0..29_usize,
        byte in prop_oneof![b' '..=b'~', b'0'..=b'9'],
    ) {
        let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let form = if asctime { "%a %b %e %H:%M:%S %Y" } else { "%a, %d %b %Y %H:%M:%S GMT" };
        let mut text = time.format(form).to_string().into_bytes();
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        let text = String::from_utf8(text).unwrap();
        let theirs = httpdate::parse_http_date(&text).ok().map(HttpDate::from);
        let ours = HttpDate::parse(text.as_bytes()).filter(|date| date.unix_seconds() >= 0 && !text.contains(":60"));
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evaluate_agrees_with_the_naive_reading(
        request in request(),
        current in current(),
        accept_weakened in any::<bool>(),
    ) {
        let expected = naive::decide(&request, current.as_ref(), accept_weakened);
        prop_assert_eq!(evaluate_with_ours(&request, current.as_ref(), accept_weakened), expected);
    }
}
