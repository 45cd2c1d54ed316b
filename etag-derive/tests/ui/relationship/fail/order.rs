use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(order = "position")]
    title: String,
    #[jsonapi(relationship, order = "position")]
    follows: ToOne<Session>,
    #[jsonapi(relationship, inverse = "follows", order)]
    followed_by: ToMany<Session>,
    #[jsonapi(relationship, inverse = "follows", order = "")]
    followers: ToMany<Session>,
    #[jsonapi(relationship, through = "similar", owner_column = "one", target_column = "other", order = "Other")]
    similar: ToMany<Session>,
    #[jsonapi(relationship, order = "position")]
    others: ToMany<Session>,
}

fn main() {}
