//! Rules for values, all failures at once: the feature `validation`.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;
use garde::Validate;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, Validate, JsonApiResource)]
#[jsonapi(type = "talks", validate)]
struct Talk {
    #[jsonapi(id)]
    #[garde(skip)]
    id: i64,
    #[garde(length(max = 20))]
    title: String,
    #[garde(range(min = 1, max = 5))]
    stars: i64,
}

#[test]
fn tells_each_member() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            let wrong = Document::new("talks").attribute("title", "x".repeat(21)).attribute("stars", 6);
            let refused = client.post("/v1/talks").document(&wrong).send();
            let refused = refused.expect_error_at(422, "/data/attributes/title");
            refused.expect_error_at(422, "/data/attributes/stars");
        },
    );
}
