//! Random writes: a server that deletes softly answers as one that really deletes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Answer, Server};
use crate::{MEDIA_TYPE, document, identifier, real, soft, start, to_one};

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

const KINDS: [&str; 5] = ["folders", "files", "marks", "locks", "pages"];

const READS: [&str; 34] = [
    "/folders?page[totals]",
    "/folders?page[size]=2&page[number]=2&page[totals]",
    "/folders?include=files.marks,parent",
    "/folders?sort=parent.name,-name",
    "/folders?sort=-parent.id",
    "/folders?filter[parent][is_null]=true",
    "/folders?filter[parent.name][ne]=a",
    "/folders?filter[parent]=1",
    "/files?page[totals]",
    "/files?include=folder.files,original,marks",
    "/files?sort=original.name",
    "/files?filter[original][is_null]=false",
    "/files?filter[folder.parent.name]=b",
    "/files?fields[files]=name,original",
    "/files?filter=[{%22name%22:%22marks%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22id%22,%22op%22:%22gt%22,%22val%22:0}}]",
    "/marks?include=files",
    "/marks?filter=[{%22not%22:{%22name%22:%22files%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22name%22,%22op%22:%22ilike%22,%22val%22:%22%25%22}}}]",
    "/marks?filter=[{%22name%22:%22files%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22name%22,%22op%22:%22eq%22,%22val%22:%22a%22}}]",
    "/locks?include=file",
    "/locks?page[totals]",
    "/pages?page[totals]",
    "/pages?include=file.folder",
    "/folders/ID",
    "/folders/ID/files?page[totals]",
    "/folders/ID/children?sort=-name",
    "/folders/ID/relationships/children",
    "/folders/ID/parent",
    "/files/ID?include=original",
    "/files/ID/original",
    "/files/ID/relationships/original",
    "/files/ID/marks",
    "/marks/ID",
    "/marks/ID/files?page[size]=1&page[totals]",
    "/marks/ID/relationships/files",
];

/// Two servers that are asked the same.
struct Both {
    soft: Server,
    real: Server,
    /// The tags that both have told, by path.
    tags: BTreeMap<String, String>,
}

impl Both {
    fn send(&mut self, method: &str, path: &str, condition: Option<(&str, &str)>, body: &Value) -> Answer {
        let mut fields = vec![("Content-Type", MEDIA_TYPE)];
        fields.extend(condition);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let [soft, real] = [&self.soft, &self.real].map(|server| server.send(method, path, &fields, &body));
        let told = format!("{method} {path} {condition:?} {body}");
        assert_eq!(soft.status, real.status, "{told}: {} {}", soft.text(), real.text());
        assert_eq!(soft.text(), real.text(), "{told}");
        assert_eq!(soft.field("etag"), real.field("etag"), "{told}");
        if let Some(tag) = soft.field("etag") {
            self.tags.insert(path.to_owned(), tag.to_owned());
        }
        soft
    }

    fn read(&mut self, path: &str) {
        let tag = self.tags.get(path).cloned();
        self.send("GET", path, tag.as_deref().map(|tag| ("If-None-Match", tag)), &Value::Null);
    }
}

