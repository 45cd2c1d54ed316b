//! Two releases of a program over one database at the same time, as while the nodes of a cluster are replaced one by one.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, resource::Description};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::{
    migrations::{first, second},
    support::{Answer, Server},
    theirs::{Theirs, data, over_both},
};

fn serve(theirs: &Theirs, schema: &str, mount: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = '{}'\nschema = '{schema}'\n",
        theirs.url()
    );
    Server::start(&toml, |rocket| mount(rocket.attach(JsonApi::fairing()).attach(EtagFairing::new())))
}

fn old(theirs: &Theirs) -> Server {
    serve(theirs, "create", |rocket| {
        rocket.mount("/", first::Note::routes()).mount("/", first::Tag::routes())
    })
}

fn new(theirs: &Theirs) -> Server {
    serve(theirs, "extend", |rocket| {
        rocket
            .mount("/", second::Note::routes())
            .mount("/", second::Author::routes())
            .mount("/", first::Tag::routes())
    })
}

fn read(server: &Server) -> Answer {
    server.get("/notes/1", &[]).is(200)
}

fn patch(server: &Server, tag: &str, attributes: Value) -> Answer {
    let document = json!({"data": {"type": "notes", "id": "1", "attributes": attributes}}).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
    server.send("PATCH", "/notes/1", &fields, &document)
}

#[test]
fn the_old_release_goes_on_beside_the_new_one() {
    over_both("SELECT 1", |theirs| {
        let old_node = old(theirs);
        old_node.write("POST", "/notes", &data("notes", None, json!({"title": "first"}), json!({}))).is(201);
        let before = read(&old_node);
        let new_node = new(theirs);

        // The old one shows what it showed, under the same tag. The new one shows more, under another one.
        assert_eq!((read(&old_node).tag(), read(&old_node).body), (before.tag(), before.body.clone()));
        let shown = read(&new_node);
        assert_ne!(shown.tag(), before.tag());
        assert_eq!(
            shown.json()["data"]["attributes"],
            json!({"title": "first", "subtitle": null, "stars": 3})
        );
        for (server, tag, status) in [
            (&old_node, before.tag(), 304),
            (&old_node, shown.tag(), 200),
            (&new_node, shown.tag(), 304),
            (&new_node, before.tag(), 200),
        ] {
            assert_eq!(
                server.get("/notes/1", &[("If-None-Match", &tag)]).status,
                status,
                "{}",
                theirs.name()
            );
        }

        // A tag of the one is none of the other: a client that was sent from one node to another reads again first.
        assert_eq!(patch(&old_node, &shown.tag(), json!({"title": "lost"})).status, 412);
        assert_eq!(patch(&new_node, &before.tag(), json!({"title": "lost"})).status, 412);

        // A change of what only the new one shows changes its tag, and not the old one's document.
        let changed = patch(&new_node, &shown.tag(), json!({"subtitle": "of two", "stars": 5})).is(200).tag();
        assert_ne!(changed, shown.tag());
        assert_eq!(read(&old_node).tag(), before.tag());

        // A change by the old one keeps what it does not know, and changes both tags.
        let changed_again = patch(&old_node, &before.tag(), json!({"title": "second"})).is(200).tag();
        assert_ne!(changed_again, before.tag());
        let shown = read(&new_node);
        assert_ne!(shown.tag(), changed);
        let attributes = json!({"title": "second", "subtitle": "of two", "stars": 5});
        assert_eq!(shown.json()["data"]["attributes"], attributes);
        assert_eq!(patch(&new_node, &changed, json!({"stars": 0})).status, 412);

        // What the old one creates has the defaults of the columns that it does not know.
        old_node.write("POST", "/notes", &data("notes", None, json!({"title": "third"}), json!({}))).is(201);
        let made = new_node.get("/notes/2", &[]).is(200).json();
        assert_eq!(made["data"]["attributes"], json!({"title": "third", "subtitle": null, "stars": 3}));
        assert_eq!(old_node.get("/notes", &[]).json()["data"].as_array().map(Vec::len), Some(2));

        // And it can be started again.
        drop(old_node);
        let old_node = old(theirs);
        assert_eq!(read(&old_node).tag(), changed_again);
        old_node.write("DELETE", "/notes/1", &Value::Null).is(204);
        assert_eq!(new_node.get("/notes/1", &[]).status, 404);
    });
}

/// A release that demands what the old one can't give.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Demanding {
    #[jsonapi(id)]
    id: i64,
    title: String,
    signature: String,
}

#[test]
fn what_the_old_release_cannot_do_is_refused_and_changes_nothing() {
    over_both("SELECT 1", |theirs| {
        let old_node = old(theirs);
        old_node.write("POST", "/notes", &data("notes", None, json!({"title": "first"}), json!({}))).is(201);
        // By hand, since no launch would: the old release knows nothing of the column, and nothing fills it.
        let default =
            if theirs.is_sqlite() { "" } else { "; ALTER TABLE notes ALTER COLUMN signature DROP DEFAULT" };
        theirs.run(&format!("ALTER TABLE notes ADD COLUMN signature text NOT NULL DEFAULT 'x'{default}"));
        let new_node = serve(theirs, "check", |rocket| rocket.mount("/", Demanding::routes()));
        assert_eq!(new_node.get("/notes/1", &[]).json()["data"]["attributes"]["signature"], json!("x"));
        let answer = old_node.write("POST", "/notes", &data("notes", None, json!({"title": "b"}), json!({})));
        if theirs.is_sqlite() {
            // SQLite keeps the default that the rows needed.
            assert_eq!(answer.status, 201);
        } else {
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert_eq!(old_node.get("/notes", &[]).json()["data"].as_array().map(Vec::len), Some(1));
        }
        drop(new_node);

        // A column that is renamed or gone under a running release: it answers errors, and nothing wrong.
        theirs.run("ALTER TABLE notes RENAME COLUMN title TO heading");
        let tag = "\"x\"";
        let answers = [
            old_node.get("/notes/1", &[]),
            old_node.get("/notes", &[]),
            patch(&old_node, tag, json!({"title": "x"})),
            old_node.write("POST", "/notes", &data("notes", None, json!({"title": "c"}), json!({}))),
        ];
        for answer in answers {
            assert!(answer.status >= 500, "{}: {}", theirs.name(), answer.text());
        }
        assert_eq!(theirs.run("SELECT heading FROM notes WHERE id = 1"), "first");
        // Once the column is back, so is everything.
        theirs.run("ALTER TABLE notes RENAME COLUMN heading TO title");
        assert_eq!(read(&old_node).json()["data"]["attributes"]["title"], json!("first"));
    });
}

/// The same columns under the same names, from the release before to the one after: by steps, nobody is ever refused.
#[test]
fn a_rename_in_three_steps_refuses_nobody() {
    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "notes", etag)]
    struct Heading {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(column = "title")]
        heading: String,
    }
    let described: &Description = Heading::description();
    assert_eq!(described.attributes[0].column, "title");
    over_both("SELECT 1", |theirs| {
        let old_node = old(theirs);
        old_node.write("POST", "/notes", &data("notes", None, json!({"title": "first"}), json!({}))).is(201);
        // The member has a new name, and the column keeps the old one.
        let new_node = serve(theirs, "check", |rocket| rocket.mount("/", Heading::routes()));
        assert_eq!(read(&new_node).json()["data"]["attributes"], json!({"heading": "first"}));
        patch(&new_node, &read(&new_node).tag(), json!({"heading": "second"})).is(200);
        assert_eq!(read(&old_node).json()["data"]["attributes"], json!({"title": "second"}));
    });
}
