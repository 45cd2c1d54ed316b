//! What one request did, for whoever watches: metrics, tracing, `Server-Timing`.
//!
//! An [`Observation`] lies in the local cache of each request, but only if somebody watches. That is decided at launch: a
//! watcher calls [`watch`] when its fairing ignites. Without a watcher, [`of`] reads one flag and answers `None`, and
//! nothing is allocated, locked or timed.
//!
//! The rest of the crate reports here, and knows nothing of the watchers:
//! - `routes` say which generated route it is, what the memo knew and at which revision, and how the preconditions of a
//!   write were judged. They time the [`Phase`]s.
//! - `fairing` says how the preconditions of a read were judged, on the way out.
//!
//! # How to watch
//! 1. In `on_ignite`: `let rocket = observe::watch(rocket, Detail::Phases)`.
//! 2. In `on_request`, if the time of the whole request matters: `observe::of(request)`, since an observation begins when
//!    it is first asked for.
//! 3. When the answer is made (in `on_response`, or after a route's handler): `observe::of(request)` and
//!    [`Observation::seen`]. A response fairing must be attached after [`EtagFairing`](crate::EtagFairing), which decides
//!    about 304 in its own.
//!
//! The name of the route is [`route_name`], for every request.

#![allow(dead_code, reason = "the watchers come with features, and each looks at a part of it")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rocket::{Build, Request, Rocket, Route};

use crate::conditional::{ConditionalHeaders, Verdict};
use crate::plan::Revision;
use crate::resource::route_names::{GeneratedRoute, TAGGED};

/// Whether any application of this process has a watcher. It never becomes false again.
static ANY_WATCHER: AtomicBool = AtomicBool::new(false);

/// How much a watcher wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The outcomes.
    Outcomes,
    /// The outcomes, and how long the [`Phase`]s took. Each phase costs two looks at the clock.
    Phases,
}

/// What the watchers of this application want to know, in Rocket's managed state.
struct Watchers {
    phases: AtomicBool,
}

/// Has each request of this application observed from now on. Several watchers may call it; the one that wants to know
/// most decides.
pub(crate) fn watch(rocket: Rocket<Build>, detail: Detail) -> Rocket<Build> {
    let phases = detail == Detail::Phases;
    let rocket = match rocket.state::<Watchers>() {
        Some(watchers) => {
            watchers.phases.fetch_or(phases, Ordering::Relaxed);
            rocket
        }
        None => rocket.manage(Watchers { phases: AtomicBool::new(phases) }),
    };
    ANY_WATCHER.store(true, Ordering::Relaxed);
    rocket
}

/// The observation of a request, which begins now if this is the first call for it. `None` if nobody watches.
pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Observation> {
    if !ANY_WATCHER.load(Ordering::Relaxed) {
        return None;
    }
    let watchers = request.rocket().state::<Watchers>()?;
    Some(request.local_cache(|| Observation::new(watchers.phases.load(Ordering::Relaxed))))
}

/// The name of the route that answers a request, for labels and spans: `sessions.read` or `sessions.related.speakers` of a
/// generated route, the name of its function of a hand-written one, else the pattern of its URI (`/files/<path..>`).
/// `None` if no route matches.
///
/// It never has text of the client's in it, and there are only as many names as routes.
pub(crate) fn route_name<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    request.route().map(name_of)
}

/// The name of a route, as [`route_name`] gives it.
pub(crate) fn name_of(route: &Route) -> &str {
    match route.name.as_deref() {
        Some(name) => name.strip_suffix(TAGGED).unwrap_or(name),
        None => route.uri.as_str(),
    }
}

/// What the memo knew of the answer to a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MemoOutcome {
    /// It wasn't asked: it is off, the route carries no tags, it is a write, or the request was refused before.
    #[default]
    None,
    /// It had the answer, and the answer still holds. (Also if another request was just making it.)
    Hit,
    /// It had no answer.
    Miss,
    /// It had an answer of another revision.
    Stale,
}

