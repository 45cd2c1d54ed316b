//! Nobody gets what another caller was answered, nor a 304 on it.

use super::chance::{Chance, times};
use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Statistics, ToMany, ToOne};
use rocket::Request;
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome};

/// Which letters a caller sees depends on the letters' boxes, and those are another table.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, scope = in_own_boxes)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, column = "box_id")]
    mailbox: ToOne<Mailbox>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "mailboxes", etag, scope = own)]
struct Mailbox {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    #[jsonapi(relationship, inverse = "mailbox")]
    letters: ToMany<Letter>,
}

/// Seen by everybody, and leads to letters.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "offices", etag)]
struct Office {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    desk: ToOne<Desk>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "desks", etag)]
struct Desk {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "desk_letters")]
    letters: ToMany<Letter>,
    /// Which there are, only the chancellor may know.
    #[jsonapi(relationship, through = "desk_seals")]
    seals: ToMany<Seal>,
    #[jsonapi(relationship)]
    current: ToOne<Seal>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "seals", etag, guard = Chancellor<'_>)]
struct Seal {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "current", linkage = true)]
    desks: ToMany<Desk>,
}

struct Chancellor<'r>(#[allow(dead_code)] &'r str);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Chancellor<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match user(request) {
            name @ ("ann" | "admin") => Outcome::Success(Self(name)),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

fn user<'a>(request: &'a Request<'_>) -> &'a str {
    request.headers().get_one("X-User").unwrap_or("")
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" => Scope::All,
        "" => Scope::None,
        name => Scope::rows(member("owner").equals(name)),
    })
}

async fn in_own_boxes(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" => Scope::All,
        "" => Scope::None,
        name => Scope::rows(member("mailbox.owner").equals(name)),
    })
}

const USERS: [&str; 4] = ["ann", "bob", "admin", ""];

const URLS: [&str; 27] = [
    "/letters",
    "/letters/1",
    "/letters/2",
    "/letters?filter[text][like]=%25",
    "/letters?include=mailbox&sort=mailbox.owner",
    "/letters?page[size]=1&page[totals]",
    "/letters?page[size]=2&page[totals]&sort=-text&include=mailbox",
    "/letters/1/mailbox",
    "/mailboxes/1",
    "/mailboxes/1?include=letters",
    "/mailboxes/1/letters",
    "/mailboxes/2/relationships/letters",
    "/desks/1",
    "/desks/1/letters",
    "/desks/1/letters?page[totals]",
    "/desks/1/letters?page[size]=1&page[totals]",
    "/desks/1/relationships/letters",
    "/offices/1",
    "/offices?include=desk.letters.mailbox",
    "/desks",
    "/desks/1?fields[desks]=seals",
    "/desks/1?include=letters",
    "/desks?include=seals.desks",
    "/desks?filter[current]=1",
    "/offices/1?include=desk",
    "/offices/1/desk",
    "/desks/1/relationships/seals",
];

fn node(url: &str, memo: &str) -> Client {
    let figment = rocket::figment::Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("etag.enabled", true))
        .merge(("etag.memo", memo))
        .merge(("databases.api.url", url));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Letter::routes())
        .mount("/", Mailbox::routes())
        .mount("/", Office::routes())
        .mount("/", Desk::routes())
        .mount("/", Seal::routes());
    Client::untracked(rocket).expect("the server ignites")
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: Status,
    tag: Option<String>,
    body: String,
}

fn get(node: &Client, user: &str, url: &str, tag: Option<&str>) -> Answer {
    let mut request = node.get(url.to_owned()).header(Header::new("X-User", user.to_owned()));
    if let Some(tag) = tag {
        request.add_header(Header::new("If-None-Match", tag.to_owned()));
    }
    let response = request.dispatch();
    let tag = response.headers().get_one("ETag").map(str::to_owned);
    Answer { status: response.status(), tag, body: response.into_string().unwrap_or_default() }
}

/// Everybody asks for each of these, twice, and with everybody's tags.
fn ask(node: &Client, oracle: &Client, urls: &[&str]) {
    for url in urls {
        let truths = USERS.map(|user| get(oracle, user, url, None));
        for _ in 0..2 {
            for (user, truth) in USERS.iter().zip(&truths) {
                assert_eq!(get(node, user, url, None), *truth, "{user} {url}");
                for other in &truths {
                    let Some(tag) = &other.tag else { continue };
                    let again = get(node, user, url, Some(tag));
                    match truth.tag.as_ref() == Some(tag) {
                        true => assert_eq!(again.status, Status::NotModified, "{user} {url}"),
                        false => assert_eq!(again, *truth, "{user} {url}"),
                    }
                }
            }
        }
    }
}

