//! `#[jsonapi(computed(…))]`: attributes that are functions of the others.
#![cfg(feature = "sqlite")]

mod support;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use support::{Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag, computed(full_name = Self::full_name, has_team = Self::has_team, seen = Self::seen))]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    given_name: String,
    family_name: String,
    #[jsonapi(write_only)]
    code: Option<String>,
    #[jsonapi(relationship)]
    team: ToOne<Team>,
    #[jsonapi(relationship, through = "speaker_teams")]
    teams: ToMany<Team>,
}

impl Speaker {
    fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    fn has_team(&self) -> bool {
        self.team.id().is_some()
    }

    /// Whether to-many linkage was read: the same on every way to the resource.
    fn seen(&self) -> bool {
        self.teams.ids().is_some()
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "teams")]
struct Team {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "team")]
    speakers: ToMany<Speaker>,
}

fn server() -> Server {
    let server = api::start(|rocket| rocket.mount("/", Speaker::routes()).mount("/", Team::routes()));
    server.write("POST", "/teams", &json!({"data": {"type": "teams"}})).is(201);
    let team = json!({"team": {"data": {"type": "teams", "id": "1"}}});
    let attributes = json!({"givenName": "Ada", "familyName": "Lovelace"});
    let document = json!({"data": {"type": "speakers", "attributes": attributes, "relationships": team}});
    server.write("POST", "/speakers", &document).is(201);
    server
}

fn patch(server: &Server, attributes: Value) -> support::Answer {
    let document = json!({"data": {"type": "speakers", "id": "1", "attributes": attributes}});
    server.write("PATCH", "/speakers/1", &document)
}

#[test]
fn computed_attributes_stand_in_every_document() {
    let server = server();
    let own = server.get("/speakers/1", &[]).json()["data"]["attributes"].clone();
    assert_eq!(
        own,
        json!({"givenName": "Ada", "familyName": "Lovelace", "fullName": "Ada Lovelace", "hasTeam": true, "seen": false})
    );
    assert_eq!(server.get("/speakers", &[]).json()["data"][0]["attributes"], own);
    assert_eq!(server.get("/speakers?include=teams", &[]).json()["data"][0]["attributes"], own);
    assert_eq!(server.get("/teams/1/speakers", &[]).json()["data"][0]["attributes"], own);
    assert_eq!(server.get("/teams?include=speakers", &[]).json()["included"][0]["attributes"], own);
}

#[test]
fn a_fieldset_shows_them_alone_or_not_at_all() {
    let server = server();
    let shown = |fields: &str| {
        let path = format!("/speakers?fields[speakers]={fields}");
        server.get(&path, &[]).is(200).json()["data"][0].clone()
    };
    let alone = shown("fullName,hasTeam");
    assert_eq!(alone["attributes"], json!({"fullName": "Ada Lovelace", "hasTeam": true}));
    assert!(alone.get("relationships").is_none(), "what is read for it is not shown: {alone}");
    assert_eq!(shown("familyName")["attributes"], json!({"familyName": "Lovelace"}));
    assert_eq!(shown("team,hasTeam")["attributes"], json!({"hasTeam": true}));
    let included = server.get("/teams/1?include=speakers&fields[speakers]=fullName", &[]).is(200).json();
    assert_eq!(included["included"][0]["attributes"], json!({"fullName": "Ada Lovelace"}));
}

#[test]
fn neither_filter_nor_sort_knows_them() {
    let server = server();
    server.get("/speakers?filter[fullName]=Ada", &[]).is(400);
    server.get("/speakers?sort=fullName", &[]).is(400);
}

#[test]
fn clients_cannot_set_them() {
    let server = server();
    let refused = patch(&server, json!({"fullName": "Ada King"})).is(422);
    assert_eq!(refused.pointers(), ["/data/attributes/fullName"]);
    let document = json!({"data": {"type": "speakers", "attributes":
        {"givenName": "Grace", "familyName": "Hopper", "fullName": "Grace Hopper"}}});
    assert_eq!(
        server.write("POST", "/speakers", &document).is(422).pointers(),
        ["/data/attributes/fullName"]
    );
    // A client that sends the whole resource back doesn't try to set them.
    let whole = server.get("/speakers/1", &[]).json()["data"]["attributes"].clone();
    patch(&server, whole).is(200);
}

#[test]
fn the_tag_follows_what_they_are_made_of() {
    let server = server();
    let before = server.get("/speakers/1", &[]).tag();
    let changed = patch(&server, json!({"familyName": "King"})).is(200);
    assert_eq!(changed.json()["data"]["attributes"]["fullName"], "Ada King");
    assert_ne!(changed.tag(), before);
    assert_eq!(changed.tag(), server.get("/speakers/1", &[]).tag());
}
