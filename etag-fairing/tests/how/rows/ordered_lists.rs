//! Related resources in an order that clients choose.

use etag_fairing::{JsonApiResource, ToMany, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "playlists", etag)]
struct Playlist {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "playlist_tracks", order = "position")]
    tracks: ToMany<Track>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks")]
struct Track {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    album: ToOne<Album>,
    place: Option<i64>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "albums")]
struct Album {
    #[jsonapi(id)]
    id: i64,
    // The position is a column of the track.
    #[jsonapi(relationship, inverse = "album", order = "place")]
    tracks: ToMany<Track>,
}

#[test]
fn read_back_as_they_were_sent() {
    on_each(
        || {
            let routes = [Playlist::routes(), Track::routes(), Album::routes()].concat();
            application().mount("/v1", routes)
        },
        |client| {
            client.seed(&Album { id: 1, tracks: ToMany::unread() });
            for id in 1..=3 {
                client.seed(&Track { id, album: ToOne::empty(), place: None });
            }
            client.seed(&Playlist { id: 1, tracks: ToMany::unread() });
            let order = |ids: [&str; 3]| {
                let ids = ids.map(|id| serde_json::json!({ "type": "tracks", "id": id }));
                serde_json::json!({ "data": ids })
            };
            for list in ["/v1/playlists/1", "/v1/albums/1"] {
                for ids in [["3", "1", "2"], ["2", "3", "1"]] {
                    let url = format!("{list}/relationships/tracks");
                    client.patch(&url).json(&order(ids)).send().expect(200);
                    assert_eq!(client.get(format!("{list}/tracks")).send().expect(200).ids(), ids);
                }
            }
        },
    );
}
