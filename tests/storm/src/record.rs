//! What a client writes down of each request: all that the verdict is made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Who sent it.
    pub client: usize,
    /// Nanoseconds from the begin of the storm, on a clock that never goes back.
    pub start: u64,
    /// When the whole answer was there; `None` if there was none.
    pub end: Option<u64>,
    /// Which resource.
    pub register: usize,
    /// At which of its URLs.
    pub target: Target,
    /// What was asked.
    pub call: Call,
    /// The tags of `If-Match`; none: no such field.
    pub if_match: Vec<String>,
    /// `None` if there was no answer.
    pub status: Option<u16>,
    /// What the answer showed.
    pub seen: Seen,
}

/// Which URL of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// Its own, or for POST that of the collection.
    Resource,
    /// That of its relationship.
    Linkage,
    /// That of the list, in which it stands with a tag of its own.
    Item,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// GET.
    Read,
    /// POST, PATCH, DELETE.
    Write(Change),
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// POST with an id of the client's.
    Create {
        /// The attribute.
        value: i64,
        /// The linkage, a bit a member.
        members: u32,
    },
    /// PATCH of the resource: row and, if it is sent, join table in one request.
    Update {
        /// The attribute.
        value: i64,
        /// The linkage, a bit a member.
        members: Option<u32>,
    },
    /// DELETE of the resource.
    Delete,
    /// PATCH, POST or DELETE of the relationship.
    Link {
        /// Which of the three.
        link: Link,
        /// The linkage that was sent, a bit a member.
        members: u32,
    },
}

/// What becomes of the linkage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// PATCH: exactly these.
    Replace,
    /// POST: these too.
    Add,
    /// DELETE: these no longer.
    Remove,
}

/// What an answer shows of the resource: after a write that was made, before one that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// There is none.
    Absent,
    /// There is one, and this much of it.
    Present {
        /// The attribute, where it was shown.
        value: Option<i64>,
        /// The linkage, where it was shown.
        members: Option<u32>,
        /// The field `ETag`.
        tag: Option<String>,
    },
}

impl Record {
    /// The value that it would store.
    pub fn sent_value(&self) -> Option<i64> {
        match self.call {
            Call::Write(Change::Create { value, .. } | Change::Update { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// The value that it showed.
    pub fn seen_value(&self) -> Option<i64> {
        match self.seen {
            Seen::Present { value, .. } => value,
            _ => None,
        }
    }

    /// The tag that it showed.
    pub fn seen_tag(&self) -> Option<&str> {
        match &self.seen {
            Seen::Present { tag, .. } => tag.as_deref(),
            _ => None,
        }
    }

    /// Whether the answer says that it was done.
    pub fn is_done(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    /// Whether nobody can know whether it was done: no answer, or one that says nothing of it. A 503 of the server
    /// does say that nothing was changed.
    pub fn is_unknown(&self) -> bool {
        matches!(self.status, None | Some(500 | 502 | 504))
    }
}

/// How often each status was given; 0 is no answer. Items of lists are not counted: many are of one request.
pub fn statuses<'r>(records: impl IntoIterator<Item = &'r Record>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for record in records.into_iter().filter(|record| record.target != Target::Item) {
        *counts.entry(record.status.unwrap_or(0)).or_default() += 1;
    }
    counts
}
