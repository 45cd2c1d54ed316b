//! Relationships to many that keep an order in a column of somebody else's tables, whose unique indexes and checks hold.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::{
    support::{Answer, Server},
    theirs::{Theirs, data, delete, over_both},
};

#[derive(JsonApiResource)]
#[jsonapi(type = "playlists", etag)]
struct Playlist {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "playlist_tracks", order = "position")]
    tracks: ToMany<Track>,
    #[jsonapi(relationship, inverse = "playlist", order = "number", linkage = true)]
    notes: ToMany<Note>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, through = "playlist_tracks", linkage = false)]
    playlists: ToMany<Playlist>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    number: i32,
    #[jsonapi(relationship)]
    playlist: ToOne<Playlist>,
}

/// A join table with a column of its own beside the order.
const TABLES: &str = "
    CREATE TABLE playlists (id {id});
    CREATE TABLE tracks (id {id}, title text NOT NULL);
    CREATE TABLE playlist_tracks (
        playlist_id bigint NOT NULL REFERENCES playlists (id),
        track_id bigint NOT NULL REFERENCES tracks (id),
        position smallint NOT NULL CHECK (position > 0),
        added_by text NOT NULL DEFAULT 'us',
        PRIMARY KEY (playlist_id, track_id),
        UNIQUE (playlist_id, position)
    );
    CREATE TABLE notes (
        id {id},
        number integer NOT NULL CHECK (number > 0),
        playlist_id bigint REFERENCES playlists (id),
        UNIQUE (playlist_id, number)
    );
    INSERT INTO playlists (id) VALUES (1), (2);
    INSERT INTO tracks (id, title) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e');
    INSERT INTO playlist_tracks (playlist_id, track_id, position, added_by)
        VALUES (1, 1, 1, 'ann'), (1, 2, 2, 'bob'), (1, 3, 3, 'cis'), (2, 5, 1, 'dan');
    INSERT INTO notes (id, number, playlist_id) VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 1, 2), (5, 2, 2);
";

fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket.mount("/", [Playlist::routes(), Track::routes(), Note::routes()].concat())
}

fn linkage(kind: &str, ids: &[i64]) -> Value {
    json!({"data": ids.iter().map(|id| json!({"type": kind, "id": id.to_string()})).collect::<Vec<_>>()})
}

fn ids(document: &Value) -> Vec<i64> {
    let data = document["data"].as_array().expect("many");
    data.iter().map(|one| one["id"].as_str().expect("an id").parse().expect("a number")).collect()
}

/// With or without a profile.
fn document(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text()).expect("JSON")
}

fn read(server: &Server, path: &str) -> Value {
    document(&server.get(path, &[]).is(200))
}

fn in_order(server: &Server, kind: &str) -> Vec<i64> {
    let own = ids(&read(server, &format!("/playlists/1/relationships/{kind}")));
    let whole = read(server, &format!("/playlists/1?include={kind}"));
    assert_eq!(ids(&whole["data"]["relationships"][kind]), own, "in the owner's document");
    assert_eq!(ids(&read(server, &format!("/playlists/1/{kind}"))), own, "at the related URL");
    own
}