/// A server with a memo, one without, and the shell of their database. Whoever drops the folder removes it.
struct Bench {
    node: Client,
    oracle: Client,
    outside: rusqlite::Connection,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("letters.db");
        let url = format!("sqlite:{}", file.display());
        let (node, oracle) = (node(&url, "64 MiB"), node(&url, "0"));
        let outside = rusqlite::Connection::open(&file).expect("the database");
        outside
            .execute_batch(
                "INSERT INTO mailboxes (id, owner) VALUES (1, 'ann'), (2, 'bob');
                 INSERT INTO letters (id, text, box_id) VALUES (1, 'to ann', 1), (2, 'to bob', 2), (3, 'to none', NULL);
                 INSERT INTO seals (id) VALUES (1), (2);
                 INSERT INTO desks (id, current_id) VALUES (1, 1);
                 INSERT INTO desk_seals VALUES (1, 1), (1, 2);
                 INSERT INTO desk_letters VALUES (1, 1), (1, 2), (1, 3);
                 INSERT INTO offices (id, desk_id) VALUES (1, 1)",
            )
            .expect("rows");
        Self { node, oracle, outside, _folder: folder }
    }

    fn ask(&self, urls: &[&str]) {
        ask(&self.node, &self.oracle, urls);
    }

    fn statistics(&self) -> &Statistics {
        self.node.rocket().state::<Statistics>().expect("statistics")
    }
}

#[test]
fn no_caller_gets_what_another_one_sees() {
    let bench = Bench::new();
    bench.ask(&URLS);
    // Each changes what somebody sees of letters, and none of them changes a letter.
    for sql in [
        "UPDATE mailboxes SET owner = 'bob' WHERE id = 1",
        "UPDATE mailboxes SET owner = 'ann'",
        "INSERT INTO mailboxes (id, owner) VALUES (3, 'bob')",
        "UPDATE letters SET box_id = 3",
        "DELETE FROM desk_letters",
        "DELETE FROM desk_seals WHERE seal_id = 1",
        "UPDATE desks SET current_id = 2",
    ] {
        bench.outside.execute_batch(sql).expect(sql);
        bench.ask(&URLS);
    }
    let statistics = bench.statistics();
    assert!(statistics.memo_hits() > 500, "{statistics:?}: it is the memo that was tried");
}

/// A change of what callers see, by chance.
fn change(chance: &mut Chance) -> String {
    let (letter, mailbox) = (chance.below(3) + 1, chance.below(3) + 1);
    let (owner, seal) = (*chance.one_of(&USERS), chance.below(2) + 1);
    match chance.below(9) {
        0 => format!("UPDATE mailboxes SET owner = '{owner}' WHERE id = {mailbox}"),
        1 => format!("INSERT OR IGNORE INTO mailboxes (id, owner) VALUES ({mailbox}, '{owner}')"),
        2 => format!("UPDATE letters SET box_id = (SELECT max(id) FROM mailboxes) WHERE id = {letter}"),
        3 => format!("UPDATE letters SET box_id = NULLIF(1, {letter}) WHERE id = {letter}"),
        4 => format!("UPDATE letters SET text = '{owner}' WHERE id = {letter}"),
        5 => format!("DELETE FROM desk_letters WHERE letter_id = {letter}"),
        6 => format!("INSERT OR IGNORE INTO desk_letters SELECT 1, id FROM letters WHERE id = {letter}"),
        7 => format!("UPDATE desks SET current_id = NULLIF({seal}, 2)"),
        _ => format!(
            "DELETE FROM desk_seals WHERE seal_id = {seal}; INSERT INTO desk_seals VALUES (1, 3 - {seal})"
        ),
    }
}

#[test]
fn nor_does_one_after_any_changes() {
    let bench = Bench::new();
    let mut chance = Chance::new();
    let all_steps = times(200);
    for _ in 0..all_steps {
        let sql = change(&mut chance);
        // Some are refused, since the row is there: that changes nothing.
        let _ = bench.outside.execute_batch(&sql);
        let urls: Vec<&str> = (0..4).map(|_| *chance.one_of(&URLS)).collect();
        bench.ask(&urls);
    }
    let statistics = bench.statistics();
    println!("{all_steps} steps: {statistics:?}");
    assert!(statistics.memo_hits() > 4 * all_steps, "{statistics:?}: it is the memo that was tried");
}
