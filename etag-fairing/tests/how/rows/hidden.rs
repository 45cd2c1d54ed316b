//! What clients only write, only read, or never see.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "users")]
struct User {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(write_only)]
    password: String,
    #[jsonapi(read_only, default)]
    logins: i64,
    #[jsonapi(hidden, default)]
    score: i64,
}

#[test]
fn is_in_no_document() {
    on_each(
        || application().mount("/v1", User::routes()),
        |client| {
            let made = Document::new("users").attribute("password", "open sesame");
            let made = client.post("/v1/users").document(&made).send().expect(201);
            assert_eq!(made.resource().attribute_names(), ["logins"]);
            let id = made.resource().id().to_owned();
            for (name, value) in [("logins", 7), ("score", 7)] {
                let edit = Document::new("users").id(&id).attribute(name, value);
                let answer = client.patch(format!("/v1/users/{id}")).document(&edit).send();
                answer.expect_error_at(422, &format!("/data/attributes/{name}"));
            }
        },
    );
}
