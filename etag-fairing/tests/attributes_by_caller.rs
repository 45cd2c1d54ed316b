//! `#[jsonapi(readable_by, writable_by)]`: attributes that are for some callers alone.
//!
//! For a caller who may not read an attribute it is as if the resource never had it: the same requests to a server whose
//! resources have no such attribute are answered with the same bytes and tags, with a memo and without.
#![cfg(feature = "sqlite")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use etag_fairing::{EtagFairing, JsonApi};
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use serde_json::{Value, json};
use support::{Answer, Server};

const MEDIA_TYPE: &str = "application/vnd.api+json";

pub(crate) struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if let Some(asked) = request.rocket().state::<AtomicUsize>() {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        match request.headers().get_one("X-User") {
            Some("boss") => Outcome::Success(Self),
            Some("broken") => Outcome::Error((Status::ServiceUnavailable, ())),
            Some("ann") => Outcome::Error((Status::Unauthorized, ())),
            _ => Outcome::Forward(Status::NotFound),
        }
    }
}

/// The boss, and whoever keeps the books.
pub(crate) struct Clerk<'r>(&'r str);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Clerk<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some(name @ ("boss" | "clerk")) => Outcome::Success(Self(name)),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

impl Clerk<'_> {
    #[allow(dead_code, reason = "a guard of one's own has something in it")]
    fn name(&self) -> &str {
        self.0
    }
}

/// The same resources twice: in one module without what only some callers may read.
macro_rules! world {
    ($name:ident, [$($salary:tt)*], [$($budget:tt)*]) => {
        mod $name {
            use etag_fairing::{JsonApiResource, ToMany, ToOne};

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "people", etag)]
            pub(crate) struct Person {
                #[jsonapi(id)]
                id: i64,
                name: String,
                $($salary)*
                #[jsonapi(writable_by = crate::Boss)]
                rank: Option<i64>,
                #[jsonapi(relationship)]
                lead: ToOne<Person>,
                #[jsonapi(relationship)]
                team: ToOne<Team>,
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "teams", etag)]
            pub(crate) struct Team {
                #[jsonapi(id)]
                id: i64,
                $($budget)*
                name: String,
                #[jsonapi(relationship, inverse = "team", linkage = true)]
                people: ToMany<Person>,
            }

            /// With nothing of its own to hide.
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
        #[jsonapi(readable_by = crate::Boss)]
        salary: Option<i64>,
        #[jsonapi(readable_by = crate::Boss, writable_by = crate::Clerk<'_>)]
        account: Option<String>,
    ],
    [
        #[jsonapi(readable_by = crate::Boss, read_only)]
        budget: Option<i64>,
    ]
);
world!(without, [], []);

fn start(memo: &str, routes: Vec<rocket::Route>) -> Server {
    start_over("sqlite::memory:", memo, routes)
}

fn start_over(url: &str, memo: &str, routes: Vec<rocket::Route>) -> Server {
    let toml = format!(
        "[default]\netag = {{ enabled = true, memo = '{memo}' }}\n[default.databases.api]\nurl = '{url}'\n\
         read_timeout = 60\n[default.jsonapi]\nclient_ids = true"
    );
    Server::start(&toml, |rocket| {
        let rocket = rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes);
        rocket.manage(AtomicUsize::new(0)).mount("/", rocket::routes![asked_so_far])
    })
}

#[rocket::get("/asked")]
fn asked_so_far(asked: &rocket::State<AtomicUsize>) -> String {
    asked.load(Ordering::Relaxed).to_string()
}

fn identifier(kind: &str, id: i64) -> Value {
    json!({"data": {"type": kind, "id": id.to_string()}})
}

fn document(kind: &str, id: i64, attributes: &Value, relationships: &Value) -> Value {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships}})
}

fn send(
    server: &Server,
    method: &str,
    path: &str,
    user: &str,
    condition: Option<(&str, &str)>,
    body: &str,
) -> Answer {
    let mut fields = vec![("Content-Type", MEDIA_TYPE), ("X-User", user)];
    fields.extend(condition);
    server.send(method, path, &fields, body)
}

fn make(server: &Server, kind: &str, id: i64, attributes: Value, relationships: Value) {
    let document = document(kind, id, &attributes, &relationships);
    server.write_as("POST", &format!("/{kind}"), "boss", &document).is(201);
}

