//! Where PostgreSQL is installed, and as whom it runs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::system::{give, is_program, is_root, part};

/// The programs of an installed PostgreSQL server.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
    /// PostgreSQL refuses to run as root: user and group to run it as instead.
    user: Option<(u32, u32)>,
}

impl Binaries {
    /// Looks in `PATH`, asks `pg_config`, and looks where Debian has them, newest first.
    pub fn find() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let asked = Command::new("pg_config").arg("--bindir").output().ok();
        let asked = asked.and_then(|output| String::from_utf8(output.stdout).ok());
        let folder = env::split_paths(&path)
            .chain(asked.map(|folder| PathBuf::from(folder.trim())))
            .chain(debian())
            .find(|folder| {
                ["initdb", "postgres", "psql"].iter().all(|name| is_program(&folder.join(name)))
            })?;
        Some(Self { folder, user: other_user() })
    }

    /// As [`find`](Self::find), but tells that the test is skipped where there are none.
    ///
    /// # Panics
    /// Where there are none and `CI` is set.
    pub fn provide() -> Option<Self> {
        let found = Self::find();
        if found.is_none() {
            let missing = "no PostgreSQL server is installed (Debian: apt-get install postgresql)";
            assert!(env::var_os("CI").is_none(), "{missing}, and in CI every test must run");
            // Not the captured output: whoever ran the tests should see it.
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "skipped: {missing}");
        }
        found
    }

    /// A program of them, to be run as a user who may run a server, out of reach of a Ctrl-C in the terminal.
    pub(crate) fn server_command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        part(&mut command, self.user);
        command
    }

    pub(crate) fn client_command(&self, program: &str) -> Command {
        Command::new(self.folder.join(program))
    }

    /// Gives a folder or file to the user who runs the server.
    pub(crate) fn hand_over(&self, path: &Path) {
        if let Some(user) = self.user {
            give(path, user);
        }
    }
}

fn debian() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// For root, the user `postgres`, or else `nobody`.
fn other_user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).or(Some((65534, 65534)))
}