fn by_chance(both: &mut Both, seed: u64, steps: u64) {
    let mut chance = Chance(seed);
    let mut statuses: BTreeMap<u16, u32> = BTreeMap::new();
    let mut made: u64 = 3;
    let mut ids: BTreeMap<&str, Vec<u64>> = KINDS.iter().map(|kind| (*kind, vec![1, 2, 3])).collect();
    for id in 1..=3 {
        let name = json!({"name": char::from(b'a' + id as u8 - 1).to_string()});
        both.send("POST", "/folders", None, &document("folders", id, &name, &json!({}))).is(201);
        both.send("POST", "/marks", None, &document("marks", id, &name, &json!({}))).is(201);
        let folder = json!({"folder": to_one("folders", id)});
        both.send("POST", "/files", None, &document("files", id, &name, &folder)).is(201);
    }
    for _ in 0..steps {
        let [folder, file, mark, lock, page] = KINDS.map(|kind| {
            // Mostly one that was made lately, whether it is still there or not.
            let ids = &ids[kind];
            let recent = &ids[ids.len().saturating_sub(6)..];
            if chance.below(12) == 0 { 99_999 } else { *chance.one_of(recent) }
        });
        let [other_folder, other_file, other_mark] =
            ["folders", "files", "marks"].map(|kind| *chance.one_of(&ids[kind]));
        let name = json!({"name": *chance.one_of(&["a", "b", "c", "d"])});
        let many = |kind: &str, one, other| json!({"data": [identifier(kind, one), identifier(kind, other)]});
        let edit = |chance: &mut Chance| *chance.one_of(&["PATCH", "POST", "DELETE"]);
        let (method, path, body) = match chance.below(22) {
            0..=7 => {
                made += 1;
                let kind = *chance.one_of(&KINDS);
                let (attributes, relationships) = match kind {
                    "folders" if chance.below(2) == 0 => (name, json!({})),
                    "folders" => (name, json!({"parent": to_one("folders", folder)})),
                    "files" if chance.below(2) == 0 => (name, json!({"folder": to_one("folders", folder)})),
                    "files" => (
                        name,
                        json!({
                            "folder": to_one("folders", folder),
                            "original": to_one("files", file),
                            "marks": many("marks", mark, mark),
                        }),
                    ),
                    "marks" => (name, json!({"files": many("files", file, file)})),
                    "locks" => (json!({}), json!({"file": to_one("files", file)})),
                    _ => (json!({"text": "x"}), json!({"file": to_one("files", file)})),
                };
                ("POST", format!("/{kind}"), document(kind, made, &attributes, &relationships))
            }
            8..=12 => {
                let (kind, id) = *chance.one_of(&[
                    ("folders", folder),
                    ("files", file),
                    ("marks", mark),
                    ("locks", lock),
                    ("locks", lock),
                    ("pages", page),
                ]);
                ("DELETE", format!("/{kind}/{id}"), Value::Null)
            }
            13 => ("PATCH", format!("/folders/{folder}"), document("folders", folder, &name, &json!({}))),
            14 => {
                let parent = json!({"parent": to_one("folders", other_folder)});
                ("PATCH", format!("/folders/{folder}"), document("folders", folder, &name, &parent))
            }
            15 => {
                let original =
                    if chance.below(2) == 0 { Value::Null } else { identifier("files", other_file) };
                ("PATCH", format!("/files/{file}/relationships/original"), json!({"data": original}))
            }
            16 => {
                let path = format!("/files/{file}/relationships/marks");
                (edit(&mut chance), path, many("marks", mark, other_mark))
            }
            17 => {
                let path = format!("/marks/{mark}/relationships/files");
                (edit(&mut chance), path, many("files", file, other_file))
            }
            18 => {
                let path = format!("/folders/{folder}/relationships/files");
                ("POST", path, many("files", file, other_file))
            }
            19 => {
                let path = format!("/folders/{folder}/relationships/children");
                (edit(&mut chance), path, many("folders", other_folder, other_folder))
            }
            _ => {
                let marks = json!({"marks": many("marks", mark, other_mark), "original": {"data": null}});
                ("PATCH", format!("/files/{file}"), document("files", file, &json!({}), &marks))
            }
        };
        // A third of the changes have a tag, which is of this state or of an earlier one.
        let tag = both.tags.get(&path).cloned().filter(|_| method != "POST" && chance.below(3) == 0);
        let answer = both.send(method, &path, tag.as_deref().map(|tag| ("If-Match", tag)), &body);
        *statuses.entry(answer.status).or_default() += 1;
        if answer.status == 201
            && let Some(made_ids) = ids.get_mut(path.trim_start_matches('/'))
        {
            made_ids.push(made);
        }
        for _ in 0..4 {
            let path = *chance.one_of(&READS);
            let kind = KINDS.iter().find(|kind| path[1..].starts_with(*kind)).unwrap();
            let id = chance.one_of(&ids[kind]);
            both.read(&path.replace("ID", &id.to_string()));
        }
    }
    for path in READS {
        (1..=made).for_each(|id| both.read(&path.replace("ID", &id.to_string())));
    }
    for status in [200, 201, 204, 404, 409] {
        assert!(statuses.contains_key(&status), "no {status}: {statuses:?}");
    }
}

#[test]
fn it_looks_like_a_real_deletion() {
    for seed in 1..=2 {
        let real = start("sqlite::memory:", "", real::routes());
        let soft = start("sqlite::memory:", "", soft::routes());
        let mut both = Both { soft, real, tags: BTreeMap::new() };
        by_chance(&mut both, seed * 0x9E37_79B9, 150);
    }
}

#[cfg(feature = "postgres")]
#[test]
fn it_looks_like_a_real_deletion_on_postgresql() {
    let (Some(one), Some(other)) =
        (postgres_server::Database::provide(), postgres_server::Database::provide())
    else {
        return;
    };
    let real = start(other.url(), "", real::routes());
    let mut both = Both { soft: start(one.url(), "", soft::routes()), real, tags: BTreeMap::new() };
    by_chance(&mut both, 0x9E37_79B9, 150);
}
