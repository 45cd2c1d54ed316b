//! Attributes that only some callers see.

use etag_fairing::{JsonApiResource, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};

use crate::applications::{application, on_each};

struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-Role") {
            Some("boss") => Outcome::Success(Boss),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(readable_by = Boss, writable_by = Boss)]
    salary: Option<i64>,
    #[jsonapi(relationship, readable_by = Boss)]
    successor: ToOne<Person>,
}

#[test]
fn decide_what_is_seen() {
    on_each(
        || application().mount("/v1", Person::routes()),
        |client| {
            client.seed(&Person { id: 1, name: "Ada".into(), salary: Some(7), successor: ToOne::to(1) });
            let boss = client.with_header("X-Role", "boss");
            let (seen, all) = (client.get("/v1/people/1").send(), boss.get("/v1/people/1").send());
            assert_eq!(seen.resource().attribute_names(), ["name"]);
            assert_eq!(all.one::<Person>().salary, Some(7));
            assert_ne!(seen.tag(), all.tag());
            client.get("/v1/people?sort=salary").send().expect_error_at(400, "sort");
            client.get("/v1/people?include=successor").send().expect_error_at(400, "include");
            boss.get("/v1/people/1/successor").send().expect(200);
            client.get("/v1/people/1/successor").send().expect(404);
        },
    );
}
