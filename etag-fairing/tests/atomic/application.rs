//! What an application decides: which routes it has, who sees which members, what values have to be, where links lead, and
//! how many databases there are.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket, Route};
use serde_json::{Value, json};

use crate::support::{Answer, Server};
use crate::world::{ATOMIC, add, each_database, errors, json_of, link, pointers, remove, results};

struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some("boss") => Outcome::Success(Boss),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

/// Some of its members are not for everybody, and one is made of others.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag, computed(shout = Self::shout))]
struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(readable_by = Boss, default)]
    salary: i64,
    #[jsonapi(writable_by = Boss, default)]
    rank: i64,
    #[jsonapi(write_only, default)]
    password: String,
    #[jsonapi(hidden, default)]
    notes: String,
    #[jsonapi(relationship, readable_by = Boss)]
    lead: ToOne<Person>,
    #[jsonapi(relationship, writable_by = Boss)]
    team: ToOne<Team>,
    #[jsonapi(relationship, through = "person_friends", writable_by = Boss)]
    friends: ToMany<Team>,
}

impl Person {
    fn shout(&self) -> String {
        self.name.to_uppercase()
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "teams", etag)]
struct Team {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "team", linkage = true)]
    people: ToMany<Person>,
}

/// The routes that an application keeps.
fn only(routes: Vec<Route>, methods: &[Method]) -> Vec<Route> {
    routes.into_iter().filter(|route| methods.contains(&route.method)).collect()
}

fn start(database: &str, more: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    let toml = format!(
        "[default.etag]\n[default.databases.api]\nurl = '{database}'\nread_timeout = 60\n[default.jsonapi]\nwrite_timeout = 30\n{more}\n"
    );
    Server::start(&toml, |rocket| build(rocket.attach(EtagFairing::new())))
}

fn whole(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .attach(JsonApi::fairing())
        .mount("/v1", Person::routes())
        .mount("/v1", Team::routes())
        .mount("/v1", JsonApi::operations())
        .mount("/v1", JsonApi::openapi().routes())
}

fn send_to(server: &Server, url: &str, user: &str, operations: Value) -> Answer {
    let body = json!({ "atomic:operations": operations }).to_string();
    server.send("POST", url, &[("Content-Type", ATOMIC), ("X-User", user)], &body)
}

fn send(server: &Server, user: &str, operations: Value) -> Answer {
    send_to(server, "/v1/operations", user, operations)
}

fn person(name: &str) -> Value {
    json!({ "type": "people", "attributes": { "name": name } })
}

