//! Tables that are created, migrated, checked.

use super::*;
use crate::schema::RelationshipId;
use crate::schema::{Columns, Id, IdKind, OnDelete, Operations, Relationship, RelationshipKind};
use crate::store::contract::{ALL, REVIEWS, TALKS};

const INTEGER: Id = Id { column: "id", kind: IdKind::Integer { min: 1, max: i64::MAX } };

const fn describe(
    rust_name: &'static str,
    table: &'static str,
    id: Id,
    attributes: &'static [Attribute],
    relationships: &'static [Relationship],
) -> Description {
    Description::new("notes", "notes", rust_name, table, id, attributes, relationships, Operations::NONE)
}

const TEXT: Attribute = attribute("text", Kind::Text, false, None);

static NOTES: Description = describe("Note", "notes", INTEGER, &[TEXT], &[]);

/// The same, later.
static LATER_NOTES: Description = describe(
    "Note",
    "notes",
    INTEGER,
    &[
        TEXT,
        attribute("subtitle", Kind::Text, true, None),
        attribute("stars", Kind::Integer, false, Some(|| Ok(Value::Integer(3)))),
        attribute("mood", Kind::Text, true, Some(|| Ok(Value::Text("it's \"fine\"".into())))),
        attribute("weight", Kind::Float, false, Some(|| Ok(Value::Float(0.5)))),
        attribute("hidden", Kind::Bool, false, Some(|| Ok(Value::Bool(true)))),
    ],
    &[Relationship {
        name: "answerTo",
        kind: RelationshipKind::ToOne {
            columns: Columns::one("answer_to_id"),
            required: false,
            on_delete: OnDelete::SetNull,
        },
        target: || &LATER_NOTES,
        linkage: true,
        order: None,
    }],
);

static DEMANDING_NOTES: Description =
    describe("Note", "notes", INTEGER, &[TEXT, attribute("author", Kind::Text, false, None)], &[]);

#[test]
fn tables_are_created_from_descriptions() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new.db");
    rocket::async_test(async {
        assert_eq!(problems(&path, &ALL).await, Vec::<String>::new());
    });
    let schema = schema(&path).join("\n");
    for part in [
        "\"id\" INTEGER PRIMARY KEY AUTOINCREMENT",
        "\"title\" TEXT NOT NULL",
        "\"sub_title\" TEXT,",
        "\"favourites\" INTEGER NOT NULL",
        "\"rating\" REAL,",
        "\"published\" INTEGER NOT NULL",
        "\"starts_at\" TEXT,",
        "FOREIGN KEY (\"room_id\") REFERENCES \"rooms\" (\"name\") ON DELETE SET NULL",
        "FOREIGN KEY (\"talk_id\") REFERENCES \"talks\" (\"id\") ON DELETE RESTRICT",
        "FOREIGN KEY (\"speaker_id\") REFERENCES \"speakers\" (\"id\") ON DELETE CASCADE",
        "PRIMARY KEY (\"talk_id\", \"speaker_id\")",
        "\"name\" TEXT NOT NULL PRIMARY KEY",
        "\"talks_room_id_index\" ON \"talks\" (\"room_id\")",
        "\"talk_speakers_speaker_id_index\" ON \"talk_speakers\" (\"speaker_id\")",
        "STRICT",
    ] {
        assert!(schema.contains(part), "{part} is not in\n{schema}");
    }
    assert_eq!(schema.matches("CREATE TABLE \"").count(), 5, "{schema}");
}

#[test]
fn a_table_of_our_own_is_given_new_columns_where_the_configuration_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("migrated.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&NOTES]).await.expect("prepared");
        write(&store, new(&NOTES, vec![Value::Text("first".into())])).await.expect("written");
        store.close().await;

        let store = open_extending(&path);
        store.prepare(&[&LATER_NOTES]).await.expect("extended");
        let text = |text: &str| Value::Text(text.into());
        let old = [
            text("first"),
            Value::Null,
            Value::Integer(3),
            text("it's \"fine\""),
            Value::Float(0.5),
            Value::Bool(true),
        ];
        assert_eq!(attributes(&store, &LATER_NOTES).await, [old]);
        // The new foreign key is one.
        let mut change = new(
            &LATER_NOTES,
            vec![
                text("b"),
                Value::Null,
                Value::Integer(1),
                Value::Null,
                Value::Float(1.0),
                Value::Bool(false),
            ],
        );
        if let Change::Insert { linkage, .. } = &mut change {
            *linkage = vec![Some(LinkageChange::One(Some(ResourceId::Integer(1))))];
        }
        let answer = write(&store, change).await.expect("written");
        write(&store, Change::Delete { resource: &LATER_NOTES, id: ResourceId::Integer(1) })
            .await
            .expect("deleted");
        let fetched = store.fetch(&whole(&LATER_NOTES, Root::One(answer))).await.expect("readable");
        assert!(
            fetched.rows.get(0).expect("the answer").to_one(&LATER_NOTES, RelationshipId::at(0)).is_null()
        );
        store.close().await;

        // And again: nothing is left to do.
        let before = schema(&path);
        assert_eq!(problems_of(open_extending(&path), &[&LATER_NOTES]).await, Vec::<String>::new());
        assert_eq!(schema(&path), before);
    });
}

