//! `Rocket.toml`, profiles and `ROCKET_…` variables, as a user meets them: by starting the server.

use crate::{
    api::{new_session, session_document},
    support::{Launch, Server},
};

fn is_tagged(server: &Server) -> bool {
    let response = server.connect().get("/v1/sessions/1", &[]);
    assert_eq!(response.status, 200, "{response:?}");
    response.header("ETag").is_some()
}

/// A launch that is refused, with all of these words in what it prints.
#[track_caller]
fn refused(launch: &Launch, words: &[&str]) {
    let failure = launch.refused();
    assert_ne!(failure.code, Some(0), "{}", failure.output);
    for word in words {
        assert!(failure.output.contains(word), "{word:?} is not in:\n{}", failure.output);
    }
}

#[test]
fn it_starts_in_a_folder_without_rocket_toml_with_tags_on() {
    let server = Launch::new().start();
    assert!(is_tagged(&server));
    assert!(server.output().contains("etag: on"), "{}", server.output());
    assert!(server.folder().join("open-event.db").is_file(), "its database is made there");
}

#[test]
fn absent_in_a_rocket_toml_means_the_examples_own_default() {
    assert!(is_tagged(&Launch::new().rocket_toml("[default]\nworkers = 2\n").start()));
    assert!(is_tagged(&Launch::new().rocket_toml("").start()));
}

#[test]
fn either_spelling_and_the_table_switch() {
    for (toml, tagged) in [
        ("[default]\nETAG = true", true),
        ("[default]\netag = true", true),
        ("[default]\nETAG = false", false),
        ("[default]\netag = false", false),
        ("[default.etag]\nenabled = true", true),
        ("[default.etag]\nenabled = false", false),
        ("[default]\nETAG = true\netag = true", true),
        ("[default]\nETAG = true\n[default.etag]\nstrength = 'strong'", true),
    ] {
        let server = Launch::new().rocket_toml(toml).start();
        assert_eq!(is_tagged(&server), tagged, "{toml}");
        assert!(server.output().contains(if tagged { "etag: on" } else { "etag: off" }), "{toml}");
    }
}

#[test]
fn a_value_of_another_type_stops_the_launch_and_is_named() {
    refused(
        &Launch::new().rocket_toml("[default]\nETAG = 'maybe'"),
        &["default.ETAG", "Rocket.toml", "`true`, `false`"],
    );
    refused(
        &Launch::new().rocket_toml("[debug]\netag = [true]").env("ROCKET_PROFILE", "debug"),
        &["debug.etag", "Rocket.toml"],
    );
    refused(
        &Launch::new().rocket_toml("[default.etag]\nmax_body = 'big'"),
        &["default.etag.max_body", "Rocket.toml"],
    );
    refused(
        &Launch::new().rocket_toml("[default.etag]\nstrength = 'medium'"),
        &["default.etag.strength", "weak"],
    );
    refused(&Launch::new().env("ROCKET_ETAG", "maybe"), &["for key ETAG", "`ROCKET_` environment variable"]);
}

#[test]
fn an_unknown_key_in_a_table_stops_the_launch_and_is_named() {
    refused(
        &Launch::new().rocket_toml("[default.etag]\nstrenght = 'weak'"),
        &["default.etag.strenght", "Rocket.toml", "did you mean `strength`?"],
    );
    refused(
        &Launch::new().rocket_toml("[default.jsonapi]\npagesize = 3"),
        &["default.jsonapi.pagesize", "Rocket.toml"],
    );
    refused(
        &Launch::new().rocket_toml("[default.databases.api]\nurl = 'sqlite:a.db'\nreader = 2"),
        &["default.databases.api.reader", "Rocket.toml"],
    );
}

