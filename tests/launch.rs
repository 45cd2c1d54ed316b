//! The example starts from any folder, with and without a `Rocket.toml`, and says what is wrong with its data.

mod support;

use serde_json::json;
use support::{Launch, Server};

const SWITCH_OFF: &str = "[default]\nETAG = false\n";

fn tagged(server: &Server) -> bool {
    let response = server.connect().get("/v1/sessions/1", &[]);
    assert_eq!(response.status, 200, "{response:?}");
    response.header("ETag").is_some()
}

#[test]
fn without_a_rocket_toml_it_serves_its_own_conference_with_entity_tags() {
    let server = Launch::new().start();
    assert!(tagged(&server));
    let list = server.connect().get("/v1/sessions?page%5Bsize%5D=100", &[]);
    assert_eq!(list.json()["data"].as_array().map(Vec::len), Some(21), "{list:?}");
    assert!(server.folder().join("open-event.db").is_file(), "the database is in the current folder");
}

#[test]
fn the_switch_of_a_rocket_toml_overrides_the_default() {
    for toml in [
        SWITCH_OFF,
        "[default]\netag = false\n",
        "[debug]\nETAG = false\n[release]\nETAG = false\n",
        "[default.etag]\nenabled = false\n",
    ] {
        assert!(!tagged(&Launch::new().rocket_toml(toml).start()), "{toml}");
    }
}

#[test]
fn the_switch_of_the_environment_overrides_the_default_and_the_rocket_toml() {
    assert!(!tagged(&Launch::new().env("ROCKET_ETAG", "false").start()));
    let on = "[default]\nETAG = true\n";
    assert!(!tagged(&Launch::new().rocket_toml(on).env("ROCKET_ETAG", "false").start()));
    assert!(tagged(&Launch::new().rocket_toml(SWITCH_OFF).env("ROCKET_ETAG", "true").start()));
}

#[test]
fn the_rocket_toml_that_ships_turns_entity_tags_on() {
    let toml = include_str!("../examples/open-event/Rocket.toml");
    assert!(tagged(&Launch::new().rocket_toml(toml).start()));
}

#[test]
fn the_database_is_where_the_configuration_says() {
    let launch = Launch::new().rocket_toml("[default.databases.api]\nurl = \"sqlite:of-the-file.db\"\n");
    assert!(launch.start().folder().join("of-the-file.db").is_file());

    let launch = launch.env("ROCKET_DATABASES", r#"{api={url="sqlite:of-the-environment.db"}}"#);
    assert!(launch.start().folder().join("of-the-environment.db").is_file());
}

#[test]
fn a_restart_keeps_what_was_changed_and_loads_nothing_again() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    assert_eq!(connection.delete("/v1/sessions/21", &[]).status, 204);
    let before = connection.get("/v1/sessions", &[]);
    let server = server.stop().start();
    let after = server.connect().get("/v1/sessions", &[]);
    assert_eq!((after.etag(), &after.body), (before.etag(), &before.body));
    assert!(server.output().contains("was not read"), "{}", server.output());
}

/// Files for `OPEN_EVENT_DATA`, with this array of sessions.
fn conference(sessions: &str) -> Launch {
    Launch::new()
        .file("data/session_types.json", r#"[{"id": 3, "name": "Talk", "length": "00:25"}]"#)
        .file(
            "data/microlocations.json",
            r#"[{"id": 4, "name": "Hall", "floor": 2, "room": null, "latitude": null, "longitude": null}]"#,
        )
        .file("data/tracks.json", r##"[{"id": 5, "name": "Web", "color": "#fff", "font_color": "#000"}]"##)
        .file(
            "data/speakers.json",
            r#"[{"id": 6, "name": "Ada", "organisation": "", "country": null, "short_biography": null}]"#,
        )
        .file("data/sessions.json", sessions)
        .env("OPEN_EVENT_DATA", "data")
}

#[test]
fn a_folder_of_open_event_data_is_served_with_its_ids_and_relations() {
    let server = conference(
        r#"[{"id": 4210, "title": "T", "state": "accepted", "start_time": "2018-03-24T13:30:00+08:00",
             "track": 5, "microlocation": 4, "session_type": 3, "speakers": [6]},
            {"id": 4211, "title": "U"}]"#,
    )
    .start();
    let mut connection = server.connect();
    let session = connection.get("/v1/sessions/4210", &[]).json();
    let attributes = &session["data"]["attributes"];
    assert_eq!(attributes["startTime"], json!("2018-03-24T05:30:00Z"));
    assert_eq!((&attributes["state"], &attributes["favourites"]), (&json!("accepted"), &json!(0)));
    for (related, name) in [("track", "Web"), ("microlocation", "Hall"), ("sessionType", "Talk")] {
        let document = connection.get(&format!("/v1/sessions/4210/{related}"), &[]).json();
        assert_eq!(document["data"]["attributes"]["name"], json!(name), "{related}: {document}");
    }
    let speakers = connection.get("/v1/sessions/4210/speakers", &[]).json();
    assert_eq!(speakers["data"][0]["attributes"]["name"], json!("Ada"), "{speakers}");
    for owner in ["tracks/5", "microlocations/4", "session-types/3", "speakers/6"] {
        let sessions = connection.get(&format!("/v1/{owner}/sessions"), &[]).json();
        assert_eq!(sessions["data"][0]["id"], json!("4210"), "{owner}: {sessions}");
        assert_eq!(sessions["data"].as_array().map(Vec::len), Some(1), "{owner}: {sessions}");
    }
    let bare = connection.get("/v1/sessions/4211", &[]).json();
    assert_eq!(bare["data"]["attributes"]["state"], json!("draft"));
}

