//! Who wants to know of statements: the log of slow ones, the request that they run for, and traces.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::current;

/// So many slow statements are logged at once …
const BURST: u32 = 20;

/// … and then one each time that this has passed: whoever can make statements slow must not be able to fill a disk.
const REFILL: Duration = Duration::from_secs(10);

/// The longest text of a statement in the log, in characters.
const LONGEST: usize = 2000;

/// What watches over the statements of a store.
#[derive(Debug, Default)]
pub(crate) struct StatementWatch {
    /// What takes longer is slow; `None` for no log.
    slow: Option<Duration>,
    allowance: Mutex<Allowance>,
}

/// How many lines may still be written.
#[derive(Debug)]
struct Allowance {
    left: u32,
    refilled: Option<Instant>,
    /// How many were left out since the last line.
    left_out: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: BURST, refilled: None, left_out: 0 }
    }
}

impl Allowance {
    /// Whether a line may be written now, and how many were left out before it.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let since = now.saturating_duration_since(*self.refilled.get_or_insert(now));
        let more = u32::try_from(since.as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(BURST);
            self.refilled = Some(now);
        }
        if self.left == 0 {
            self.left_out += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl StatementWatch {
    pub(crate) fn new(slow: Option<Duration>) -> Self {
        Self { slow, ..Self::default() }
    }

    /// Watches over a statement that begins now. Whatever its end is, it is told of when this is dropped.
    pub(crate) fn begin<'s>(&'s self, text: &'s str) -> WatchedStatement<'s> {
        let current = current::get();
        #[cfg(feature = "tracing")]
        let is_traced = tracing::enabled!(target: TARGET, tracing::Level::DEBUG);
        #[cfg(not(feature = "tracing"))]
        let is_traced = false;
        let is_watched = self.slow.is_some() || current.is_some() || is_traced;
        WatchedStatement(is_watched.then(|| Running {
            watch: self,
            text,
            begun: Instant::now(),
            rows: None,
            current,
        }))
    }

    fn log_slow(&self, statement: &Running<'_>, took: Duration) {
        let now = Instant::now();
        let left_out = self.allowance.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        let Some(left_out) = left_out else { return };
        let id = statement.current.as_ref().and_then(|current| current.id.as_ref());
        let request = id.map_or(String::new(), |id| format!(", request {}", id.as_str()));
        let rows = statement.rows.map_or("not finished".to_owned(), |rows| format!("{rows} rows"));
        let before = match left_out {
            0 => String::new(),
            _ => format!(" ({left_out} more were not logged)"),
        };
        let text: String = statement.text.chars().take(LONGEST).collect();
        log::warn!("slow statement{before}: {} ms, {rows}{request}: {text}", took.as_millis());
    }
}

/// The target of the events.
#[cfg(feature = "tracing")]
const TARGET: &str = "etag_fairing::sql";

/// A statement while it runs, if anybody wants to know of it.
#[must_use]
pub(crate) struct WatchedStatement<'s>(Option<Running<'s>>);

struct Running<'s> {
    watch: &'s StatementWatch,
    text: &'s str,
    begun: Instant,
    rows: Option<u64>,
    current: Option<std::sync::Arc<current::CurrentRequest>>,
}

impl WatchedStatement<'_> {
    /// It has ended, with so many rows read or changed.
    pub(crate) fn end(mut self, rows: u64) {
        if let Some(running) = &mut self.0 {
            running.rows = Some(rows);
        }
    }
}

impl Drop for WatchedStatement<'_> {
    fn drop(&mut self) {
        let Some(statement) = self.0.take() else { return };
        let took = statement.begun.elapsed();
        if let Some(current) = &statement.current {
            current.count_sql(took);
        }
        // Values never come here: the text has places for them.
        #[cfg(feature = "tracing")]
        current::within(statement.current.as_ref(), || {
            tracing::debug!(
                target: TARGET,
                statement = statement.text,
                rows = statement.rows,
                microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            );
        });
        if statement.watch.slow.is_some_and(|slow| took >= slow) {
            statement.watch.log_slow(&statement, took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_at_once_and_then_one_in_ten_seconds_whoever_asks() {
        let begin = Instant::now();
        let mut allowance = Allowance::default();
        let mut written = 0;
        // A slow statement each hundredth of a second, for an hour.
        for hundredth in 0..360_000 {
            if allowance.take(begin + Duration::from_millis(hundredth * 10)).is_some() {
                written += 1;
            }
        }
        assert_eq!(written, 20 + 359);
        let long_after = begin + Duration::from_secs(100_000);
        let left_out = allowance.take(long_after).expect("a line");
        assert!(left_out > 0, "what was left out is told");
        assert_eq!(allowance.take(long_after), Some(0));
    }
}