#[test]
fn each_permutation_is_written_past_a_unique_index() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        for kind in ["tracks", "notes"] {
            let path = format!("/playlists/1/relationships/{kind}");
            assert_eq!(in_order(&server, kind), [1, 2, 3]);
            for order in [[3, 1, 2], [1, 3, 2], [2, 1, 3], [3, 2, 1], [2, 3, 1], [1, 2, 3], [3, 1, 2]] {
                let answer = server.write("PATCH", &path, &linkage(kind, &order)).is(200);
                assert_eq!(ids(&answer.json()), order);
                assert_eq!(in_order(&server, kind), order);
            }
        }
        assert_eq!(
            theirs.run(
                "SELECT track_id, position, added_by FROM playlist_tracks WHERE playlist_id = 1 ORDER BY 2"
            ),
            "3|1|cis\n1|2|ann\n2|3|bob",
            "the rows are the same ones"
        );
        // Others come in between, some go, and from the other end a link comes last.
        let path = "/playlists/1/relationships/tracks";
        server.write("PATCH", path, &linkage("tracks", &[5, 2, 4, 3])).is(200);
        assert_eq!(in_order(&server, "tracks"), [5, 2, 4, 3]);
        server.write("POST", "/tracks/1/relationships/playlists", &linkage("playlists", &[1, 2])).is(200);
        assert_eq!(in_order(&server, "tracks"), [5, 2, 4, 3, 1]);
        server.write("DELETE", path, &linkage("tracks", &[2, 3])).is(200);
        assert_eq!(in_order(&server, "tracks"), [5, 4, 1]);
        server.write("POST", path, &linkage("tracks", &[3, 4, 2])).is(200);
        assert_eq!(in_order(&server, "tracks"), [5, 4, 1, 3, 2]);
        // A note of another playlist goes to this one; one is let go.
        server.write("PATCH", "/playlists/1/relationships/notes", &linkage("notes", &[5, 1, 2])).is(200);
        assert_eq!(in_order(&server, "notes"), [5, 1, 2]);
        assert_eq!(ids(&read(&server, "/playlists/2/notes")), [4]);
        // By the owner's document, too.
        let relationships =
            json!({"notes": linkage("notes", &[2, 5, 1]), "tracks": linkage("tracks", &[1, 5])});
        server
            .write("PATCH", "/playlists/1", &data("playlists", Some("1"), json!({}), relationships))
            .is(200);
        assert_eq!(in_order(&server, "notes"), [2, 5, 1]);
        assert_eq!(in_order(&server, "tracks"), [1, 5]);
        let relationships = json!({"tracks": linkage("tracks", &[4, 2, 5])});
        let made =
            server.write("POST", "/playlists", &data("playlists", None, json!({}), relationships)).is(201);
        assert_eq!(ids(&made.json()["data"]["relationships"]["tracks"]), [4, 2, 5]);
        assert_eq!(delete(&server, "/tracks/3").status, 204);
    });
}

#[test]
fn pages_follow_the_order_until_sort_asks_for_another() {
    over_both(TABLES, |theirs| {
        theirs.run("DELETE FROM playlist_tracks WHERE playlist_id = 1");
        let server = theirs.serve("", mount);
        let order = [4, 2, 5, 1, 3];
        server.write("PATCH", "/playlists/1/relationships/tracks", &linkage("tracks", &order)).is(200);
        for start in [
            "/playlists/1/tracks?page[size]=2",
            "/playlists/1/tracks?page[limit]=2&page[offset]=0",
            "/playlists/1/relationships/tracks?page[size]=2",
        ] {
            for accept in [
                "*/*",
                "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"",
            ] {
                if start.contains("offset") && accept != "*/*" {
                    continue;
                }
                let (mut found, mut path) = (Vec::new(), Some(start.to_owned()));
                let mut last = start.to_owned();
                while let Some(here) = path {
                    let page = document(&server.get(&here, &[("Accept", accept)]).is(200));
                    found.extend(ids(&page));
                    path = page["links"]["next"].as_str().map(str::to_owned);
                    last = here;
                }
                assert_eq!(found, order, "{start} {accept}");
                // And one page back.
                let page = document(&server.get(&last, &[("Accept", accept)]).is(200));
                let previous = page["links"]["prev"].as_str().expect("a page before");
                assert_eq!(ids(&document(&server.get(previous, &[("Accept", accept)]).is(200))), [5, 1]);
            }
        }
        assert_eq!(ids(&read(&server, "/playlists/1/tracks?sort=id")), [1, 2, 3, 4, 5]);
        assert_eq!(ids(&read(&server, "/playlists/1/tracks?sort=-title&filter[title][lt]=d")), [3, 2, 1]);
        assert_eq!(ids(&read(&server, "/playlists/1/tracks?filter[title][lt]=d")), [2, 1, 3]);
        // A cursor is of one order.
        let profile = "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";
        let page = document(&server.get("/playlists/1/tracks?page[size]=2", &[("Accept", profile)]).is(200));
        let next = page["links"]["next"].as_str().expect("a page behind");
        assert_eq!(server.get(&format!("{next}&sort=title"), &[]).status, 400);
        assert_eq!(server.get(&next.replacen("/playlists/1", "/playlists/2", 1), &[]).status, 200);
    });
}

