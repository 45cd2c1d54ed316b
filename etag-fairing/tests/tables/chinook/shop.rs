//! The database, by either script, and SQL's own answers.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;

use super::super::{support::Server, theirs::Theirs};
use super::{pascal, snake};

fn scripts() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/chinook");
    let folder = std::env::var_os("CHINOOK_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("sqlite.sql").is_file() && folder.join("postgres.sql").is_file() {
        return Some(folder);
    }
    assert!(std::env::var_os("CHINOOK_DATA").is_none(), "no scripts in {}", folder.display());
    eprintln!("skipped: no Chinook at {}; name its folder in CHINOOK_DATA", folder.display());
    None
}

/// The database, served.
pub(super) struct Shop {
    pub(super) theirs: Theirs,
    pub(super) server: Server,
}

impl Shop {
    fn on_sqlite(script: &str) -> Self {
        let theirs = Theirs::on_sqlite(script);
        let server = theirs.serve(SETTINGS, pascal::mount);
        Self { theirs, server }
    }

    fn on_postgres(script: &str) -> Option<Self> {
        let theirs = Theirs::on_postgres("SELECT 1")?;
        // The script makes a database and goes there; here it fills the one that there is.
        let tables = script.split_once("\\c chinook;").map_or(script, |(_, tables)| tables);
        theirs.load(tables);
        let server = theirs.serve(SETTINGS, snake::mount);
        Some(Self { theirs, server })
    }

    /// Both, as far as there are.
    pub(super) fn open() -> Vec<Self> {
        let Some(folder) = scripts() else { return Vec::new() };
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a script");
        let sqlite = Self::on_sqlite(&read("sqlite.sql"));
        std::iter::once(sqlite).chain(Self::on_postgres(&read("postgres.sql"))).collect()
    }

    /// What SQL answers by another way than the server's. It is written with the names of PostgreSQL's script; those of
    /// SQLite's are the same without underscores.
    pub(super) fn ask(&self, queries: &[String]) -> Vec<Vec<String>> {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        match &self.theirs {
            Theirs::Postgres(database) => {
                queries.iter().map(|query| lines(database.run(query).trim_end_matches('\n'))).collect()
            }
            Theirs::Sqlite(folder) => {
                let queries: Vec<_> = queries.iter().map(|query| query.replace('_', "")).collect();
                let mut python = Command::new("python3")
                    .args(["-c", PYTHON])
                    .arg(folder.path().join("theirs.db"))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("python3");
                let mut input = python.stdin.take().expect("a pipe");
                input.write_all(json!(queries).to_string().as_bytes()).expect("sent");
                drop(input);
                let output = python.wait_with_output().expect("an answer");
                assert!(output.status.success(), "python3 failed");
                let answers: Vec<String> = serde_json::from_slice(&output.stdout).expect("JSON");
                answers.iter().map(|answer| lines(answer)).collect()
            }
        }
    }

    pub(super) fn one(&self, query: &str) -> String {
        self.ask(&[query.to_owned()]).concat().join("\n")
    }
}

const SETTINGS: &str = "client_ids = true\nmax_page_size = 5000\nmax_included = 10000";

/// Answers each query with a line a row, columns parted by `|`, as `psql` does.
const PYTHON: &str = "
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
def text(cell):
    return '' if cell is None else str(cell)
def answer(query):
    return '\\n'.join('|'.join(map(text, row)) for row in database.execute(query))
json.dump([answer(query) for query in json.load(sys.stdin)], sys.stdout)
";
