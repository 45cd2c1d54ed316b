//! What the example doesn't have: launches that must be refused, a resource that is closed to changes of linkage, and
//! one with a scope.

use std::sync::{Mutex, Once, PoisonError};

use etag_fairing::{
    JsonApi, JsonApiResource, ToMany,
    resource::{
        Attribute, Behaviour, Columns, Corrupt, Description, HookError, Id, IdKind, Mismatch, OnDelete,
        Operations, Record, Relationship, RelationshipKind, Scope, member,
    },
};
use rocket::{
    Build, Request, Rocket, Route,
    error::ErrorKind,
    figment::{
        Figment,
        providers::{Format, Toml},
    },
    http::{Header, Method, Status},
    local::blocking::Client,
    request::{FromRequest, Outcome},
};
use tempfile::TempDir;

use crate::support::MEDIA_TYPE;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// Another struct that takes the same type.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", path = "meetings", table = "meetings")]
struct Meeting {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// A session whose linkage nobody changes at its own URL.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "panels", guard(update_relationship = Closed))]
struct Panel {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, through = "panel_guests")]
    guests: ToMany<Meeting>,
}

/// Lets nobody through.
struct Closed;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Closed {
    type Error = &'static str;

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Error((Status::Forbidden, "closed"))
    }
}

/// The statuses of POST, PATCH and DELETE at a closed relationship's URL, and what a read of it gives afterwards.
pub(crate) fn changes_of_a_closed_relationship() -> ([(Status, Option<String>); 3], Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let rocket = configured(&folder).mount("/", Meeting::routes()).mount("/", Panel::routes());
    let client = Client::tracked(rocket).expect("both structs launch");
    let json_api = Header::new("Content-Type", MEDIA_TYPE);
    let post = |url: &'static str, body: &'static str| {
        let created = client.post(url).header(json_api.clone()).body(body).dispatch();
        assert_eq!(created.status(), Status::Created, "{url}");
    };
    post("/meetings", r#"{"data":{"type":"sessions","attributes":{"title":"M"}}}"#);
    post("/panels", r#"{"data":{"type":"panels","attributes":{"title":"P"}}}"#);
    let url = "/panels/1/relationships/guests";
    let refused = [Method::Post, Method::Patch, Method::Delete].map(|method| {
        let body = r#"{"data":[{"type":"sessions","id":"1"}]}"#;
        let response = client.req(method, url).header(json_api.clone()).body(body).dispatch();
        (response.status(), response.headers().get_one("Content-Type").map(str::to_owned))
    });
    (refused, client.get(url).dispatch().into_string())
}

/// A note, which its owner sees alone.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", scope = own)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    owner: String,
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    let user = request.headers().get_one("X-User").unwrap_or_default();
    Ok(Scope::rows(member("owner").equals(user)))
}

/// The answers to a POST and a PATCH of ann's that make a note bob's, and what ann reads afterwards.
pub(crate) fn writes_out_of_a_scope() -> ([(Status, Option<String>); 2], Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client::tracked(configured(&folder).mount("/", Note::routes())).expect("notes launch");
    let ann = Header::new("X-User", "ann");
    let write = |method, url: &'static str, body: &'static str| {
        let request =
            client.req(method, url).header(ann.clone()).header(Header::new("Content-Type", MEDIA_TYPE));
        let response = request.body(body).dispatch();
        (response.status(), response.into_string())
    };
    let own = r#"{"data":{"type":"notes","attributes":{"owner":"ann"}}}"#;
    assert_eq!(write(Method::Post, "/notes", own).0, Status::Created);
    let refused = [
        write(Method::Post, "/notes", r#"{"data":{"type":"notes","attributes":{"owner":"bob"}}}"#),
        write(
            Method::Patch,
            "/notes/1",
            r#"{"data":{"type":"notes","id":"1","attributes":{"owner":"bob"}}}"#,
        ),
    ];
    (refused, client.get("/notes").header(ann).dispatch().into_string())
}

/// A struct with a description that no derive has checked: the one at this place of [`BY_HAND`].
struct ByHand<const PLACE: usize>;

/// The type, the attributes, the relationships, and what is wrong with them.
type Names = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const BY_HAND: [Names; 9] = [
    ("things", &["title", "größe 2"], &["part-of"], &[]),
    ("_things", &["title"], &[], &["the type \"_things\" of `Thing1` is no JSON:API member name"]),
    ("things", &["b/c"], &[], &["the attribute \"b/c\" of `Thing2` is no JSON:API member name"]),
    ("things", &[""], &[], &["the attribute \"\" of `Thing3` is no JSON:API member name"]),
    ("things", &[], &["ends-"], &["the relationship \"ends-\" of `Thing4` is no JSON:API member name"]),
    ("things", &["id"], &[], &["the attribute \"id\" of `Thing5` must have another name"]),
    ("things", &[], &["type"], &["the relationship \"type\" of `Thing6` must have another name"]),
    ("things", &["title", "title"], &[], &["`Thing7` has two members named \"title\""]),
    (
        "things",
        &["@at", "title"],
        &["title", ""],
        &[
            "the attribute \"@at\" of `Thing8` is no JSON:API member name",
            "`Thing8` has two members named \"title\", one attribute and one relationship",
            "the relationship \"\" of `Thing8` is no JSON:API member name",
        ],
    ),
];

impl<const PLACE: usize> JsonApiResource for ByHand<PLACE> {
    fn description() -> &'static Description {
        static MADE: Mutex<[Option<&'static Description>; BY_HAND.len()]> = Mutex::new([None; BY_HAND.len()]);
        let made = &mut MADE.lock().unwrap_or_else(PoisonError::into_inner)[PLACE];
        made.get_or_insert_with(|| {
            let (type_name, attributes, relationships, _) = BY_HAND[PLACE];
            let column = |kind: &str, place: usize| &*format!("{kind}{place}").leak();
            let attribute = |(place, name): (usize, &&'static str)| {
                Attribute::new::<Option<String>>(name, column("a", place))
            };
            let relationship = |(place, name): (usize, &&'static str)| {
                let (column, on_delete) = (column("r", place), OnDelete::SetNull);
                let columns = Columns::one(column);
                let kind = RelationshipKind::ToOne { columns, required: false, on_delete };
                Relationship::new(name, kind, Self::description)
            };
            Box::leak(Box::new(Description::new(
                type_name,
                "things",
                format!("Thing{PLACE}").leak(),
                "things",
                Id { column: "key", kind: IdKind::Text },
                attributes.iter().enumerate().map(attribute).collect::<Vec<_>>().leak(),
                relationships.iter().enumerate().map(relationship).collect::<Vec<_>>().leak(),
                Operations::NONE,
            )))
        })
    }

    fn behaviour() -> &'static Behaviour {
        &Behaviour::NONE
    }

    fn from_record(_: &Record) -> Result<Self, Corrupt> {
        Ok(Self)
    }

    fn to_record(&self) -> Result<Record, Mismatch> {
        Ok(Record { id: None, attributes: Vec::new(), linkage: Vec::new() })
    }

    fn routes() -> Vec<Route> {
        etag_fairing::__private::routes::<Self>()
    }
}

/// Launches each description of [`BY_HAND`]: the first serves, and every other is refused in words that say why.
pub(crate) fn refuses_wrong_names_written_by_hand() {
    fn launch<const PLACE: usize>() {
        let (_, _, _, wrong) = BY_HAND[PLACE];
        match launched(ByHand::<PLACE>::routes()) {
            Ok(()) => assert!(wrong.is_empty(), "{PLACE} launches"),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{PLACE}: {error}");
                let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let about = format!("`Thing{PLACE}`");
                let about: Vec<_> = told.iter().filter(|line| line.contains(&about)).collect();
                assert_eq!(about.len(), wrong.len(), "{about:?}");
                for (line, wrong) in about.iter().zip(wrong) {
                    assert!(line.starts_with(wrong), "{line}");
                }
            }
        }
    }
    // Once a process: what they log is told apart by their names alone.
    static LAUNCHES: Once = Once::new();
    LAUNCHES.call_once(|| {
        launch::<0>();
        launch::<1>();
        launch::<2>();
        launch::<3>();
        launch::<4>();
        launch::<5>();
        launch::<6>();
        launch::<7>();
        launch::<8>();
    });
}