#[test]
fn only_the_title_is_required_of_a_new_session() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let made = connection.post(
        "/v1/sessions",
        &[],
        &json!({"data": {"type": "sessions", "attributes": {"title": "New"}}}),
    );
    assert_eq!(made.status, 201, "{made:?}");
    let attributes = &made.json()["data"]["attributes"];
    assert_eq!((&attributes["state"], &attributes["favourites"]), (&json!("draft"), &json!(0)));
    let refused =
        connection.post("/v1/sessions", &[], &json!({"data": {"type": "sessions", "attributes": {}}}));
    assert_eq!(refused.status, 422, "{refused:?}");
}

#[test]
fn broken_data_stops_the_launch_and_names_the_file_and_the_record() {
    let cases = [
        (r#"[{"id": 1, "title": "T", "track": 999}]"#, "record 1 (id 1): track 999 is not in tracks.json"),
        (r#"[{"id": 1, "title": "T", "microlocation": 5}]"#, "microlocation 5 is not in microlocations.json"),
        (r#"[{"id": 1, "title": "T", "session_type": 5}]"#, "session type 5 is not in session_types.json"),
        (
            r#"[{"id": 1, "title": "T"}, {"id": 2, "title": "U", "speakers": [6, 7]}]"#,
            "record 2 (id 2): speaker 7 is not in speakers.json",
        ),
        (r#"[{"id": 1, "title": "T", "speakers": [6, 6]}]"#, "speaker 6 comes twice"),
        (r#"[{"id": 1, "title": "T"}, {"id": 1, "title": "U"}]"#, "record 2 (id 1): the id comes twice"),
        (r#"[{"id": 1}]"#, "record 1 (id 1): missing field `title`"),
        (r#"[{"title": "T"}]"#, "record 1 (no id): missing field `id`"),
        (r#"[{"id": 1, "title": "T", "state": "lost"}]"#, "unknown variant `lost`"),
        (r#"[{"id": 1, "title": "T", "start_time": "today"}]"#, "record 1 (id 1): "),
        ("[{", "EOF while parsing"),
        ("{}", "expected a sequence"),
    ];
    for (sessions, expected) in cases {
        let launch = conference(sessions);
        let failure = launch.refused();
        assert_ne!(failure.code, Some(0));
        assert!(failure.output.contains("sessions.json: "), "{sessions}\n{}", failure.output);
        assert!(failure.output.contains(expected), "{sessions}: no {expected:?} in\n{}", failure.output);
        // Nothing was loaded: the same database takes the mended file.
        let mended = launch.file("data/sessions.json", r#"[{"id": 8, "title": "T"}]"#).start();
        assert_eq!(mended.connect().get("/v1/sessions/8", &[]).status, 200);
    }
}

#[test]
fn a_missing_folder_of_data_stops_the_launch_and_is_named() {
    let failure = Launch::new().env("OPEN_EVENT_DATA", "no-such-folder").refused();
    assert!(failure.output.contains("no-such-folder"), "{}", failure.output);
    assert!(failure.output.contains("OPEN_EVENT_DATA"), "{}", failure.output);
}

#[test]
fn the_schema_that_it_prints_is_one_that_it_starts_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_open-event"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("the example runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let printed = |arguments: &[&str]| {
        let (success, out, error) = run(arguments);
        assert!(success, "{arguments:?}: {error}");
        out
    };
    let schema = printed(&["schema"]);
    assert!(schema.starts_with("CREATE TABLE \"sessions\" (\n"), "{schema}");
    assert_eq!(schema, printed(&["schema", "sqlite"]));
    assert_eq!(schema, printed(&["schema", "difference"]));
    assert!(printed(&["schema", "postgres"]).contains("GENERATED BY DEFAULT AS IDENTITY"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is made");
    let (success, _, error) = run(&["schema", "oracle"]);
    assert!(!success && error.contains("schema difference"), "{error}");

    let toml = "[default.databases.api]\nurl = \"sqlite:open-event.db\"\nschema = \"check\"\n";
    let launch = Launch::new().rocket_toml(toml);
    let path = launch.folder().join("open-event.db");
    rusqlite::Connection::open(path).expect("a database").execute_batch(&schema).expect("valid SQL");
    assert!(tagged(&launch.start()));
}
