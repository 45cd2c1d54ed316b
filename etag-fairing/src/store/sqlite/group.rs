//! The writes of a [group commit](super::group_commit), and what they are told.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use rocket::tokio::sync::oneshot::{self, Receiver, Sender};

use crate::store::StoreError;

/// The writes that wait for one commit.
pub(super) struct Group {
    pub(super) number: u64,
    pub(super) since: Instant,
    /// Lives as long as the leader.
    pub(super) leader: Weak<Members>,
    pub(super) members: Vec<Sender<Outcome>>,
}

impl Group {
    /// A group without members, as long as its leader has this.
    pub(super) fn new(number: u64, since: Instant, leader: &Arc<Members>) -> Self {
        Self { number, since, leader: Arc::downgrade(leader), members: Vec::new() }
    }

    /// Has one more write wait for the commit.
    pub(super) fn add_member(&mut self) -> Receiver<Outcome> {
        let (member, outcome) = oneshot::channel();
        self.members.push(member);
        if let Some(leader) = self.leader.upgrade() {
            leader.0.store(self.members.len(), Ordering::Relaxed);
        }
        outcome
    }

    /// Tells all members what became of their commit.
    pub(super) fn tell(self, outcome: Outcome) {
        let is_alone = self.members.len() == 1;
        let mut error = outcome.err();
        for member in self.members {
            // A member that no longer waits needs no answer.
            let _ = member.send(match error.take_if(|_| is_alone) {
                Some(error) => Err(error),
                None => match &error {
                    // Done again, it might be done twice.
                    Some(StoreError::OutcomeUnknown) => Err(StoreError::OutcomeUnknown),
                    Some(_) => Err(StoreError::Conflict),
                    None => Ok(()),
                },
            });
        }
    }
}

/// How many writes a group has, for its leader, who looks without the turn.
#[derive(Debug, Default)]
pub(super) struct Members(AtomicUsize);

impl Members {
    pub(super) fn number(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What became of a write.
pub(super) type Outcome = Result<(), StoreError>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::error::closed;

    #[test]
    fn what_may_have_been_committed_is_not_done_again() {
        let told = |members: usize, outcome: Outcome| {
            let mut group =
                Group { number: 1, since: Instant::now(), leader: Weak::new(), members: Vec::new() };
            let heard: Vec<_> = (0..members).map(|_| group.add_member()).collect();
            group.tell(outcome);
            heard.into_iter().map(|mut heard| heard.try_recv().expect("an outcome")).collect::<Vec<_>>()
        };
        for members in [1, 2, 5] {
            assert!(told(members, Ok(())).iter().all(Result::is_ok));
            let unknown = told(members, Err(StoreError::OutcomeUnknown));
            assert!(
                unknown.iter().all(|told| matches!(told, Err(StoreError::OutcomeUnknown))),
                "{unknown:?}"
            );
            let undone = told(members, Err(closed()));
            assert!(
                undone.iter().all(|told| matches!(told, Err(StoreError::Conflict)) == (members > 1)),
                "{undone:?}"
            );
        }
    }
}
