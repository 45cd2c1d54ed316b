//! Where the files come from, and what is said when one is broken.

use std::{borrow::Cow, fmt, path::PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the files come from.
pub(crate) enum Source {
    /// The conference that is built in.
    BuiltIn,
    /// A folder.
    Folder(PathBuf),
}

/// A file that could not be taken, in words that name the file and the record.
#[derive(Debug)]
pub(crate) struct Broken(String);

/// The records of one file, each with its place.
pub(crate) struct File {
    name: String,
    records: Vec<Value>,
}

impl Source {
    /// The folder that `OPEN_EVENT_DATA` names; without that variable, or with an empty one, what is built in.
    pub(crate) fn from_environment() -> Self {
        match std::env::var_os("OPEN_EVENT_DATA") {
            Some(folder) if !folder.is_empty() => Self::Folder(folder.into()),
            _ => Self::BuiltIn,
        }
    }

    /// The records of a file.
    ///
    /// # Errors
    /// If it cannot be read, or is not a JSON array.
    pub(crate) fn file(&self, name: &'static str) -> Result<File, Broken> {
        let (name, text) = match self {
            Self::BuiltIn => (format!("built-in {name}"), Cow::Borrowed(built_in(name))),
            Self::Folder(folder) => {
                let path = folder.join(name);
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    Broken(format!("{shown}: {error} (OPEN_EVENT_DATA is {})", folder.display()))
                })?;
                (shown, Cow::Owned(text))
            }
        };
        let records = serde_json::from_str(&text).map_err(|error| Broken(format!("{name}: {error}")))?;
        Ok(File { name, records })
    }
}

impl File {
    /// Every record, read as a `T` and handed to `take` with its place, for messages.
    ///
    /// # Errors
    /// With the first record that is not a `T`, or that `take` refuses.
    pub(crate) fn each<T: DeserializeOwned>(
        self,
        mut take: impl FnMut(T) -> Result<(), String>,
    ) -> Result<(), Broken> {
        for (index, record) in self.records.into_iter().enumerate() {
            let id = record.get("id").map_or_else(|| "no id".into(), |id| format!("id {id}"));
            T::deserialize(record).map_err(|error| error.to_string()).and_then(&mut take).map_err(
                |problem| Broken(format!("{}: record {} ({id}): {problem}", self.name, index + 1)),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("the built-in conference"),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn built_in(name: &str) -> &'static str {
    match name {
        "sessions.json" => include_str!("conference/sessions.json"),
        "speakers.json" => include_str!("conference/speakers.json"),
        "tracks.json" => include_str!("conference/tracks.json"),
        "microlocations.json" => include_str!("conference/microlocations.json"),
        "session_types.json" => include_str!("conference/session_types.json"),
        _ => "",
    }
}
