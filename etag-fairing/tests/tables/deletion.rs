//! What a deletion brings with it: the foreign keys of somebody else's tables decide, also those of tables that no
//! resource knows.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::{
    support::Server,
    theirs::{Theirs, data, delete, over_both, to},
};

#[derive(JsonApiResource)]
#[jsonapi(type = "albums", etag)]
struct Album {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    title: String,
    genre_id: Option<i64>,
    #[jsonapi(relationship)]
    album: ToOne<Album>,
    #[jsonapi(relationship, through = "playlist_tracks")]
    playlists: ToMany<Playlist>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "playlists", etag)]
struct Playlist {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "playlist_tracks")]
    tracks: ToMany<Track>,
}

/// The same tables, with rules of the structs' own.
mod decided {
    use etag_fairing::{JsonApiResource, ToMany, ToOne};

    use super::Album;

    #[derive(JsonApiResource)]
    #[jsonapi(type = "tracks")]
    pub(crate) struct Track {
        #[jsonapi(id)]
        id: i64,
        title: String,
        #[jsonapi(relationship, on_delete = "set_null")]
        album: ToOne<Album>,
    }

    #[derive(JsonApiResource)]
    #[jsonapi(type = "playlists")]
    pub(crate) struct Playlist {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship, through = "playlist_tracks", on_delete = "cascade")]
        tracks: ToMany<Track>,
    }

    /// Follows another, and both end together.
    #[derive(JsonApiResource)]
    #[jsonapi(type = "sessions")]
    pub(crate) struct Session {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship, on_delete = "cascade")]
        follows: ToOne<Session>,
    }
}

fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket.mount("/", Album::routes()).mount("/", Track::routes()).mount("/", Playlist::routes())
}

