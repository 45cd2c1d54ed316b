//! What a launch makes and changes of tables, by the mode of the schema, and what stops it.

use etag_fairing::{
    DatabaseSchema, JsonApiResource, ToMany, ToOne,
    config::{DatabaseConfig, SchemaMode},
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
        let outcome = store.prepare(resources).await;
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

/// Names that have to be quoted, and everything that a definition can have.
mod hostile {
    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "orders", table = "order \"it's\"; DROP", etag)]
    pub(crate) struct Order {
        #[jsonapi(id, column = "select")]
        pub(crate) id: uuid::Uuid,
        #[jsonapi(column = "a \"quoted\" one")]
        pub(crate) quoted: Option<String>,
        #[jsonapi(column = "it's")]
        pub(crate) its: f64,
        #[jsonapi(column = "Größe")]
        pub(crate) size: i64,
        #[jsonapi(version)]
        pub(crate) version: i64,
        #[jsonapi(relationship, column = "from")]
        pub(crate) former: ToOne<Order>,
        #[jsonapi(relationship, through = "where", on_delete = "cascade")]
        pub(crate) notes: ToMany<second::Note>,
    }
}

fn all() -> DatabaseSchema {
    DatabaseSchema::of_resources([
        second::Note::description(),
        hostile::Order::description(),
        Letter::description(),
    ])
}

fn printed(theirs: &Theirs, schema: &DatabaseSchema) -> String {
    if theirs.is_sqlite() { schema.sqlite() } else { schema.postgres() }.expect("a schema")
}

fn difference(theirs: &Theirs, schema: &DatabaseSchema) -> String {
    async_test(schema.difference(&DatabaseConfig::new(theirs.url()))).expect("a difference")
}

/// What the database has, without the numbers of its catalogue.
fn shape(theirs: &Theirs) -> String {
    theirs.run(if theirs.is_sqlite() {
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> '_etag_fairing_tables' ORDER BY 1, 2"
    } else {
        "SELECT 'column', c.relname, a.attname, concat(format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, \
         a.attcollation) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relname NOT LIKE '_etag_fairing_tables%' AND a.attnum > 0 \
         UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
         AND tablename <> '_etag_fairing_tables' \
         UNION ALL SELECT 'key', CAST(conrelid::regclass AS text), conname, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0 \
         AND CAST(conrelid::regclass AS text) <> '_etag_fairing_tables' \
         UNION ALL SELECT 'trigger', CAST(t.tgrelid::regclass AS text), t.tgname, concat(t.tgenabled, pg_get_triggerdef(t.oid)) \
         FROM pg_trigger AS t JOIN pg_class AS r ON r.oid = t.tgrelid AND r.relnamespace = current_schema()::regnamespace \
         WHERE NOT t.tgisinternal \
         UNION ALL SELECT 'function', p.proname, '', pg_get_functiondef(p.oid) FROM pg_proc AS p \
         WHERE p.pronamespace = current_schema()::regnamespace ORDER BY 1, 2, 3, 4"
    })
}

#[test]
fn what_is_printed_makes_what_a_launch_makes() {
    let launched = [Theirs::on_sqlite("SELECT 1")].into_iter().chain(Theirs::on_postgres("SELECT 1"));
    let run = [Theirs::on_sqlite("SELECT 1")].into_iter().chain(Theirs::on_postgres("SELECT 1"));
    let resources = [second::Note::description(), hostile::Order::description(), Letter::description()];
    for (launched, run) in launched.zip(run) {
        assert_eq!(launch(&launched, SchemaMode::Create, &resources), [""; 0]);
        let script = printed(&run, &all());
        assert_eq!(script, printed(&run, &all()), "the same each time");
        run.load(&script);
        // PostgreSQL's databases of tests are schemas, which functions name.
        let of = |theirs: &Theirs| {
            let shape = shape(theirs);
            let schema =
                if theirs.is_sqlite() { String::new() } else { theirs.run("SELECT current_schema()") };
            if schema.is_empty() {
                shape
            } else {
                shape.replace(&format!("\"{schema}\""), "here").replace(&schema, "here")
            }
        };
        assert_eq!(of(&run), of(&launched), "{script}");
        let complete = "-- The database has all that the resources need.\n";
        for theirs in [&launched, &run] {
            assert_eq!(difference(theirs, &all()), complete, "{}", theirs.name());
            let before = everything(theirs);
            assert_eq!(launch(theirs, SchemaMode::Check, &resources), [""; 0]);
            assert_eq!(everything(theirs), before);
        }
        // Changes are counted by triggers that are made so.
        let counted = |mode| {
            let store = store(&run, mode);
            async_test(async {
                store.prepare(&resources).await.expect("prepared");
                let revision = store.revision(&["notes", "order \"it's\"; DROP"]).await.expect("a revision");
                store.close().await;
                revision
            })
        };
        let before = counted(SchemaMode::Check).expect("counted");
        run.run("INSERT INTO notes (title, stars) VALUES ('x', 1)");
        assert_ne!(counted(SchemaMode::Check), Some(before));
    }
}