#[test]
fn of_two_who_have_read_the_same_order_one_writes() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        for round in 0..12 {
            let kind = ["tracks", "notes"][round % 2];
            let own = format!("/playlists/1/relationships/{kind}");
            // With the tag of the linkage, and with that of its owner.
            let at_owner = round % 4 >= 2;
            let path = if at_owner { "/playlists/1" } else { &own };
            let tag = server.get(path, &[]).is(200).field("etag").expect("a tag").to_owned();
            let before = in_order(&server, kind);
            let (mut one, mut other) = (before.clone(), before);
            one.rotate_left(1);
            other.swap(0, 1);
            let statuses: Vec<(u16, Vec<i64>)> = std::thread::scope(|scope| {
                let writers = [one, other].map(|order| {
                    let (server, tag, own) = (&server, &tag, &own);
                    scope.spawn(move || {
                        let linked = linkage(kind, &order);
                        let (path, body) = match at_owner {
                            true => ("/playlists/1", {
                                let relationships = json!({kind: linked});
                                data("playlists", Some("1"), json!({}), relationships)
                            }),
                            false => (own.as_str(), linked),
                        };
                        let fields =
                            [("If-Match", tag.as_str()), ("Content-Type", "application/vnd.api+json")];
                        let answer = server.send("PATCH", path, &fields, &body.to_string());
                        (answer.status, order)
                    })
                });
                writers.into_iter().map(|writer| writer.join().expect("an answer")).collect()
            });
            let won: Vec<&Vec<i64>> =
                statuses.iter().filter(|(status, _)| *status == 200).map(|(_, order)| order).collect();
            let lost = statuses.iter().filter(|(status, _)| *status == 412).count();
            assert_eq!((won.len(), lost), (1, 1), "round {round}: {statuses:?}");
            assert_eq!(in_order(&server, kind), *won[0], "round {round}");
        }
    });
}

#[test]
fn writers_without_conditions_leave_an_order_that_one_of_them_wrote() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        for kind in ["tracks", "notes"] {
            let path = format!("/playlists/1/relationships/{kind}");
            let orders = [[3, 1, 2], [2, 3, 1], [1, 3, 2], [3, 2, 1]];
            std::thread::scope(|scope| {
                for order in orders {
                    let (server, path) = (&server, &path);
                    scope.spawn(move || {
                        for _ in 0..5 {
                            server.write("PATCH", path, &linkage(kind, &order)).is(200);
                        }
                    });
                }
            });
            let found = in_order(&server, kind);
            assert!(orders.iter().any(|order| found == order), "{found:?}");
        }
        // From the other end, two at once get two positions.
        std::thread::scope(|scope| {
            for track in [4, 5] {
                let server = &server;
                scope.spawn(move || {
                    let path = format!("/tracks/{track}/relationships/playlists");
                    server.write("PATCH", &path, &linkage("playlists", &[1])).is(200);
                });
            }
        });
        let mut found = in_order(&server, "tracks").split_off(3);
        found.sort_unstable();
        assert_eq!(found, [4, 5]);
    });
}

#[test]
fn a_position_that_is_written_as_an_attribute_is_a_change_of_the_linkage() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        let tag = |path: &str| server.get(path, &[]).is(200).field("etag").expect("a tag").to_owned();
        let before = tag("/playlists/1");
        let of_linkage = tag("/playlists/1/relationships/notes");
        server
            .write("PATCH", "/notes/1", &data("notes", Some("1"), json!({"number": 30000}), json!({})))
            .is(200);
        assert_eq!(in_order(&server, "notes"), [2, 3, 1]);
        assert_ne!(tag("/playlists/1"), before);
        assert_ne!(tag("/playlists/1/relationships/notes"), of_linkage);
        // The highest number that the column can hold keeps nobody from coming behind it.
        let highest = json!({"number": i32::MAX});
        server.write("PATCH", "/notes/1", &data("notes", Some("1"), highest, json!({}))).is(200);
        server.write("POST", "/playlists/1/relationships/notes", &linkage("notes", &[4])).is(200);
        assert_eq!(in_order(&server, "notes"), [2, 3, 1, 4]);
    });
}

