//! Which id a new row has, where SQLite makes it.

use super::*;
use crate::schema::{Id, IdKind, Operations};
use crate::store::Constraint;

static NOTES: Description = Description::new(
    "notes",
    "notes",
    "Note",
    "notes",
    Id { column: "id", kind: IdKind::Integer { min: i64::MIN, max: i64::MAX } },
    &[attribute("text", Kind::Text, false, None)],
    &[],
    Operations::ALL,
);

fn note(text: &str) -> Change {
    new(&NOTES, vec![Value::Text(text.into())])
}

/// A store over tables that somebody else made.
fn over(theirs: &str, test: impl AsyncFnOnce(&SqliteStore, &Path)) {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        outside(&path).execute_batch(theirs).expect("their tables");
        let store = open(&path);
        store.prepare(&[&NOTES]).await.expect("prepared");
        test(&store, &path).await;
        store.close().await;
    });
}

/// The ids of the notes with this text.
fn ids_of(path: &Path, text: &str) -> Vec<i64> {
    let sqlite = outside(path);
    let mut statement = sqlite.prepare("SELECT id FROM notes WHERE text = ?1 ORDER BY id").expect("notes");
    let ids = statement.query_map([text], |row| row.get(0)).expect("ids");
    ids.collect::<Result<_, _>>().expect("ids")
}

#[test]
fn triggers_that_make_other_rows_do_not_change_it() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL); \
         CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT); \
         INSERT INTO log VALUES (1000, 'first'); \
         CREATE TRIGGER before_notes BEFORE INSERT ON notes \
         BEGIN INSERT INTO log (what) VALUES ('before'); END; \
         CREATE TRIGGER after_notes AFTER INSERT ON notes WHEN new.text <> 'echo' \
         BEGIN INSERT INTO log (what) VALUES (new.text); INSERT INTO notes (text) VALUES ('echo'); END;";
    over(theirs, async |store, path| {
        for text in ["a", "b", "c"] {
            let id = write(store, note(text)).await.expect("a note");
            assert_eq!(ids_of(path, text).into_iter().map(ResourceId::Integer).collect::<Vec<_>>(), [id]);
        }
        let given = Change::Insert {
            resource: &NOTES,
            id: Some(ResourceId::Integer(-7)),
            attributes: vec![Value::Text("given".into())],
            linkage: vec![],
        };
        assert_eq!(write(store, given).await.expect("a note"), ResourceId::Integer(-7));
        assert_eq!(ids_of(path, "given"), [-7]);
    });
}

#[test]
fn a_row_that_a_trigger_ignores_breaks_a_rule() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL); \
         CREATE TRIGGER no_spam BEFORE INSERT ON notes WHEN new.text = 'spam' BEGIN SELECT RAISE(IGNORE); END;";
    over(theirs, async |store, path| {
        write(store, note("a")).await.expect("a note");
        let refused = write(store, note("spam")).await;
        let Err(StoreError::Constraint(rule)) = refused else { panic!("{refused:?}") };
        assert_eq!(rule, Constraint::Check { name: String::new() });
        assert!(ids_of(path, "spam").is_empty());
        assert_eq!(ids_of(path, "a").len(), 1);
        let id = write(store, note("b")).await.expect("a note");
        assert_eq!(ids_of(path, "b").into_iter().map(ResourceId::Integer).collect::<Vec<_>>(), [id]);
    });
}

#[test]
fn a_row_that_its_table_ignores_breaks_a_rule() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE ON CONFLICT IGNORE)";
    over(theirs, async |store, path| {
        write(store, note("once")).await.expect("a note");
        let refused = write(store, note("once")).await;
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::Check { .. }))), "{refused:?}");
        assert_eq!(ids_of(path, "once").len(), 1);
    });
}