/// Whether a document has a value that only the boss sees: a number that begins with these digits, or a text.
fn tells(document: &str) -> bool {
    document.contains(":77") || document.contains("\"77-")
}

fn fill(server: &Server, salaries: bool) {
    for id in 1..=2 {
        make(server, "teams", id, json!({"name": format!("team {id}")}), json!({}));
    }
    for id in 1..=4 {
        let mut attributes = json!({"name": format!("person {}", 9 - id), "rank": id % 3});
        if salaries {
            attributes["salary"] = json!(7700 + id);
            attributes["account"] = json!(format!("77-{id}"));
        }
        let team = identifier("teams", 1 + id % 2);
        let lead = if id > 1 { identifier("people", id - 1) } else { json!({"data": null}) };
        make(server, "people", id, attributes, json!({"team": team, "lead": lead}));
        make(server, "badges", id, json!({"colour": "red"}), json!({"owner": identifier("people", id)}));
    }
}

const READS: [&str; 41] = [
    "/people",
    "/people/1",
    "/people/2?include=lead,team.people",
    "/people?include=lead",
    "/people?fields[people]=name,rank",
    "/people?sort=-rank,name",
    "/people?filter[rank][gt]=0",
    "/people?filter[lead.name]=person%208",
    "/people?filter[name]=x&page[totals]",
    "/people?page[size]=2&page[number]=2&page[totals]",
    "/people/3/lead",
    "/people/3/relationships/lead?include=lead",
    "/people/3/relationships/team",
    "/teams",
    "/teams/1",
    "/teams/1/people?page[totals]",
    "/teams/1?include=people.lead",
    "/badges?include=owner.team",
    "/badges/2?include=owner",
    "/badges/2/owner",
    "/badges?sort=owner.rank",
    // By what the caller can't see: refused as a name that nothing has.
    "/people?fields[people]=salary",
    "/people?fields[people]=name,salary",
    "/people?sort=salary",
    "/people?sort=-lead.salary,name",
    "/people?filter[salary]=7701",
    "/people?filter[salary][gt]=1",
    "/people?filter[salary][nonsense]=1",
    "/people?filter[salary][gt]=nonsense",
    "/people?filter[salary][]=7701&filter[salary][]=7702",
    "/people?filter[account][ilike]=77%25",
    "/people?filter[lead.salary]=7701",
    "/people?filter=[{%22name%22:%22salary%22,%22op%22:%22ge%22,%22field%22:%22rank%22}]",
    "/people?filter=[{%22name%22:%22rank%22,%22op%22:%22ge%22,%22field%22:%22salary%22}]",
    "/people?filter=[{%22name%22:%22team%22,%22op%22:%22has%22,%22val%22:{%22name%22:%22budget%22,%22op%22:%22gt%22,%22val%22:1}}]",
    "/teams?filter=[{%22name%22:%22people%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22salary%22,%22op%22:%22gt%22,%22val%22:1}}]",
    "/teams?sort=budget",
    "/badges?filter[owner.salary]=7701",
    "/badges?sort=owner.salary",
    "/badges?fields[people]=salary",
    "/badges?include=owner&fields[people]=account&bad=1",
];