#[test]
fn without_revisions_no_trigger_is_printed_or_missed() {
    over_both("SELECT 1", |theirs| {
        let schema = all().without_revisions();
        let script = printed(theirs, &schema);
        assert!(!script.contains("TRIGGER") && !script.contains("FUNCTION"), "{script}");
        theirs.load(&script);
        assert_eq!(difference(theirs, &schema), "-- The database has all that the resources need.\n");
        assert!(difference(theirs, &all()).contains("CREATE TRIGGER"));
    });
}

#[test]
fn the_difference_to_an_older_release_brings_it_to_the_next() {
    over_both("SELECT 1", |theirs| {
        assert_eq!(launch(theirs, SchemaMode::Create, &[first::Note::description()]), [""; 0]);
        theirs.run("INSERT INTO notes (title) VALUES ('first')");
        let before = everything(theirs);
        let schema = DatabaseSchema::of_resources([second::Note::description()]);
        let script = difference(theirs, &schema);
        assert_eq!(everything(theirs), before, "it is only read");
        let expected: &[&str] = match theirs.is_sqlite() {
            true => &[
                "CREATE TABLE \"authors\" (\n    \"id\" INTEGER PRIMARY KEY AUTOINCREMENT,\n    \"name\" TEXT NOT NULL\n) STRICT;\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"subtitle\" TEXT;\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"stars\" INTEGER NOT NULL DEFAULT 3;\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"author_id\" INTEGER REFERENCES \"authors\" (\"id\") ON DELETE SET NULL;\n",
                "CREATE INDEX IF NOT EXISTS \"notes_author_id_index\" ON \"notes\" (\"author_id\");\n",
                "INSERT INTO _etag_fairing_revisions (name, revision) VALUES ('authors', ",
                "CREATE TRIGGER \"_etag_fairing_revision_insert_authors\" AFTER INSERT ON \"authors\" BEGIN ",
            ],
            false => &[
                "CREATE TABLE \"authors\" (\n    \"id\" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,\n    \"name\" text \
                 COLLATE \"C\" NOT NULL\n);\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"subtitle\" text COLLATE \"C\";\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"stars\" bigint NOT NULL DEFAULT 3;\n",
                "ALTER TABLE \"notes\" ADD COLUMN \"author_id\" bigint REFERENCES \"authors\" (\"id\") ON DELETE SET NULL;\n",
                "CREATE INDEX IF NOT EXISTS \"notes_author_id_index\" ON \"notes\" (\"author_id\");\n",
                "CREATE TRIGGER _etag_fairing_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON \"authors\" ",
            ],
        };
        let mut rest = script.as_str();
        for part in expected {
            let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part} is not in {rest}"));
            rest = after;
        }
        theirs.load(&script);
        assert_eq!(launch(theirs, SchemaMode::Check, &[second::Note::description()]), [""; 0]);
        assert_eq!(difference(theirs, &schema), "-- The database has all that the resources need.\n");
        assert_eq!(theirs.run("SELECT title, subtitle, stars FROM notes"), "first||3");
    });
}

