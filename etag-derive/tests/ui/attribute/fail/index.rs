use etag_fairing::{JsonApiResource, ToMany, ToOne};

#[derive(JsonApiResource)]
#[jsonapi(type = "users", index)]
struct User {
    #[jsonapi(id, index)]
    id: i64,
    #[jsonapi(index = true)]
    name: String,
    #[jsonapi(index("name"))]
    email: String,
    #[jsonapi(index)]
    tags: Vec<String>,
    #[jsonapi(index)]
    scores: Option<Vec<i64>>,
    #[jsonapi(json, index)]
    settings: Settings,
    #[jsonapi(index)]
    photo: Vec<u8>,
    #[jsonapi(skip, index)]
    cache: String,
    #[jsonapi(relationship, index)]
    boss: ToOne<User>,
    #[jsonapi(relationship, inverse = "boss", index)]
    staff: ToMany<User>,
    #[jsonapi(index(trigrams))]
    about: String,
    #[jsonapi(index(order, trigram))]
    age: Option<i64>,
    #[jsonapi(index())]
    motto: String,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Settings;

fn main() {}
