//! Resources of every kind of tag, callers who see different parts of them, and random contents.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToManyOf, ToOne, ToOneOf};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

pub(crate) const J: &str = "application/vnd.api+json";
pub(crate) const EXT: &str = "https://jsonapi.org/ext/atomic";
pub(crate) const PROFILE: &str =
    "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";
pub(crate) const CURSOR: &str = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination";
/// JSON:API with the profile, as it is asked for and as it is told.
pub(crate) const WITH_PROFILE: &str = "application/vnd.api+json;profile=\"https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md\"";

fn user<'r>(request: &'r Request<'_>) -> &'r str {
    request.headers().get_one("X-User").unwrap_or("")
}

pub(crate) struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if user(request) == "boss" { Outcome::Success(Boss) } else { Outcome::Error((Status::Forbidden, ())) }
    }
}

/// A digest, of a resource with linkage on each side of it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
pub(crate) struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(readable_by = Boss)]
    budget: Option<i64>,
    #[jsonapi(relationship, inverse = "track", linkage = true)]
    talks: ToMany<Talk>,
}

/// A version; the linkage in it is to rows that a scope hides.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag)]
pub(crate) struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "talk_speakers", linkage = true)]
    speakers: ToMany<Speaker>,
    #[jsonapi(relationship, through = "talk_helpers", linkage = false)]
    helpers: ToMany<Speaker>,
    #[jsonapi(relationship, inverse = "talk", linkage = true)]
    reviews: ToMany<Review>,
}

/// A version of which scopes say nothing: its own bytes need not be read.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag)]
pub(crate) struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
    seats: i64,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    host: ToOne<Speaker>,
}

/// A digest of computed attributes, and text ids that need encoding in URLs.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag, computed(shouted = Self::shouted))]
pub(crate) struct Speaker {
    #[jsonapi(id)]
    id: String,
    name: String,
    #[jsonapi(readable_by = Boss)]
    salary: Option<i64>,
    #[jsonapi(relationship, through = "talk_speakers", linkage = true)]
    talks: ToMany<Talk>,
    #[jsonapi(relationship, inverse = "owner", linkage = true)]
    notes: ToMany<Note>,
}

impl Speaker {
    fn shouted(&self) -> String {
        self.name.to_uppercase()
    }
}

/// A version beside a computed attribute, a date and a scope.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reviews", etag, scope = own_reviews, computed(length = Self::length))]
pub(crate) struct Review {
    #[jsonapi(id)]
    id: i64,
    author: String,
    text: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(last_modified, column = "changed_at")]
    changed: chrono::DateTime<chrono::Utc>,
    #[jsonapi(relationship)]
    talk: ToOne<Talk>,
}

impl Review {
    fn length(&self) -> i64 {
        i64::try_from(self.text.len()).unwrap_or(0)
    }
}

/// The boss sees all of them, others their own.
async fn own_reviews(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "boss" => Scope::All,
        user => Scope::rows(member("author").equals(user)),
    })
}

/// Nobody but the boss lists them, so that linkage to them is hidden.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, guard(list = Boss), soft_delete = "deleted_at")]
pub(crate) struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    owner: ToOne<Speaker>,
}

/// An id of two members, and a resource of one of several types.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "seats", id(room, number), etag)]
pub(crate) struct Seat {
    #[jsonapi(relationship, on_delete = "cascade")]
    room: ToOne<Room>,
    number: i64,
    label: Option<String>,
    #[jsonapi(relationship)]
    taken_by: ToOneOf<(Room, Track)>,
}

/// Many resources of several types, one of which has no tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "labels", etag)]
pub(crate) struct Label {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, through = "labelled")]
    on: ToManyOf<(Track, Sponsor)>,
}

/// It carries no tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sponsors")]
pub(crate) struct Sponsor {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
}

/// Its tags stand in lists without being asked for.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sheets", etag(items))]
pub(crate) struct Sheet {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    speaker: ToOne<Speaker>,
    #[jsonapi(relationship)]
    parent: ToOne<Sheet>,
}

/// The lists themselves carry no tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "cards", etag(read, update, items))]
pub(crate) struct Card {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    sheet: ToOne<Sheet>,
}

/// Numbers by chance, the same for a seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        // Knuth's constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    pub(crate) fn is_one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
}

impl World {
    pub(crate) fn start(database: &str, etag: &str) -> Self {
        let toml = format!(
            "[default.etag]\n{etag}\n[default.databases.api]\nurl = '{database}'\nread_timeout = 60\n\
             [default.jsonapi]\nwrite_timeout = 30\nclient_ids = true\n"
        );
        let server = Server::start(&toml, |rocket| {
            let program = [Track::routes(), Talk::routes(), Room::routes(), Speaker::routes()].concat();
            let private = [Review::routes(), Note::routes(), Seat::routes()].concat();
            let others = [Label::routes(), Sponsor::routes(), Sheet::routes(), Card::routes()].concat();
            rocket
                .attach(EtagFairing::new())
                .attach(JsonApi::fairing())
                .mount("/v1", [program, private, others].concat())
                .mount("/v1", JsonApi::operations())
                .mount("/v1", JsonApi::openapi().routes())
        });
        Self { server }
    }

    pub(crate) fn get(&self, path: &str, user: &str, accept: &str) -> Answer {
        self.server.get(path, &[("Accept", accept), ("X-User", user)])
    }

    /// What the boss makes; returns its id.
    #[track_caller]
    pub(crate) fn make(&self, kind: &str, attributes: &Value, relationships: &Value) -> String {
        self.make_with(json!({ "type": kind, "attributes": attributes, "relationships": relationships }))
    }

