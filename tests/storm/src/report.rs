//! What a storm has shown, in a few lines.

use std::collections::HashSet;
use std::fmt;

use crate::checker::{Limits, Verdict};
use crate::lost::{self, Lost};
use crate::record::{Record, Seen, Target, statuses};
use crate::register::judge;

/// The figures of a storm.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many requests, by status; 0 is no answer.
    pub statuses: std::collections::BTreeMap<u16, usize>,
    /// How many items of lists were read with a tag of their own.
    pub tagged_items: usize,
    /// How many had none.
    pub untagged_items: usize,
    /// How many writes have named the tag of an item, which their client had last seen there, and were done.
    pub edited_items: usize,
    /// What was lost.
    pub lost: Lost,
    /// Whether the record is possible.
    pub verdict: Verdict,
}

impl Report {
    /// Counts and judges.
    pub fn of(records: &[Record]) -> Self {
        let items = records.iter().filter(|record| record.target == Target::Item);
        let (tagged, untagged): (Vec<&Record>, Vec<_>) = items
            .filter(|record| record.seen != Seen::Absent)
            .partition(|record| record.seen_tag().is_some());
        Self {
            statuses: statuses(records),
            tagged_items: tagged.len(),
            untagged_items: untagged.len(),
            edited_items: edited_items(records),
            lost: lost::count(records),
            verdict: judge(records, Limits::default()),
        }
    }

    /// How many got this status.
    pub fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Whether no update was lost, by both measures, and nothing was answered that the storm doesn't ask for.
    pub fn is_clean(&self) -> bool {
        let expected = [0, 200, 201, 204, 304, 404, 409, 412, 428, 502, 503, 504];
        self.verdict == Verdict::Possible
            && self.lost.updates == 0
            && self.lost.refused_but_made == 0
            && self.untagged_items == 0
            && self.statuses.keys().all(|status| expected.contains(status))
    }
}

/// The writes that were done with a tag that their client has last got from a list.
fn edited_items(records: &[Record]) -> usize {
    let mut by_client: Vec<&Record> = records.iter().collect();
    by_client.sort_by_key(|record| (record.client, record.start));
    let mut from_list: HashSet<(usize, &str)> = HashSet::new();
    let mut edited = 0;
    for record in by_client {
        let is_from_list = |tag: &String| from_list.contains(&(record.client, tag.as_str()));
        edited += usize::from(record.is_done() && record.if_match.iter().any(is_from_list));
        if let Some(tag) = record.seen_tag() {
            match record.target {
                Target::Item => from_list.insert((record.client, tag)),
                Target::Resource | Target::Linkage => from_list.remove(&(record.client, tag)),
            };
        }
    }
    edited
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests: {}", self.statuses.values().sum::<usize>())?;
        for status in [200, 201, 204, 304, 404, 409, 412, 428, 503, 504] {
            writeln!(f, "  {status}: {}", self.count(status))?;
        }
        writeln!(f, "  no answer: {}", self.count(0))?;
        let usual = [0, 200, 201, 204, 304, 404, 409, 412, 428, 503, 504];
        for (status, count) in self.statuses.iter().filter(|(status, _)| !usual.contains(status)) {
            writeln!(f, "  {status}: {count}")?;
        }
        writeln!(f, "items of lists: {}, without a tag: {}", self.tagged_items, self.untagged_items)?;
        writeln!(f, "done with the tag of an item: {}", self.edited_items)?;
        writeln!(f, "acknowledged writes: {}", self.lost.acknowledged)?;
        writeln!(f, "lost updates: {}", self.lost.updates)?;
        writeln!(f, "refused, but made: {}", self.lost.refused_but_made)?;
        write!(f, "checker: {}", self.verdict)
    }
}
