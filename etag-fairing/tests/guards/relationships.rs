//! `#[jsonapi(relationship, readable_by, writable_by)]`: relationships that are for some callers alone.
//!
//! For a caller who may not read a relationship it is as if the resource never had it: the same requests to a server whose
//! resources have no such relationship are answered with the same bytes and tags.

use etag_fairing::{EtagFairing, JsonApi};
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use serde_json::{Value, json};

use super::name;
use super::support::{Answer, Server};

pub(crate) struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match name(request) {
            "boss" => Outcome::Success(Self),
            "broken" => Outcome::Error((Status::ServiceUnavailable, ())),
            "ann" => Outcome::Error((Status::Unauthorized, ())),
            _ => Outcome::Forward(Status::NotFound),
        }
    }
}

/// The boss, and whoever keeps the books.
pub(crate) struct Clerk;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Clerk {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match name(request) {
            "boss" | "clerk" => Outcome::Success(Self),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

/// The same resources twice: in one module without what only some callers may read.
macro_rules! world {
    ($name:ident, [$($of_person:tt)*], [$($of_team:tt)*]) => {
        mod $name {
            #[allow(unused_imports, reason = "one of the worlds has fewer relationships")]
            use etag_fairing::{JsonApiResource, ToMany, ToOne, ToOneOf};

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "people", etag)]
            pub(crate) struct Person {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship)]
                team: ToOne<Team>,
                #[jsonapi(relationship, writable_by = super::Boss)]
                mentor: ToOne<Person>,
                #[jsonapi(relationship, inverse = "mentor")]
                pupils: ToMany<Person>,
                // Behind the others, since the tag of a window has the place of its relationship.
                $($of_person)*
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "teams", etag)]
            pub(crate) struct Team {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship, inverse = "team", linkage = true)]
                people: ToMany<Person>,
                $($of_team)*
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "badges", etag)]
            pub(crate) struct Badge {
                #[jsonapi(id)]
                id: i64,
                colour: String,
                #[jsonapi(relationship)]
                owner: ToOne<Person>,
            }

            pub(crate) fn routes() -> Vec<rocket::Route> {
                [Person::routes(), Team::routes(), Badge::routes()].concat()
            }
        }
    };
}

world!(
    with,
    [
        #[jsonapi(relationship, readable_by = super::Boss)]
        lead: ToOne<Person>,
        // The same linkage as `lead`, and so for the same callers.
        #[jsonapi(relationship, inverse = "lead", linkage = true)]
        reports: ToMany<Person>,
        #[jsonapi(relationship, through = "person_badges", readable_by = super::Boss)]
        badges: ToMany<Badge>,
        #[jsonapi(relationship, readable_by = super::Boss)]
        theme: ToOneOf<(Team, Badge)>,
        #[jsonapi(relationship, readable_by = super::Boss, writable_by = super::Clerk)]
        desk: ToOne<Badge>,
        #[jsonapi(relationship, through = "person_keys", readable_by = super::Boss, writable_by = super::Clerk)]
        safes: ToMany<Badge>,
    ],
    [
        #[jsonapi(relationship, readable_by = super::Boss)]
        head: ToOne<Person>,
    ]
);
world!(without, [], []);

/// The names of what only the boss sees.
const SECRETS: [&str; 7] = ["lead", "reports", "badges", "theme", "desk", "safes", "head"];

fn start(url: &str, memo: &str, routes: Vec<rocket::Route>) -> Server {
    let toml = format!(
        "[default]\netag = {{ enabled = true, memo = '{memo}' }}\n[default.databases.api]\nurl = '{url}'\n\
         read_timeout = 60\n[default.jsonapi]\nclient_ids = true"
    );
    Server::start(&toml, |rocket| {
        rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes)
    })
}

fn to(kind: &str, id: i64) -> Value {
    json!({"data": {"type": kind, "id": id.to_string()}})
}

fn list_of(kind: &str, ids: &[i64]) -> Value {
    let ids: Vec<Value> = ids.iter().map(|id| to(kind, *id)["data"].clone()).collect();
    json!({"data": ids})
}

