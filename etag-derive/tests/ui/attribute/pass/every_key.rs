// With no imports of ours but the derive: the output names everything in full.
#![deny(warnings, clippy::all, clippy::pedantic)]

mod defaults {
    pub fn level() -> String {
        "beginner".into()
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
enum State {
    Draft,
}

/// A talk.
#[derive(Clone, etag_fairing::JsonApiResource)]
#[jsonapi(
    type = "sessions",
    path = "talks",
    table = "session table",
    rename_all = "kebab-case",
    etag(list, create, read, update, delete, related, relationship, update_relationship),
)]
#[allow(dead_code)]
struct Session {
    #[jsonapi(id, column = "number")]
    id: i64,
    /// Its kind.
    #[jsonapi(rename = "kind")]
    r#type: String,
    #[jsonapi(column = "the \"title\"")]
    #[jsonapi(default)]
    title: String,
    #[jsonapi(default = "defaults::level")]
    level: String,
    #[jsonapi(default = defaults::level)]
    other_level: String,
    #[jsonapi(read_only, default, index)]
    votes: i64,
    #[jsonapi(default = "Self::stars")]
    #[deprecated]
    stars: u8,
    #[jsonapi(read_only)]
    decided_at: Option<chrono::DateTime<chrono::Utc>>,
    #[jsonapi(filter = false, sort = true)]
    notes: String,
    #[jsonapi(write_only, filter = false)]
    password: std::option::Option<String>,
    #[jsonapi(text, default = || State::Draft)]
    #[cfg(any())]
    never: State,
    #[jsonapi(text, index(order, trigram), filter = false)]
    state: Option<State>,
    #[jsonapi(json)]
    history: Vec<State>,
    #[jsonapi(skip)]
    cache: Vec<u8>,
    #[jsonapi(skip, default = "defaults::level")]
    other_cache: String,
}

impl Session {
    fn stars() -> u8 {
        5
    }
}

fn main() {}
