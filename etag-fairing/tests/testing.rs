//! The helper for tests of applications: what it sends, what it understands, what it says when something is not as expected.
#![cfg(all(feature = "testing", feature = "sqlite"))]

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use etag_fairing::resource::ResourceId;
use etag_fairing::testing::{Client, Database, Document, Setup, asynchronous};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::figment::providers::{Format, Toml};
use rocket::{Build, Rocket, get, routes};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "sessions", etag, require_if_match)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(rename = "abstract")]
    summary: Option<String>,
    starts_at: DateTime<Utc>,
    tags: Vec<String>,
    #[jsonapi(write_only)]
    code: Option<String>,
    #[jsonapi(hidden, default)]
    score: i64,
    #[jsonapi(relationship, required)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<Speaker>,
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>,
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "speakers")]
struct Speaker {
    #[jsonapi(id)]
    id: String,
    name: String,
}

#[get("/whoami")]
fn whoami(user: User<'_>) -> String {
    user.0.to_owned()
}

struct User<'r>(&'r str);

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for User<'r> {
    type Error = ();

    async fn from_request(request: &'r rocket::Request<'_>) -> rocket::request::Outcome<Self, ()> {
        rocket::request::Outcome::Success(User(request.headers().get_one("X-User").unwrap_or("nobody")))
    }
}

/// What no test may ever touch.
const ROCKET_TOML: &str = "
    [default]
    etag = true
    [default.databases.api]
    url = 'postgres://production:secret@192.0.2.1/production'
    connections = 20
    statement_timeout = 60
    read_timeout = 60
    schema = 'check'
    [debug.databases.api]
    connect_timeout = 60
    [default.databases.legacy]
    url = 'mysql://production'
";

fn application() -> Rocket<Build> {
    let figment = rocket::figment::Figment::from(rocket::Config::debug_default());
    rocket::custom(figment.merge(Toml::string(ROCKET_TOML).nested()))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Session::routes())
        .mount("/v1", Track::routes())
        .mount("/v1", Speaker::routes())
        .mount("/", routes![whoami])
}

fn session(id: i64, title: &str) -> Session {
    Session {
        id,
        title: title.into(),
        summary: None,
        starts_at: "2027-06-12T07:40:00.25Z".parse().expect("a time"),
        tags: vec!["rust".into()],
        code: Some("secret".into()),
        score: 3,
        track: ToOne::to(ResourceId::Integer(1)),
        speakers: ToMany::to(vec![ResourceId::Text("ada".into())]),
    }
}

fn filled(client: &Client) {
    client.seed(&Track { id: 1, name: "Web".into(), sessions: ToMany::unread() });
    client.seed(&Speaker { id: "ada".into(), name: "Ada".into() });
    client.seed(&session(1, "ETags"));
}

/// Over each database that there is: the same test.
fn each(test: impl Fn(Client)) {
    test(Client::new(application()));
    test(Setup::new(application()).database("api", Database::file()).start());
    #[cfg(feature = "postgres")]
    if let Some(server) = postgres_server::Database::provide() {
        test(Setup::new(application()).database("api", Database::postgres(server.url())).start());
    }
}

/// What it says when something is not as expected.
fn message(of: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(of)).expect_err("it fails");
    let whole = payload.downcast_ref::<&str>().map(ToString::to_string);
    payload.downcast_ref::<String>().cloned().or(whole).unwrap_or_default()
}

#[test]
fn documents_are_structs() {
    each(|client| {
        filled(&client);
        let answer = client.get("/v1/sessions/1?include=track,speakers").send().expect(200);
        // What clients never see has its default; the rest is what was stored.
        let shown = Session { code: None, score: 0, ..session(1, "ETags") };
        assert_eq!(answer.one::<Session>(), shown);
        assert_eq!(answer.included::<Track>()[0].name, "Web");
        assert_eq!(answer.included::<Speaker>(), [Speaker { id: "ada".into(), name: "Ada".into() }]);
        assert_eq!(client.get("/v1/sessions").send().expect(200).many::<Session>(), [shown]);

        let resource = answer.resource();
        assert_eq!((resource.type_name(), resource.id()), ("sessions", "1"));
        assert_eq!(resource.attribute("title"), "ETags");
        assert_eq!(resource.get("code"), None);
        assert_eq!(resource.to_one("track").expect("a track").id, "1");
        assert_eq!(resource.related_ids("speakers"), ["ada"]);
        assert_eq!(answer.included_resources().len(), 2);
    });
}

