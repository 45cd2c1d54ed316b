//! When writes share a commit, and when each commits by itself.
//!
//! Pure: this knows numbers and times, but no database. A write that waits for others has a share in a cheaper commit if
//! others come, and has waited in vain if nobody comes. So for a while writes commit by themselves
//! - where commits are cheap and nobody came lately,
//! - after a shared transaction has failed, and longer with each further failure,
//! - after another process has written to the database: it gets its turn only between two commits, so that fewer commits
//!   are fewer chances for it.

use std::time::Duration;

use super::Synchronous;

/// How many writes share one commit at most.
const MOST_MEMBERS: usize = 64;

/// How long after its first write a group takes more writes.
const OPEN_FOR: Duration = Duration::from_millis(5);

/// After so many groups in a row that nobody joined, most writes don't wait for others.
const GROUPS_IN_VAIN: u8 = 4;

/// Then one write of so many still waits, to find out whether others come by now.
const PROBE_EVERY: u8 = 16;

/// How many writes commit by themselves after the first failure. Each further failure doubles it.
const ALONE_AFTER_FAILURE: u32 = 64;

/// How often that is doubled at most.
const MOST_DOUBLINGS: u8 = 8;

/// After so many shared commits in a row the failures are forgotten.
const SUCCESSES_TO_FORGET: u16 = 1_000;

/// How many writes commit by themselves after another process has written.
const ALONE_BESIDE_OTHERS: u32 = 256;

/// What was learnt about sharing commits, and what follows from it.
pub(super) struct SharePolicy {
    synchronous: Synchronous,
    /// The last groups that nobody joined, in a row.
    groups_in_vain: u8,
    /// The writes since the last one that waited to find out whether others come.
    since_probe: u8,
    /// How many of the next writes commit by themselves.
    alone: u32,
    /// The failures that are not forgotten yet, and the shared commits since the last of them.
    failures: u8,
    successes: u16,
    /// SQLite's number of the last commit by another process, as far as it is known.
    data_version: Option<i64>,
    open_for: Duration,
}

/// Sharing has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// How many of the next writes commit by themselves.
    pub(super) alone: u32,
    /// Whether it is rarer than the log should hear of.
    pub(super) is_worth_a_warning: bool,
}

impl SharePolicy {
    /// The policy for commits of this kind.
    pub(super) fn new(synchronous: Synchronous) -> Self {
        Self {
            synchronous,
            groups_in_vain: 0,
            since_probe: 0,
            alone: 0,
            failures: 0,
            successes: 0,
            data_version: None,
            open_for: OPEN_FOR,
        }
    }

    /// Whether commits wait for the disk: then they don't run where requests are answered.
    pub(super) fn commits_wait_for_the_disk(&self) -> bool {
        self.synchronous == Synchronous::Full
    }

    /// Whether the next write that may share begins a group and waits for others, while so many wait for their turn.
    /// A commit that waits for the disk is worth waiting for; a cheap one only if others are there, or came lately.
    pub(super) fn begins_group(&mut self, waiting: usize) -> bool {
        if self.alone > 0 {
            self.alone -= 1;
            return false;
        }
        if self.commits_wait_for_the_disk() || waiting > 0 || self.groups_in_vain < GROUPS_IN_VAIN {
            return true;
        }
        self.since_probe = (self.since_probe + 1) % PROBE_EVERY;
        self.since_probe == 0
    }

    /// Whether a group that has so many members takes one more so long after it has begun.
    pub(super) fn takes_another(&self, members: usize, age: Duration) -> bool {
        members < MOST_MEMBERS && age < self.open_for
    }

    /// Learns how many writes a group had when its commit was tried.
    pub(super) fn gathered(&mut self, members: usize) {
        self.groups_in_vain = if members > 1 { 0 } else { self.groups_in_vain.saturating_add(1) };
    }

    /// Learns that several writes were committed together.
    pub(super) fn succeeded(&mut self) {
        self.successes += 1;
        if self.successes >= SUCCESSES_TO_FORGET {
            (self.successes, self.failures) = (0, 0);
        }
    }