/// What came of the preconditions of a request (RFC 9110 §13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PreconditionOutcome {
    /// The request has none, or they weren't judged: there was no tag to judge, or the request was refused before.
    #[default]
    None,
    /// They hold.
    Passed,
    /// 304, and the representation wasn't built: it lies in the memo.
    NotModifiedFromMemo,
    /// 304, after the representation was built.
    NotModifiedBuilt,
    /// 304 by a hand-written handler that knew the tag before it did the work ([`NotModified`](crate::NotModified)).
    NotModifiedByHandler,
    /// 412: one of them is false.
    Failed,
    /// 428: the request must have one.
    Required,
}

impl MemoOutcome {
    /// One word, for labels and fields.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
        }
    }
}

impl PreconditionOutcome {
    /// The outcome of a verdict that is no 304. `None` if the request has no preconditions, and needs none.
    pub(crate) fn of(verdict: &Verdict, headers: &ConditionalHeaders<'_>) -> Option<Self> {
        match verdict {
            Verdict::Proceed | Verdict::NotModified => (!headers.is_empty()).then_some(Self::Passed),
            Verdict::Failed(_) => Some(Self::Failed),
            Verdict::Required => Some(Self::Required),
        }
    }

    /// One word, for labels and fields.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Passed => "passed",
            Self::NotModifiedFromMemo => "not_modified_memo",
            Self::NotModifiedBuilt => "not_modified_built",
            Self::NotModifiedByHandler => "not_modified_handler",
            Self::Failed => "failed",
            Self::Required => "required",
        }
    }
}

/// A part of the work of a generated route. Time counts for the innermost phase alone, so that the phases never overlap and
/// their sum is at most the time of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Looking the answer up in the memo, or waiting for another request that is making it.
    Memo,
    /// Asking the store whether the tables have changed.
    Revision,
    /// The store: reading, or the transaction of a write with its waits. On a SQL store that is mostly SQL.
    Store,
    /// Writing the document.
    Document,
    /// Hashing bodies, for their tags.
    Hash,
}

impl Phase {
    /// All of them, in the order in which a request mostly goes through them.
    pub(crate) const ALL: [Self; 5] = [Self::Memo, Self::Revision, Self::Store, Self::Document, Self::Hash];

    /// One word, for labels, fields and `Server-Timing`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Memo => "memo",
            Self::Revision => "revision",
            Self::Store => "store",
            Self::Document => "document",
            Self::Hash => "hash",
        }
    }
}

/// What has been seen of a request so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// The generated route that answers it; `None` if it is another one, or none.
    pub(crate) route: Option<GeneratedRoute>,
    pub(crate) memo: MemoOutcome,
    pub(crate) preconditions: PreconditionOutcome,
    /// The revision of the tables that the answer is made of, where the store was asked for it.
    pub(crate) revision: Option<Revision>,
    /// The time of each phase, in the order of [`Phase::ALL`]. `None` if the request hasn't come to it, or nobody wants to
    /// know ([`Detail::Outcomes`]).
    phases: [Option<Duration>; Phase::ALL.len()],
    /// The time of all phases together.
    phased: Duration,
}

impl Seen {
    /// The phases that the request has come to, with the time of each.
    pub(crate) fn phases(&self) -> impl Iterator<Item = (Phase, Duration)> {
        Phase::ALL.into_iter().zip(self.phases).filter_map(|(phase, time)| Some((phase, time?)))
    }
}

/// What one request did.
#[derive(Debug)]
pub(crate) struct Observation {
    /// When the request was first observed.
    pub(crate) begun: Instant,
    times_phases: bool,
    seen: Mutex<Seen>,
}

impl Observation {
    fn new(times_phases: bool) -> Self {
        Self { begun: Instant::now(), times_phases, seen: Mutex::default() }
    }

