//! A word in a text.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

#[test]
fn finds_a_word() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            for (id, title) in [(1, "The Lost Update"), (2, "Ünter den Linden"), (3, "100 % sure")] {
                client.seed(&Talk { id, title: title.into() });
            }
            let ids = |query: &str| client.get(format!("/v1/talks?{query}")).send().expect(200).ids();
            assert_eq!(ids("filter[title][icontains]=update"), ["1"]);
            assert_eq!(ids("filter[title][istartswith]=%C3%BCnter"), ["2"]);
            assert_eq!(ids("filter[title][contains]=%25"), ["3"]);
        },
    );
}