#[test]
fn what_somebody_has_to_decide_is_a_comment() {
    let tables = "CREATE TABLE notes (id {id}, title text NOT NULL, old text NOT NULL, number bigint NOT NULL); \
                  INSERT INTO notes (title, old, number) VALUES ('first', 'x', 1)";
    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "notes")]
    struct Note {
        #[jsonapi(id)]
        id: i64,
        title: Option<String>,
        heading: String,
        number: String,
    }
    over_both(tables, |theirs| {
        let schema = DatabaseSchema::of_resources([Note::description()]).without_revisions();
        let script = difference(theirs, &schema);
        let mut lines: Vec<&str> = script.lines().collect();
        let nullable = if theirs.is_sqlite() {
            lines.retain(|line| {
                !line.starts_with(
                    "-- table \"notes\", column \"title\": the attribute `title` of `Note` may be null",
                )
            });
            None
        } else {
            Some("ALTER TABLE \"notes\" ALTER COLUMN \"title\" DROP NOT NULL;")
        };
        let (number, text, afterwards) = match theirs.is_sqlite() {
            true => (
                "TEXT, found `bigint`",
                "TEXT",
                "-- Or add it with NOT NULL and a DEFAULT: SQLite can't make \"heading\" NOT NULL afterwards.",
            ),
            false => (
                "text, found `bigint`",
                "text COLLATE \"C\"",
                "-- And then: ALTER TABLE \"notes\" ALTER COLUMN \"heading\" SET NOT NULL;",
            ),
        };
        let misfit = format!(
            "-- table `notes`, column `number`: expected {number}; the attribute `number` of `Note` needs it"
        );
        let add = format!("ALTER TABLE \"notes\" ADD COLUMN \"heading\" {text};");
        let expected = [
            misfit.as_str(),
            "-- Renamed? Then, in place of the next statement: ALTER TABLE \"notes\" RENAME COLUMN \"old\" TO \"heading\";",
            &add,
            "-- Each row needs a value, which only you can know: UPDATE \"notes\" SET \"heading\" = …;",
            afterwards,
        ];
        let expected = expected.into_iter().chain(nullable).chain([
            "-- table \"notes\", column \"old\": nothing uses it, and it needs a value, so that nothing can be created",
        ]);
        assert_eq!(lines, expected.collect::<Vec<_>>(), "{}", theirs.name());
        theirs.load(&script);
    });
}

#[test]
fn a_database_that_is_not_there_yet_lacks_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.db");
    let config = DatabaseConfig::new(format!("sqlite:{}", path.display()));
    assert_eq!(
        async_test(all().difference(&config)).expect("a difference"),
        all().sqlite().expect("a schema")
    );
    assert!(!path.exists(), "nothing is made");
    let config = DatabaseConfig::new("postgres://api:geheim@127.0.0.1:1/conference");
    let problem = async_test(all().difference(&config)).expect_err("nobody listens there").to_string();
    assert!(problem.contains("cannot connect to") && !problem.contains("geheim"), "{problem}");
}

#[test]
fn the_paths_of_several_databases_choose_the_resources() {
    let rocket =
        rocket::build().mount("/v1", first::Tag::routes()).mount("/v1/shop", second::Author::routes());
    let tables = |schema: DatabaseSchema| {
        let script = schema.without_revisions().sqlite().expect("a schema");
        ["tags", "authors"].map(|table| script.contains(&format!("CREATE TABLE \"{table}\"")))
    };
    let schema = DatabaseSchema::of(&rocket);
    assert_eq!(tables(schema.clone()), [true, true]);
    assert_eq!(tables(schema.clone().below("/v1/shop/")), [false, true]);
    assert_eq!(tables(schema.outside("/v1/shop")), [true, false]);
}

#[test]
fn the_command_prints_what_its_arguments_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let rocket = || {
        rocket::custom(super::support::figment(&format!(
            "[default.databases.api]\nurl = '{url}'\nrevisions = false\n[default.databases.other]\nurl = 'postgres://a@h/d'"
        )))
        .mount("/v1", first::Tag::routes())
    };
    let run = |arguments: &str| {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        async_test(DatabaseSchema::command(&rocket(), arguments))
    };
    assert!(run("").is_none() && run("serve").is_none());
    let plain = DatabaseSchema::of(&rocket());
    let text = |arguments: &str| run(arguments).expect("the command").expect("a schema");
    assert_eq!(text("schema"), plain.clone().without_revisions().sqlite().unwrap());
    assert_eq!(text("schema difference"), text("schema"));
    assert_eq!(text("schema sqlite"), plain.sqlite().unwrap());
    assert_eq!(text("schema postgres"), plain.postgres().unwrap());
    for (arguments, problem) in [
        ("schema mysql", "`schema difference`"),
        ("schema difference api now", "`schema difference`"),
        ("schema difference elsewhere", "elsewhere"),
    ] {
        let told = run(arguments).expect("the command").expect_err("no such thing").to_string();
        assert!(told.contains(problem), "{arguments}: {told}");
    }
}
