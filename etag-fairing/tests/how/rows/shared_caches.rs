//! Answers that a proxy may keep.

use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag, cache_control = "public, max-age=60, stale-while-revalidate=600")]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

#[test]
fn are_told_how_long() {
    on_each(
        || application().mount("/v1", Room::routes()),
        |client| {
            client.seed(&Room { id: 1 });
            let shown = client.get("/v1/rooms/1").send().expect(200);
            let expected = Some("public, max-age=60, stale-while-revalidate=600");
            assert_eq!(shown.header("Cache-Control"), expected);
            let known = client.get("/v1/rooms/1").if_none_match(shown.tag()).send().expect(304);
            assert_eq!(known.header("Cache-Control"), expected);
        },
    );
}
