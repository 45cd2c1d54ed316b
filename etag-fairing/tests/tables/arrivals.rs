//! Rows that come into ordered lists of somebody else's tables by their own to-one relationship: they come last there, and
//! the unique indexes hold.

use etag_fairing::{JsonApi, JsonApiResource, ToMany, ToOne, own::ApiError};
use rocket::{Build, Rocket, State};
use serde_json::{Value, json};

use super::{
    support::Server,
    theirs::{data, over_both, to},
};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "playlists", etag)]
struct Playlist {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "playlist", order = "number", linkage = true)]
    notes: ToMany<Note>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(read_only, default)]
    number: i32,
    #[jsonapi(relationship)]
    playlist: ToOne<Playlist>,
}

/// The same rows, whose number clients may choose.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "numbered-notes", table = "notes", etag)]
struct NumberedNote {
    #[jsonapi(id)]
    id: i64,
    number: Option<i32>,
    #[jsonapi(relationship)]
    playlist: ToOne<Playlist>,
}

/// The same rows, without their numbers.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "plain-notes", table = "notes", etag)]
struct PlainNote {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    playlist: ToOne<Playlist>,
}

const TABLES: &str = "
    CREATE TABLE playlists (id {id});
    CREATE TABLE notes (
        id {id},
        number integer NOT NULL CHECK (number > 0),
        playlist_id bigint REFERENCES playlists (id),
        UNIQUE (playlist_id, number)
    );
    INSERT INTO playlists (id) VALUES (1), (2);
    INSERT INTO notes (id, number, playlist_id) VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 1, 2), (5, 2, 2);
";

fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    let routes = [Playlist::routes(), Note::routes(), NumberedNote::routes(), PlainNote::routes()];
    rocket.mount("/", routes.concat())
}

fn notes_of(server: &Server, playlist: i64) -> Vec<i64> {
    let document = server.get(&format!("/playlists/{playlist}/relationships/notes"), &[]).is(200).json();
    let data = document["data"].as_array().expect("many");
    data.iter().map(|one| one["id"].as_str().expect("an id").parse().expect("a number")).collect()
}

/// Makes a note in a playlist, and gives its id.
fn make(server: &Server, kind: &str, attributes: Value, playlist: &str) -> i64 {
    let note = data(kind, None, attributes, json!({"playlist": to("playlists", playlist)}));
    let made = server.write("POST", &format!("/{kind}"), &note).is(201).json();
    made["data"]["id"].as_str().expect("an id").parse().expect("a number")
}

#[test]
fn a_row_that_gets_another_owner_comes_last_in_its_list() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        let tag = |path: &str| server.get(path, &[]).is(200).tag();
        let before = [tag("/playlists/1"), tag("/playlists/2")];
        // By the relationship's URL, to a list that has its position already.
        server.write("PATCH", "/notes/4/relationships/playlist", &to("playlists", "1")).is(200);
        assert_eq!(notes_of(&server, 1), [1, 2, 3, 4]);
        assert_eq!(notes_of(&server, 2), [5]);
        assert!(before != [tag("/playlists/1"), tag("/playlists/2")]);
        // By the row itself, of each struct over the table.
        for (kind, id) in [("notes", "1"), ("plain-notes", "3"), ("numbered-notes", "2")] {
            let moved = data(kind, Some(id), json!({}), json!({"playlist": to("playlists", "2")}));
            server.write("PATCH", &format!("/{kind}/{id}"), &moved).is(200);
        }
        assert_eq!(notes_of(&server, 1), [4]);
        assert_eq!(notes_of(&server, 2), [5, 1, 3, 2]);
        // Who has it already keeps its place, and so does who is sent back as it was read.
        server.write("PATCH", "/notes/1/relationships/playlist", &to("playlists", "2")).is(200);
        let whole = server.get("/numbered-notes/5", &[]).json();
        server.write("PATCH", "/numbered-notes/5", &whole).is(200);
        assert_eq!(notes_of(&server, 2), [5, 1, 3, 2]);
        // A new one.
        let plain = make(&server, "plain-notes", json!({}), "1");
        let other = make(&server, "notes", json!({}), "1");
        let numbered = make(&server, "numbered-notes", json!({"number": 1}), "1");
        let null = make(&server, "numbered-notes", json!({"number": null}), "1");
        assert_eq!(notes_of(&server, 1), [numbered, 4, plain, other, null]);
        // A number that is taken is the client's mistake.
        let taken =
            data("numbered-notes", None, json!({"number": 1}), json!({"playlist": to("playlists", "1")}));
        assert_eq!(server.write("POST", "/numbered-notes", &taken).status, 409);
        let taken = data(
            "numbered-notes",
            Some("5"),
            json!({"number": 1}),
            json!({"playlist": to("playlists", "1")}),
        );
        assert_eq!(server.write("PATCH", "/numbered-notes/5", &taken).status, 409);
        assert_eq!(notes_of(&server, 2), [5, 1, 3, 2]);
        // The highest number that the column can hold keeps nobody from coming behind it.
        theirs.run(&format!("UPDATE notes SET number = {} WHERE id = 2", i32::MAX));
        server.write("PATCH", "/notes/4/relationships/playlist", &to("playlists", "2")).is(200);
        assert_eq!(notes_of(&server, 2), [5, 1, 3, 2, 4]);
        let last = theirs.run("SELECT max(number) FROM notes WHERE playlist_id = 2");
        assert!(last.parse::<i32>().expect("a number") < i32::MAX, "{last}");
    });
}

#[test]
fn rows_that_come_at_once_get_positions_of_their_own() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", mount);
        std::thread::scope(|scope| {
            for id in [3, 4, 5] {
                let server = &server;
                scope.spawn(move || {
                    for round in 0..4 {
                        let path = format!("/notes/{id}/relationships/playlist");
                        let to = to("playlists", if round % 2 == 0 { "2" } else { "1" });
                        server.write("PATCH", &path, &to).is(200);
                    }
                });
            }
            let server = &server;
            scope.spawn(move || {
                for _ in 0..4 {
                    make(server, "plain-notes", json!({}), "1");
                }
            });
        });
        let found = notes_of(&server, 1);
        assert_eq!(found[..2], [1, 2], "{found:?}");
        assert_eq!((found.len(), notes_of(&server, 2).len()), (9, 0));
    });
}

/// Moves note 4 to playlist 1 and back again, puts a new one there, and links note 1.
#[rocket::post("/own")]
async fn own(api: &State<JsonApi>) -> Result<(), ApiError> {
    api.write(async |tx| {
        for playlist in [1, 2] {
            let mut note: Note = tx.read(4).await?;
            note.playlist = ToOne::to(playlist);
            tx.update(&note).await?;
        }
        tx.insert(&PlainNote { id: 0, playlist: ToOne::to(2) }).await?;
        tx.insert(&Note { id: 0, number: 0, playlist: ToOne::to(2) }).await?;
        tx.link::<Playlist>(2, "notes", [1]).await
    })
    .await
}

#[test]
fn own_code_moves_rows_to_the_end_of_lists() {
    over_both(TABLES, |theirs| {
        let server = theirs.serve("", |rocket| mount(rocket).mount("/", rocket::routes![own]));
        server.write("POST", "/own", &json!({})).is(200);
        assert_eq!(notes_of(&server, 1), [2, 3]);
        assert_eq!(notes_of(&server, 2), [5, 4, 6, 7, 1]);
    });
}
