//! What a store says of its own health.

/// One thing that a store has looked at, to tell whether it can serve requests now.
///
/// What is told of a trouble has two parts. One is for whoever asks, which may be anybody: it names no host, no file and
/// no table. The other one is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    name: &'static str,
    trouble: Option<Trouble>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    told: &'static str,
    logged: String,
}

impl HealthCheck {
    /// Whether the store answers at all: the check that every store has.
    pub const STORE: &'static str = "store";

    /// Whether the tables are there, and as the resources describe them.
    pub const SCHEMA: &'static str = "schema";

    /// Whether the store takes writes.
    pub const WRITABLE: &'static str = "writable";

    /// What was looked at is as it should be.
    pub fn passed(name: &'static str) -> Self {
        Self { name, trouble: None }
    }

    /// What was looked at is not as it should be. `told` goes to whoever asks, `logged` to the log.
    pub fn failed(name: &'static str, told: &'static str, logged: impl Into<String>) -> Self {
        Self { name, trouble: Some(Trouble { told, logged: logged.into() }) }
    }

    /// What was looked at.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is as it should be.
    pub fn is_passed(&self) -> bool {
        self.trouble.is_none()
    }

    /// What is wrong, for whoever asks.
    pub fn told(&self) -> Option<&'static str> {
        self.trouble.as_ref().map(|trouble| trouble.told)
    }

    /// What is wrong, for the log.
    pub fn logged(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| trouble.logged.as_str())
    }
}

/// The check of the tables, with what was found to be wrong in them.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn of_schema(problems: &[String]) -> HealthCheck {
    if problems.is_empty() {
        HealthCheck::passed(HealthCheck::SCHEMA)
    } else {
        let told = "a table is missing, or is not as it is described; the log of the server says which";
        HealthCheck::failed(HealthCheck::SCHEMA, told, problems.join("; "))
    }
}