#[test]
fn a_new_column_that_must_have_a_value_needs_a_default_if_there_are_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("demanding.db");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&NOTES]).await.expect("prepared");
        let id = write(&store, new(&NOTES, vec![Value::Text("first".into())])).await.expect("written");
        let refused = problems_of(open_extending(&path), &[&DEMANDING_NOTES]).await;
        assert_eq!(
            refused,
            [
                "table `notes` has rows, but no column `author`, which the attribute `author` of `Note` needs, \
              and there is no value to give them: give it a default, or make it optional"
            ]
        );
        write(&store, Change::Delete { resource: &NOTES, id }).await.expect("deleted");
        store.close().await;
        assert_eq!(problems_of(open_extending(&path), &[&DEMANDING_NOTES]).await, Vec::<String>::new());
        assert!(schema(&path).join("\n").contains("\"author\" TEXT NOT NULL"));
    });
}

#[test]
fn a_problem_undoes_the_whole_preparation() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("undone.db");
    outside(&path).execute_batch("CREATE TABLE talks (id INTEGER PRIMARY KEY)").expect("a table");
    let before = schema(&path);
    rocket::async_test(async {
        assert!(!problems(&path, &[&NOTES, &REVIEWS]).await.is_empty());
    });
    assert_eq!(schema(&path), before);
}

#[test]
fn a_table_of_the_users_is_used_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    let theirs =
        "CREATE TABLE Notes (ID INTEGER PRIMARY KEY, TEXT VARCHAR(20) NOT NULL DEFAULT '', other BLOB)";
    outside(&path).execute_batch(theirs).expect("a table");
    outside(&path).execute("INSERT INTO notes (text) VALUES ('theirs')", []).expect("a row");
    rocket::async_test(async {
        let store = open_without_revisions(&path);
        store.prepare(&[&NOTES]).await.expect("prepared");
        write(&store, new(&NOTES, vec![Value::Text("ours".into())])).await.expect("written");
        let text = |text: &str| vec![Value::Text(text.into())];
        assert_eq!(attributes(&store, &NOTES).await, [text("theirs"), text("ours")]);
        store.close().await;
    });
    assert_eq!(schema(&path), [theirs], "nothing was added, not even a table of ours");
}

#[test]
fn a_table_of_the_users_that_does_not_fit_is_told_of_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    let theirs = "CREATE TABLE talks (id INT PRIMARY KEY, title TEXT, favourites TEXT, rating REAL, \
                  published BOOLEAN, extra JSON, room_id INTEGER, sequel_of_id INTEGER); \
                  CREATE TABLE rooms (name TEXT); \
                  CREATE TABLE talk_speakers (talk INTEGER, speaker_id TEXT);";
    outside(&path).execute_batch(theirs).expect("tables");
    let before = schema(&path);
    rocket::async_test(async {
        let found = problems(&path, &ALL).await;
        let expected = [
            "table `talks`, column `id`: the id of `Talk` must be `INTEGER PRIMARY KEY`, the only kind of key \
             that SQLite makes values for; found `INT`",
            "table `talks`, column `favourites`: expected INTEGER, found `TEXT`; the attribute `favourites` of \
             `Talk` needs it",
            "table `talks`, column `room_id`: expected TEXT, found `INTEGER`; the relationship `room` of `Talk` \
             needs it",
            "table `talks` has no column `sub_title`, which the attribute `subtitle` of `Talk` needs: add it \
             (`ALTER TABLE \"talks\" ADD COLUMN \"sub_title\" TEXT`), or name the right one with \
             #[jsonapi(column = \"…\")]",
            "table `talks` has no column `starts_at`, which the attribute `startsAt` of `Talk` needs: add it \
             (`ALTER TABLE \"talks\" ADD COLUMN \"starts_at\" TEXT`), or name the right one with \
             #[jsonapi(column = \"…\")]",
            "table `talk_speakers` has no column `talk_id`, which the relationship `speakers` of `Talk` needs, but has \
             `talk`, which nothing here uses: renamed? If so, rename the column (`ALTER TABLE \"talk_speakers\" RENAME \
             COLUMN \"talk\" TO \"talk_id\"`), or keep its name with #[jsonapi(column = \"talk\")]. If not, add the new one \
             yourself (`ALTER TABLE \"talk_speakers\" ADD COLUMN \"talk_id\" INTEGER NOT NULL REFERENCES \"talks\" (\"id\") \
             ON DELETE CASCADE`)",
            "table `rooms`, column `name`: the id of `Room` must be the primary key, or unique",
        ];
        assert_eq!(found, expected);
    });
    assert_eq!(schema(&path), before);
}