#[test]
fn structs_and_steps_make_documents() {
    each(|client| {
        filled(&client);
        let made =
            client.post("/v1/sessions").document(&Document::of(&session(0, "Races"))).send().expect(201);
        assert_eq!(made.one::<Session>().title, "Races");
        let id = made.resource().id().to_owned();
        assert!(made.header("Location").expect("a place").ends_with(&format!("/v1/sessions/{id}")));

        let edit = Document::new("sessions")
            .id(&id)
            .attribute("abstract", "Who wins?")
            .to_many("speakers", "speakers", [""; 0]);
        let path = format!("/v1/sessions/{id}");
        let edited = client.patch(&path).if_match(made.tag()).document(&edit).send().expect(200);
        assert_eq!(edited.one::<Session>().summary.as_deref(), Some("Who wins?"));
        assert_eq!(edited.resource().related_ids("speakers"), [""; 0]);
        client.delete(&path).if_match(edited.tag()).send().expect(204);
        client.get(&path).send().expect_error(404, "resource_not_found");
    });
}

#[test]
fn preconditions_are_one_call() {
    each(|client| {
        filled(&client);
        let seen = client.get("/v1/sessions/1").send().expect(200);
        client.get("/v1/sessions/1").if_none_match(seen.tag()).send().expect(304);
        let edit = |title: &str| Document::new("sessions").id(1).attribute("title", title);
        client.patch("/v1/sessions/1").document(&edit("x")).send().expect_error(428, "precondition_required");
        client.patch("/v1/sessions/1").if_match(seen.tag()).document(&edit("Tags")).send().expect(200);
        let late = client.patch("/v1/sessions/1").if_match(seen.tag()).document(&edit("x")).send();
        let late = late.expect_error(412, "precondition_failed").expect_error_at(412, "if-match");
        assert_ne!(late.tag(), seen.tag(), "the current tag comes with the refusal");
    });
}

#[test]
fn of_those_who_race_one_wins() {
    each(|client| {
        filled(&client);
        let tag = client.get("/v1/sessions/1").send().tag();
        let edit = |title: &str| {
            let document = Document::new("sessions").id(1).attribute("title", title);
            client.patch("/v1/sessions/1").if_match(&tag).document(&document)
        };
        let race = client.race(["a", "b", "c", "d"].map(edit));
        assert_eq!(race.refused.len(), 3);
        assert_eq!(client.get("/v1/sessions/1").send().one::<Session>(), race.won.one::<Session>());
        // Without `If-Match` they all win, which is what it is for to tell.
        let track = || client.patch("/v1/tracks/1").document(&Document::new("tracks").id(1));
        let told = message(|| drop(client.race([track(), track()])));
        assert!(told.contains("[200, 200]") && told.contains("`If-Match`"), "{told}");
    });
}

#[test]
fn errors_tell_where() {
    let client = Client::new(application());
    let wrong = Document::new("sessions").attribute("title", 7).attribute("startsAt", "soon");
    let answer = client.post("/v1/sessions").document(&wrong).send();
    let answer = answer.expect_error(422, "validation_failed").expect_error_at(422, "/data/attributes/title");
    let title = answer.errors().into_iter().find(|error| error.pointer() == Some("/data/attributes/title"));
    let title = title.expect("an error of the title");
    assert_eq!((title.status(), title.parameter(), title.header()), (Some(422), None, None));
    assert!(title.title().is_some() && title.detail().is_some_and(|detail| detail.contains("title")));
    client.get("/v1/sessions?sort=colour").send().expect_error_at(400, "sort");
}

#[test]
fn lists_have_pages_and_meta() {
    let client = Setup::new(application()).configure(("jsonapi.max_page_size", 2)).start();
    for name in ["Web", "Data", "Law"] {
        client.seed(&Track { id: 0, name: name.into(), sessions: ToMany::unread() });
    }
    client.get("/v1/tracks?page[size]=3").send().expect_error_at(400, "page[size]");
    let first = client.get("/v1/tracks?page[size]=2&sort=name").send().expect(200);
    assert_eq!(first.many::<Track>().iter().map(|track| &*track.name).collect::<Vec<_>>(), ["Data", "Law"]);
    let next = client.get(first.link("next").expect("a next page")).send().expect(200);
    assert_eq!((next.many::<Track>().len(), next.link("next")), (1, None));
    assert_eq!(next.ids(), ["1"]);
}

#[test]
fn callers_share_an_application() {
    let client = Client::new(application());
    let ada = client.with_header("X-User", "ada");
    assert_eq!(client.get("/whoami").send().expect(200).text(), "nobody");
    assert_eq!(ada.get("/whoami").send().expect(200).text(), "ada");
    assert_eq!(ada.get("/whoami").header("x-user", "eve").send().text(), "eve");
    assert_eq!(ada.get("/whoami").without_header("X-User").send().text(), "nobody");
    client.seed(&Track { id: 1, name: "Web".into(), sessions: ToMany::unread() });
    ada.get("/v1/tracks/1").send().expect(200);
}

