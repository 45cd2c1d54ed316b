//! Names that have to be encoded in URLs: JSON:API allows letters that are not ASCII, and spaces.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::http::{Header, Method, Status};
use serde_json::{Value, json};

use super::{client, send};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reseñas", path = "resenas", table = "reviews", etag)]
struct Review {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(rename = "título")]
    title: String,
    #[jsonapi(relationship, rename = "written by")]
    author: ToOne<Author>,
    #[jsonapi(relationship, rename = "gelesen von", through = "readers")]
    readers: ToMany<Author>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "авторы", path = "avtory", table = "authors", etag)]
struct Author {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "written by", rename = "написал")]
    reviews: ToMany<Review>,
}

fn rocket() -> rocket::Rocket<rocket::Build> {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Review::routes())
        .mount("/v1", Author::routes())
        .mount("/v1", JsonApi::operations())
        .mount("/v1", JsonApi::openapi().routes())
}

#[test]
fn resources_and_relationships_are_reached_by_the_links_that_are_sent() {
    let client = client(rocket());
    let author = json!({ "data": { "type": "авторы", "attributes": { "name": "Ada" } } });
    let (status, author) = send(&client, Method::Post, "/v1/avtory", &author);
    assert_eq!(status, Status::Created, "{author}");
    let identifier = json!({ "type": "авторы", "id": author["data"]["id"] });
    let review = json!({ "data": { "type": "reseñas", "attributes": { "título": "good" }, "relationships": {
        "written by": { "data": identifier }, "gelesen von": { "data": [identifier] } } } });
    let (status, review) = send(&client, Method::Post, "/v1/resenas", &review);
    assert_eq!(status, Status::Created, "{review}");

    // Every link of either, and of what they lead to, is answered.
    let mut links: Vec<String> = Vec::new();
    collect_links(&review, &mut links);
    collect_links(&author, &mut links);
    assert_eq!(links.len(), 2 + 3 * 2, "{links:?}");
    for link in &links {
        let answer = client.get(link.as_str()).dispatch();
        assert_eq!(answer.status(), Status::Ok, "{link}");
        let tag = answer.headers().get_one("ETag").expect("a tag").to_owned();
        let again = client.get(link.as_str()).header(Header::new("If-None-Match", tag)).dispatch();
        assert_eq!(again.status(), Status::NotModified, "{link}");
    }

    let own = review["data"]["links"]["self"].as_str().unwrap();
    let linkage = format!("{own}/relationships/gelesen%20von");
    let (status, _) = send(&client, Method::Delete, &linkage, &json!({ "data": [identifier] }));
    assert_eq!(status, Status::Ok);
    // A method that is not there, and a name that is not.
    let refused = client.put(linkage.as_str()).dispatch();
    assert_eq!(refused.status(), Status::MethodNotAllowed);
    assert_eq!(refused.headers().get_one("Allow"), Some("GET, HEAD, POST, PATCH, DELETE, OPTIONS"));
    for unknown in [format!("{own}/nothing"), format!("{own}/x%20y"), "/v1/x%C3%B1".to_owned()] {
        for method in [Method::Get, Method::Put] {
            assert_eq!(
                client.req(method, unknown.clone()).dispatch().status(),
                Status::NotFound,
                "{unknown}"
            );
        }
    }
    let (status, _) = send(&client, Method::Delete, own, &Value::Null);
    assert_eq!(status, Status::NoContent);
}

fn collect_links(value: &Value, links: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    // Not the document's own, which are those of its resource.
                    Value::String(link) if matches!(name.as_str(), "self" | "related") => {
                        if !links.contains(link) {
                            links.push(link.clone());
                        }
                    }
                    member => collect_links(member, links),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_links(element, links)),
        _ => {}
    }
}

#[test]
fn the_openapi_document_and_operations_have_the_same_urls() {
    let client = client(rocket());
    let document: Value =
        serde_json::from_str(&client.get("/v1/openapi.json").dispatch().into_string().unwrap()).unwrap();
    assert!(document["paths"]["/v1/resenas/{id}/relationships/written%20by"]["patch"].is_object());
    let operations = json!({ "atomic:operations": [
        { "op": "add", "href": "/v1/resenas", "data": { "type": "reseñas", "lid": "r", "attributes": { "título": "a" } } },
        { "op": "update", "ref": { "type": "reseñas", "lid": "r", "relationship": "written by" }, "data": null },
    ] });
    let media_type = "application/vnd.api+json;ext=\"https://jsonapi.org/ext/atomic\"";
    let request = client.post("/v1/operations").header(Header::new("Content-Type", media_type));
    assert_eq!(request.body(operations.to_string()).dispatch().status(), Status::Ok);
}
