//! What is shown and not stored.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", computed(full_name = Self::full_name))]
struct Person {
    #[jsonapi(id)]
    id: i64,
    given: String,
    family: String,
}

impl Person {
    fn full_name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }
}

#[test]
fn is_in_documents() {
    on_each(
        || application().mount("/v1", Person::routes()),
        |client| {
            client.seed(&Person { id: 1, given: "Ada".into(), family: "Lovelace".into() });
            let shown = client.get("/v1/people/1?fields[people]=fullName").send().expect(200);
            assert_eq!(shown.resource().attribute("fullName"), "Ada Lovelace");
            client.get("/v1/people?sort=fullName").send().expect_error_at(400, "sort");
        },
    );
}
