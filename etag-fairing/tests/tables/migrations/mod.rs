//! What a launch makes and changes of tables, by the mode of the schema, and what stops it.

mod printed;

use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    config::SchemaMode,
    store::{
        PrepareError, Store,
        postgres::{PostgresOptions, PostgresStore},
        sqlite::{SqliteOptions, SqliteStore},
    },
};
use rocket::async_test;

use super::theirs::{Theirs, over_both};

/// The first release.
pub(crate) mod first {
    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "notes", etag)]
    pub(crate) struct Note {
        #[jsonapi(id)]
        pub(crate) id: i64,
        pub(crate) title: String,
        #[jsonapi(relationship, through = "note_tags")]
        pub(crate) tags: ToMany<Tag>,
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "tags", etag)]
    pub(crate) struct Tag {
        #[jsonapi(id)]
        pub(crate) id: String,
        pub(crate) word: String,
    }
}

/// The next one: more columns, a table more.
pub(crate) mod second {
    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "notes", etag)]
    pub(crate) struct Note {
        #[jsonapi(id)]
        pub(crate) id: i64,
        pub(crate) title: String,
        pub(crate) subtitle: Option<String>,
        #[jsonapi(default = "three")]
        pub(crate) stars: i64,
        #[jsonapi(relationship)]
        pub(crate) author: ToOne<Author>,
        #[jsonapi(relationship, through = "note_tags")]
        pub(crate) tags: ToMany<super::first::Tag>,
    }

    fn three() -> i64 {
        3
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "authors", etag)]
    pub(crate) struct Author {
        #[jsonapi(id)]
        pub(crate) id: i64,
        pub(crate) name: String,
    }
}

/// One with another name for a member, which is another column.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Renamed {
    #[jsonapi(id)]
    id: i64,
    heading: String,
}

/// The same, with the column's name kept.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Kept {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(column = "title")]
    heading: String,
}

/// One whose new member has another type than the old one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Retyped {
    #[jsonapi(id)]
    id: i64,
    weight: Option<f64>,
}

/// A resource with a version.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    version: i64,
}

const MODES: [SchemaMode; 3] = [SchemaMode::Create, SchemaMode::Check, SchemaMode::Extend];

fn store(theirs: &Theirs, mode: SchemaMode) -> Box<dyn Store> {
    if theirs.is_sqlite() {
        let mut options = SqliteOptions::from_url(&theirs.url()).expect("options");
        options.schema = mode;
        Box::new(SqliteStore::open(options).expect("a store"))
    } else {
        let mut options = PostgresOptions::new(&theirs.url()).expect("options");
        options.schema = mode;
        Box::new(PostgresStore::open(options).expect("a store"))
    }
}

