//! Pages that don't shift.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

const PROFILE: &str =
    r#"application/vnd.api+json;profile="https://jsonapi.org/profiles/ethanresnick/cursor-pagination""#;

#[test]
fn go_on_where_a_page_ended() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            for (id, title) in [(1, "b"), (2, "d"), (3, "c")] {
                client.seed(&Talk { id, title: title.into() });
            }
            let client = client.with_header("Accept", PROFILE);
            let first = client.get("/v1/talks?sort=title&page[size]=2").send().expect(200);
            assert_eq!(first.ids(), ["1", "3"]);
            // A row before the page doesn't move the next one.
            client.seed(&Talk { id: 4, title: "a".into() });
            let next = first.link("next").expect("a next page");
            assert!(next.contains("page%5Bafter%5D="), "{next}");
            assert_eq!(client.get(next).send().expect(200).ids(), ["2"]);
        },
    );
}
