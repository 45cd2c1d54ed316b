//! A resource with long texts, over each database.

use std::io::Read;
use std::path::Path;

use etag_fairing::{Compression, EtagFairing, JsonApi, JsonApiResource};
use rocket::{Build, Rocket};
use serde_json::json;

use crate::support::{Answer, Server};

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
pub(crate) struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// A note whose tags name versions.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "drafts", etag)]
pub(crate) struct Draft {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(version)]
    version: i64,
}

pub(crate) const JSON_API: &str = "application/vnd.api+json";

/// What clients send, and what they are answered in.
pub(crate) const ACCEPTED: [(&str, Option<&str>); 12] = [
    ("", None),
    ("identity", None),
    ("deflate", None),
    ("gzip", Some("gzip")),
    ("x-gzip", Some("gzip")),
    ("br", Some("br")),
    ("zstd", Some("zstd")),
    ("gzip, deflate, br, zstd", Some("br")),
    ("gzip, zstd;q=0.9", Some("gzip")),
    ("*;q=0.5, br;q=0", Some("zstd")),
    ("gzip;q=0.2, identity;q=0.5", None),
    ("identity;q=0, gzip;q=0.1", Some("gzip")),
];

/// The databases that there are.
pub(crate) enum Database {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres(postgres_server::Database),
}

impl Database {
    /// An empty one of each kind.
    pub(crate) fn each() -> Vec<Self> {
        let mut all = vec![Self::Sqlite(tempfile::tempdir().expect("a folder"))];
        #[cfg(feature = "postgres")]
        all.extend(postgres_server::Database::provide().map(Self::Postgres));
        all
    }

    fn url(&self) -> String {
        let sqlite = |folder: &Path| format!("sqlite:{}", folder.join("api.db").display());
        match self {
            Self::Sqlite(folder) => sqlite(folder.path()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.url().into(),
        }
    }

    /// A server that codes its responses, with these lines of `Rocket.toml`.
    pub(crate) fn serve(&self, toml: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
        let toml = format!(
            "{toml}\n[default.databases.api]\nurl = '{}'\nread_timeout = 60\n[default.jsonapi]\nmax_page_size = 100\n",
            self.url()
        );
        Server::start(&toml, |rocket| {
            build(rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).attach(Compression::new()))
        })
    }

    /// A server with notes and drafts, five of each.
    pub(crate) fn with_notes(&self, toml: &str) -> Server {
        let server = self.serve(toml, |rocket| rocket.mount("/", Note::routes()).mount("/", Draft::routes()));
        for kind in ["notes", "drafts"] {
            for number in 1..=5 {
                let document = json!({"data": {"type": kind, "attributes": {"text": text(number)}}});
                assert_eq!(server.write("POST", &format!("/{kind}"), &document).status, 201);
            }
        }
        server
    }
}

/// A text that is long enough to be coded.
pub(crate) fn text(number: usize) -> String {
    format!("{number}: {}", "two people open the same form; ".repeat(60))
}

/// A document that changes the text of a note or a draft.
pub(crate) fn change(kind: &str, id: usize, text: &str) -> String {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": {"text": text}}}).to_string()
}

pub(crate) fn decode(coding: Option<&str>, coded: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    match coding {
        None => return coded.to_vec(),
        Some("br") => brotli::Decompressor::new(coded, 4096).read_to_end(&mut body),
        Some("gzip") => flate2::read::GzDecoder::new(coded).read_to_end(&mut body),
        Some("zstd") => {
            zstd::stream::read::Decoder::new(coded).and_then(|mut read| read.read_to_end(&mut body))
        }
        Some(other) => panic!("{other} is no coding of this server"),
    }
    .expect("a coded body");
    body
}

impl Answer {
    /// The body, decoded as `Content-Encoding` says.
    pub(crate) fn decoded(&self) -> Vec<u8> {
        decode(self.field("content-encoding"), &self.body)
    }

    pub(crate) fn varies_by_coding(&self) -> bool {
        self.lines("vary")
            .iter()
            .flat_map(|line| line.split(','))
            .any(|name| name.trim() == "Accept-Encoding")
    }
}

/// The tag of a coding of what has this tag.
pub(crate) fn of_coding(tag: &str, coding: Option<&str>) -> String {
    match coding {
        Some(coding) => format!("{}~{coding}\"", tag.strip_suffix('"').expect("a tag")),
        None => tag.to_owned(),
    }
}
