//! Entity tags.

use etag_fairing::conditional::{
    ConditionalHeaders, Decision, EntityTag, MethodKind, Options, Precondition, Selected, StateTag,
    Validator, evaluate,
};

#[path = "../../etag-fairing/src/conditional/tests/naive.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod naive;

const METHODS: [&str; 6] = ["GET", "HEAD", "PATCH", "DELETE", "POST", "OPTIONS"];

/// Any bytes as lines of `If-Match` and `If-None-Match`: judged as the slow reading of the specification in the
/// tests judges them.
pub fn entity_tags(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    let method = METHODS[usize::from(choice & 7) % METHODS.len()];
    let accept_weakened = choice & 8 != 0;
    // Lines end with a line feed, which no field holds; the first byte of each says which field it is of.
    let (mut if_match, mut if_none_match) = (Vec::new(), Vec::new());
    for line in rest.split(|byte| *byte == b'\n').take(8) {
        match line.split_first() {
            Some((field, value)) if field % 2 == 0 => if_match.push(value.to_vec()),
            Some((_, value)) => if_none_match.push(value.to_vec()),
            None => {}
        }
    }
    let fields = if_match.iter().map(|line| ("If-Match", line.as_slice()));
    let fields = fields.chain(if_none_match.iter().map(|line| ("If-None-Match", line.as_slice())));
    let headers = ConditionalHeaders::from_fields(fields);

    let strong = EntityTag::strong("a").expect("a tag");
    let weak = EntityTag::weak("a").expect("a tag");
    let state = StateTag::of_body(b"");
    let opaque = String::from_utf8_lossy(state.entity_tag().opaque()).into_owned();
    let (theirs, ours) = match choice >> 4 & 3 {
        0 => (Some(naive::Current::Untagged), Some(Validator::Untagged)),
        1 => (Some(naive::Current::Tag { weak: false, opaque: "a".into() }), Some(Validator::Tag(&strong))),
        2 => (Some(naive::Current::Tag { weak: true, opaque: "a".into() }), Some(Validator::Tag(&weak))),
        _ if choice & 64 != 0 => (Some(naive::Current::State(opaque)), Some(Validator::State(&state))),
        _ => (None, None),
    };
    let request = naive::Request {
        method,
        if_match: if_match.clone(),
        if_none_match: if_none_match.clone(),
        if_modified_since: Vec::new(),
        if_unmodified_since: Vec::new(),
    };
    let expected = naive::decide(&request, theirs.map(|current| (current, None)).as_ref(), accept_weakened);
    let selected = ours.map(|validator| Selected { validator, last_modified: None });
    let decided = evaluate(&headers, MethodKind::of(method), selected.as_ref(), &Options { accept_weakened });
    assert_eq!(decided, expected, "{request:?}");
}
