//! How many related resources there are.

use etag_fairing::{JsonApiResource, ToMany, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks")]
struct Track {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
}

#[test]
fn are_told_and_filtered_by() {
    on_each(
        || application().mount("/v1", [Track::routes(), Session::routes()].concat()),
        |client| {
            for id in 1..=3 {
                client.seed(&Track { id, sessions: ToMany::unread() });
            }
            for (id, track) in [(1, 1), (2, 2), (3, 2)] {
                client.seed(&Session { id, track: ToOne::to(track) });
            }
            let tracks = client.get("/v1/tracks?withCount=sessions").send().expect(200).json();
            let count = |place: usize| &tracks["data"][place]["relationships"]["sessions"]["meta"]["count"];
            assert_eq!([count(0), count(1), count(2)], [1, 2, 0]);
            let many = client.get("/v1/tracks?filter[sessions][count][ge]=2").send().expect(200);
            assert_eq!(many.ids(), ["2"]);
        },
    );
}