/// The errors that were logged in this process.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Sets the logger that the tests of launches read. Whatever makes a Rocket in this process calls it first: Rocket's own
/// logger would be the process's for good.
pub(crate) fn listen() {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        log::set_logger(&Log).expect("the first logger");
        log::set_max_level(log::LevelFilter::Error);
    });
}

fn configured(folder: &TempDir) -> Rocket<Build> {
    listen();
    let url = format!("sqlite:{}", folder.path().join("launch.db").display());
    let toml = format!("[default]\nlog_level = 'off'\n[default.databases.api]\nurl = '{url}'\n");
    let figment = Figment::from(rocket::Config::debug_default()).merge(Toml::string(&toml).nested());
    rocket::custom(figment).attach(JsonApi::fairing())
}

fn launched(routes: Vec<rocket::Route>) -> Result<(), rocket::Error> {
    let folder = tempfile::tempdir().expect("a folder");
    rocket::async_test(configured(&folder).mount("/", routes).ignite()).map(drop)
}

/// Whether mounting two structs of one type stops the launch, and one alone does not.
pub(crate) fn refuses_two_structs_of_one_type() -> bool {
    launched(Session::routes()).expect("one struct launches");
    launched(Meeting::routes()).expect("the other alone launches");
    let both = launched([Session::routes(), Meeting::routes()].concat());
    both.is_err_and(|error| matches!(error.kind(), ErrorKind::FailedFairings(_)))
}