#[test]
fn it_is_as_if_there_were_no_such_attribute() {
    let without = start("0", without::routes());
    fill(&without, false);
    for memo in ["8 MiB", "0"] {
        let with = start(memo, with::routes());
        fill(&with, true);
        // Twice: from the memo the second time. The boss between them, who is answered otherwise.
        for user in ["ann", "", "boss", "clerk", "ann", ""] {
            for path in READS {
                let (one, other) = (with.get_as(path, user), without.get_as(path, user));
                if user == "boss" {
                    let is_bad = path.contains("nonsense") || path.contains("bad=");
                    assert_eq!(one.status, if is_bad { 400 } else { 200 }, "{path}: {}", one.text());
                    continue;
                }
                assert_eq!(one.text(), other.text(), "{user:?} {path}");
                assert_eq!(
                    (one.status, one.field("etag")),
                    (other.status, other.field("etag")),
                    "{user:?} {path}"
                );
                assert!(!tells(&one.text()), "{user:?} {path}: {}", one.text());
            }
        }
        let all = with.get_as("/people?include=lead", "boss").text();
        assert!(
            (1..=4)
                .all(|id| all.contains(&format!("\"salary\":770{id}")) && all.contains(&format!("77-{id}")))
        );
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
}

/// By chance: callers, reads with tags of any caller, writes with tags of any caller. With a memo each answer is the one
/// without.
fn by_chance(with_memo: &Server, without_memo: &Server, steps: u64) {
    fill(with_memo, true);
    fill(without_memo, true);
    let mut chance = Chance(0x9E37_79B9);
    let mut tags: Vec<(String, String)> = Vec::new();
    let (mut not_modified, mut changed) = (0, 0);
    for step in 0..steps {
        let user = *chance.one_of(&["boss", "ann", "clerk", ""]);
        let (method, path, body) = if chance.below(4) > 0 {
            ("GET", (*chance.one_of(&READS)).to_owned(), Value::Null)
        } else {
            let id = i64::try_from(chance.below(4)).unwrap() + 1;
            let attributes = match chance.below(5) {
                0 => json!({"salary": 7700 + chance.below(20)}),
                1 => json!({"account": format!("77-{}", chance.below(3))}),
                2 => json!({"rank": chance.below(3)}),
                3 => json!({"name": format!("n{step}"), "rank": chance.below(3)}),
                _ => json!({"name": format!("n{}", chance.below(3))}),
            };
            ("PATCH", format!("/people/{id}"), document("people", id, &attributes, &json!({})))
        };
        let field = if method == "GET" { "If-None-Match" } else { "If-Match" };
        let known: Vec<_> = tags.iter().rev().filter(|(known, _)| *known == path).take(6).collect();
        let tag = if known.is_empty() || chance.below(3) == 0 {
            None
        } else {
            Some(chance.one_of(&known).1.clone())
        };
        let condition = tag.as_deref().map(|tag| (field, tag));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let [one, other] =
            [with_memo, without_memo].map(|server| send(server, method, &path, user, condition, &body));
        let told = format!("{user:?} {method} {path} {condition:?} {body}");
        assert_eq!(one.status, other.status, "{told}: {} {}", one.text(), other.text());
        assert_eq!(one.text(), other.text(), "{told}");
        assert_eq!(one.field("etag"), other.field("etag"), "{told}");
        if user != "boss" {
            let text = one.text();
            assert!(!text.contains("\"salary\":") && !text.contains("\"account\":"), "{told}: {text}");
            assert!(!tells(&text), "{told}: {text}");
        }
        not_modified += u32::from(one.status == 304);
        changed += u32::from(one.status == 200 && method == "PATCH");
        if let Some(tag) = one.field("etag") {
            tags.push((path, tag.to_owned()));
        }
    }
    assert!(not_modified > 9 && changed > 9, "{not_modified} {changed}");
}

#[test]
fn a_memo_gives_nobody_the_answer_of_another() {
    by_chance(&start("8 MiB", with::routes()), &start("0", with::routes()), 700);
}

#[cfg(feature = "postgres")]
#[test]
fn a_memo_gives_nobody_the_answer_of_another_on_postgresql() {
    let (Some(one), Some(other)) =
        (postgres_server::Database::provide(), postgres_server::Database::provide())
    else {
        return;
    };
    let [with_memo, without_memo] = [(&one, "8 MiB"), (&other, "0")]
        .map(|(database, memo)| start_over(database.url(), memo, with::routes()));
    by_chance(&with_memo, &without_memo, 300);
}

#[test]
fn who_may_not_write_an_attribute_is_told_where() {
    let server = start("8 MiB", with::routes());
    fill(&server, true);
    let patch = |user: &str, attributes: Value| {
        server.write_as("PATCH", "/people/1", user, &document("people", 1, &attributes, &json!({})))
    };
    let stored = || server.get_as("/people/1", "boss").json()["data"]["attributes"].clone();
    let before = stored();
    for (user, attributes, pointer) in [
        ("ann", json!({"rank": 9}), "rank"),
        ("ann", json!({"name": "x", "rank": null}), "rank"),
        ("", json!({"rank": 9}), "rank"),
        // Not even with the value that it has: the answer would tell that it has it.
        ("ann", json!({"salary": 7701}), "salary"),
        ("ann", json!({"salary": 9}), "salary"),
        ("clerk", json!({"salary": 9}), "salary"),
        ("ann", json!({"account": "77-1"}), "account"),
    ] {
        let refused = patch(user, attributes.clone()).is(403);
        assert_eq!(refused.pointers(), [format!("/data/attributes/{pointer}")], "{user} {attributes}");
        let mut attributes = attributes;
        attributes["name"] = json!("x");
        let new = document("people", 9, &attributes, &json!({}));
        let refused = server.write_as("POST", "/people", user, &new).is(403);
        assert!(refused.pointers().contains(&format!("/data/attributes/{pointer}")), "{user} {attributes}");
    }
    assert_eq!(stored(), before);
    // What is sent back as it was shown is no attempt to set it.
    patch("ann", json!({"name": "x", "rank": 1})).is(200);
    // Who may write it and not read it writes it blindly, and is not shown it.
    let written = patch("clerk", json!({"account": "77-9"})).is(200);
    assert_eq!(written.json()["data"]["attributes"], json!({"name": "x", "rank": 1}));
    patch("boss", json!({"salary": 7799})).is(200);
    let after = stored();
    assert_eq!(
        (&after["salary"], &after["account"], &after["name"]),
        (&json!(7799), &json!("77-9"), &json!("x"))
    );
    // Nobody sets what is read-only.
    server
        .write_as("PATCH", "/teams/1", "boss", &document("teams", 1, &json!({"budget": 1}), &json!({})))
        .is(422);
}

#[test]
fn tags_are_about_what_the_caller_sees() {
    let server = start("8 MiB", with::routes());
    fill(&server, true);
    let tag = |user: &str| server.get_as("/people/1", user).tag();
    let (boss, ann) = (tag("boss"), tag("ann"));
    assert_ne!(boss, ann);
    let change = |user: &str, tag: &str, attributes: Value| {
        let body = document("people", 1, &attributes, &json!({})).to_string();
        send(&server, "PATCH", "/people/1", user, Some(("If-Match", tag)), &body)
    };
    // Ann can't see that the salary changes, and her change doesn't touch it.
    let boss = change("boss", &boss, json!({"salary": 7777})).is(200).tag();
    assert_eq!(tag("ann"), ann);
    change("ann", &boss, json!({"name": "y"})).is(412);
    let ann_now = change("ann", &ann, json!({"name": "y"})).is(200).tag();
    assert_eq!(tag("ann"), ann_now);
    // The boss sees both, and has to look again.
    let refused = change("boss", &boss, json!({"salary": 7700})).is(412);
    assert_eq!(refused.tag(), tag("boss"));
    assert_eq!(server.get_as("/people/1", "boss").json()["data"]["attributes"]["salary"], 7777);
    let none_match = |user: &str, tag: &str| {
        send(&server, "GET", "/people/1", user, Some(("If-None-Match", tag)), "").status
    };
    assert_eq!(
        (none_match("ann", &ann_now), none_match("boss", &ann_now), none_match("ann", &boss)),
        (304, 200, 200)
    );
    let (one, other) = (server.get_as("/people", "ann"), server.get_as("/people", "boss"));
    for answer in [one, other] {
        let kept = answer.field("cache-control").unwrap_or_default().to_owned();
        assert!(!kept.contains("public"), "{kept}");
        assert!(answer.field("vary").is_some_and(|vary| vary.contains("Authorization")), "{answer:?}");
    }
    send(&server, "DELETE", "/people/4", "ann", Some(("If-Match", &tag("ann"))), "").is(412);
    let own = server.get_as("/people/4", "ann").tag();
    send(&server, "DELETE", "/people/4", "ann", Some(("If-Match", &own)), "").is(204);
}

#[test]
fn a_guard_is_asked_once_a_request_and_its_fault_is_told() {
    let server = start("8 MiB", with::routes());
    fill(&server, true);
    let asked = || server.get("/asked", &[]).text().parse::<u32>().unwrap();
    // Once for each struct that names it, however often the request comes to it.
    for (path, most) in [
        ("/people?include=lead,team.people&sort=lead.salary&filter[salary][gt]=1", 2),
        ("/people/1", 2),
        ("/people?nonsense=1", 2),
        ("/badges?include=owner.team", 2),
        ("/badges?filter[owner.rank]=1", 1),
        ("/badges", 0),
        ("/badges/1/relationships/owner", 0),
    ] {
        let before = asked();
        server.get_as(path, "boss");
        let times = asked() - before;
        assert!(times <= most && (times > 0) == (most > 0), "{path}: {times}");
    }
    for path in ["/people", "/badges?include=owner", "/badges?sort=owner.salary"] {
        server.get_as(path, "broken").is(503);
    }
    // Nothing of it is asked for.
    server.get_as("/badges", "broken").is(200);
}