#[test]
fn two_different_values_stop_the_launch() {
    refused(
        &Launch::new().rocket_toml("[default]\nETAG = true\netag = false"),
        &["ETAG", "etag", "two different values", "Rocket.toml"],
    );
    refused(
        &Launch::new().rocket_toml("[default]\nETAG = true\n[default.etag]\nenabled = false"),
        &["two different values"],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let toml = "[default.etag]\nstrength = 'medium'\nmax_body = 'big'\n[default.jsonapi]\npage_size = 0";
    refused(&Launch::new().rocket_toml(toml), &["etag.strength", "etag.max_body"]);
}

#[test]
fn the_environment_beats_rocket_toml() {
    for spelling in ["ETAG", "etag"] {
        let toml = |value: bool| format!("[default]\n{spelling} = {value}\n[global]\n{spelling} = {value}\n");
        assert!(!is_tagged(&Launch::new().rocket_toml(&toml(true)).env("ROCKET_ETAG", "false").start()));
        assert!(is_tagged(&Launch::new().rocket_toml(&toml(false)).env("ROCKET_ETAG", "true").start()));
    }
    let table =
        Launch::new().rocket_toml("[default.etag]\nenabled = true\n").env("ROCKET_ETAG", "{enabled=false}");
    assert!(!is_tagged(&table.start()));
}

#[test]
fn the_selected_profile_counts_and_no_other() {
    let launch =
        Launch::new().rocket_toml("[default]\nETAG = true\n[release]\nETAG = false\n[quiet]\nETAG = false\n");
    for (profile, tagged) in [("debug", true), ("release", false), ("quiet", false), ("another", true)] {
        // Rocket wants a secret key in release only with the secrets feature, which is off.
        let server = launch.clone().env("ROCKET_PROFILE", profile).start();
        assert_eq!(is_tagged(&server), tagged, "{profile}");
    }
}

#[test]
fn the_database_is_where_the_configuration_says() {
    let by_file = Launch::new().rocket_toml("[default.databases.api]\nurl = 'sqlite:by-file.db'\n");
    let by_variable = by_file.clone().env("ROCKET_DATABASES", "{api={url=\"sqlite:by-variable.db\"}}");
    let there = |server: &Server, name: &str| server.folder().join(name).is_file();

    let server = by_file.start();
    assert!(there(&server, "by-file.db") && !there(&server, "open-event.db"));
    let record = new_session(&mut server.connect(), "In the file's database");
    drop(server);

    let server = by_variable.start();
    assert!(there(&server, "by-variable.db") && !there(&server, "open-event.db"));
    assert_eq!(server.connect().get(&record.path, &[]).status, 404, "another database");
    drop(server);

    assert_eq!(by_file.start().connect().get(&record.path, &[]).status, 200);
}

#[test]
fn a_database_that_cannot_be_opened_stops_the_launch() {
    for url in ["sqlite:no-such-folder/a.db", "mysql://localhost/a", "sqlite:", "sqlite:.", ""] {
        let toml = format!("[default.databases.api]\nurl = '{url}'\n");
        let failure = Launch::new().rocket_toml(&toml).refused();
        assert_ne!(failure.code, Some(0), "{url}: {}", failure.output);
        assert!(failure.output.contains("Error: "), "{url}: {}", failure.output);
        assert!(failure.output.contains("FailedFairings"), "{url}: {}", failure.output);
        assert!(!failure.output.contains("panicked at"), "{url}: {}", failure.output);
    }
    let not_a_database = Launch::new().file("open-event.db", &"this is text, not a database\n".repeat(100));
    let failure = not_a_database.refused();
    assert!(failure.output.contains("open-event.db"), "{}", failure.output);
}

#[test]
fn a_password_in_the_database_url_is_not_printed() {
    let launch = Launch::new().rocket_toml("[default.databases.api]\nurl = 'postgres://user:hush@host/db'\n");
    let failure = launch.refused();
    assert!(failure.output.contains("postgres://") && !failure.output.contains("hush"), "{}", failure.output);
}

#[test]
fn a_misspelt_switch_is_warned_of() {
    let server = Launch::new().rocket_toml("[default]\nETAGS = false\n").start();
    assert!(is_tagged(&server));
    assert!(server.output().contains("`ETAGS`"), "{}", server.output());
    assert!(server.output().contains("did you mean `etag`?"), "{}", server.output());
}

#[test]
fn weak_tags_and_what_if_match_makes_of_them() {
    let toml = "[default.etag]\nstrength = 'weak'\n";
    for (more, status) in [("", 412), ("accept_weakened = true\n", 200)] {
        let server = Launch::new().rocket_toml(&format!("{toml}{more}")).start();
        let mut connection = server.connect();
        let first = connection.get("/v1/sessions/1", &[]);
        assert!(first.etag().starts_with("W/\""), "{first:?}");
        assert_eq!(connection.get("/v1/sessions/1", &[("If-None-Match", first.etag())]).status, 304);
        let before = serde_json::json!({"title": first.json()["data"]["attributes"]["title"]});
        let document = session_document("1", serde_json::json!({"title": "Weak"}));
        let strong = first.etag().trim_start_matches("W/").to_owned();
        for if_match in [strong.as_str(), first.etag()] {
            let reset = connection.patch("/v1/sessions/1", &[], &session_document("1", before.clone()));
            assert_eq!(reset.etag(), first.etag());
            let changed = connection.patch("/v1/sessions/1", &[("If-Match", if_match)], &document);
            assert_eq!(changed.status, status, "{more}{if_match}: {changed:?}");
            assert!(changed.etag().starts_with("W/\""), "{changed:?}");
            assert_eq!(changed.etag(), connection.get("/v1/sessions/1", &[]).etag());
            if status == 412 {
                let detail = changed.json()["errors"][0]["detail"].to_string();
                assert!(detail.contains("now W/"), "the tag as it goes out: {detail}");
            }
        }
    }
}

#[test]
fn tags_that_a_proxy_weakened_are_taken_where_it_is_configured() {
    let server = Launch::new().rocket_toml("[default.etag]\naccept_weakened = true\n").start();
    let mut connection = server.connect();
    let first = connection.get("/v1/sessions/1", &[]);
    assert!(first.etag().starts_with('"'));
    let document = session_document("1", serde_json::json!({"title": "Weakened"}));
    let weakened = |tag: &str| format!("W/{tag}");
    let changed = connection.patch("/v1/sessions/1", &[("If-Match", &weakened(first.etag()))], &document);
    assert_eq!(changed.status, 200, "{changed:?}");
    let stale = connection.patch("/v1/sessions/1", &[("If-Match", &weakened(first.etag()))], &document);
    assert_eq!(stale.status, 412);
}

#[test]
fn cache_control_is_the_configured_one() {
    for (value, expected) in [
        ("no-cache", Some("no-cache")),
        ("", None),
        ("max-age=0, must-revalidate", Some("max-age=0, must-revalidate")),
    ] {
        let server =
            Launch::new().rocket_toml(&format!("[default.etag]\ncache_control = '{value}'\n")).start();
        let mut connection = server.connect();
        let first = connection.get("/v1/sessions/1", &[]);
        assert_eq!(first.header("Cache-Control"), expected);
        let second = connection.get("/v1/sessions/1", &[("If-None-Match", first.etag())]);
        assert_eq!((second.status, second.header("Cache-Control")), (304, expected));
    }
}
