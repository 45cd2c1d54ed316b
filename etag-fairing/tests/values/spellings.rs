//! Tables of other programs that spell UUIDs in their own way, on SQLite: whatever that is, the same requests get the
//! same answers, and what is written there is spelt as the rest.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::Request;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{self, Answer, Server};

async fn of_user(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match request.headers().get_one("X-User").unwrap_or_default() {
        "" => Scope::All,
        "late" => Scope::rows(member("code").greater_than(CODES[1])),
        board => Scope::rows(member("board").equals(board).and(member("id").differs_from(CARDS[0]))),
    })
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "boards", table = "boards", etag)]
struct Board {
    #[jsonapi(id)]
    id: Uuid,
    name: String,
    #[jsonapi(relationship, inverse = "board", linkage = true)]
    cards: ToMany<Card>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "cards", table = "cards", etag, scope = of_user)]
struct Card {
    #[jsonapi(id)]
    id: Uuid,
    code: Option<Uuid>,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, on_delete = "cascade")]
    board: ToOne<Board>,
    #[jsonapi(relationship, on_delete = "set_null")]
    follows: ToOne<Card>,
    #[jsonapi(relationship, through = "card_tags", linkage = true)]
    tags: ToMany<Tag>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tags", table = "tags", etag)]
struct Tag {
    #[jsonapi(id)]
    id: Uuid,
    word: String,
    #[jsonapi(relationship, through = "card_tags")]
    cards: ToMany<Card>,
}

const BOARDS: [&str; 3] = [
    "1a90163d-8694-439b-aea5-966c26f8ad91",
    "2b90163d-8694-439b-aea5-966c26f8ad92",
    "3c90163d-8694-439b-aea5-966c26f8ad93",
];
const CARDS: [&str; 4] = [
    "0ca163d0-8694-439b-aea5-966c26f8ad01",
    "0ca163d0-e694-439b-aea5-966c26f8ad02",
    "ca163d00-8694-439b-aea5-966c26f8ad03",
    "da163d00-8694-439b-aea5-966c26f8ad04",
];
const CODES: [&str; 3] = [
    "c0de163d-0000-4000-8000-00000000000a",
    "c0de163d-1000-4000-8000-00000000000b",
    "c0de163d-a000-4000-8000-00000000000c",
];
const TAGS: [&str; 3] = [
    "7a90163d-8694-439b-aea5-966c26f8ad91",
    "7b90163d-8694-439b-aea5-966c26f8ad92",
    "7c90163d-8694-439b-aea5-966c26f8ad93",
];
const NOBODY: &str = "ffffffff-8694-439b-aea5-966c26f8ad93";

type Spell = fn(&str) -> String;

const MIXED: &str = "one way and another";

const CURSORS: &str =
    "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";

const SPELLINGS: [(&str, Spell); 6] = [
    ("our own", str::to_owned),
    ("Django", |id| id.replace('-', "")),
    ("Swift", str::to_uppercase),
    ("upper case without hyphens", |id| id.replace('-', "").to_uppercase()),
    ("COM", |id| format!("{{{}}}", id.to_uppercase())),
    (MIXED, |id| match id.as_bytes()[1] % 3 {
        0 => id.to_uppercase(),
        1 => id.replace('-', ""),
        _ => id.to_owned(),
    }),
];