fn document(kind: &str, id: i64, attributes: &Value, relationships: &Value) -> Value {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships}})
}

fn make(server: &Server, kind: &str, id: i64, attributes: Value, relationships: Value) {
    let document = document(kind, id, &attributes, &relationships);
    server.write_as("POST", &format!("/{kind}"), "boss", &document).is(201);
}

fn fill(server: &Server, secrets: bool) {
    for id in 1..=2 {
        make(server, "teams", id, json!({"name": format!("team {id}")}), json!({}));
    }
    for id in 1..=4 {
        let mut links = json!({"team": to("teams", 1 + id % 2)});
        if id > 1 {
            links["mentor"] = to("people", 1);
        }
        make(server, "people", id, json!({"name": format!("person {}", 9 - id)}), links);
        make(server, "badges", id, json!({"colour": "red"}), json!({"owner": to("people", id)}));
    }
    if !secrets {
        return;
    }
    for id in 1..=4 {
        let lead = if id > 1 { to("people", id - 1) } else { json!({"data": null}) };
        let theme = if id % 2 == 0 { to("teams", 1) } else { to("badges", 2) };
        let links = json!({"lead": lead, "badges": list_of("badges", &[id, 1]), "theme": theme,
            "desk": to("badges", id), "safes": list_of("badges", &[2, 3])});
        let path = format!("/people/{id}");
        server.write_as("PATCH", &path, "boss", &document("people", id, &json!({}), &links)).is(200);
    }
    let head = document("teams", 1, &json!({}), &json!({"head": to("people", 2)}));
    server.write_as("PATCH", "/teams/1", "boss", &head).is(200);
}

const READS: [&str; 58] = [
    "/people",
    "/people/1",
    "/people?include=team.people,mentor",
    "/people?fields[people]=name,team",
    "/people?sort=team.name,-name&page[size]=2&page[totals]",
    "/people?filter[team.name]=team%201",
    "/people/2/team",
    "/people/2/relationships/team",
    "/people/1/pupils?sort=name",
    "/people/1/relationships/pupils?include=pupils.team",
    "/teams",
    "/teams/1?include=people.mentor&page[people][size]=1",
    "/teams/2/relationships/people",
    "/teams/1/people",
    "/badges?include=owner.team",
    "/badges/2/owner",
    // By what the caller can't see.
    "/people/2/lead",
    "/people/2/relationships/lead",
    "/people/1/reports",
    "/people/1/reports?page[totals]",
    "/people/1/relationships/reports",
    "/people/1/badges?sort=colour",
    "/people/1/relationships/badges",
    "/people/1/theme",
    "/people/1/relationships/theme",
    "/people/1/desk?include=owner",
    "/people/1/safes",
    "/teams/1/head",
    "/teams/1/relationships/head",
    "/people?include=lead",
    "/people?include=team,reports.team",
    "/people?include=team.head",
    "/people?include=theme",
    "/people/2?include=mentor.lead",
    "/badges?include=owner.badges",
    "/people/1/relationships/pupils?include=pupils.lead",
    "/people?fields[people]=name,lead",
    "/people?fields[people]=reports",
    "/badges?include=owner&fields[people]=theme",
    "/people?sort=lead.name",
    "/people?sort=-team.head.name,name",
    "/people?sort=theme.teams.name",
    "/people?filter[lead]=1",
    "/people?filter[lead][is_null]=true",
    "/people?filter[lead.name]=person%208",
    "/people?filter[reports.name]=x",
    "/people?filter[reports][count][ge]=1",
    "/people?filter[badges][has]=true",
    "/people?filter[theme][type]=teams",
    "/people?filter[theme.teams.name]=x",
    "/badges?filter[owner.lead.name]=x",
    "/people?filter=[{%22name%22:%22lead%22,%22op%22:%22has%22,%22val%22:{%22name%22:%22name%22,%22op%22:%22eq%22,%22val%22:%22x%22}}]",
    "/people?withCount=badges",
    "/teams?include=people&withCount=people.reports",
    "/people?include=badges&page[badges][size]=1",
    "/people?include=reports&sort[reports]=-name",
    "/people?include=badges&filterIncluded[badges][colour]=red",
    "/teams?include=people.badges&page[people.badges][size]=1",
];

