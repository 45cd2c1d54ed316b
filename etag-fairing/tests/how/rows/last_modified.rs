//! The date of the last change.

use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
}

#[test]
fn is_sent() {
    on_each(
        || application().mount("/v1", Note::routes()),
        |client| {
            let changed_at = "2018-03-24T13:30:00Z".parse().expect("a time");
            client.seed(&Note { id: 1, changed_at });
            let seen = client.get("/v1/notes/1").send().expect(200);
            let date = seen.header("Last-Modified").expect("a date").to_owned();
            client.get("/v1/notes/1").header("If-Modified-Since", &date).send().expect(304);
            let old = "Mon, 01 Jan 2001 00:00:00 GMT";
            client.delete("/v1/notes/1").header("If-Unmodified-Since", old).send().expect(412);
            client.delete("/v1/notes/1").header("If-Unmodified-Since", date).send().expect(204);
        },
    );
}