#[test]
fn a_failure_shows_the_request_and_the_whole_answer() {
    let client = Client::new(application());
    filled(&client);
    let told = message(|| drop(client.get("/v1/sessions/1").if_match("\"x\"").send().expect(304)));
    for part in [
        "expected 304 Not Modified",
        "GET /v1/sessions/1",
        "If-Match: \"x\"",
        "412 Precondition Failed",
        "ETag: ",
        "\"code\": \"precondition_failed\"",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let told = message(|| drop(client.get("/v1/sessions/1").send().one::<Track>()));
    assert!(told.contains("of the type `sessions`, and not of `tracks`, which is Track"), "{told}");
    let told = message(|| drop(client.get("/v1/sessions/1?fields[sessions]=title").send().one::<Session>()));
    assert!(told.contains("it shows no `startsAt`; it shows no `tags`; it shows no `track`"), "{told}");
    let told = message(|| drop(client.get("/v1/sessions").send().one::<Session>()));
    assert!(told.contains("a list of resources, and not one"), "{told}");
    let told = message(|| drop(client.get("/whoami").send().one::<Session>()));
    assert!(told.contains("application/vnd.api+json") && told.contains("nobody"), "{told}");
    let told = message(|| drop(client.get("/v1/sessions/2").send().expect_error(404, "gone")));
    assert!(told.contains("expected an error with the code `gone`"), "{told}");
    let told = message(|| {
        drop(client.seed(&Session { track: ToOne::to(ResourceId::Integer(9)), ..session(2, "") }))
    });
    assert!(told.contains("Session cannot be stored"), "{told}");
    let told = message(|| drop(client.get("/v1/sessions/1").send().resource().attribute("titel")));
    assert!(told.contains("no attribute `titel` in sessions 1"), "{told}");
}

#[test]
fn an_application_that_does_not_launch_says_so() {
    let told = message(|| {
        Client::new(rocket::build().attach(JsonApi::fairing()).mount("/v1", Session::routes()));
    });
    assert!(told.contains("the application does not launch") && told.contains("JSON:API"), "{told}");
    let client = Client::new(rocket::build());
    let told = message(|| drop(client.seed(&session(1, ""))));
    assert!(told.contains("attach `JsonApi::fairing()`"), "{told}");
}

#[test]
fn tests_see_nothing_of_each_other() {
    let make: [fn() -> Database; 2] = [Database::memory, Database::file];
    for make in make {
        let clients = [(); 3].map(|()| Setup::new(application()).database("api", make()).start());
        clients.iter().for_each(filled);
        for client in &clients {
            assert_eq!(client.get("/v1/sessions").send().ids(), ["1"]);
        }
    }
}

#[test]
fn a_file_goes_with_its_client() {
    let database = Database::file();
    let file = database.url().strip_prefix("sqlite:").expect("an URL of SQLite").to_owned();
    let client = Setup::new(application()).database("api", database).start();
    filled(&client);
    assert!(std::path::Path::new(&file).exists());
    let other = client.clone();
    drop(client);
    other.get("/v1/sessions/1").send().expect(200);
    drop(other);
    assert!(!std::path::Path::new(&file).exists());
}

#[cfg(feature = "postgres")]
#[test]
fn a_schema_goes_with_its_client() {
    let Some(server) = postgres_server::Database::provide() else { return };
    let exists = |name: &str| {
        server.run(&format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{name}'")).trim() == "1"
    };
    let mut names = Vec::new();
    let clients = [(); 2].map(|()| {
        let database = Database::postgres(server.url());
        let (_, name) = database.url().rsplit_once("%3D").expect("a search path");
        names.push(name.to_owned());
        Setup::new(application()).database("api", database).start()
    });
    clients.iter().for_each(filled);
    clients.iter().for_each(|client| assert_eq!(client.get("/v1/sessions").send().ids(), ["1"]));
    assert!(names.iter().all(|name| exists(name)));
    drop(clients);
    assert!(!names.iter().any(|name| exists(name)), "the schemas are gone with the clients");
    let told = message(|| drop(Database::postgres("postgres://nobody:secret@127.0.0.1:1/none")));
    assert!(told.contains("CREATE SCHEMA") && !told.contains("secret"), "{told}");
}

#[test]
fn asynchronous_tests_do_the_same() {
    rocket::async_test(async {
        let client = asynchronous::Client::new(application()).await;
        client.seed(&Track { id: 1, name: "Web".into(), sessions: ToMany::unread() }).await;
        let track = client.get("/v1/tracks/1").send().await.expect(200);
        let edit = |name: &str| {
            let document = Document::new("tracks").id(1).attribute("name", name);
            client.patch("/v1/tracks/1").if_match(track.tag()).document(&document)
        };
        let race = client.race([edit("Law"), edit("Data")]).await;
        let now = client.with_header("X-User", "ada").get("/v1/tracks/1").send().await.one::<Track>();
        assert_eq!(now, race.won.one::<Track>());
        client.end().await;
        // One that is not ended, over a database that has to be removed.
        let client = Setup::new(application()).database("api", Database::file()).launch().await;
        client.get("/v1/tracks").send().await.expect(200);
    });
}