    /// Learns that a shared transaction was undone, or that its commit has failed.
    pub(super) fn failed(&mut self) -> Failure {
        self.successes = 0;
        self.alone = ALONE_AFTER_FAILURE << self.failures;
        let is_worth_a_warning = self.failures < MOST_DOUBLINGS;
        if is_worth_a_warning {
            self.failures += 1;
        }
        Failure { alone: self.alone, is_worth_a_warning }
    }

    /// Learns SQLite's `data_version`, which another process's commit changes.
    pub(super) fn saw_data_version(&mut self, version: i64) {
        if self.data_version.replace(version).is_some_and(|before| before != version) {
            self.alone = self.alone.max(ALONE_BESIDE_OTHERS);
        }
    }

    /// Keeps groups open for so long, however slow the machine of the tests is.
    #[cfg(test)]
    pub(super) fn keep_open_for(&mut self, open_for: Duration) {
        self.open_for = open_for;
    }

    /// Forgets what stands against sharing.
    #[cfg(test)]
    pub(super) fn share_again(&mut self) {
        (self.alone, self.failures) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the next writes commit by themselves, while nobody else waits.
    fn alone(policy: &mut SharePolicy) -> usize {
        std::iter::repeat_with(|| policy.begins_group(0)).take(100_000).take_while(|begins| !begins).count()
    }

    #[test]
    fn who_waits_for_the_disk_always_waits_for_others_too() {
        let mut policy = SharePolicy::new(Synchronous::Full);
        for _ in 0..100 {
            assert!(policy.begins_group(0));
            policy.gathered(1);
        }
    }

    #[test]
    fn where_commits_are_cheap_and_nobody_comes_one_write_in_sixteen_waits() {
        let mut policy = SharePolicy::new(Synchronous::Normal);
        for _ in 0..GROUPS_IN_VAIN {
            assert!(policy.begins_group(0));
            policy.gathered(1);
        }
        for _ in 0..3 {
            assert_eq!(alone(&mut policy), 15);
            policy.gathered(1);
        }
        assert!(policy.begins_group(1), "another one is there");
        policy.gathered(2);
        assert!((0..8).all(|_| policy.begins_group(0)), "others came");
    }

    #[test]
    fn each_failure_doubles_the_time_alone_until_they_are_forgotten() {
        let mut policy = SharePolicy::new(Synchronous::Full);
        for doublings in 0..MOST_DOUBLINGS {
            let failure = policy.failed();
            assert_eq!(failure, Failure { alone: 64 << doublings, is_worth_a_warning: true });
            assert_eq!(alone(&mut policy), 64 << doublings);
        }
        for _ in 0..2 {
            assert_eq!(policy.failed(), Failure { alone: 64 << MOST_DOUBLINGS, is_worth_a_warning: false });
        }
        for _ in 0..SUCCESSES_TO_FORGET {
            policy.succeeded();
        }
        assert_eq!(policy.failed().alone, 64);
    }

    #[test]
    fn a_failure_ends_a_row_of_successes() {
        let mut policy = SharePolicy::new(Synchronous::Full);
        policy.failed();
        for _ in 1..SUCCESSES_TO_FORGET {
            policy.succeeded();
        }
        assert_eq!(policy.failed().alone, 128);
        policy.succeeded();
        assert_eq!(policy.failed().alone, 256);
    }

    #[test]
    fn after_another_process_has_written_writes_commit_by_themselves() {
        let mut policy = SharePolicy::new(Synchronous::Full);
        policy.saw_data_version(7);
        policy.saw_data_version(7);
        assert_eq!(alone(&mut policy), 0, "nobody has written since it is known");
        policy.saw_data_version(8);
        assert_eq!(alone(&mut policy), 256);
        for _ in 0..4 {
            policy.failed();
        }
        policy.saw_data_version(9);
        assert_eq!(alone(&mut policy), 512, "the longer one of both");
    }

    #[test]
    fn a_group_takes_sixty_four_writes_within_five_milliseconds() {
        let policy = SharePolicy::new(Synchronous::Normal);
        assert!(policy.takes_another(MOST_MEMBERS - 1, Duration::ZERO));
        assert!(!policy.takes_another(MOST_MEMBERS, Duration::ZERO));
        assert!(policy.takes_another(1, Duration::from_micros(4_999)));
        assert!(!policy.takes_another(1, OPEN_FOR));
    }
}
