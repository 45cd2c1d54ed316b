//! One client: it makes changes, and repeats each.

use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;
use hyper::Method;
use tokio::time::sleep;

use super::changes::{add, count, create, delete, operations, reuse};
use super::{COUNTERS, Change, Notes};
use crate::keyed::{Fate, Keyed, Repeater, Wants, fate, success};

pub(super) struct RepeatingClient {
    number: usize,
    sent: usize,
    repeater: Repeater,
    random: Rng,
    pub(super) notes: Notes,
}

impl RepeatingClient {
    pub(super) fn new(number: usize, servers: &[SocketAddr]) -> Self {
        Self {
            number,
            sent: 0,
            repeater: Repeater::new(servers),
            random: Rng::new(),
            notes: Notes::default(),
        }
    }

    pub(super) async fn act(&mut self) {
        match self.random.u8(..10) {
            0..3 => self.add().await,
            3..6 => self.count().await,
            6..8 => self.operations().await,
            _ => self.come_and_go().await,
        }
    }

    fn name(&mut self) -> String {
        self.sent += 1;
        format!("n{}.{}", self.number, self.sent)
    }

    /// Three of four want to know what has become of their change.
    fn wants(&mut self) -> Wants {
        if self.random.u8(..4) == 0 { Wants::Nothing } else { Wants::Answer }
    }

    /// Sends a change and writes it down.
    async fn send(&mut self, mut change: Change, request: &Keyed, wants: Wants) -> Fate {
        change.attempts = self.repeater.send(request, wants).await;
        let fate = fate(&change.attempts);
        self.notes.changes.push(change);
        if fate == Fate::NotSent {
            sleep(Duration::from_millis(10)).await;
        }
        fate
    }

    async fn add(&mut self) {
        let (name, wants) = (self.name(), self.wants());
        let (change, request) = add(&name);
        let fate = self.send(change, &request, wants).await;
        if fate == Fate::Acknowledged && self.random.u8(..8) == 0 {
            let (change, request) = reuse(&name, &self.name());
            self.send(change, &request, Wants::Nothing).await;
        }
    }

    async fn count(&mut self) {
        let (name, wants, amount) = (self.name(), self.wants(), self.amount());
        let (change, request) = count(&name, amount);
        self.send(change, &request, wants).await;
    }

    async fn operations(&mut self) {
        let (name, wants, amounts) = (self.name(), self.wants(), [self.amount(), self.amount()]);
        let (change, request) = operations(&name, amounts);
        self.send(change, &request, wants).await;
    }

    /// Makes a resource and deletes it, twice with one id; and repeats the first DELETE while the second resource is there.
    async fn come_and_go(&mut self) {
        let id = self.name().replace('n', "s");
        let Some((_, tag)) = self.create(&id).await else { return };
        let (first, if_match) = (self.name(), if self.random.bool() { tag } else { "*".to_owned() });
        let made = self.notes.changes.last().map_or("", |change| change.name.as_str());
        let (change, delete) = delete(&first, &id, made, &if_match);
        if self.send(change, &delete, Wants::Answer).await != Fate::Acknowledged {
            return;
        }
        let Some((name, _)) = self.create(&id).await else { return };
        let late = self.repeater.send(&delete, Wants::Answer).await;
        if let Some(change) = self.notes.changes.iter_mut().rev().find(|change| change.name == first) {
            change.attempts.extend(late);
        }
        let target = format!("/slots/{id}");
        let answer = self.repeater.client().send(Method::GET, &target, &[], None).await;
        let is_gone = answer.is_ok_and(|answer| {
            answer.status == 404
                || answer.status == 200 && answer.json()["data"]["attributes"]["marker"] != name.as_str()
        });
        if is_gone {
            self.notes.faults.push(format!("{target} was deleted again by a DELETE that was repeated"));
        }
    }

    /// The name of its making, and its tag; `None` if that is not known to have been made.
    async fn create(&mut self, id: &str) -> Option<(String, String)> {
        let name = self.name();
        let (change, request) = create(&name, id);
        self.send(change, &request, Wants::Answer).await;
        let tag = success(&self.notes.changes.last()?.attempts)?.tag.clone()?;
        Some((name, tag))
    }

    /// A counter, and how much is added to it.
    fn amount(&mut self) -> (usize, i64) {
        (self.random.usize(..COUNTERS), self.random.i64(1..1_000))
    }
}
