//! How long something takes.

use std::time::Duration;

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    length: Duration,
}

#[test]
fn are_iso_8601() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            let talk = Talk { id: 1, length: Duration::from_secs(5400) };
            client.seed(&talk);
            client.seed(&Talk { id: 2, length: Duration::from_secs(60) });
            let long = client.get("/v1/talks?filter[length][gt]=PT1H").send().expect(200);
            assert_eq!(long.many::<Talk>(), [talk]);
            assert_eq!(long.resources()[0].attribute("length"), "PT1H30M");
        },
    );
}