#[test]
fn a_row_that_a_trigger_keeps_is_not_gone() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL); \
         CREATE TRIGGER stay BEFORE DELETE ON notes WHEN old.text = 'stay' BEGIN SELECT RAISE(IGNORE); END;";
    over(theirs, async |store, path| {
        let delete = |id| Change::Delete { resource: &NOTES, id };
        let id = write(store, note("stay")).await.expect("a note");
        let refused = write(store, delete(id)).await;
        assert!(matches!(refused, Err(StoreError::Constraint(Constraint::Check { .. }))), "{refused:?}");
        assert_eq!(ids_of(path, "stay").len(), 1);
        let id = write(store, note("goes")).await.expect("a note");
        write(store, delete(id.clone())).await.expect("deleted");
        let refused = write(store, delete(id)).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    });
}

#[test]
fn a_view_tells_it_itself() {
    let theirs = "CREATE TABLE all_notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL); \
         CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT); \
         CREATE VIEW notes AS SELECT id, text FROM all_notes; \
         CREATE TRIGGER into_notes INSTEAD OF INSERT ON notes BEGIN \
         INSERT INTO all_notes (id, text) VALUES (new.id, new.text); INSERT INTO log (what) VALUES ('made'); END;";
    over(theirs, async |store, path| {
        let given = Change::Insert {
            resource: &NOTES,
            id: Some(ResourceId::Integer(3)),
            attributes: vec![Value::Text("a".into())],
            linkage: vec![],
        };
        assert_eq!(write(store, given).await.expect("a note"), ResourceId::Integer(3));
        assert_eq!(ids_of(path, "a"), [3]);
        // The id is made inside of the view's trigger, and nobody tells it: it is the highest one there is.
        assert_eq!(write(store, note("b")).await.expect("a note"), ResourceId::Integer(4));
        assert_eq!(ids_of(path, "b"), [4]);
    });
}

#[test]
fn a_table_that_somebody_makes_anew_gives_no_wrong_id() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL);";
    over(theirs, async |store, path| {
        let first = write(store, note("first")).await.expect("a note");
        let anew = "DROP TABLE notes; \
             CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID; \
             INSERT INTO notes VALUES (1, 'kept');";
        outside(path).execute_batch(anew).expect("their table");
        assert!(write(store, note("second")).await.is_err(), "nobody makes its id");
        let given = Change::Insert {
            resource: &NOTES,
            id: Some(ResourceId::Integer(9)),
            attributes: vec![Value::Text("third".into())],
            linkage: vec![],
        };
        assert_eq!(write(store, given).await.expect("a note"), ResourceId::Integer(9));
        assert_ne!(first, ResourceId::Integer(9));
    });
}

#[test]
fn what_fills_more_than_a_savepoint_keeps_in_memory_is_undone_whole() {
    let theirs = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL); \
         CREATE TABLE pages (id INTEGER PRIMARY KEY, filler TEXT); \
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400) \
         INSERT INTO pages SELECT n, printf('%.3000c', 'x') FROM n; \
         CREATE TRIGGER fill AFTER INSERT ON notes BEGIN \
         UPDATE pages SET filler = printf('%.3000c', 'y'); \
         SELECT CASE WHEN new.text = 'wrong' THEN RAISE(ABORT, 'no') END; END;";
    over(theirs, async |store, path| {
        let filled = || {
            let sqlite = outside(path);
            let count = "SELECT count(*) FROM pages WHERE filler LIKE 'y%'";
            sqlite.query_row(count, [], |row| row.get::<_, i64>(0)).expect("pages")
        };
        assert!(write(store, note("wrong")).await.is_err());
        assert_eq!(filled(), 0);
        let mut brief = Store::begin_shared(store).await.expect("a transaction");
        brief.apply(note("kept"), &Scopes::NONE).await.expect("a note");
        drop(brief);
        assert_eq!(filled(), 0);
        write(store, note("kept")).await.expect("a note");
        assert_eq!(filled(), 400);
        assert_eq!(attributes(store, &NOTES).await, [[Value::Text("kept".into())]]);
    });
}
