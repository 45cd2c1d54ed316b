//! Which database a URL is of. A form that another library takes is refused here with the form that is taken, before
//! anybody makes a file of that name; and no message repeats what was given, since that may hold a password.

/// The kinds of databases that there are stores for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    /// `sqlite:<path>`, or a path alone.
    Sqlite,
    /// `postgres://…` or `postgresql://…`.
    Postgres,
}

const SQLITE_FORM: &str = "write `sqlite:<path>`, such as `sqlite:api.db`";
const POSTGRES_FORM: &str = "write `postgres://<user>:<password>@<host>:<port>/<database>`";

/// The words of a libpq connection string, and those of ODBC, ADO.NET and PHP that stand for the same.
const KEYWORDS: [&str; 17] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "database",
    "user",
    "username",
    "user id",
    "uid",
    "password",
    "pwd",
    "passfile",
    "service",
    "server",
    "data source",
    "sslmode",
    "driver",
];

impl DatabaseKind {
    /// The kind of database that a URL is of.
    ///
    /// # Errors
    /// With what to write in its place, and nothing of the URL itself but the name of its scheme.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres);
        }
        if url.starts_with("sqlite:") {
            return Ok(Self::Sqlite);
        }
        if let Some(scheme) = scheme(url) {
            return Err(of_scheme(scheme, url));
        }
        if is_keywords(url) {
            return Err(format!(
                "a connection string of keywords and values is not taken; {POSTGRES_FORM}, with further parameters \
                 after a `?`; a file of this name is `sqlite:<path>`"
            ));
        }
        // `user:password@host/database`, `//host/database`.
        if url.starts_with("//") || url.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(format!("a URL needs its scheme; {POSTGRES_FORM}, or {SQLITE_FORM}"));
        }
        Ok(Self::Sqlite)
    }
}

/// What stands before the first colon, if that can be a scheme (RFC 3986 §3.1). One letter is a drive of Windows.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut letters = scheme.bytes();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || b"+-._".contains(&letter));
    (begins && goes_on && scheme.len() > 1).then_some(scheme)
}

fn of_scheme(scheme: &str, url: &str) -> String {
    let known = scheme.to_ascii_lowercase();
    // `jdbc:postgresql://…`: what it wraps tells more.
    let rest = url.get(scheme.len() + 1..).unwrap_or_default();
    let inner = rest.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| known.starts_with(name));
    let wraps = is(&["jdbc", "odbc", "r2dbc", "ecto"]);
    let word = if wraps { inner.as_str() } else { known.as_str() };
    let postgres = ["postgres", "pgsql", "psql", "cockroach", "yugabyte"];
    if postgres.iter().any(|name| word.starts_with(name)) || word == "pg" {
        return format!("`{known}:` is not a scheme that is taken; {POSTGRES_FORM}");
    }
    if word.starts_with("sqlite") || word == "file" {
        return format!("`{known}:` is not a scheme that is taken; {SQLITE_FORM}");
    }
    let others =
        ["mysql", "mariadb", "mssql", "sqlserver", "oracle", "mongodb", "redis", "db2", "http", "https"];
    if others.iter().any(|name| word.starts_with(name)) || wraps {
        return format!(
            "`{known}:` is of no database that there is a store for; {SQLITE_FORM}, or {POSTGRES_FORM}"
        );
    }
    // Before another colon may stand a user, or what is secret.
    format!("it begins with no scheme that is taken; {SQLITE_FORM}, or {POSTGRES_FORM}")
}

/// Whether it is made of `keyword=value`, parted by blanks or semicolons.
fn is_keywords(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    KEYWORDS.iter().any(|keyword| {
        lower.match_indices(keyword).any(|(at, _)| {
            let before = lower.get(..at).unwrap_or_default().trim_end_matches(' ');
            let begins = before.is_empty() || before.len() < at || before.ends_with([';', '\n', '\t', '{']);
            let after = lower.get(at + keyword.len()..).unwrap_or_default();
            begins && after.trim_start().starts_with('=')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::DatabaseKind;

    #[test]
    fn forms_that_are_taken() {
        for (url, kind) in [
            ("postgres://api@localhost/api", DatabaseKind::Postgres),
            ("postgresql://api:secret@localhost:5432/api?application_name=x", DatabaseKind::Postgres),
            ("sqlite:api.db", DatabaseKind::Sqlite),
            ("sqlite:///var/lib/api.db", DatabaseKind::Sqlite),
            ("sqlite::memory:", DatabaseKind::Sqlite),
            // What would be refused without the scheme.
            ("sqlite:host=x user=y.db", DatabaseKind::Sqlite),
            ("sqlite:mysql://x", DatabaseKind::Sqlite),
            ("api.db", DatabaseKind::Sqlite),
            ("./data/my file.db", DatabaseKind::Sqlite),
            ("/var/lib/api@home.db", DatabaseKind::Sqlite),
            ("C:\\data\\api.db", DatabaseKind::Sqlite),
            ("ghost=1.db", DatabaseKind::Sqlite),
        ] {
            assert_eq!(DatabaseKind::of(url), Ok(kind), "{url}");
        }
    }

    #[test]
    fn forms_of_others_are_refused_with_the_right_one_and_without_the_password() {
        let postgres = "write `postgres://<user>:<password>@<host>:<port>/<database>`";
        let sqlite = "write `sqlite:<path>`";
        for (url, form) in [
            ("host=localhost user=api password=geheim dbname=api", postgres),
            ("user=api password='geh eim'", postgres),
            ("dbname = api password = geheim", postgres),
            ("Server=localhost;Database=api;User Id=api;Password=geheim;", postgres),
            ("service=api", postgres),
            ("jdbc:postgresql://localhost/api?user=api&password=geheim", postgres),
            ("jdbc:sqlite:api.db", sqlite),
            ("jdbc:mysql://localhost/api?password=geheim", sqlite),
            ("r2dbc:postgresql://api:geheim@localhost/api", postgres),
            ("postgres+asyncpg://api:geheim@localhost/api", postgres),
            ("postgresql+psycopg2://api:geheim@localhost/api", postgres),
            ("postgresql-asyncpg://api:geheim@localhost/api", postgres),
            ("postgres:api:geheim@localhost", postgres),
            ("postgres:/api:geheim@localhost/api", postgres),
            ("postgress://api:geheim@localhost/api", postgres),
            ("POSTGRES://api:geheim@localhost/api", postgres),
            ("pgsql:host=localhost;dbname=api;password=geheim", postgres),
            ("cockroachdb://api:geheim@localhost/api", postgres),
            ("mysql://api:geheim@localhost/api", postgres),
            ("mariadb:api:geheim@localhost", sqlite),
            ("mongodb+srv://api:geheim@localhost/api", postgres),
            ("sqlite3:api.db", sqlite),
            ("SQLite:api.db", sqlite),
            ("sqlite+aiosqlite:///api.db", sqlite),
            ("file:api.db?mode=ro", sqlite),
            ("api:geheim@localhost/api", postgres),
            ("geheim:x@localhost", postgres),
            (":geheim@localhost/api", postgres),
            ("//api:geheim@localhost/api", postgres),
            ("localhost:5432/api", postgres),
        ] {
            let message = DatabaseKind::of(url).expect_err(url);
            assert!(message.contains(form), "{url}: {message}");
            assert!(!message.contains("geheim") && !message.contains("geh"), "{url}: {message}");
        }
    }
}
