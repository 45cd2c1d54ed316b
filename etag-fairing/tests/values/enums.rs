//! Enums: a closed set of texts, in columns of text, with a check or without, and of PostgreSQL's own enum types.

use etag_fairing::JsonApiResource;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    #[default]
    Draft,
    InReview,
    Accepted,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", table = "talks", etag)]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(text, default)]
    state: State,
    #[jsonapi(text)]
    before: Option<State>,
}

#[test]
fn a_description_knows_the_variants() {
    for attribute in Talk::description().attributes {
        assert_eq!(
            (attribute.variants)(),
            Some(vec!["draft", "in-review", "accepted"]),
            "{}",
            attribute.name
        );
    }
}

fn patch(server: &Server, attributes: &Value) -> Answer {
    let body = json!({"data": {"type": "talks", "id": "1", "attributes": attributes}}).to_string();
    server.send("PATCH", "/talks/1", &[("Content-Type", "application/vnd.api+json")], &body)
}

fn ids(server: &Server, query: &str) -> Vec<String> {
    let document = server.get(&format!("/talks?{query}"), &[]).is(200).json();
    let rows = document["data"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

fn enums_are_closed_sets(place: &Place) {
    place.run("INSERT INTO talks (id, state, before) VALUES (1, 'draft', NULL), (2, 'in-review', 'draft'), (3, 'accepted', 'in-review')");
    let server = place.serve(|rocket| rocket.mount("/", Talk::routes()));
    let expected = r#"must be one of "draft", "in-review" or "accepted""#;
    for sent in [json!("gone"), json!("Draft"), json!("InReview"), json!(""), json!(1), json!(["draft"])] {
        let refused = patch(&server, &json!({"state": sent})).is(422);
        assert_eq!(refused.pointers(), ["/data/attributes/state"], "{sent}");
        assert_eq!(refused.json()["errors"][0]["detail"], format!("state {expected}"), "{sent}");
    }
    for query in [
        "filter[state]=gone",
        "filter[before][ne]=gone",
        "filter[state][in]=draft,gone",
        "filter[state][gt]=x",
    ] {
        let refused = server.get(&format!("/talks?{query}"), &[]).is(400);
        let parameter = query.split('=').next().unwrap();
        assert_eq!(refused.error(), ("invalid_filter".into(), json!({"parameter": parameter})), "{query}");
        assert_eq!(refused.json()["errors"][0]["detail"], expected, "{query}");
    }
    for (query, expected) in [
        ("filter[state]=in-review", &["2"][..]),
        ("filter[state][ne]=in-review", &["1", "3"]),
        ("filter[state]=draft,accepted", &["1", "3"]),
        ("filter[before][is_null]=true", &["1"]),
        ("filter[before][gt]=draft", &["3"]),
        ("sort=state", &["3", "1", "2"]),
        ("sort=-before", &["3", "2", "1"]),
    ] {
        assert_eq!(ids(&server, query), expected, "{query}");
    }
    let changed = patch(&server, &json!({"state": "accepted", "before": "draft"})).is(200).json();
    assert_eq!(changed["data"]["attributes"], json!({"state": "accepted", "before": "draft"}));
    patch(&server, &json!({"before": null})).is(200);
    assert_eq!(place.ask("SELECT state FROM talks WHERE id = 1"), "accepted");
    let body = json!({"data": {"type": "talks", "id": "9", "attributes": {}}}).to_string();
    let made = server.send("POST", "/talks", &[("Content-Type", "application/vnd.api+json")], &body).is(201);
    assert_eq!(made.json()["data"]["attributes"], json!({"state": "draft", "before": null}));
}

#[test]
fn enums_are_closed_sets_on_sqlite() {
    let states = "('draft', 'in-review', 'accepted')";
    for table in [
        "CREATE TABLE talks (id INTEGER PRIMARY KEY, state TEXT NOT NULL, before TEXT)".to_owned(),
        format!(
            "CREATE TABLE talks (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN {states}), \
             before VARCHAR(20) COLLATE NOCASE CHECK (before IN {states}))"
        ),
    ] {
        enums_are_closed_sets(&Place::sqlite(&table));
    }
}

#[cfg(feature = "postgres")]
#[test]
fn enums_are_closed_sets_on_postgresql() {
    let states = "('draft', 'in-review', 'accepted')";
    for table in [
        "CREATE TABLE talks (id bigint PRIMARY KEY, state text NOT NULL, before varchar(20))".to_owned(),
        format!(
            "CREATE TABLE talks (id bigint PRIMARY KEY, state text NOT NULL CHECK (state IN {states}), \
             before text CHECK (before IN {states}))"
        ),
        // More labels than variants, in another order.
        "CREATE TYPE state AS ENUM ('accepted', 'in-review', 'gone', 'draft'); CREATE DOMAIN some_state AS state; \
         CREATE TABLE talks (id bigint PRIMARY KEY, state state NOT NULL, before some_state)"
            .to_owned(),
    ] {
        let Some(place) = Place::postgres(&table) else { return };
        enums_are_closed_sets(&place);
    }
}

/// A variant that the column's type doesn't have stops the launch, by name.
#[cfg(feature = "postgres")]
#[test]
fn an_enum_type_must_have_each_variant() {
    let tables = "CREATE TYPE state AS ENUM ('accepted', 'draft'); \
         CREATE TABLE talks (id bigint PRIMARY KEY, state state NOT NULL, before text)";
    let Some(place) = Place::postgres(tables) else { return };
    let problems = place.problems(&[Talk::description()]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0]
            .contains("its type `state` has no `in-review`, which the attribute `state` of `Talk` may be"),
        "{problems:?}"
    );
}
