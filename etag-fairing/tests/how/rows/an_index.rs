//! An index for what clients look for and sort by.

use etag_fairing::{DatabaseSchema, JsonApiResource};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(index)]
    title: String,
    #[jsonapi(index(trigram))]
    summary: String,
}

#[test]
fn is_made_with_the_table() {
    let schema = DatabaseSchema::of_resources([Talk::description()]);
    let sqlite = schema.sqlite().expect("a schema");
    assert!(sqlite.contains("CREATE INDEX") && sqlite.contains("ON \"talks\" (\"title\""), "{sqlite}");
    #[cfg(feature = "postgres")]
    {
        let postgres = schema.postgres().expect("a schema");
        assert!(postgres.contains("ON \"talks\" (") && postgres.contains("gin_trgm_ops"), "{postgres}");
    }
    on_each(
        || application().mount("/v1", Talk::routes()),
        |client| {
            for title in ["b", "a"] {
                client.seed(&Talk { id: 0, title: title.into(), summary: format!("About {title}") });
            }
            let sorted = client.get("/v1/talks?sort=title").send().expect(200).many::<Talk>();
            assert_eq!(sorted.iter().map(|talk| talk.title.as_str()).collect::<Vec<_>>(), ["a", "b"]);
            // With the index or, where there is none, without it.
            let found = client.get("/v1/talks?filter[summary][ilike]=%25OUT%20B%25").send().expect(200).many::<Talk>();
            assert_eq!(found.iter().map(|talk| talk.title.as_str()).collect::<Vec<_>>(), ["b"]);
        },
    );
}