const TABLES: &str = "
    CREATE TABLE boards (id char(32) NOT NULL PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE cards (id char(32) NOT NULL PRIMARY KEY, code char(32), version INTEGER NOT NULL DEFAULT 1,
        board_id char(32) REFERENCES boards (id) DEFERRABLE INITIALLY DEFERRED,
        follows_id char(32) REFERENCES cards (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE tags (id char(32) NOT NULL PRIMARY KEY, word TEXT NOT NULL);
    CREATE TABLE card_tags (id INTEGER PRIMARY KEY AUTOINCREMENT,
        card_id char(32) NOT NULL REFERENCES cards (id), tag_id char(32) NOT NULL REFERENCES tags (id));";

fn rows(spell: Spell) -> String {
    let mut sql = format!(
        "INSERT INTO boards VALUES ('{b0}', 'one'), ('{b1}', 'two');
         INSERT INTO cards (id, code, board_id, follows_id) VALUES ('{c0}', '{x1}', '{b0}', NULL),
             ('{c1}', '{x0}', '{b0}', '{c0}'), ('{c2}', '{x2}', '{b1}', '{c1}');
         INSERT INTO tags VALUES ('{t0}', 'red'), ('{t1}', 'green');
         INSERT INTO card_tags (card_id, tag_id) VALUES ('{c0}', '{t1}'), ('{c0}', '{t0}'), ('{c1}', '{t0}');",
        b0 = BOARDS[0],
        b1 = BOARDS[1],
        c0 = CARDS[0],
        c1 = CARDS[1],
        c2 = CARDS[2],
        x0 = CODES[0],
        x1 = CODES[1],
        x2 = CODES[2],
        t0 = TAGS[0],
        t1 = TAGS[1],
    );
    for id in BOARDS.iter().chain(&CARDS).chain(&CODES).chain(&TAGS) {
        sql = sql.replace(id, &spell(id));
    }
    sql
}

fn serve(place: &Place) -> Server {
    place.serve(|rocket| {
        rocket.mount("/", Board::routes()).mount("/", Card::routes()).mount("/", Tag::routes())
    })
}

/// A request, and what came of it.
#[derive(Debug, PartialEq)]
struct Told {
    request: String,
    status: u16,
    fields: [Option<String>; 3],
    text: String,
}

fn without_order(told: &Told) -> (&str, u16, Value) {
    fn sorted(value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(sorted);
                items.sort_by_key(Value::to_string);
            }
            Value::Object(members) => members.values_mut().for_each(sorted),
            _ => {}
        }
    }
    let mut document = serde_json::from_str(&told.text).unwrap_or_default();
    sorted(&mut document);
    (told.request.split(" Some(").next().unwrap_or_default(), told.status, document)
}

/// Asks, and tells what came.
struct Story {
    server: Server,
    told: Vec<Told>,
}

impl Story {
    fn tell(&mut self, request: &str, answer: Answer) -> Answer {
        let fields =
            ["etag", "location", "content-location"].map(|name| answer.field(name).map(str::to_owned));
        self.told.push(Told { request: request.into(), status: answer.status, fields, text: answer.text() });
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        let answer = self.server.get(path, &[]);
        let tag = answer.field("etag").map(str::to_owned);
        if let Some(tag) = tag {
            let again = self.server.get(path, &[("If-None-Match", &tag)]);
            assert_eq!(again.status, 304, "{path}");
        }
        self.tell(path, answer)
    }

    fn get_as(&mut self, path: &str, user: &str) -> Answer {
        let answer = self.server.get_as(path, user);
        self.tell(&format!("{path} as {user}"), answer)
    }

    fn write(&mut self, method: &str, path: &str, document: &Value, tag: Option<&str>) -> Answer {
        let mut fields = vec![("Content-Type", "application/vnd.api+json")];
        fields.extend(tag.map(|tag| ("If-Match", tag)));
        let body = if document.is_null() { String::new() } else { document.to_string() };
        let answer = self.server.send(method, path, &fields, &body);
        self.tell(&format!("{method} {path} {document} {tag:?}"), answer)
    }

    /// Each resource, and all with what they lead to.
    fn read_some(&mut self) {
        for (kind, ids) in [("boards", &BOARDS[..]), ("cards", &CARDS), ("tags", &TAGS)] {
            for id in ids {
                self.get(&format!("/{kind}/{id}"));
            }
        }
        self.get("/cards?include=board.cards,follows,tags&sort=code");
    }

    fn read_all(&mut self) {
        for (kind, ids) in [("boards", &BOARDS[..]), ("cards", &CARDS), ("tags", &TAGS)] {
            for id in ids {
                self.get(&format!("/{kind}/{id}"));
            }
        }
        for board in BOARDS {
            for path in ["cards", "relationships/cards", "cards?include=tags&sort=-code"] {
                self.get(&format!("/boards/{board}/{path}"));
            }
        }
        for card in CARDS {
            for path in
                ["board", "follows", "tags", "relationships/board", "relationships/tags", "tags?sort=-word"]
            {
                self.get(&format!("/cards/{card}/{path}"));
            }
            self.get(&format!("/cards/{card}?include=board.cards,follows.tags,tags.cards"));
        }
        for tag in TAGS {
            self.get(&format!("/tags/{tag}/cards?include=board"));
        }
        for query in [
            "",
            "include=board,follows,tags",
            "include=board.cards.tags&page[size]=1",
            "sort=code",
            "sort=-code",
            "sort=board.name,-id",
            "sort=follows.code,id",
            "page[size]=2&sort=-id",
            "page[size]=1&page[number]=2",
            "fields[cards]=code",
            "fields[cards]=board,tags",
        ] {
            self.get(&format!("/cards?{query}"));
        }
        let [board, card, tag, code] = [BOARDS[0], CARDS[1], TAGS[0], CODES[1]];
        let mut filters = vec![
            format!("filter[board]={board}"),
            format!("filter[board.id]={}", board.to_uppercase()),
            format!("filter[id][in]={card},{}", CARDS[2].replace('-', "")),
            format!("filter[id][ne]={card}"),
            format!("filter[code]={code}"),
            format!("filter[code][in]={code},{}", CODES[0]),
            format!("filter[follows.board]={board}"),
        ];
        for filter in [
            json!([{"name": "tags", "op": "any", "val": {"name": "id", "op": "eq", "val": tag}}]),
            json!([{"not": {"name": "tags", "op": "any", "val": {"name": "id", "op": "eq", "val": tag}}}]),
            json!([{"name": "board", "op": "has", "val": {"name": "id", "op": "eq", "val": board}}]),
            json!([{"name": "code", "op": "eq", "field": "id"}]),
        ] {
            let escaped: String = filter.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
            filters.push(format!("filter={escaped}"));
        }
        for filter in filters {
            self.get(&format!("/cards?{filter}&sort=code"));
        }
        for user in ["late", BOARDS[0], BOARDS[1]] {
            for path in ["/cards", "/cards?sort=code", "/boards?include=cards", "/tags?include=cards"] {
                self.get_as(path, user);
            }
            for card in CARDS {
                self.get_as(&format!("/cards/{card}"), user);
            }
        }
        // From page to page, by cursors, both ways.
        for sort in ["", "&sort=code", "&sort=-code", "&sort=-id"] {
            let mut next = Some(format!("/cards?page[size]=1{sort}"));
            for _ in 0..6 {
                let Some(path) = next else { break };
                let accept = [("Accept", CURSORS)];
                let answer = self.server.get(&path, &accept).is(200);
                let document: Value = serde_json::from_slice(&answer.body).unwrap();
                let url = |link: &str| document["links"][link].as_str().map(str::to_owned);
                next = url("next");
                if let Some(path) = url("prev") {
                    let answer = self.server.get(&path, &accept);
                    self.tell(&format!("{path} back"), answer);
                }
                self.tell(&path, answer);
            }
        }
    }
}

fn told(name: &str, spell: Spell) -> Vec<Told> {
    let place = Place::sqlite(TABLES);
    place.run(&rows(spell));
    let mut story = Story { server: serve(&place), told: Vec::new() };
    story.read_all();

    let [board, other, new] = BOARDS;
    let [card, second, third, fresh] = CARDS;
    let identifier = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let patch = |id: &str, attributes: Value, relationships: Value| json!({"data": {"type": "cards", "id": id, "attributes": attributes, "relationships": relationships}});

    // Changes of a resource, with the tag that a read gave, and with an old one.
    let tag = story.get(&format!("/cards/{card}")).tag();
    let to_other = json!({"board": {"data": identifier("boards", &other.to_uppercase())}});
    let changed = story.write(
        "PATCH",
        &format!("/cards/{card}"),
        &patch(card, json!({"code": CODES[2]}), to_other),
        Some(&tag),
    );
    assert_eq!(changed.status, 200, "{name}: {}", changed.text());
    let old = story.write(
        "PATCH",
        &format!("/cards/{card}"),
        &patch(card, json!({"code": CODES[0]}), json!({})),
        Some(&tag),
    );
    assert_eq!(old.status, 412, "{name}");
    story.read_some();
    let nobody = json!({"follows": {"data": identifier("cards", NOBODY)}});
    story.write("PATCH", &format!("/cards/{card}"), &patch(card, json!({}), nobody), None);
    let tags = json!({"tags": {"data": [identifier("tags", TAGS[1]), identifier("tags", NOBODY)]}});
    story.write("PATCH", &format!("/cards/{card}"), &patch(card, json!({}), tags), None);

    // A new one with the client's id, which relates to others and to itself; and again.
    let data = json!({"data": {"type": "cards", "id": fresh, "attributes": {"code": CODES[0]}, "relationships": {
        "board": {"data": identifier("boards", board)}, "follows": {"data": identifier("cards", fresh)},
        "tags": {"data": [identifier("tags", TAGS[0]), identifier("tags", TAGS[1])]}}}});
    assert_eq!(story.write("POST", "/cards", &data, None).status, 201, "{name}");
    assert_eq!(story.write("POST", "/cards", &data, None).status, 409, "{name}");
    let stored = place.ask(&format!(
        "SELECT id || board_id || code FROM cards WHERE lower(replace(trim(id, '{{}}'), '-', '')) = '{}'",
        fresh.replace('-', "")
    ));
    if name != MIXED {
        assert_eq!(stored, spell(fresh) + &spell(board) + &spell(CODES[0]), "{name}");
    }
    story.write(
        "POST",
        "/boards",
        &json!({"data": {"type": "boards", "id": new, "attributes": {"name": "new"},
        "relationships": {"cards": {"data": [identifier("cards", second)]}}}}),
        None,
    );
    story.read_some();

    // Relationships: to one, to many by their columns, and by the join table.
    let follows = format!("/cards/{second}/relationships/follows");
    story.write("PATCH", &follows, &json!({"data": identifier("cards", third)}), None);
    story.write("PATCH", &follows, &json!({"data": identifier("cards", NOBODY)}), None);
    for (path, kind, ids) in [
        (format!("/cards/{third}/relationships/tags"), "tags", [TAGS[0], TAGS[1]]),
        (format!("/boards/{other}/relationships/cards"), "cards", [third, second]),
        (format!("/tags/{}/relationships/cards", TAGS[1]), "cards", [card, second]),
    ] {
        let tag = story.get(&path).tag();
        let both = json!({"data": [identifier(kind, ids[0]), identifier(kind, &ids[1].replace('-', ""))]});
        let first = json!({"data": [identifier(kind, ids[0])]});
        assert!(story.write("POST", &path, &both, Some(&tag)).status < 300, "{name} {path}");
        story.get(&path);
        story.write("POST", &path, &both, None);
        story.write("POST", &path, &json!({"data": [identifier(kind, NOBODY)]}), None);
        story.write("DELETE", &path, &first, None);
        story.get(&path);
        story.write("PATCH", &path, &first, None);
        story.read_some();
    }

    // Another program writes between two requests.
    let board_row = format!("/boards/{board}");
    let before = story.get(&board_row).tag();
    place.run(&format!(
        "INSERT INTO tags VALUES ('{0}', 'blue'); INSERT INTO card_tags (card_id, tag_id) VALUES ('{1}', '{0}');
         UPDATE boards SET name = 'theirs' WHERE id = '{2}'",
        spell(TAGS[2]), spell(third), spell(board)
    ));
    assert_eq!(story.get(&format!("/tags/{}", TAGS[2])).status, 200, "{name}");
    let renamed = json!({"data": {"type": "boards", "id": board, "attributes": {"name": "mine"}}});
    assert_eq!(story.write("PATCH", &board_row, &renamed, Some(&before)).status, 412, "{name}");
    story.read_some();

    // The ends of some, and what goes with them.
    let tag = story.get(&format!("/tags/{}", TAGS[2])).tag();
    story.write("DELETE", &format!("/tags/{}", TAGS[2]), &Value::Null, Some("\"other\""));
    story.write("DELETE", &format!("/tags/{}", TAGS[2]), &Value::Null, Some(&tag));
    for path in
        [format!("/cards/{third}/relationships/tags"), format!("/tags/{}/relationships/cards", TAGS[2])]
    {
        story.write("PATCH", &path, &json!({"data": []}), None);
    }
    story.write("DELETE", &format!("/tags/{}", TAGS[2]), &Value::Null, None);
    story.read_some();
    story.write("PATCH", &format!("/cards/{fresh}/relationships/tags"), &json!({"data": []}), None);
    story.write("PATCH", &format!("/cards/{card}/relationships/tags"), &json!({"data": []}), None);
    story.write("DELETE", &format!("/cards/{card}"), &Value::Null, None);
    story.write("DELETE", &board_row, &Value::Null, None);
    story.write("DELETE", &format!("/boards/{NOBODY}"), &Value::Null, None);
    story.read_some();
    assert_eq!(place.ask("SELECT count(*) FROM pragma_foreign_key_check"), "0", "{name}");
    story.told
}

#[test]
fn however_uuids_are_spelt_the_same_requests_get_the_same_answers() {
    let (first, spell) = SPELLINGS[0];
    let ours = told(first, spell);
    for (name, spell) in &SPELLINGS[1..] {
        let theirs = told(name, *spell);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            match *name {
                // Linkage has its order from the column, and tags go with it.
                MIXED => assert_eq!(without_order(ours), without_order(theirs), "{name}"),
                _ => assert_eq!(ours, theirs, "{name}"),
            }
        }
        assert_eq!(ours.len(), theirs.len(), "{name}");
    }
}

