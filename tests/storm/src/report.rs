//! What a storm has shown, in a few lines.

use std::fmt;

use crate::checker::{Limits, Verdict};
use crate::lost::{self, Lost};
use crate::record::{Record, statuses};
use crate::register::judge;

/// The figures of a storm.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many requests, by status; 0 is no answer.
    pub statuses: std::collections::BTreeMap<u16, usize>,
    /// What was lost.
    pub lost: Lost,
    /// Whether the record is possible.
    pub verdict: Verdict,
}

impl Report {
    /// Counts and judges.
    pub fn of(records: &[Record]) -> Self {
        Self {
            statuses: statuses(records),
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
            && self.statuses.keys().all(|status| expected.contains(status))
    }
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
        writeln!(f, "acknowledged writes: {}", self.lost.acknowledged)?;
        writeln!(f, "lost updates: {}", self.lost.updates)?;
        writeln!(f, "refused, but made: {}", self.lost.refused_but_made)?;
        write!(f, "checker: {}", self.verdict)
    }
}