fn id(results: &[Value], place: usize) -> String {
    results[place]["data"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_has_no_route_is_no_operation() {
    each_database(|database| {
        let server = start(database, "", |rocket| {
            rocket
                .attach(JsonApi::fairing())
                .mount("/v1", only(Person::routes(), &[Method::Get, Method::Post]))
                .mount("/v1", Team::routes())
                .mount("/v1", JsonApi::operations())
                .mount("/v1", JsonApi::openapi().routes())
        });
        let team = json!({ "type": "teams", "attributes": { "name": "t" } });
        let made = results(&send(&server, "boss", json!([add(person("ann")), add(team)])).is(200));
        let (ann, team) = (id(&made, 0), id(&made, 1));
        let own = ("people", ann.as_str());
        let to_team = json!([{ "type": "teams", "id": team }]);
        let update =
            json!({ "op": "update", "data": { "type": "people", "id": ann, "attributes": { "name": "x" } } });
        for operation in [
            remove("people", &ann),
            json!({ "op": "remove", "href": format!("/v1/people/{ann}") }),
            update,
            link("update", own, "team", to_team[0].clone()),
            link("update", own, "friends", to_team.clone()),
            link("remove", own, "friends", to_team.clone()),
        ] {
            let other = add(person("bob"));
            let refused = send(&server, "boss", json!([other, operation])).is(403);
            let found = errors(&refused);
            assert_eq!(found[0]["code"], "operation_not_allowed");
            assert_eq!(pointers(&found), ["/atomic:operations/1"]);
        }
        let people = server.get("/v1/people", &[]).is(200).json();
        assert_eq!(people["data"].as_array().unwrap().len(), 1);
        // A POST of linkage has its route.
        send(&server, "boss", json!([link("add", own, "friends", to_team)])).is(200);
        send(&server, "boss", json!([remove("teams", &team)])).is(204);
        // The OpenAPI document tells the same.
        let document = json_of(&server.get("/v1/openapi.json", &[]).is(200));
        let schemas = &document["components"]["schemas"];
        let codes = |name: &str| schemas[name]["anyOf"].to_string();
        assert!(!codes("people.operation").contains("remove"), "{}", codes("people.operation"));
        assert!(!codes("people.operation").contains("update"), "{}", codes("people.operation"));
        assert!(codes("people.operation").contains("add"));
        assert!(codes("teams.operation").contains("remove"));
    });
}

#[test]
fn results_show_what_the_caller_may_read() {
    each_database(|database| {
        let server = start(database, "", whole);
        let mut ann = person("ann");
        ann["attributes"]["password"] = json!("secret");
        ann["attributes"]["salary"] = json!(4711);
        let boss = json_of(&send(&server, "boss", json!([add(ann)])).is(200));
        let told = &boss["atomic:results"][0]["data"];
        assert_eq!(told["attributes"], json!({ "name": "ann", "salary": 4711, "rank": 0, "shout": "ANN" }));
        assert!(told["relationships"].get("lead").is_some());
        let ann = told["id"].as_str().unwrap();
        let update = json!({ "op": "update", "data": { "type": "people", "id": ann, "attributes": { "name": "anna" } } });
        let others = json_of(&send(&server, "bob", json!([update, add(person("bob"))])).is(200));
        for (place, name) in [(0, "anna"), (1, "bob")] {
            let told = &others["atomic:results"][place]["data"];
            let expected = json!({ "name": name, "rank": 0, "shout": name.to_uppercase() });
            assert_eq!(told["attributes"], expected);
            assert!(told["relationships"].get("lead").is_none(), "{told}");
            let url = format!("/v1/people/{}", told["id"].as_str().unwrap());
            let read = server.get(&url, &[("X-User", "bob")]).is(200);
            assert_eq!(told["meta"]["etag"], read.tag());
            assert_eq!(read.json()["data"]["attributes"], expected);
        }
    });
}

#[test]
fn members_are_set_by_those_who_may() {
    each_database(|database| {
        let server = start(database, "", whole);
        let team = json!({ "type": "teams", "attributes": { "name": "t" } });
        let made = results(&send(&server, "boss", json!([add(person("ann")), add(team)])).is(200));
        let (ann, team) = (id(&made, 0), id(&made, 1));
        let to_team = json!({ "type": "teams", "id": team });
        let both = |member: &str, name: &str, value: &Value| {
            let mut new = person("bob");
            new[member][name] = value.clone();
            let mut old = json!({ "type": "people", "id": ann });
            old[member] = json!({ name: value });
            [add(new), json!({ "op": "update", "data": old })]
        };
        let (one, several) = (json!({ "data": to_team }), json!({ "data": [to_team] }));
        let within = [
            ("attributes", "rank", json!(3)),
            ("relationships", "team", one),
            ("relationships", "friends", several),
        ];
        for (member, name, value) in &within {
            for operation in both(member, name, value) {
                let refused = send(&server, "bob", json!([operation])).is(403);
                assert_eq!(
                    pointers(&errors(&refused)),
                    [format!("/atomic:operations/0/data/{member}/{name}")]
                );
                send(&server, "boss", json!([operation])).is(200);
            }
        }
        // Who may not read it learns nothing of its value by trying.
        for operation in both("attributes", "salary", &json!(0)) {
            let refused = send(&server, "bob", json!([operation])).is(403);
            assert_eq!(pointers(&errors(&refused)), ["/atomic:operations/0/data/attributes/salary"]);
        }
        for operation in both("attributes", "notes", &json!("x")) {
            send(&server, "boss", json!([operation])).is(422);
        }
        let own = ("people", ann.as_str());
        for operation in [
            link("update", own, "team", to_team.clone()),
            link("add", own, "friends", json!([to_team])),
            link("update", own, "friends", json!([])),
            link("remove", own, "friends", json!([to_team])),
            // The same linkage, from its other end.
            link("update", ("teams", &team), "people", json!([{ "type": "people", "id": ann }])),
        ] {
            let refused = send(&server, "bob", json!([operation])).is(403);
            let found = errors(&refused);
            assert!(pointers(&found)[0].starts_with("/atomic:operations/0"), "{found:?}");
            send(&server, "boss", json!([operation])).is(200);
        }
        let hidden = link("update", own, "lead", json!(null));
        let refused = send(&server, "bob", json!([hidden]));
        assert!(matches!(refused.status, 403 | 404), "{refused:?}");
    });
}

#[test]
fn links_lead_to_the_resources() {
    for (base_url, before) in
        [("", ""), ("base_url = 'https://api.example/shop'", "https://api.example/shop")]
    {
        let server = start("sqlite::memory:", base_url, whole);
        let made = results(&send(&server, "boss", json!([add(person("ann"))])).is(200));
        let ann = id(&made, 0);
        let update = json!({ "op": "update", "href": format!("{before}/v1/people/{ann}"),
                             "data": { "type": "people", "id": ann } });
        let changed = results(&send(&server, "boss", json!([update])).is(200));
        for result in [&made[0], &changed[0]] {
            let data = &result["data"];
            assert_eq!(data["links"]["self"], format!("{before}/v1/people/{ann}"));
            let links = &data["relationships"]["team"]["links"];
            assert_eq!(links["self"], format!("{before}/v1/people/{ann}/relationships/team"));
            assert_eq!(links["related"], format!("{before}/v1/people/{ann}/team"));
        }
    }
}

#[test]
fn two_databases_have_two_endpoints() {
    let toml = "[default.etag]\n[default.databases.api]\nurl = 'sqlite::memory:'\n[default.databases.shop]\nurl = \
                'sqlite::memory:'\n";
    let server = Server::start(toml, |rocket| {
        rocket
            .attach(EtagFairing::new())
            .attach(JsonApi::fairing().below("/shop", JsonApi::database("shop")))
            .mount("/v1", Person::routes())
            .mount("/v1", Team::routes())
            .mount("/v1", JsonApi::operations())
            .mount("/shop", Basket::routes())
            .mount("/shop", JsonApi::operations())
    });
    let basket = add(json!({ "type": "baskets", "attributes": { "name": "b" } }));
    send_to(&server, "/shop/operations", "", json!([basket])).is(200);
    send(&server, "", json!([add(person("ann"))])).is(200);
    for (url, foreign) in [("/v1/operations", basket), ("/shop/operations", add(person("bob")))] {
        let refused = send_to(&server, url, "", json!([foreign])).is(404);
        assert_eq!(pointers(&errors(&refused)), ["/atomic:operations/0/data/type"]);
    }
    let by_href = json!({ "op": "remove", "href": "/shop/baskets/1" });
    send(&server, "", json!([by_href])).is(404);
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "baskets")]
struct Basket {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[cfg(feature = "validation")]
mod rules {
    use garde::Validate;

    use super::*;

    #[derive(Clone, Debug, JsonApiResource, Validate)]
    #[jsonapi(type = "songs", etag, validate)]
    #[garde(allow_unvalidated)]
    struct Song {
        #[jsonapi(id)]
        id: i64,
        #[garde(length(min = 3))]
        title: String,
        #[garde(range(min = 1, max = 1440))]
        minutes: i64,
    }

    #[test]
    fn all_rules_that_one_operation_breaks_are_told() {
        each_database(|database| {
            let server = start(database, "", |rocket| {
                rocket
                    .attach(JsonApi::fairing())
                    .mount("/v1", Song::routes())
                    .mount("/v1", JsonApi::operations())
            });
            let song = |title: &str, minutes: i64| {
                add(json!({ "type": "songs", "attributes": { "title": title, "minutes": minutes } }))
            };
            // Those of the first operation that breaks some: the next one might depend on what it does.
            let refused = send(&server, "", json!([song("fine", 3), song("a", -1), song("b", 3)])).is(422);
            let at = |name| format!("/atomic:operations/1/data/attributes/{name}");
            assert_eq!(pointers(&errors(&refused)), [at("minutes"), at("title")]);
            let made = results(&send(&server, "", json!([song("fine", 3)])).is(200));
            let update = |attributes: Value| json!([{ "op": "update", "data": { "type": "songs", "id": id(&made, 0), "attributes": attributes } }]);
            let refused = send(&server, "", update(json!({ "title": "a", "minutes": 0 }))).is(422);
            assert_eq!(errors(&refused).len(), 2);
            // What is left out has passed already.
            send(&server, "", update(json!({ "minutes": 5 }))).is(200);
        });
    }
}