#[test]
fn what_the_server_makes_is_spelt_as_the_rest_also_where_another_program_began() {
    for (name, spell) in SPELLINGS {
        let place = Place::sqlite(&TABLES.replace("char(32)", "TEXT"));
        // Nothing is there at the launch.
        let server = serve(&place);
        assert_eq!(server.get("/cards", &[]).is(200).json()["data"], json!([]));
        place.run(&rows(spell));
        if name == MIXED {
            continue;
        }
        server.get(&format!("/cards/{}?include=tags,board,follows", CARDS[1]), &[]).is(200);
        let data = json!({"data": {"type": "cards", "attributes": {"code": CODES[0]}, "relationships": {
            "board": {"data": {"type": "boards", "id": BOARDS[0]}},
            "tags": {"data": [{"type": "tags", "id": TAGS[0]}]}}}});
        let made = server.write("POST", "/cards", &data).is(201);
        let id = made.json()["data"]["id"].as_str().unwrap().to_owned();
        assert_eq!(made.json()["data"]["attributes"]["code"], CODES[0], "{name}");
        server.get(&format!("/cards/{id}"), &[("If-None-Match", &made.tag())]).is(304);
        let stored = format!("SELECT id || code || board_id FROM cards WHERE id = '{}'", spell(&id));
        assert_eq!(place.ask(&stored), spell(&id) + &spell(CODES[0]) + &spell(BOARDS[0]), "{name}");
        let joined = format!("SELECT tag_id FROM card_tags WHERE card_id = '{}'", spell(&id));
        assert_eq!(place.ask(&joined), spell(TAGS[0]), "{name}");
    }
}

#[test]
fn the_first_row_is_spelt_as_its_columns_type_says() {
    let place = Place::sqlite(TABLES);
    let server = serve(&place);
    let data = json!({"data": {"type": "boards", "id": BOARDS[0], "attributes": {"name": "first"}}});
    server.write("POST", "/boards", &data).is(201);
    assert_eq!(place.ask("SELECT id FROM boards"), BOARDS[0].replace('-', ""));
    server.get(&format!("/boards/{}", BOARDS[0]), &[]).is(200);
}

#[test]
fn references_that_are_spelt_unlike_what_they_refer_to_stop_the_launch() {
    let place = Place::sqlite(&TABLES.replace("REFERENCES cards (id)", ""));
    place.run(&rows(str::to_owned));
    place.run("UPDATE card_tags SET card_id = upper(card_id)");
    let Place::Sqlite(folder) = &place else { return };
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite:{}'\n",
        folder.path().join("theirs.db").display()
    );
    let rocket = rocket::custom(support::figment(&toml).merge(("log_level", "off")))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Board::routes())
        .mount("/", Card::routes())
        .mount("/", Tag::routes());
    assert!(rocket::execute(rocket.ignite()).as_ref().map_err(rocket::Error::kind).is_err());
}