#[test]
fn numbers_of_related_resources_are_told_on_demand() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        let counted = |path: &str, kind: &str| {
            let document = read(&server, path);
            let all = match &document["data"] {
                Value::Array(all) => all.clone(),
                one => vec![one.clone()],
            };
            let count = |one: &Value| one["relationships"][kind]["meta"]["count"].as_u64();
            all.iter().map(count).collect::<Vec<_>>()
        };
        assert_eq!(counted("/playlists", "tracks"), [None, None]);
        assert_eq!(counted("/playlists?withCount=tracks", "tracks"), [Some(3), Some(1)]);
        assert_eq!(counted("/playlists?withCount=tracks", "notes"), [None, None]);
        assert_eq!(counted("/playlists/2?withCount=notes,tracks", "notes"), [Some(2)]);
        assert_eq!(
            counted("/playlists/1/tracks?withCount=playlists", "playlists"),
            [Some(1), Some(1), Some(1)]
        );
        let included = read(&server, "/playlists/1?include=tracks&withCount=tracks.playlists,tracks");
        assert_eq!(included["included"][0]["relationships"]["playlists"]["meta"], json!({"count": 1}));
        assert_eq!(included["data"]["relationships"]["tracks"]["meta"], json!({"count": 3}));
        assert_eq!(counted("/playlists?withCount=tracks&fields[playlists]=notes", "tracks"), [None, None]);
        // The state in the tag is that of the resource without parameters, and a client writes back with either.
        let tag = |path: &str| server.get(path, &[]).is(200).tag();
        let plain = tag("/playlists/1").trim_matches('"').to_owned();
        let with_count = tag("/playlists/1?withCount=tracks");
        assert!(with_count.trim_matches('"').starts_with(&format!("{plain}-")), "{plain} {with_count}");
        // What is remembered holds only while nothing else is related.
        let not_modified =
            |tag: &str| server.get("/tracks/4?withCount=playlists", &[("If-None-Match", tag)]).status;
        let of_track = tag("/tracks/4?withCount=playlists");
        assert_eq!(not_modified(&of_track), 304);
        server.write("POST", "/playlists/2/relationships/tracks", &linkage("tracks", &[4])).is(200);
        assert_eq!(not_modified(&of_track), 200);
        assert_eq!(counted("/tracks/4?withCount=playlists", "playlists"), [Some(1)]);
        for wrong in ["", "nobody", "tracks.playlists", "tracks,,notes", "tracks.", "id"] {
            let answer = server.get(&format!("/playlists?withCount={wrong}"), &[]);
            assert_eq!(answer.status, 400, "{wrong}");
            assert_eq!(answer.error().1, json!({"parameter": "withCount"}), "{wrong}");
        }
        assert_eq!(server.get("/notes?withCount=playlist", &[]).status, 400, "to-one");
        // At a relationship's own URL, paths begin with it.
        let own = |query: &str| read(&server, &format!("/playlists/1/relationships/tracks?{query}"));
        let whole = own("withCount=tracks");
        assert_eq!((ids(&whole), &whole["meta"]), (vec![1, 2, 3], &json!({"count": 3})));
        let page = own("withCount=tracks&page[size]=2");
        assert_eq!((ids(&page), &page["meta"]), (vec![1, 2], &json!({"count": 3})));
        let filtered = own("withCount=tracks&filter[title][gt]=a");
        assert_eq!((ids(&filtered), &filtered["meta"]), (vec![2, 3], &json!({"count": 2})));
        let included = own("include=tracks&withCount=tracks.playlists");
        assert_eq!(included["included"][0]["relationships"]["playlists"]["meta"], json!({"count": 1}));
        assert!(included.get("meta").is_none(), "{included}");
        for wrong in ["notes", "playlists", "tracks.playlists", "id"] {
            let answer = server.get(&format!("/playlists/1/relationships/tracks?withCount={wrong}"), &[]);
            assert_eq!(answer.status, 400, "{wrong}");
            assert_eq!(answer.error().1, json!({"parameter": "withCount"}), "{wrong}");
        }
        assert_eq!(
            server.get("/notes/1/relationships/playlist?withCount=playlist", &[]).status,
            400,
            "to-one"
        );
        let to_one =
            read(&server, "/notes/1/relationships/playlist?include=playlist&withCount=playlist.notes");
        assert_eq!(to_one["included"][0]["relationships"]["notes"]["meta"], json!({"count": 3}));
        assert_eq!(counted("/notes/1/playlist?withCount=notes", "notes"), [Some(3)]);
        // In filters.
        let found = |query: &str| ids(&read(&server, query));
        assert_eq!(found("/playlists?filter[tracks][count]=3"), [1]);
        assert_eq!(found("/playlists?filter[tracks][count][lt]=3"), [2]);
        assert_eq!(found("/playlists?filter[tracks][count][between]=2,3"), [1, 2]);
        assert_eq!(found("/tracks?filter[playlists][count][ne]=1"), [0_i64; 0]);
        assert_eq!(found("/notes?filter[playlist.tracks][count][ge]=3"), [1, 2, 3]);
        for (wrong, at) in [
            ("filter[tracks][count]=-1", "filter[tracks][count]"),
            ("filter[tracks][count]=1.5", "filter[tracks][count]"),
            ("filter[tracks][count]=99999999999999999999", "filter[tracks][count]"),
            ("filter[tracks][count][like]=1", "filter[tracks][count][like]"),
            ("filter[tracks][count][ge]=", "filter[tracks][count][ge]"),
            ("filter[tracks][has][ge]=1", "filter[tracks][has][ge]"),
        ] {
            let answer = server.get(&format!("/playlists?{wrong}"), &[]);
            assert_eq!(answer.status, 400, "{wrong}");
            assert_eq!(answer.error().1, json!({"parameter": at}), "{wrong}");
        }
    });
}