/// Whether a document has the name of a secret as that of a member.
fn tells(document: &str) -> bool {
    SECRETS.iter().any(|name| document.contains(&format!("\"{name}\":")))
}

#[test]
fn it_is_as_if_there_were_no_such_relationship() {
    let without = start("sqlite::memory:", "0", without::routes());
    fill(&without, false);
    for memo in ["8 MiB", "0"] {
        let with = start("sqlite::memory:", memo, with::routes());
        fill(&with, true);
        // Twice: from the memo the second time. The boss between them, who is answered otherwise.
        for user in ["ann", "", "boss", "clerk", "ann", ""] {
            for path in READS {
                let one = with.get_as(path, user);
                if user == "boss" {
                    assert_eq!(one.status, 200, "{path}: {}", one.text());
                    continue;
                }
                let other = without.get_as(path, user);
                assert_eq!(one.text(), other.text(), "{user:?} {path}");
                assert_eq!(
                    (one.status, one.field("etag")),
                    (other.status, other.field("etag")),
                    "{user:?} {path}"
                );
                assert!(!tells(&one.text()), "{user:?} {path}: {}", one.text());
            }
        }
        let all = with.get_as("/people?include=team", "boss").text();
        assert!(SECRETS.iter().all(|name| all.contains(&format!("\"{name}\":{{"))), "{all}");
        // What is not there has no methods either, whatever is sent.
        for (method, path) in
            [("PATCH", "/people/1/relationships/lead"), ("POST", "/people/1/relationships/badges")]
        {
            let body = json!({"data": null});
            assert_eq!(with.write_as(method, path, "ann", &body).status, 404, "{method} {path}");
        }
        with.get_as("/people", "broken").is(503);
        with.get_as("/people/1/lead", "broken").is(503);
    }
}

/// Numbers by chance (xorshift), the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn id(&mut self) -> i64 {
        i64::try_from(self.below(4)).unwrap() + 1
    }
}

