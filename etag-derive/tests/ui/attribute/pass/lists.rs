// Lists of each kind, and with nulls; `text` and `number` are about the elements.
#![deny(warnings, clippy::all, clippy::pedantic)]

#[derive(Clone, serde::Serialize, serde::Deserialize)]
enum State {
    Draft,
}

#[derive(Clone, etag_fairing::JsonApiResource)]
#[jsonapi(type = "readings")]
#[allow(dead_code)]
struct Reading {
    #[jsonapi(id)]
    id: i64,
    tags: Vec<String>,
    marks: Option<std::vec::Vec<bool>>,
    times: Vec<chrono::DateTime<chrono::Utc>>,
    days: Vec<Option<chrono::NaiveDate>>,
    hours: Option<Vec<Option<chrono::NaiveTime>>>,
    lengths: Vec<chrono::TimeDelta>,
    pieces: Vec<Vec<u8>>,
    bytes: Vec<u8>,
    #[jsonapi(text)]
    states: Vec<State>,
    #[jsonapi(text, default)]
    maybe: Option<Vec<Option<State>>>,
    #[jsonapi(json)]
    lists: Vec<Vec<State>>,
}

fn main() {}