/// Two albums with a track each, and a playlist with the first. What `album`, `link` say stands at the foreign keys;
/// `more` is what no resource knows.
fn shop(album: &str, link: &str, more: &str) -> String {
    format!(
        "CREATE TABLE albums (id {{id}}, title text NOT NULL);
         CREATE TABLE genres (id integer PRIMARY KEY);
         CREATE TABLE tracks (id {{id}}, title text NOT NULL, album_id bigint {album},
            genre_id bigint REFERENCES genres (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE playlists (id {{id}});
         CREATE TABLE playlist_tracks (playlist_id bigint NOT NULL {link}, track_id bigint NOT NULL,
            PRIMARY KEY (playlist_id, track_id), FOREIGN KEY (track_id) REFERENCES tracks (id));
         {more}
         INSERT INTO genres VALUES (1);
         INSERT INTO albums (id, title) VALUES (1, 'one'), (2, 'two');
         INSERT INTO tracks (id, title, album_id, genre_id) VALUES (1, 'first', 1, 1), (2, 'second', 2, NULL);
         INSERT INTO playlists (id) VALUES (1), (2);
         INSERT INTO playlist_tracks VALUES (1, 1);"
    )
}

/// Tells whether a deletion was refused as one that breaks a reference, and that nothing was changed then.
fn is_refused(theirs: &Theirs, server: &Server, path: &str, why: &str) {
    let state = || {
        ["albums", "tracks", "playlists", "playlist_tracks"]
            .map(|table| theirs.run(&format!("SELECT * FROM {table} ORDER BY 1")))
    };
    let before = state();
    let answer = delete(server, path);
    assert_eq!(answer.status, 409, "{}: {why}: {}", theirs.name(), answer.text());
    assert_eq!(answer.error().0, "foreign_key_violation", "{}: {why}", theirs.name());
    assert_eq!(state(), before, "{}: {why}", theirs.name());
    assert_eq!(theirs.dangling(), [""; 0], "{why}");
}

#[test]
fn the_foreign_key_of_the_table_decides() {
    for (action, refused, left) in [
        ("", true, "1|1\n2|2"),
        ("ON DELETE NO ACTION", true, "1|1\n2|2"),
        ("ON DELETE RESTRICT", true, "1|1\n2|2"),
        ("ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED", true, "1|1\n2|2"),
        ("ON DELETE SET NULL", false, "1|\n2|2"),
        ("DEFAULT 2 ON DELETE SET DEFAULT", false, "1|2\n2|2"),
        ("DEFAULT 7 ON DELETE SET DEFAULT", true, "1|1\n2|2"),
        ("ON DELETE CASCADE", false, "2|2"),
    ] {
        let (default, action) = match action.split_once(" ON") {
            Some((default, rest)) if default.starts_with("DEFAULT") => (default, format!("ON{rest}")),
            _ => ("", action.to_owned()),
        };
        let album = format!("{default} REFERENCES albums (id) {action}");
        // Else the link stands against the cascade.
        over_both(
            &shop(
                &album,
                "",
                "DROP TABLE playlist_tracks; CREATE TABLE playlist_tracks (playlist_id bigint, track_id bigint);",
            ),
            |theirs| {
                let server = theirs.serve("", mount);
                let answer = delete(&server, "/albums/1");
                let expected = if refused { 409 } else { 204 };
                assert_eq!(answer.status, expected, "{} {album}: {}", theirs.name(), answer.text());
                let found = theirs.run("SELECT id, album_id FROM tracks ORDER BY id");
                assert_eq!(found, left, "{} {album}", theirs.name());
                assert_eq!(theirs.dangling(), [""; 0], "{album}");
            },
        );
    }
}

#[test]
fn the_foreign_keys_of_a_join_table_decide() {
    for (action, refused) in [
        ("REFERENCES playlists (id)", true),
        ("REFERENCES playlists (id) ON DELETE CASCADE", false),
        ("", false),
    ] {
        over_both(&shop("", action, ""), |theirs| {
            let server = theirs.serve("", mount);
            match refused {
                true => is_refused(theirs, &server, "/playlists/1", action),
                false => drop(delete(&server, "/playlists/1").is(204)),
            }
            let left = theirs.run("SELECT count(*) FROM playlist_tracks WHERE playlist_id = 1");
            assert_eq!(left, if refused { "1" } else { "0" }, "{} {action}", theirs.name());
            delete(&server, "/playlists/2").is(204);
        });
    }
}

#[test]
fn what_has_no_foreign_key_becomes_empty() {
    over_both(&shop("", "", ""), |theirs| {
        let server = theirs.serve("", mount);
        delete(&server, "/albums/1").is(204);
        assert_eq!(theirs.run("SELECT id, album_id FROM tracks ORDER BY id"), "1|\n2|2", "{}", theirs.name());
    });
}

#[test]
fn on_delete_on_the_struct_goes_before_the_foreign_key() {
    over_both(&shop("REFERENCES albums (id)", "REFERENCES playlists (id)", ""), |theirs| {
        let server = theirs.serve("", |rocket| {
            let rocket = rocket.mount("/", Album::routes()).mount("/", decided::Track::routes());
            rocket.mount("/", decided::Playlist::routes())
        });
        delete(&server, "/albums/1").is(204);
        assert_eq!(theirs.run("SELECT id, album_id FROM tracks ORDER BY id"), "1|\n2|2", "{}", theirs.name());
        delete(&server, "/playlists/1").is(204);
        assert_eq!(theirs.run("SELECT count(*) FROM playlist_tracks"), "0", "{}", theirs.name());
    });
}

#[test]
fn a_table_that_no_resource_knows_has_its_say() {
    let link = "REFERENCES playlists (id) ON DELETE CASCADE";
    for (line, status) in [
        ("track_id bigint REFERENCES tracks (id)", 409),
        ("track_id bigint REFERENCES tracks (id) ON DELETE RESTRICT", 409),
        ("track_id bigint REFERENCES tracks (id) DEFERRABLE INITIALLY DEFERRED", 409),
        ("track_id bigint NOT NULL REFERENCES tracks (id) ON DELETE SET NULL", 409),
        ("track_id bigint DEFAULT 7 REFERENCES tracks (id) ON DELETE SET DEFAULT", 409),
        ("track_id bigint DEFAULT 2 REFERENCES tracks (id) ON DELETE SET DEFAULT", 204),
        ("track_id bigint REFERENCES tracks (id) ON DELETE SET NULL", 204),
        ("track_id bigint REFERENCES tracks (id) ON DELETE CASCADE", 204),
    ] {
        let more = format!("CREATE TABLE invoice_lines (id integer PRIMARY KEY, {line});");
        over_both(&shop("REFERENCES albums (id) ON DELETE CASCADE", link, &more), |theirs| {
            theirs.run("DELETE FROM playlist_tracks");
            theirs.run("INSERT INTO invoice_lines VALUES (1, 1)");
            let server = theirs.serve("", mount);
            // Directly, and behind a cascade.
            for path in ["/tracks/1", "/albums/1"] {
                match status {
                    409 => is_refused(theirs, &server, path, line),
                    _ => {
                        let answer = delete(&server, path);
                        assert_eq!(answer.status, status, "{} {line}: {}", theirs.name(), answer.text());
                    }
                }
            }
            assert_eq!(theirs.dangling(), [""; 0], "{line}");
        });
    }
}

#[test]
fn a_circle_ends_as_a_whole_or_not_at_all() {
    let sql = "CREATE TABLE sessions (id {id}, follows_id bigint NOT NULL REFERENCES sessions (id));
        CREATE TABLE recordings (id integer PRIMARY KEY, session_id bigint REFERENCES sessions (id));
        INSERT INTO sessions (id, follows_id) VALUES (1, 1), (2, 1), (3, 3);
        UPDATE sessions SET follows_id = 2 WHERE id = 1;
        INSERT INTO recordings VALUES (1, 2)";
    // PostgreSQL lets no foreign key wait that doesn't say so.
    let theirs = Theirs::on_sqlite(sql);
    let server = theirs.serve("", |rocket| rocket.mount("/", decided::Session::routes()));
    for path in ["/sessions/1", "/sessions/2"] {
        assert_eq!(delete(&server, path).is(409).error().0, "foreign_key_violation", "{path}");
        assert_eq!(theirs.dangling(), [""; 0], "{path}");
    }
    assert_eq!(theirs.run("SELECT id FROM sessions ORDER BY id"), "1\n2\n3");
    theirs.run("DELETE FROM recordings");
    delete(&server, "/sessions/1").is(204);
    assert_eq!(theirs.run("SELECT id FROM sessions ORDER BY id"), "3");
    delete(&server, "/sessions/3").is(204);
}

#[test]
fn what_only_the_commit_finds_is_told_as_a_broken_reference() {
    over_both(&shop("", "", ""), |theirs| {
        let server = theirs.serve("", mount);
        let new = data("tracks", None, json!({"title": "x", "genreId": 9}), json!({}));
        assert_eq!(server.write("POST", "/tracks", &new).is(409).error().0, "foreign_key_violation");
        let changed = data("tracks", Some("1"), json!({"genreId": 9}), json!({}));
        assert_eq!(server.write("PATCH", "/tracks/1", &changed).is(409).error().0, "foreign_key_violation");
        assert_eq!(theirs.run("SELECT count(*) FROM tracks WHERE genre_id = 9"), "0");
        let good =
            data("tracks", None, json!({"title": "x", "genreId": 1}), json!({"album": to("albums", "2")}));
        server.write("POST", "/tracks", &good).is(201);
        assert_eq!(theirs.dangling(), [""; 0]);
    });
}

#[test]
fn of_writes_that_share_a_commit_only_the_broken_one_fails() {
    let theirs = Theirs::on_sqlite(&shop("", "", ""));
    let server = theirs.serve("", mount);
    std::thread::scope(|scope| {
        for number in 0..24_i64 {
            let server = &server;
            scope.spawn(move || {
                let genre = if number % 6 == 5 { 9 } else { 1 };
                let new = data("tracks", None, json!({"title": "x", "genreId": genre}), Value::Null);
                let mut new = new;
                new["data"]["relationships"] = json!({});
                let expected = if genre == 9 { 409 } else { 201 };
                server.write("POST", "/tracks", &new).is(expected);
            });
        }
    });
    assert_eq!(theirs.run("SELECT count(*) FROM tracks"), "22");
    assert_eq!(theirs.dangling(), [""; 0]);
}