#[test]
fn a_column_that_cannot_keep_the_order_stops_the_launch() {
    let tables = |position: &str, number: &str| {
        format!(
            "CREATE TABLE playlists (id {{id}}); CREATE TABLE tracks (id {{id}}, title text NOT NULL);
             CREATE TABLE playlist_tracks (playlist_id bigint, track_id bigint{position});
             CREATE TABLE notes (id {{id}}, playlist_id bigint{number});"
        )
    };
    for (position, number, told) in [
        (
            "",
            ", number integer",
            "table `playlist_tracks` has no column `position`, which the order of the relationship `tracks` of `Playlist` needs",
        ),
        (", position text", ", number integer", "table `playlist_tracks`, column `position`: expected"),
        (", position bigint", "", "table `notes` has no column `number`"),
    ] {
        over_both(&tables(position, number), |theirs| {
            let problems = problems(theirs);
            assert!(problems.iter().any(|problem| problem.contains(told)), "{}: {problems:?}", theirs.name());
        });
    }
    over_both(&tables(", position bigint", ", number integer"), |theirs| {
        assert_eq!(problems(theirs), [""; 0], "{}", theirs.name());
    });
}

/// What stops the launch.
fn problems(theirs: &Theirs) -> Vec<String> {
    use etag_fairing::store::Store;
    use etag_fairing::store::postgres::{PostgresOptions, PostgresStore};
    use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore};

    async fn of(store: impl Store) -> Vec<String> {
        let resources = [Playlist::description(), Track::description(), Note::description()];
        let outcome = store.prepare(&resources).await;
        store.close().await;
        outcome.err().map(|error| error.problems).unwrap_or_default()
    }

    rocket::async_test(async {
        match theirs {
            Theirs::Sqlite(folder) => {
                let file = Location::File(folder.path().join("theirs.db"));
                of(SqliteStore::open(SqliteOptions::new(file)).expect("a store")).await
            }
            Theirs::Postgres(database) => {
                let options = PostgresOptions::new(database.url()).expect("a URL");
                of(PostgresStore::open(options).expect("a store")).await
            }
        }
    })
}