fn send(server: &Server, method: &str, path: &str, user: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut fields = vec![("Content-Type", "application/vnd.api+json"), ("X-User", user)];
    if let Some(tag) = tag {
        fields.push((if method == "GET" { "If-None-Match" } else { "If-Match" }, tag));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.send(method, path, &fields, &body)
}

/// A write that both worlds know.
fn write_by_chance(chance: &mut Chance, step: u64) -> (&'static str, String, Value) {
    let id = chance.id();
    let team = 1 + id % 2;
    match chance.below(5) {
        0 => {
            let name = json!({"name": format!("n{step}")});
            ("PATCH", format!("/people/{id}"), document("people", id, &name, &json!({})))
        }
        1 => {
            let links = json!({"team": to("teams", team)});
            ("PATCH", format!("/people/{id}"), document("people", id, &json!({}), &links))
        }
        2 => ("PATCH", format!("/people/{id}/relationships/team"), to("teams", 1 + chance.id() % 2)),
        3 => ("POST", format!("/teams/{team}/relationships/people"), list_of("people", &[chance.id()])),
        _ => {
            let name = json!({"name": format!("t{}", chance.below(3))});
            ("PATCH", format!("/teams/{team}"), document("teams", team, &name, &json!({})))
        }
    }
}

/// A change of what only the boss sees.
fn secret_by_chance(chance: &mut Chance) -> (&'static str, String, Value) {
    let id = chance.id();
    match chance.below(5) {
        0 => ("PATCH", format!("/people/{id}/relationships/lead"), to("people", chance.id())),
        1 => ("POST", format!("/people/{id}/relationships/reports"), list_of("people", &[chance.id()])),
        2 => {
            let badges = list_of("badges", &[chance.id()]);
            ("PATCH", format!("/people/{id}/relationships/badges"), badges)
        }
        3 => {
            let links = json!({"theme": to("badges", chance.id()), "desk": to("badges", chance.id())});
            ("PATCH", format!("/people/{id}"), document("people", id, &json!({}), &links))
        }
        _ => ("PATCH", format!("/teams/{}/relationships/head", 1 + id % 2), to("people", chance.id())),
    }
}

/// By chance: two callers, reads with tags that they have got, writes with and without tags. The one is answered as by a
/// server without the relationships, whatever the other changes of them.
fn by_chance(with: &Server, without: &Server, steps: u64) {
    fill(with, true);
    fill(without, false);
    let mut chance = Chance(0x9E37_79B9);
    let mut tags: Vec<(String, String)> = Vec::new();
    let (mut not_modified, mut changed, mut failed) = (0_u64, 0_u64, 0_u64);
    for step in 0..steps {
        let user = *chance.one_of(&["boss", "ann", ""]);
        if user == "boss" && chance.below(2) == 0 {
            let (method, path, body) = secret_by_chance(&mut chance);
            let answer = send(with, method, &path, user, None, &body);
            assert_eq!(answer.status, 200, "{method} {path} {body}: {}", answer.text());
            continue;
        }
        let (method, path, body) = match chance.below(3) {
            0 => write_by_chance(&mut chance, step),
            _ => ("GET", (*chance.one_of(&READS)).to_owned(), Value::Null),
        };
        let known: Vec<_> = tags.iter().rev().filter(|(known, _)| *known == path).take(6).collect();
        let tag = match known.is_empty() || user == "boss" || chance.below(3) == 0 {
            true => None,
            false => Some(chance.one_of(&known).1.clone()),
        };
        let [one, other] =
            [with, without].map(|server| send(server, method, &path, user, tag.as_deref(), &body));
        let told = format!("{user:?} {method} {path} {tag:?} {body}");
        if user == "boss" {
            // Who sees more is told more. What is changed is the same.
            assert!(method == "GET" || one.status == other.status, "{told}: {}", one.text());
            continue;
        }
        assert_eq!(one.status, other.status, "{told}: {} {}", one.text(), other.text());
        assert_eq!(one.text(), other.text(), "{told}");
        assert_eq!(one.field("etag"), other.field("etag"), "{told}");
        assert!(!tells(&one.text()), "{told}: {}", one.text());
        not_modified += u64::from(one.status == 304);
        changed += u64::from(one.status == 200 && method != "GET");
        failed += u64::from(one.status == 412);
        if let Some(tag) = one.field("etag") {
            tags.push((path, tag.to_owned()));
        }
    }
    let enough = |number: u64| 150 * number >= steps;
    assert!(enough(not_modified) && enough(changed) && enough(failed), "{not_modified} {changed} {failed}");
}

#[test]
fn no_change_of_it_is_seen_by_others() {
    let [with, without] = [("8 MiB", with::routes()), ("0", without::routes())]
        .map(|(memo, routes)| start("sqlite::memory:", memo, routes));
    by_chance(&with, &without, 900);
}

#[cfg(feature = "postgres")]
#[test]
fn no_change_of_it_is_seen_by_others_on_postgresql() {
    let (Some(one), Some(other)) =
        (postgres_server::Database::provide(), postgres_server::Database::provide())
    else {
        return;
    };
    let with = start(one.url(), "8 MiB", with::routes());
    let without = start(other.url(), "0", without::routes());
    by_chance(&with, &without, 400);
}

#[test]
fn who_may_not_change_a_relationship_is_told_where() {
    let server = start("sqlite::memory:", "8 MiB", with::routes());
    fill(&server, true);
    let patch = |user: &str, links: &Value| {
        server.write_as("PATCH", "/people/2", user, &document("people", 2, &json!({}), links))
    };
    let links = |path: &str| server.get_as(path, "boss").is(200).json()["data"].clone();
    let before = links("/people/2");
    for (user, name, data) in [
        ("ann", "mentor", to("people", 3)),
        ("ann", "mentor", json!({"data": null})),
        ("", "mentor", to("people", 3)),
        // Not even with what it leads to: the answer would tell that it leads there.
        ("ann", "lead", to("people", 1)),
        ("ann", "lead", to("people", 3)),
        ("clerk", "lead", json!({"data": null})),
        ("ann", "reports", list_of("people", &[3])),
        ("ann", "badges", list_of("badges", &[1, 2])),
        ("ann", "theme", to("teams", 1)),
        ("ann", "desk", to("badges", 2)),
        ("ann", "safes", list_of("badges", &[])),
    ] {
        let refused = patch(user, &json!({name: data})).is(403);
        assert_eq!(refused.pointers(), [format!("/data/relationships/{name}")], "{user} {name} {data}");
        if name == "reports" {
            continue;
        }
        let new = document("people", 9, &json!({"name": "x"}), &json!({name: data}));
        let refused = server.write_as("POST", "/people", user, &new).is(403);
        assert_eq!(refused.pointers(), [format!("/data/relationships/{name}")], "{user} {name} {data}");
    }
    assert_eq!(links("/people/2"), before);
    // At its own URL, and at the URL of its inverse.
    for (method, path, body) in [
        ("PATCH", "/people/2/relationships/mentor", to("people", 3)),
        ("PATCH", "/people/1/relationships/pupils", list_of("people", &[])),
        ("POST", "/people/3/relationships/pupils", list_of("people", &[2])),
        ("DELETE", "/people/1/relationships/pupils", list_of("people", &[2])),
    ] {
        let refused = server.write_as(method, path, "ann", &body).is(403);
        assert_eq!(refused.pointers(), ["/data"], "{method} {path}");
    }
    assert_eq!(links("/people/2"), before);
    // What is sent back as it was shown is no attempt to change it.
    patch("ann", &json!({"mentor": to("people", 1), "team": to("teams", 2)})).is(200);
    // Who may change it and not see it changes it blindly, and is not shown it; but nobody replaces an unseen list.
    let changed = patch("clerk", &json!({"desk": to("badges", 4)})).is(200);
    assert!(!tells(&changed.text()), "{}", changed.text());
    assert_eq!(links("/people/2/relationships/desk")["id"], "4");
    let refused = patch("clerk", &json!({"safes": list_of("badges", &[1])})).is(403);
    assert_eq!(refused.pointers(), ["/data/relationships/safes"]);
    patch("boss", &json!({"mentor": to("people", 3), "safes": list_of("badges", &[1])})).is(200);
    assert_eq!(links("/people/2/relationships/mentor")["id"], "3");
    assert_eq!(links("/people/2/relationships/safes").as_array().map(Vec::len), Some(1));
}

#[test]
fn tags_are_about_what_the_caller_sees() {
    let server = start("sqlite::memory:", "8 MiB", with::routes());
    fill(&server, true);
    let tag = |user: &str| server.get_as("/people/2", user).tag();
    let (boss, ann) = (tag("boss"), tag("ann"));
    assert_ne!(boss, ann);
    let change = |user: &str, tag: &str, links: Value| {
        send(&server, "PATCH", "/people/2", user, Some(tag), &document("people", 2, &json!({}), &links))
    };
    // Ann can't see that it leads elsewhere, and her change doesn't touch it.
    let boss = change("boss", &boss, json!({"lead": to("people", 4)})).is(200).tag();
    assert_eq!(tag("ann"), ann);
    change("ann", &boss, json!({"team": to("teams", 2)})).is(412);
    change("ann", &ann, json!({"team": to("teams", 2)})).is(200);
    assert_eq!(server.get_as("/people/2/relationships/lead", "boss").json()["data"]["id"], "4");
    for answer in [server.get_as("/people", "ann"), server.get_as("/people/2/relationships/lead", "boss")] {
        let kept = answer.field("cache-control").unwrap_or_default().to_owned();
        assert!(!kept.contains("public"), "{kept}");
        assert!(answer.field("vary").is_some_and(|vary| vary.contains("Authorization")), "{answer:?}");
    }
}