    /// What has been seen until now.
    pub(crate) fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Says which generated route it is.
    pub(crate) fn is_of(&self, route: GeneratedRoute) {
        self.note(|seen| seen.route = Some(route));
    }

    /// Says what the memo knew.
    pub(crate) fn memo(&self, outcome: MemoOutcome) {
        self.note(|seen| seen.memo = outcome);
    }

    /// Says what came of the preconditions.
    pub(crate) fn preconditions(&self, outcome: PreconditionOutcome) {
        self.note(|seen| seen.preconditions = outcome);
    }

    /// Says at which revision the answer holds.
    pub(crate) fn revision(&self, revision: Revision) {
        self.note(|seen| seen.revision = Some(revision));
    }
}

/// A phase that has begun. It ends when this is dropped, also if the request is given up in the middle of it.
#[must_use]
pub(crate) struct Timing<'r>(Option<RunningPhase<'r>>);

struct RunningPhase<'r> {
    observation: &'r Observation,
    phase: Phase,
    begun: Instant,
    /// The time of all phases that had ended by then.
    phased: Duration,
}

/// Begins a phase of a request, if somebody wants to know its time.
pub(crate) fn time(observation: Option<&Observation>, phase: Phase) -> Timing<'_> {
    let observation = observation.filter(|observation| observation.times_phases);
    Timing(observation.map(|observation| {
        let phased = observation.seen().phased;
        RunningPhase { observation, phase, begun: Instant::now(), phased }
    }))
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        let Some(RunningPhase { observation, phase, begun, phased }) = self.0.take() else { return };
        observation.note(|seen| {
            // What other phases took meanwhile is theirs.
            let own = begun.elapsed().saturating_sub(seen.phased.saturating_sub(phased));
            seen.phased += own;
            if let Some(time) = seen.phases.get_mut(phase as usize) {
                *time = Some(time.unwrap_or_default() + own);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_for_the_innermost_phase_alone() {
        let observation = Observation::new(true);
        {
            let _store = time(Some(&observation), Phase::Store);
            {
                let _document = time(Some(&observation), Phase::Document);
                drop(time(Some(&observation), Phase::Hash));
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let whole = observation.begun.elapsed();
        let seen = observation.seen();
        let phases: Vec<Phase> = seen.phases().map(|(phase, _)| phase).collect();
        assert_eq!(phases, [Phase::Store, Phase::Document, Phase::Hash]);
        let sum: Duration = seen.phases().map(|(_, time)| time).sum();
        assert_eq!(sum, seen.phased);
        assert!(sum <= whole, "{seen:?} of {whole:?}");
        let of = |wanted| seen.phases().find(|(phase, _)| *phase == wanted).expect("a time").1;
        assert!(of(Phase::Document) >= Duration::from_millis(2));
    }

    #[test]
    fn without_a_wish_for_times_nothing_is_timed() {
        let observation = Observation::new(false);
        drop(time(Some(&observation), Phase::Store));
        drop(time(None, Phase::Store));
        observation.memo(MemoOutcome::Hit);
        assert_eq!((observation.seen().phases().count(), observation.seen().memo), (0, MemoOutcome::Hit));
    }

    #[test]
    fn only_applications_with_a_watcher_are_observed() {
        use rocket::local::blocking::Client;

        let observed = |rocket| {
            let client = Client::untracked(rocket).expect("a rocket");
            of(client.get("/").inner()).map(|observation| observation.times_phases)
        };
        assert_eq!(observed(rocket::build()), None);
        let once = watch(rocket::build(), Detail::Outcomes);
        assert_eq!(observed(once), Some(false));
        let twice = watch(watch(rocket::build(), Detail::Phases), Detail::Outcomes);
        assert_eq!(observed(twice), Some(true));
        // The flag of the process is set by now, and says nothing of another application.
        assert_eq!(observed(rocket::build()), None);
    }
}
