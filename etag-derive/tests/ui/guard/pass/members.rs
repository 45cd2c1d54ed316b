// Guards of attributes and of relationships of each kind.
#![deny(warnings, clippy::all, clippy::pedantic)]

use etag_fairing::{JsonApiResource, ToMany, ToOne, ToOneOf};
use rocket::request::{FromRequest, Outcome, Request};

struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self)
    }
}

#[derive(Clone, JsonApiResource)]
#[jsonapi(type = "people")]
#[allow(dead_code)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(readable_by = Boss, writable_by = self::Boss)]
    salary: Option<i64>,
    #[jsonapi(relationship, readable_by = Boss)]
    lead: ToOne<Self>,
    #[jsonapi(relationship, writable_by = Boss, required, column = "team_number")]
    team: ToOne<Team>,
    #[jsonapi(relationship, readable_by = Boss, writable_by = Boss)]
    subject: ToOneOf<(Person, Team)>,
    #[jsonapi(relationship, inverse = "lead", readable_by = Boss)]
    reports: ToMany<Self>,
    #[jsonapi(relationship, through = "friends", target_column = "friend_id", writable_by = Boss)]
    friends: ToMany<Self>,
}

#[derive(Clone, JsonApiResource)]
#[jsonapi(type = "teams")]
#[allow(dead_code)]
struct Team {
    #[jsonapi(id)]
    id: i64,
}

fn main() {}