#[test]
fn a_unique_column_can_be_the_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("theirs.db");
    static TAGS: Description =
        describe("Tag", "tags", Id { column: "word", kind: IdKind::Text }, &[TEXT], &[]);
    outside(&path)
        .execute_batch("CREATE TABLE tags (number INTEGER PRIMARY KEY, word TEXT NOT NULL, text TEXT)")
        .expect("a table");
    rocket::async_test(async {
        assert_eq!(problems(&path, &[&TAGS]).await.len(), 1);
        outside(&path).execute_batch("CREATE UNIQUE INDEX words ON tags (word)").expect("an index");
        assert_eq!(problems(&path, &[&TAGS]).await, Vec::<String>::new());
    });
}

#[test]
fn a_view_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("view.db");
    outside(&path)
        .execute_batch("CREATE VIEW notes AS SELECT 7 AS id, upper('seven') AS text")
        .expect("a view");
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&NOTES]).await.expect("prepared");
        assert_eq!(attributes(&store, &NOTES).await, [[Value::Text("SEVEN".into())]]);
        store.close().await;
    });
}

#[test]
fn resources_over_one_table_unite_their_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shared.db");
    static LETTERS: Description =
        describe("Letter", "notes", INTEGER, &[TEXT, attribute("stamp", Kind::Text, false, None)], &[]);
    rocket::async_test(async {
        let store = open(&path);
        store.prepare(&[&NOTES, &LETTERS]).await.expect("prepared");
        // A note knows of no stamp, so the column cannot demand one.
        write(&store, new(&NOTES, vec![Value::Text("a note".into())])).await.expect("written");
        let stamped = vec![Value::Text("a letter".into()), Value::Text("blue".into())];
        write(&store, new(&LETTERS, stamped)).await.expect("written");
        assert_eq!(attributes(&store, &NOTES).await.len(), 2);
        store.close().await;
    });
}

#[test]
fn descriptions_that_contradict_each_other_are_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    static NUMBERS: Description = describe(
        "Number",
        "notes",
        INTEGER,
        &[attribute("text", Kind::Integer, false, None), attribute("TEXT", Kind::Text, false, None)],
        &[],
    );
    static NAMED: Description =
        describe("Named", "notes", Id { column: "name", kind: IdKind::Text }, &[TEXT], &[]);
    static LOST: Description = describe(
        "Lost",
        "lost",
        INTEGER,
        &[],
        &[
            Relationship {
                name: "notes",
                kind: RelationshipKind::Inverse { of: "lost" },
                target: || &NOTES,
                linkage: false,
                order: None,
            },
            Relationship {
                name: "others",
                kind: RelationshipKind::Through {
                    table: "notes",
                    owner_columns: Columns::one("a"),
                    target_columns: Columns::one("b"),
                    typed: None,
                },
                target: || &NOTES,
                linkage: false,
                order: None,
            },
        ],
    );
    rocket::async_test(async {
        let found = problems(&folder.path().join("x.db"), &[&NOTES, &NUMBERS, &NAMED, &LOST]).await;
        assert_eq!(
            found,
            [
                "table `notes`: column `text` is Text for the attribute `text` of `Note`, but Integer for the \
                 attribute `text` of `Number`",
                "table `notes`: column `TEXT` serves `Number` twice; the attribute `TEXT` of `Number` needs a \
                 column of its own",
                "table `notes`: `Note`, `Number` and `Named` disagree on its key",
                "the relationship `notes` of `Lost` is the inverse of `lost`, but `Note` has no to-one \
                 relationship `lost` to `Lost`",
                "table `notes`: the relationship `others` of `Lost` takes it for a join table of `a` and `b`, \
                 which is not what others take it for",
            ]
        );
    });
}

#[test]
fn many_launches_over_one_empty_file_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("raced.db");
    rocket::async_test(async {
        let launches: Vec<_> = (0..6)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || rocket::async_test(async { problems(&path, &ALL).await }))
            })
            .collect();
        for launch in launches {
            assert_eq!(launch.join().expect("a launch"), Vec::<String>::new());
        }
    });
    assert_eq!(schema(&path).iter().filter(|sql| sql.starts_with("CREATE TABLE \"talks\"")).count(), 1);
    assert_eq!(TALKS.table, "talks");
}

#[test]
fn a_column_of_bytes_is_no_attribute_of_any_kind() {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        outside(&path)
            .execute_batch(
                "CREATE TABLE talks (id INTEGER PRIMARY KEY, title BLOB, sub_title blob(9), favourites LONGBLOB, \
                 rating BLOB, published BLOB, starts_at BLOB, extra BLOB, room_id BLOB, sequel_of_id BLOB)",
            )
            .expect("their table");
        let found = problems(&path, &[&TALKS]).await;
        let columns =
            ["title", "sub_title", "favourites", "rating", "published", "starts_at", "extra", "room_id"];
        for column in columns.into_iter().chain(["sequel_of_id"]) {
            let told = format!("table `talks`, column `{column}`: expected ");
            assert!(found.iter().any(|problem| problem.starts_with(&told)), "{column}: {found:?}");
        }
    });
}
