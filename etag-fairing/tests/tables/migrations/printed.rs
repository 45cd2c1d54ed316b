//! The schema as SQL: printed, and as the difference to a database.

use etag_fairing::{
    DatabaseSchema, JsonApiResource, ToMany, ToOne,
    config::{DatabaseConfig, SchemaMode},
};
use rocket::async_test;

use super::super::theirs::{Theirs, over_both};
use super::{Letter, everything, first, launch, second, store};

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
        let schema = schema.without_idempotency_keys();
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
        rocket::custom(crate::support::figment(&format!(
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
