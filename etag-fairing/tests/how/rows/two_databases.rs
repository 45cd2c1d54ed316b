//! Resources of one application in two databases.

use etag_fairing::testing::{Database, Setup};
use etag_fairing::{JsonApi, JsonApiResource};

use crate::applications::plain;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag)]
struct Order {
    #[jsonapi(id)]
    id: i64,
}

#[test]
fn are_told_apart_by_path() {
    let start = |shop: Database| {
        let fairing = JsonApi::fairing().below("/shop", JsonApi::database("shop"));
        let rocket = plain().attach(fairing).mount("/", Note::routes()).mount("/shop", Order::routes());
        Setup::new(rocket).database("api", Database::memory()).database("shop", shop).start()
    };
    let test = |shop| {
        let client = start(shop);
        client.seed(&Note { id: 1 });
        client.seed(&Order { id: 7 });
        assert_eq!(client.get("/notes").send().expect(200).ids(), ["1"]);
        assert_eq!(client.get("/shop/orders").send().expect(200).ids(), ["7"]);
    };
    test(Database::memory());
    // Of two kinds.
    #[cfg(feature = "postgres")]
    if let Some(server) = postgres_server::Database::provide() {
        test(Database::postgres(server.url()));
    }
}
