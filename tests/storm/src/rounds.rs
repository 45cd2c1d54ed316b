//! Rounds: many clients send the same kind of write with one and the same tag at the same moment. One wins.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::http::{Answer, Client};
use crate::record::{Call, Change, Link, Target};
use crate::wire::{Request, make_members};

/// What is raced for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Race {
    /// PATCH of the resource.
    Update,
    /// DELETE of the resource.
    Delete,
    /// PATCH, POST or DELETE of the relationship.
    Link(Link),
    /// POST with one id.
    Create,
}

/// All of them.
pub const RACES: [Race; 6] = [
    Race::Update,
    Race::Delete,
    Race::Link(Link::Replace),
    Race::Link(Link::Add),
    Race::Link(Link::Remove),
    Race::Create,
];

/// What has come of some rounds.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was raced for.
    pub race: Race,
    /// How many rounds.
    pub rounds: usize,
    /// How many answers, by status; 0 is no answer.
    pub statuses: BTreeMap<u16, usize>,
    /// The rounds in which not exactly one has won, and what was answered there.
    pub faults: Vec<String>,
}

/// The clients of the rounds, connected.
pub struct Rounds {
    judge: Client,
    racers: Vec<Client>,
    value: i64,
}

/// The members before a round, and those that it adds.
const BEFORE: u32 = 0b111;

impl Race {
    fn won(self) -> u16 {
        match self {
            Self::Create => 201,
            Self::Delete => 204,
            Self::Update | Self::Link(_) => 200,
        }
    }

    fn lost(self) -> &'static [u16] {
        match self {
            Self::Create => &[409],
            // Whoever comes once it is gone finds nothing.
            Self::Delete => &[404, 412],
            Self::Update | Self::Link(_) => &[412],
        }
    }

    /// The write of one racer. Each would change something.
    fn request(self, racer: usize, value: i64, tag: Option<&String>) -> Request {
        let number = u32::try_from(racer % 9).unwrap_or(0);
        let change = match self {
            Self::Update => Change::Update { value, members: Some(BEFORE << number) },
            Self::Delete => Change::Delete,
            Self::Create => Change::Create { value, members: BEFORE },
            Self::Link(Link::Remove) => Change::Link { link: Link::Remove, members: 1 << (number % 3) },
            Self::Link(link) => Change::Link { link, members: 0b1000 << number },
        };
        let request = Request::new(0, self.target(), Call::Write(change));
        tag.into_iter().fold(request, Request::if_match)
    }

    fn target(self) -> Target {
        match self {
            Self::Link(_) => Target::Linkage,
            _ => Target::Resource,
        }
    }
}

impl Rounds {
    /// Connects so many clients to these servers and makes what they need.
    ///
    /// # Errors
    /// If the servers don't answer.
    pub async fn new(servers: &[SocketAddr], clients: usize) -> Result<Self, String> {
        let mut judge = Client::new(servers);
        make_members(&mut judge).await?;
        let mut racers = Vec::new();
        for _ in 0..clients {
            let mut racer = Client::new(servers);
            racer.connect().await.map_err(|error| format!("cannot connect: {error:?}"))?;
            racers.push(racer);
        }
        Ok(Self { judge, racers, value: 0 })
    }

    /// Runs so many rounds of one race.
    ///
    /// # Errors
    /// If a round can't be prepared, or looked at.
    pub async fn run(&mut self, race: Race, rounds: usize) -> Result<Outcome, String> {
        let mut outcome = Outcome { race, rounds, statuses: BTreeMap::new(), faults: Vec::new() };
        for _ in 0..rounds {
            let tag = self.prepare(race).await?;
            let answers = self.race(race, tag.as_ref()).await?;
            let statuses: Vec<u16> =
                answers.iter().map(|answer| answer.as_ref().map_or(0, |answer| answer.status)).collect();
            for status in &statuses {
                *outcome.statuses.entry(*status).or_default() += 1;
            }
            let mut winners = answers.iter().flatten().filter(|answer| answer.status == race.won());
            let (first, second) = (winners.next(), winners.next());
            let others_lost =
                statuses.iter().all(|status| *status == race.won() || race.lost().contains(status));
            match first {
                Some(winner) if second.is_none() && others_lost => {
                    if let Some(fault) = self.look(race, winner).await? {
                        outcome.faults.push(fault);
                    }
                }
                _ => outcome.faults.push(format!("answered with {}", tally(&statuses))),
            }
        }
        Ok(outcome)
    }

    fn next_value(&mut self) -> i64 {
        self.value += 1;
        self.value
    }

    /// Makes the state before a round; the tag that all will send.
    async fn prepare(&mut self, race: Race) -> Result<Option<String>, String> {
        let read = self.ask(&Request::new(0, Target::Resource, Call::Read)).await?;
        let value = self.next_value();
        let update = Change::Update { value, members: Some(BEFORE) };
        let create = Change::Create { value, members: BEFORE };
        let write = match (race, read.tag) {
            (Race::Create, Some(tag)) => Some((Change::Delete, Some(tag))),
            (Race::Create, None) => None,
            (_, Some(tag)) => Some((update, Some(tag))),
            (_, None) => Some((create, None)),
        };
        if let Some((change, tag)) = write {
            let request = Request::new(0, Target::Resource, Call::Write(change));
            let made = self.ask(&tag.into_iter().fold(request, Request::if_match)).await?;
            if made.status >= 300 {
                return Err(format!("a round could not be prepared: {made:?}"));
            }
        }
        Ok(self.ask(&Request::new(0, race.target(), Call::Read)).await?.tag)
    }

    async fn race(&mut self, race: Race, tag: Option<&String>) -> Result<Vec<Option<Answer>>, String> {
        let barrier = Arc::new(Barrier::new(self.racers.len()));
        let mut running = JoinSet::new();
        for (number, mut racer) in std::mem::take(&mut self.racers).into_iter().enumerate() {
            let request = race.request(number, self.next_value(), tag);
            let barrier = Arc::clone(&barrier);
            running.spawn(async move {
                barrier.wait().await;
                let answer = request.send(&mut racer).await.ok();
                (racer, answer)
            });
        }
        let mut answers = Vec::new();
        while let Some(ended) = running.join_next().await {
            let (racer, answer) = ended.map_err(|error| format!("a client: {error}"))?;
            self.racers.push(racer);
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Whether the winner's state is what is there now; else what is.
    async fn look(&mut self, race: Race, winner: &Answer) -> Result<Option<String>, String> {
        let now = self.ask(&Request::new(0, race.target(), Call::Read)).await?;
        let same = match race {
            Race::Delete => now.status == 404,
            _ => now.tag.is_some() && now.tag == winner.tag,
        };
        Ok((!same).then(|| format!("{winner:?} won, but now there is {now:?}")))
    }

    async fn ask(&mut self, request: &Request) -> Result<Answer, String> {
        request.send(&mut self.judge).await.map_err(|error| format!("no answer to {request:?}: {error:?}"))
    }
}

fn tally(statuses: &[u16]) -> String {
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    statuses.iter().for_each(|status| *counts.entry(*status).or_default() += 1);
    let counts: Vec<_> = counts.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    counts.join(", ")
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}: {} rounds, exactly one won in {}",
            self.race,
            self.rounds,
            self.rounds - self.faults.len()
        )?;
        for (status, count) in &self.statuses {
            write!(f, ", {status}: {count}")?;
        }
        self.faults.iter().take(3).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}
