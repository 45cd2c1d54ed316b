//! Documents made of choices: nearly right ones, which random bytes never are.

use serde_json::{Map, Value, json};

/// Choices, each taken from a byte.
struct Choices<'i> {
    bytes: std::slice::Iter<'i, u8>,
    /// Whether a choice may be one that is wrong.
    may_be_wrong: bool,
}

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    /// One of some right choices, or seldom one of some wrong ones.
    fn one<'c>(&mut self, right: &'c [&'c str], wrong: &'c [&'c str]) -> &'c str {
        let byte = usize::from(self.byte());
        let wrong = if self.may_be_wrong && byte >= 224 { wrong } else { &[] };
        let from = if wrong.is_empty() { right } else { wrong };
        from.get(byte % from.len().max(1)).copied().unwrap_or("")
    }

    /// A value that is wrong wherever an object or a text is wanted; seldom there is one.
    fn odd(&mut self) -> Option<Value> {
        let byte = self.byte();
        if !self.may_be_wrong || byte < 240 {
            return None;
        }
        let odd = [
            json!(null),
            json!([]),
            json!({}),
            json!(1.5),
            json!(""),
            json!(true),
            json!([[1]]),
            json!("\u{0}"),
        ];
        odd.get(usize::from(byte % 8)).cloned()
    }

    fn chance(&mut self, of: u8) -> bool {
        self.byte().is_multiple_of(of)
    }
}

/// A document of operations.
pub(super) fn document(input: &[u8], may_be_wrong: bool) -> String {
    let mut choices = Choices { bytes: input.iter(), may_be_wrong };
    let count = 1 + choices.byte() % 8;
    let operations: Vec<Value> =
        (0..count).map(|_| choices.odd().unwrap_or_else(|| operation(&mut choices))).collect();
    let mut document = json!({ "atomic:operations": choices.odd().unwrap_or(operations.into()) });
    if let Some(odd) = choices.odd() {
        let name =
            choices.one(&["meta", "jsonapi", "x", "@x"], &["data", "included", "errors", "atomic:results"]);
        document[name] = odd;
    }
    document.to_string()
}

fn operation(choices: &mut Choices<'_>) -> Value {
    let op = choices.one(&["add", "update", "remove"], &["Add", "", "get", "replace"]);
    let mut operation = Map::new();
    operation.insert("op".into(), choices.odd().unwrap_or_else(|| json!(op)));
    let kind = choices.one(&["sessions", "tracks", "speakers"], &["", "nothing", "a/b~c"]).to_owned();
    let is_of_relationship = choices.chance(3);
    if (op != "add" && !choices.chance(4)) || is_of_relationship {
        let target = match choices.chance(3) {
            true => ("href", href(choices, &kind, is_of_relationship)),
            false => ("ref", reference(choices, &kind, is_of_relationship)),
        };
        operation.insert(target.0.into(), choices.odd().unwrap_or(target.1));
        if let Some(odd) = choices.odd() {
            operation.insert("href".into(), odd);
        }
    }
    if op != "remove" || is_of_relationship {
        let data = match is_of_relationship {
            true => linkage(choices),
            false => resource(choices, &kind, op == "add"),
        };
        operation.insert("data".into(), choices.odd().unwrap_or(data));
    }
    if choices.chance(6) {
        let name = choices.one(&["ifMatch", "x"], &["if-match", "ifUnmodifiedSince", "ifNoneMatch"]);
        let value = choices.one(&["*", "\"a\""], &["a", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT"]);
        let meta = json!({ name: choices.odd().unwrap_or_else(|| json!(value)) });
        operation.insert("meta".into(), choices.odd().unwrap_or(meta));
    }
    operation.into()
}

/// A name by id, by lid, or by what is none.
fn name(choices: &mut Choices<'_>, kind: &str) -> Map<String, Value> {
    let mut name = Map::new();
    name.insert("type".into(), choices.odd().unwrap_or_else(|| json!(kind)));
    let of_speakers: &[&str] = if kind == "speakers" { &["a", "b"] } else { &["1", "2"] };
    match choices.byte() % 8 {
        0..=3 => {
            let id = choices.one(of_speakers, &["9", "", " ", "-1", "\u{e9}", "9223372036854775808"]);
            name.insert("id".into(), choices.odd().unwrap_or_else(|| json!(id)));
        }
        4..=6 => {
            let lid = choices.one(&["x", "y"], &["z", "", "1"]);
            name.insert("lid".into(), choices.odd().unwrap_or_else(|| json!(lid)));
        }
        _ => {
            if choices.may_be_wrong {
                name.insert("id".into(), json!("1"));
                name.insert("lid".into(), json!("x"));
            } else {
                name.insert("lid".into(), json!("x"));
            }
        }
    }
    if choices.may_be_wrong && choices.chance(20) {
        name.remove(if choices.chance(2) { "type" } else { "id" });
    }
    name
}

fn relationship<'c>(choices: &mut Choices<'_>) -> &'c str {
    choices.one(&["track", "speakers", "sessions", "mentor"], &["", "title", "a/b", "nothing"])
}

fn reference(choices: &mut Choices<'_>, kind: &str, is_of_relationship: bool) -> Value {
    let mut reference = name(choices, kind);
    if is_of_relationship {
        let name = relationship(choices);
        reference.insert("relationship".into(), choices.odd().unwrap_or_else(|| json!(name)));
    }
    reference.into()
}

fn href(choices: &mut Choices<'_>, kind: &str, is_of_relationship: bool) -> Value {
    let before = choices.one(
        &["/", "", "./", "http://localhost/"],
        &["//", "../", "?", "#", "http://[::1", "/%ff", "urn:x:"],
    );
    let id = choices.one(&["1", "2", "a", "%61"], &["", "%", "%00", "..", "1?include=track", "1#x"]);
    let after =
        if is_of_relationship { format!("/relationships/{}", relationship(choices)) } else { String::new() };
    json!(format!("{before}{kind}/{id}{after}"))
}

fn identifier(choices: &mut Choices<'_>) -> Value {
    let kind = choices.one(&["speakers", "tracks", "sessions"], &["nothing", ""]);
    name(choices, kind).into()
}

fn linkage(choices: &mut Choices<'_>) -> Value {
    match choices.byte() % 5 {
        0 => Value::Null,
        1 | 2 => identifier(choices),
        many => (0..many).map(|_| choices.odd().unwrap_or_else(|| identifier(choices))).collect(),
    }
}

fn resource(choices: &mut Choices<'_>, kind: &str, is_new: bool) -> Value {
    let mut resource = Map::new();
    if is_new {
        resource.insert("type".into(), choices.odd().unwrap_or_else(|| json!(kind)));
        let lid = choices.one(&["x", "y", "z"], &["", "x"]);
        let member = choices.one(&["lid", "lid", "x"], &["id", "lid"]);
        resource.insert(member.into(), choices.odd().unwrap_or_else(|| json!(lid)));
    } else {
        resource = name(choices, kind);
    }
    let mut attributes = Map::new();
    if !choices.chance(5) {
        let title = if kind == "sessions" { "title" } else { "name" };
        attributes.insert(title.into(), choices.odd().unwrap_or_else(|| json!("A")));
    }
    if choices.chance(3) {
        let name = choices.one(&["level", "extra", "@x", "age"], &["nothing", "a/b~c", "", "startsAt"]);
        attributes.insert(name.into(), choices.odd().unwrap_or_else(|| json!(3)));
    }
    resource.insert("attributes".into(), choices.odd().unwrap_or(attributes.into()));
    if choices.chance(2) {
        let mut relationships = Map::new();
        for _ in 0..=choices.byte() % 2 {
            let name = relationship(choices);
            let data = linkage(choices);
            let value = choices.odd().unwrap_or_else(|| json!({ "data": data }));
            relationships.insert(name.into(), value);
        }
        resource.insert("relationships".into(), choices.odd().unwrap_or(relationships.into()));
    }
    resource.into()
}