    #[track_caller]
    pub(crate) fn make_with(&self, data: Value) -> String {
        let path = format!("/v1/{}", data["type"].as_str().unwrap());
        let fields = [("Content-Type", J), ("X-User", "boss")];
        let answer = self.server.send("POST", &path, &fields, &json!({ "data": data }).to_string()).is(201);
        json_of(&answer)["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Some of everything, in relation to each other by chance.
    pub(crate) fn fill(&self, chance: &mut Chance) {
        let tracks: Vec<String> = (0..3)
            .map(|n| {
                self.make("tracks", &json!({ "name": format!("Track {n}"), "budget": n * 100 }), &json!({}))
            })
            .collect();
        let speakers: Vec<String> = ["ada", "b/c d", "é?x=1", "grace"]
            .map(|id| {
                let attributes = json!({ "name": format!("Name of {id}"), "salary": chance.below(1000) });
                self.make_with(json!({ "type": "speakers", "id": id, "attributes": attributes }))
            })
            .into();
        let one = |chance: &mut Chance, kind: &str, ids: &[String]| {
            let is_none = chance.is_one_in(4);
            let id = &ids[usize::try_from(chance.below(ids.len() as u64)).unwrap()];
            if is_none { json!({ "data": null }) } else { json!({ "data": { "type": kind, "id": id } }) }
        };
        let some = |chance: &mut Chance, kind: &str, ids: &[String]| {
            let chosen = ids.iter().filter(|_| chance.is_one_in(2));
            let data: Vec<Value> = chosen.map(|id| json!({ "type": kind, "id": id })).collect();
            json!({ "data": data })
        };
        let talks: Vec<String> = (0..6)
            .map(|n| {
                let relationships = json!({
                    "track": one(chance, "tracks", &tracks),
                    "speakers": some(chance, "speakers", &speakers),
                    "helpers": some(chance, "speakers", &speakers),
                });
                self.make("talks", &json!({ "title": format!("Talk {n}") }), &relationships)
            })
            .collect();
        let rooms: Vec<String> = (0..3)
            .map(|n| {
                let host = json!({ "host": one(chance, "speakers", &speakers) });
                self.make("rooms", &json!({ "name": format!("Room {n}"), "seats": n }), &host)
            })
            .collect();
        for n in 0..8 {
            let attributes = json!({ "author": chance.of(&["ann", "bob"]), "text": "x".repeat(n) });
            self.make("reviews", &attributes, &json!({ "talk": one(chance, "talks", &talks) }));
        }
        let notes: Vec<String> = (0..4)
            .map(|n| {
                let owner = json!({ "owner": one(chance, "speakers", &speakers) });
                self.make("notes", &json!({ "text": format!("Note {n}") }), &owner)
            })
            .collect();
        let fields = [("X-User", "boss")];
        self.server.send("DELETE", &format!("/v1/notes/{}", notes[0]), &fields, "").is(204);
        for (n, room) in rooms.iter().enumerate() {
            let taken = if n == 0 { one(chance, "tracks", &tracks) } else { one(chance, "rooms", &rooms) };
            let relationships =
                json!({ "room": { "data": { "type": "rooms", "id": room } }, "takenBy": taken });
            self.make("seats", &json!({ "number": n, "label": null }), &relationships);
        }
        let sponsors = [self.make(
            "sponsors",
            &json!({ "name": "S" }),
            &json!({ "room": one(chance, "rooms", &rooms) }),
        )];
        let label = self.make("labels", &json!({ "name": "green" }), &json!({}));
        let tracks_on = some(chance, "tracks", &tracks)["data"].as_array().unwrap().clone();
        let on = [tracks_on, vec![json!({ "type": "sponsors", "id": sponsors[0] })]].concat();
        let fields = [("Content-Type", J), ("X-User", "boss")];
        let on = json!({ "data": on }).to_string();
        self.server.send("PATCH", &format!("/v1/labels/{label}/relationships/on"), &fields, &on).is(200);
        let mut sheets: Vec<String> = Vec::new();
        for n in 0..3 {
            let parent = if n == 0 { json!({ "data": null }) } else { one(chance, "sheets", &sheets) };
            let relationships = json!({ "speaker": one(chance, "speakers", &speakers), "parent": parent });
            sheets.push(self.make("sheets", &json!({ "text": format!("Sheet {n}") }), &relationships));
        }
        for n in 0..3 {
            let sheet = json!({ "sheet": one(chance, "sheets", &sheets) });
            self.make("cards", &json!({ "text": format!("Card {n}") }), &sheet);
        }
    }
}

/// The body as JSON, whatever its media type has as parameters.
#[track_caller]
pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// The resource objects of a document: its primary data and what is included. Resource identifiers are none.
pub(crate) fn objects(document: &Value) -> Vec<Value> {
    let data = match &document["data"] {
        Value::Array(all) => all.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let included = document["included"].as_array().cloned().unwrap_or_default();
    data.into_iter().chain(included).filter(|object| !object["links"]["self"].is_null()).collect()
}

/// The text at this pointer.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

pub(crate) fn each_database(test: impl Fn(&str)) {
    test("sqlite::memory:");
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(database.url());
    }
}

/// A world with random contents, over each database.
pub(crate) fn on_both(seed: u64, test: impl Fn(&World, &mut Chance)) {
    each_database(|database| {
        let (world, mut chance) = (World::start(database, ""), Chance(seed));
        world.fill(&mut chance);
        test(&world, &mut chance);
    });
}

/// A small world over SQLite: where no database takes part in what is tested.
pub(crate) fn on_sqlite(etag: &str, test: impl Fn(&World)) {
    let world = World::start("sqlite::memory:", etag);
    world.fill(&mut Chance(1));
    test(&world);
}
