//! One of some texts.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;
use serde::{Deserialize, Serialize};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Draft,
    Accepted,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(text)]
    state: State,
}

#[test]
fn is_a_closed_set() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            client.seed(&Talk { id: 1, state: State::Draft });
            client.seed(&Talk { id: 2, state: State::Accepted });
            assert_eq!(client.get("/v1/talks?filter[state]=accepted").send().expect(200).ids(), ["2"]);
            let other = Document::new("talks").attribute("state", "maybe");
            let refused = client.post("/v1/talks").document(&other).send();
            let refused = refused.expect_error_at(422, "/data/attributes/state");
            assert!(refused.errors()[0].detail().is_some_and(|detail| detail.contains("accepted")), "{refused}");
            client.get("/v1/talks?filter[state]=maybe").send().expect_error_at(400, "filter[state]");
        },
    );
}