/// Launches over a database; what stops it.
pub(crate) fn launch(
    theirs: &Theirs,
    mode: SchemaMode,
    resources: &[&'static etag_fairing::resource::Description],
) -> Vec<String> {
    let outcome: Result<(), PrepareError> = async_test(async {
        let store = store(theirs, mode);
        let mut outcome = store.prepare(resources).await;
        if outcome.is_ok() {
            outcome = store.prepare_answers().await.map(drop);
        }
        store.close().await;
        outcome
    });
    outcome.err().map_or(Vec::new(), |error| error.problems)
}

/// Everything that the database has: tables, columns, indexes, triggers, functions, and the rows of the store's own
/// tables.
fn everything(theirs: &Theirs) -> String {
    let mut all = theirs.run(if theirs.is_sqlite() {
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"
    } else {
        "SELECT 'column', CAST(c.oid AS text), c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
         CAST(a.xmin AS text) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
         WHERE c.relnamespace = current_schema()::regnamespace \
         UNION ALL SELECT 'trigger', CAST(t.oid AS text), t.tgname, '', '', false, CAST(t.xmin AS text) FROM pg_trigger AS t \
         JOIN pg_class AS r ON r.oid = t.tgrelid AND r.relnamespace = current_schema()::regnamespace \
         UNION ALL SELECT 'function', CAST(p.oid AS text), p.proname, '', '', false, CAST(p.xmin AS text) \
         FROM pg_proc AS p WHERE p.pronamespace = current_schema()::regnamespace ORDER BY 1, 2, 3, 4"
    });
    for table in ["_etag_fairing_tables", "_etag_fairing_revisions", "_etag_fairing_marks"] {
        if has_table(theirs, table) {
            all.push_str(
                &theirs.run(
                    &format!("SELECT * FROM {table} ORDER BY 1, 2")
                        .replace("_tables ORDER BY 1, 2", "_tables ORDER BY 1"),
                ),
            );
        }
    }
    all
}

pub(crate) fn has_table(theirs: &Theirs, table: &str) -> bool {
    let found = theirs.run(&if theirs.is_sqlite() {
        format!("SELECT count(*) FROM sqlite_schema WHERE name = '{table}'")
    } else {
        format!("SELECT count(*) FROM pg_class WHERE relname = '{table}' AND relnamespace = current_schema()::regnamespace")
    });
    found == "1"
}

#[test]
fn create_makes_missing_tables_and_alters_none() {
    over_both("SELECT 1", |theirs| {
        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        theirs.run("INSERT INTO notes (title) VALUES ('first')");
        let before = everything(theirs);
        let told = launch(theirs, SchemaMode::Create, &[second::Note::description()]);
        let (text, integer) = match theirs.is_sqlite() {
            true => ("TEXT", "INTEGER"),
            false => ("text COLLATE \"C\"", "bigint"),
        };
        let or = "let the launch add it (`schema = \"extend\"` in the configuration of the database), or name the right one \
                  with #[jsonapi(column = \"…\")]";
        assert_eq!(
            told,
            [
                format!(
                    "table `notes` has no column `subtitle`, which the attribute `subtitle` of `Note` needs: add it \
                     (`ALTER TABLE \"notes\" ADD COLUMN \"subtitle\" {text}`), {or}"
                ),
                format!(
                    "table `notes` has no column `stars`, which the attribute `stars` of `Note` needs: add it \
                     (`ALTER TABLE \"notes\" ADD COLUMN \"stars\" {integer} NOT NULL DEFAULT 3`), {or}"
                ),
                format!(
                    "table `notes` has no column `author_id`, which the relationship `author` of `Note` needs: add it \
                     (`ALTER TABLE \"notes\" ADD COLUMN \"author_id\" {integer} REFERENCES \"authors\" (\"id\") ON DELETE \
                     SET NULL`), {or}"
                ),
            ],
            "{}",
            theirs.name()
        );
        assert_eq!(everything(theirs), before, "what stops a launch leaves nothing behind");
    });
}

#[test]
fn the_statements_of_the_messages_are_enough() {
    over_both("SELECT 1", |theirs| {
        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        theirs.run("INSERT INTO notes (title) VALUES ('first')");
        // Tables first: a column may refer to one of them.
        assert_eq!(launch(theirs, SchemaMode::Create, &[second::Author::description()]), [""; 0]);
        for problem in launch(theirs, SchemaMode::Check, &[second::Note::description()]) {
            let statement =
                problem.split('`').find(|part| part.starts_with("ALTER TABLE")).expect("a statement");
            theirs.run(statement);
        }
        assert_eq!(launch(theirs, SchemaMode::Check, &[second::Note::description()]), [""; 0]);
        assert_eq!(theirs.run("SELECT stars FROM notes"), "3");
    });
}

#[test]
fn check_changes_nothing_whether_it_fits_or_not() {
    over_both("SELECT 1", |theirs| {
        let empty = everything(theirs);
        let told = launch(theirs, SchemaMode::Check, &[first::Note::description(), Letter::description()]);
        assert_eq!(told.len(), 4, "{told:#?}");
        let expected = [
            "there is no table `notes`, which `Note` needs: make it (`CREATE TABLE \"notes\" (\"id\" ",
            "there is no table `note_tags`, which the relationship `tags` of `Note` needs: make it (`CREATE TABLE ",
            "there is no table `tags`, which `Tag` needs: make it (`CREATE TABLE \"tags\" (\"id\" ",
            "there is no table `letters`, which `Letter` needs: make it (`CREATE TABLE \"letters\" (",
        ];
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
        assert_eq!(everything(theirs), empty, "{}", theirs.name());

        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        let made = everything(theirs);
        assert_eq!(launch(theirs, SchemaMode::Check, &[first::Note::description()]), [""; 0]);
        assert_eq!(everything(theirs), made, "{}", theirs.name());
        assert_eq!(launch(theirs, SchemaMode::Check, &[second::Note::description()]).len(), 4);
        assert_eq!(everything(theirs), made, "{}", theirs.name());
    });
}

#[test]
fn check_takes_tables_of_others_without_any_of_the_stores_own() {
    let tables = "CREATE TABLE notes (id {id}, title text NOT NULL); \
                  CREATE TABLE tags (id varchar(20) PRIMARY KEY, word text NOT NULL); \
                  CREATE TABLE note_tags (note_id bigint NOT NULL, tag_id varchar(20) NOT NULL)";
    over_both(tables, |theirs| {
        let before = everything(theirs);
        assert_eq!(launch(theirs, SchemaMode::Check, &[first::Note::description()]), [""; 0]);
        assert_eq!(everything(theirs), before, "{}", theirs.name());
        // The versions of deleted rows have to be somewhere.
        theirs.run(
            "CREATE TABLE letters (id bigint NOT NULL PRIMARY KEY, version bigint NOT NULL)"
                .replace(
                    "bigint NOT NULL PRIMARY KEY",
                    if theirs.is_sqlite() { "INTEGER PRIMARY KEY" } else { "bigint PRIMARY KEY" },
                )
                .as_str(),
        );
        let told = launch(theirs, SchemaMode::Check, &[Letter::description()]);
        let [told] = &told[..] else { panic!("{told:?}") };
        let statement = told.split('`').find(|part| part.starts_with("CREATE TABLE")).expect("a statement");
        theirs.run(statement);
        assert_eq!(launch(theirs, SchemaMode::Check, &[Letter::description()]), [""; 0]);
    });
}

#[test]
fn a_column_that_may_have_been_renamed_stops_the_launch_in_each_mode() {
    over_both("SELECT 1", |theirs| {
        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        theirs.run("INSERT INTO notes (title) VALUES ('first')");
        let before = everything(theirs);
        for mode in MODES {
            let told = launch(theirs, mode, &[Renamed::description()]);
            let [told] = &told[..] else { panic!("{told:?}") };
            let start = "table `notes` has no column `heading`, which the attribute `heading` of `Renamed` needs, but has \
                         `title`, which nothing here uses: renamed? If so, rename the column (`ALTER TABLE \"notes\" RENAME \
                         COLUMN \"title\" TO \"heading\"`), or keep its name with #[jsonapi(column = \"title\")]. If not, add \
                         the new one yourself (`ALTER TABLE \"notes\" ADD COLUMN \"heading\" ";
            assert!(
                told.starts_with(start) && told.ends_with("`, then give each row a value)"),
                "{mode:?}: {told}"
            );
            let told = launch(theirs, mode, &[Retyped::description()]);
            let [told] = &told[..] else { panic!("{told:?}") };
            assert!(
                told.contains("has `title` of another type, which nothing here uses: renamed? "),
                "{mode:?}: {told}"
            );
            assert_eq!(everything(theirs), before, "{mode:?}");
        }
        // Each way out is one.
        for mode in MODES {
            assert_eq!(launch(theirs, mode, &[Kept::description()]), [""; 0]);
        }
        theirs.run("ALTER TABLE notes RENAME COLUMN title TO heading");
        for mode in MODES {
            assert_eq!(launch(theirs, mode, &[Renamed::description()]), [""; 0]);
        }
    });
}

#[test]
fn extend_adds_to_tables_of_its_own_alone() {
    over_both("SELECT 1", |theirs| {
        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        theirs.run("INSERT INTO notes (title) VALUES ('first')");
        assert_eq!(launch(theirs, SchemaMode::Extend, &[second::Note::description()]), [""; 0]);
        assert_eq!(theirs.run("SELECT title, subtitle, stars, author_id FROM notes"), "first||3|");
        // And the release before is still one that launches.
        for mode in MODES {
            assert_eq!(launch(theirs, mode, &[first::Note::description()]), [""; 0]);
        }
    });
    over_both("CREATE TABLE notes (id {id}, title text NOT NULL)", |theirs| {
        let told = launch(theirs, SchemaMode::Extend, &[second::Note::description()]);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().all(|told| !told.contains("extend")), "{told:?}");
    });
}

#[test]
fn check_makes_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.db");
    let mut options = SqliteOptions::from_url(&format!("sqlite:{}", path.display())).expect("options");
    options.schema = SchemaMode::Check;
    let problem = SqliteStore::open(options).expect_err("no file").to_string();
    assert!(problem.contains("there is no database") && problem.contains("none.db"), "{problem}");
    assert!(!path.exists());
}
