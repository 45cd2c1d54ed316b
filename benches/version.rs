//! What a version saves a write: no digest of the representation for its precondition.

use criterion::{Criterion, criterion_group, criterion_main};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany};
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;

macro_rules! resource {
    ($name:ident, $type:literal, $joined:literal, $($version:tt)*) => {
        #[derive(Clone, Debug, JsonApiResource)]
        #[jsonapi(type = $type, etag)]
        struct $name {
            #[jsonapi(id)]
            id: i64,
            title: String,
            text: String,
            $($version)*
            #[jsonapi(relationship, through = $joined, owner_column = "owner_id")]
            topics: ToMany<Topic>,
        }
    };
}

resource!(Digested, "digested", "digested_topics",);
resource!(Versioned, "versioned", "versioned_topics", #[jsonapi(version)] version: i64,);

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "topics")]
struct Topic {
    #[jsonapi(id)]
    id: i64,
}

fn client() -> Client {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Digested::routes())
        .mount("/", Versioned::routes())
        .mount("/", Topic::routes());
    Client::untracked(rocket).expect("a rocket")
}

fn json_api() -> Header<'static> {
    Header::new("Content-Type", "application/vnd.api+json")
}

fn create(client: &Client, type_name: &str, members: &str) {
    let body = format!(r#"{{"data":{{"type":"{type_name}"{members}}}}}"#);
    let created = client.post(format!("/{type_name}")).header(json_api()).body(body).dispatch();
    assert_eq!(created.status(), Status::Created);
}

/// A DELETE of another state: a transaction, the precondition, and nothing that reaches the disk.
fn refused(client: &Client, path: &str) {
    let stale = Header::new("If-Match", "\"stale\"");
    assert_eq!(client.delete(path).header(stale).dispatch().status(), Status::PreconditionFailed);
}

fn preconditions(criterion: &mut Criterion) {
    let client = client();
    for _ in 0..50 {
        create(&client, "topics", "");
    }
    let topics: Vec<_> = (1..=50).map(|id| format!(r#"{{"type":"topics","id":"{id}"}}"#)).collect();
    let members = format!(
        r#","attributes":{{"title":"Not one lost update","text":"{}"}},"relationships":{{"topics":{{"data":[{}]}}}}"#,
        "words ".repeat(2_000),
        topics.join(",")
    );
    let mut group = criterion.benchmark_group("a DELETE of another state is refused");
    for (name, type_name) in [("by digest", "digested"), ("by version", "versioned")] {
        create(&client, type_name, &members);
        let path = format!("/{type_name}/1");
        group.bench_function(name, |bencher| bencher.iter(|| refused(&client, &path)));
    }
    group.finish();
}

criterion_group!(benches, preconditions);
criterion_main!(benches);
