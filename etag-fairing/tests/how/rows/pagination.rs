//! Pages with totals.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Setup;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
}

#[test]
fn counts_if_it_is_asked_to() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            for id in 1..=5 {
                client.seed(&Talk { id });
            }
            let page = client.get("/v1/talks?page[size]=2&page[number]=2&page[totals]").send().expect(200);
            assert_eq!((page.ids(), &page.meta()["count"]), (vec!["3".into(), "4".into()], &5.into()));
            let last = client.get(page.link("last").expect("a last page")).send().expect(200);
            assert_eq!(last.ids(), ["5"]);
        },
    );
    // [default.jsonapi] max_page_size = 2
    let rocket = application().mount("/v1", Talk::routes());
    let client = Setup::new(rocket).configure(("jsonapi.max_page_size", 2)).start();
    client.get("/v1/talks?page[size]=3").send().expect_error(400, "page_too_large");
}
