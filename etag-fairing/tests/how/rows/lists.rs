//! Several values in one attribute.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    tags: Vec<String>,
    #[jsonapi(default)]
    marks: Vec<Option<i64>>,
}

#[test]
fn are_found_by_their_elements() {
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            let talk = |id, tags: &[&str]| {
                let tags = tags.iter().map(ToString::to_string).collect();
                Talk { id, tags, marks: vec![Some(id), None] }
            };
            client.seed(&talk(1, &["rust", "http"]));
            client.seed(&talk(2, &["go"]));
            client.seed(&talk(3, &[]));
            let ids = |query: &str| client.get(format!("/v1/talks?{query}")).send().expect(200).ids();
            assert_eq!(ids("filter[tags][has]=rust"), ["1"]);
            assert_eq!(ids("filter[tags][any]=rust,go"), ["1", "2"]);
            assert_eq!(ids("filter[tags][is_empty]=true"), ["3"]);
            assert_eq!(ids("filter[marks][has]=2"), ["2"]);
            assert_eq!(client.get("/v1/talks/2").send().one::<Talk>().marks, [Some(2), None]);
        },
    );
}
