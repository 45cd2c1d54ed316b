//! Attributes that are for reading alone.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(filter = false, sort = false)]
    text: String,
}

#[test]
fn is_refused() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            client.get("/v1/talks?filter[text]=x").send().expect_error(400, "invalid_filter");
            client.get("/v1/talks?sort=text").send().expect_error(400, "invalid_sort");
        },
    );
}
