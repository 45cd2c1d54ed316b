//! `etag-scaffold`: reads a database and prints the structs of a JSON:API over it.

mod catalogue;
mod hints;
mod model;
mod names;
mod postgres;
mod print;
mod sqlite;

use std::process::ExitCode;

use catalogue::Catalogue;
use print::Form;

const USAGE: &str = "\
Reads the tables of a database and prints the structs of an etag-fairing JSON:API over it.
The database is only read.

Usage: etag-scaffold [--program] URL

  URL          sqlite:<path>, or postgres://<user>:<password>@<host>/<database>
  --program    print a whole program, with `mount` and `launch`
  --help       print this
  --version    print the version
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Print { url: String, form: Form },
    Help,
    Version,
}

fn main() -> ExitCode {
    let outcome = match task(std::env::args().skip(1)) {
        Ok(Task::Help) => Ok(USAGE.to_owned()),
        Ok(Task::Version) => Ok(format!("etag-scaffold {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Task::Print { url, form }) => read(&url).map(|catalogue| print::print(&catalogue, form)),
        Err(problem) => Err(format!("{problem}\n\n{USAGE}")),
    };
    match outcome {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("etag-scaffold: {}", problem.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn task(arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut url, mut form) = (None, Form::Resources);
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--version" | "-V" => return Ok(Task::Version),
            "--program" => form = Form::Program,
            option if option.starts_with('-') => return Err(format!("there is no option `{option}`")),
            _ if url.is_some() => return Err("one database at a time: two URLs were given".into()),
            _ => url = Some(argument),
        }
    }
    let url = url.ok_or("the URL of a database is missing")?;
    Ok(Task::Print { url, form })
}

/// Reads the catalogue of a database.
fn read(url: &str) -> Result<Catalogue, String> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return sqlite::read(path.strip_prefix("//").unwrap_or(path));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres::read(url);
    }
    // What was given may hold a password, so that it is not repeated.
    Err("write `sqlite:<path>` or `postgres://<user>:<password>@<host>/<database>`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let task = |words: &str| task(words.split_whitespace().map(str::to_owned));
        let print = |url: &str, form| Ok(Task::Print { url: url.into(), form });
        assert_eq!(task("sqlite:a.db"), print("sqlite:a.db", Form::Resources));
        assert_eq!(task("sqlite:a.db --program"), print("sqlite:a.db", Form::Program));
        assert_eq!(task("--help sqlite:a.db"), Ok(Task::Help));
        assert_eq!(task("-V"), Ok(Task::Version));
        for wrong in ["", "--progam sqlite:a.db", "sqlite:a.db sqlite:b.db"] {
            assert!(task(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_url_is_not_repeated() {
        let problem = read("mysql://me:geheim@h/d").expect_err("another database");
        assert!(problem.contains("sqlite:<path>") && !problem.contains("geheim"), "{problem}");
        assert!(read("sqlite:/nowhere/at/all.db").is_err());
    }
}
