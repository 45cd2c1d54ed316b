//! Documents to and from a server with generated routes.

use rocket::{Build, Rocket};
use serde_json::Value;

use super::{Answer, Server};

const MEDIA_TYPE: &str = "application/vnd.api+json";

/// Starts a server over a database of its own.
pub(crate) fn start(build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    start_with("", build)
}

/// The same, with more of `[default.jsonapi]`.
pub(crate) fn start_with(jsonapi: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    // No test here is about how long a read takes, and machines may be slow.
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\nread_timeout = 60\n[default.jsonapi]\n{jsonapi}\n"
    );
    Server::start(&toml, |rocket| {
        build(rocket.attach(etag_fairing::JsonApi::fairing()).attach(etag_fairing::EtagFairing::new()))
    })
}

impl Server {
    /// A request with a document.
    pub(crate) fn write(&self, method: &str, path: &str, document: &Value) -> Answer {
        self.write_as(method, path, "", document)
    }

    /// The same, as this user (`X-User`).
    pub(crate) fn write_as(&self, method: &str, path: &str, user: &str, document: &Value) -> Answer {
        let body = if document.is_null() { String::new() } else { document.to_string() };
        self.send(method, path, &[("Content-Type", MEDIA_TYPE), ("X-User", user)], &body)
    }

    /// A read as this user.
    pub(crate) fn get_as(&self, path: &str, user: &str) -> Answer {
        self.get(path, &[("X-User", user)])
    }
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.field("content-type"), Some(MEDIA_TYPE), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The answer, once its status is this.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The first error's code and source.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, Value) {
        let error = &self.json()["errors"][0];
        (error["code"].as_str().unwrap().to_owned(), error["source"].clone())
    }

    /// Each error's pointer, sorted.
    #[track_caller]
    pub(crate) fn pointers(&self) -> Vec<String> {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap();
        let mut pointers: Vec<_> =
            errors.iter().map(|error| error["source"]["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort();
        pointers
    }
}
