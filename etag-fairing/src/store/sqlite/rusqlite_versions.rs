//! What is not the same in all versions of rusqlite that this crate is built with.
//!
//! A program can have only one `libsqlite3-sys`, and each version of rusqlite asks for one of its own. So that an
//! application may have any other crate over SQLite beside this one, it takes all versions from 0.29 to 0.43.

use rusqlite::Connection;

/// What setting a handler comes to: nothing at first, and later a result.
pub(super) trait Outcome {
    fn outcome(self) -> rusqlite::Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> rusqlite::Result<()> {
        Ok(())
    }
}

impl Outcome for rusqlite::Result<()> {
    fn outcome(self) -> rusqlite::Result<()> {
        self
    }
}

/// What stands for rusqlite's type of this name, where it has gone: a database is named by text then.
#[allow(dead_code, non_upper_case_globals, reason = "written as rusqlite's own variant was")]
mod named_by_text {
    pub(super) struct DatabaseName;

    impl DatabaseName {
        pub(super) const Main: &'static str = "main";
    }
}

/// Whether the database can only be read.
pub(super) fn is_read_only(sqlite: &Connection) -> bool {
    #[allow(unused_imports, reason = "one of the two has it")]
    use named_by_text::*;
    {
        // Where there is such a type, it comes before the one above.
        #[allow(unused_imports, reason = "the other one has it")]
        use rusqlite::*;
        sqlite.is_readonly(DatabaseName::Main).unwrap_or(false)
    }
}
