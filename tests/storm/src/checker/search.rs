//! The search for an order.

use std::collections::HashMap;

use super::{Event, Limits, Model, Verdict};

/// How many operations of unknown outcome a search takes in a row, one search after the other. Few are enough for
/// nearly every history that is possible, and with few a wrong turn ends soon. Only the last one can reject.
const IN_A_ROW: [usize; 4] = [1, 2, 4, usize::MAX];

/// Decides whether the history is possible.
pub fn check<M: Model>(model: &M, history: &[Event<M::Operation>], limits: Limits) -> Verdict {
    let mut verdict = Verdict::Possible;
    for in_a_row in IN_A_ROW {
        let all = in_a_row == usize::MAX;
        let steps = if all { limits.steps } else { limits.steps / 10 };
        let search = Search::new(model, history, Limits { steps, ..limits }, in_a_row);
        let unknown = search.unknown.len();
        verdict = search.run();
        if verdict == Verdict::Possible || all || unknown <= in_a_row {
            break;
        }
    }
    verdict
}

/// A place in one of the two lists of a search.
#[derive(Clone, Copy)]
enum Taken {
    Completed(usize),
    Unknown(usize),
}

/// What the search remembers of where it was: nothing but this decides whether the rest can be put in order.
///
/// So does which ones of unknown outcome are taken. But where two differ in that alone, and one has taken no others
/// than the second has, the second can do nothing that the first can't.
#[derive(PartialEq, Eq, Hash)]
struct Configuration<S> {
    /// All before this one are taken.
    first: usize,
    /// Which ones are taken from there on, a bit each.
    taken: Box<[u64]>,
    /// How many of unknown outcome were taken since the last completed one.
    in_a_row: usize,
    state: S,
}

/// The configurations that were seen, each with the sets of unknown outcome that were taken in it, ascending.
struct Memo<S> {
    seen: HashMap<Configuration<S>, Vec<Box<[u32]>>>,
    bytes: usize,
}

impl<S: Eq + std::hash::Hash> Memo<S> {
    /// Remembers one; false if nothing new can come of it.
    fn insert(&mut self, configuration: Configuration<S>, unknown: Box<[u32]>) -> bool {
        self.bytes += size_of::<Box<[u32]>>() + unknown.len() * 4;
        let bytes = size_of::<Configuration<S>>() + configuration.taken.len() * 8 + 64;
        let sets = self.seen.entry(configuration).or_insert_with(|| {
            self.bytes += bytes;
            Vec::new()
        });
        let is_new = !sets.iter().any(|set| set.iter().all(|one| unknown.binary_search(one).is_ok()));
        if is_new {
            sets.push(unknown);
        }
        is_new
    }
}

/// A choice that was made, and what to go back to.
struct Choice<S> {
    /// How many were taken before.
    depth: usize,
    in_a_row: usize,
    state: S,
    /// What else could be taken instead, the next one last.
    others: Vec<Taken>,
}

struct Search<'h, M: Model> {
    model: &'h M,
    /// Ascending by start.
    completed: Vec<(&'h Event<M::Operation>, u64)>,
    unknown: Vec<&'h Event<M::Operation>>,
    limits: Limits,
    /// How many of unknown outcome it may take in a row, and how many it has taken.
    most_in_a_row: usize,
    in_a_row: usize,
    is_taken: Vec<bool>,
    is_unknown_taken: Vec<bool>,
    /// All completed ones before this are taken.
    first: usize,
    /// No completed one from here on is taken.
    beyond: usize,
    state: M::State,
    /// What is taken, in this order.
    order: Vec<Taken>,
    /// The longest order that came to an end: its length, the state, and what could not come next.
    best: Option<(usize, M::State, Vec<usize>)>,
    steps: u64,
}

impl<'h, M: Model> Search<'h, M> {
    fn new(model: &'h M, history: &'h [Event<M::Operation>], limits: Limits, most_in_a_row: usize) -> Self {
        let mut completed: Vec<_> =
            history.iter().filter_map(|event| event.end.map(|end| (event, end))).collect();
        completed.sort_by_key(|(event, end)| (event.start, *end));
        let mut unknown: Vec<_> = history.iter().filter(|event| event.end.is_none()).collect();
        // What only looks and got no answer tells nothing.
        unknown.retain(|event| !model.only_observes(&event.operation));
        unknown.sort_by_key(|event| event.start);
        Self {
            model,
            is_taken: vec![false; completed.len()],
            is_unknown_taken: vec![false; unknown.len()],
            completed,
            unknown,
            limits,
            most_in_a_row,
            in_a_row: 0,
            first: 0,
            beyond: 0,
            state: model.initial(),
            order: Vec::new(),
            best: None,
            steps: 0,
        }
    }

    fn run(mut self) -> Verdict {
        let mut memo = Memo { seen: HashMap::new(), bytes: 0 };
        let mut choices: Vec<Choice<M::State>> = Vec::new();
        loop {
            self.take_observers();
            if self.first == self.completed.len() {
                return Verdict::Possible;
            }
            let others = self.candidates();
            if others.is_empty() {
                self.note_best();
            }
            choices.push(Choice {
                depth: self.order.len(),
                in_a_row: self.in_a_row,
                state: self.state.clone(),
                others,
            });
            // The next choice that leads to where the search has not been.
            loop {
                let Some(choice) = choices.last_mut() else {
                    return Verdict::Impossible(self.explanation());
                };
                let next = choice.others.pop();
                let (depth, in_a_row, state) = (choice.depth, choice.in_a_row, choice.state.clone());
                self.back_to(depth, in_a_row, state);
                let Some(next) = next else {
                    choices.pop();
                    continue;
                };
                self.take(next);
                let (configuration, unknown) = self.configuration();
                if memo.insert(configuration, unknown) {
                    break;
                }
            }
            if self.steps > self.limits.steps {
                return Verdict::Undecided(format!("no order found in {} steps", self.steps));
            }
            if memo.bytes > self.limits.memory {
                return Verdict::Undecided(format!("no order found within {} bytes", self.limits.memory));
            }
        }
    }

    /// The earliest end of what is not taken: nothing that starts later can come before it.
    fn horizon(&self) -> u64 {
        let mut horizon = u64::MAX;
        for place in self.first..self.completed.len() {
            let (event, end) = self.completed[place];
            if event.start > horizon {
                break;
            }
            if !self.is_taken[place] {
                horizon = horizon.min(end);
            }
        }
        horizon
    }

    /// The completed ones that may come next, whatever the state is.
    fn open(&self, horizon: u64) -> impl Iterator<Item = usize> {
        (self.first..self.completed.len())
            .take_while(move |place| self.completed[*place].0.start <= horizon)
            .filter(|place| !self.is_taken[*place])
    }

    fn take_observers(&mut self) {
        loop {
            let horizon = self.horizon();
            let fitting: Vec<_> = self
                .open(horizon)
                .filter(|place| {
                    let operation = &self.completed[*place].0.operation;
                    self.model.only_observes(operation) && self.model.step(&self.state, operation).is_some()
                })
                .collect();
            if fitting.is_empty() {
                return;
            }
            for place in fitting {
                self.take(Taken::Completed(place));
            }
        }
    }

    /// What may change the state next, the best guess last: what ended first, and rather what was answered than
    /// what was not.
    fn candidates(&self) -> Vec<Taken> {
        let horizon = self.horizon();
        let fits = |operation| self.model.step(&self.state, operation).is_some();
        let mut known: Vec<_> = self
            .open(horizon)
            .filter(|place| {
                let operation = &self.completed[*place].0.operation;
                !self.model.only_observes(operation) && fits(operation)
            })
            .collect();
        known.sort_by_key(|place| std::cmp::Reverse(self.completed[*place].1));
        let may_follow = self.in_a_row < self.most_in_a_row;
        let unknown = self.unknown.iter().enumerate().take_while(|(_, event)| event.start <= horizon);
        unknown
            .filter(|(place, event)| may_follow && !self.is_unknown_taken[*place] && fits(&event.operation))
            .map(|(place, _)| Taken::Unknown(place))
            .chain(known.into_iter().map(Taken::Completed))
            .collect()
    }

    /// Takes one that fits.
    fn take(&mut self, taken: Taken) {
        let operation = match taken {
            Taken::Completed(place) => {
                self.is_taken[place] = true;
                self.in_a_row = 0;
                self.beyond = self.beyond.max(place + 1);
                &self.completed[place].0.operation
            }
            Taken::Unknown(place) => {
                self.is_unknown_taken[place] = true;
                self.in_a_row += 1;
                &self.unknown[place].operation
            }
        };
        if let Some(state) = self.model.step(&self.state, operation) {
            self.state = state;
        }
        while self.is_taken.get(self.first).copied().unwrap_or(false) {
            self.first += 1;
        }
        self.order.push(taken);
        self.steps += 1;
    }

    fn back_to(&mut self, depth: usize, in_a_row: usize, state: M::State) {
        for taken in self.order.drain(depth..) {
            match taken {
                Taken::Completed(place) => {
                    self.is_taken[place] = false;
                    self.first = self.first.min(place);
                }
                Taken::Unknown(place) => self.is_unknown_taken[place] = false,
            }
        }
        while self.beyond > self.first && !self.is_taken[self.beyond - 1] {
            self.beyond -= 1;
        }
        self.in_a_row = in_a_row;
        self.state = state;
    }

    fn configuration(&self) -> (Configuration<M::State>, Box<[u32]>) {
        let window = self.is_taken.get(self.first..self.beyond).unwrap_or(&[]);
        let word = |bits: &[bool]| {
            bits.iter().enumerate().fold(0, |word, (place, bit)| word | u64::from(*bit) << place)
        };
        let unknown = self.is_unknown_taken.iter().zip(0..).filter(|(taken, _)| **taken);
        let configuration = Configuration {
            first: self.first,
            taken: window.chunks(64).map(word).collect(),
            // Where there is no bound, how many doesn't matter.
            in_a_row: if self.most_in_a_row == usize::MAX { 0 } else { self.in_a_row },
            state: self.state.clone(),
        };
        (configuration, unknown.map(|(_, place)| place).collect())
    }

    fn note_best(&mut self) {
        let depth = self.order.len();
        if self.best.as_ref().is_none_or(|(best, ..)| depth > *best) {
            let next = self.open(self.horizon()).take(4).collect();
            self.best = Some((depth, self.state.clone(), next));
        }
    }

    fn explanation(&self) -> String {
        let Some((depth, state, next)) = &self.best else { return "nothing fits".to_owned() };
        let next: Vec<_> = next.iter().map(|place| format!("{:?}", self.completed[*place].0)).collect();
        format!(
            "after {depth} of {} operations, in the state {state:?}, none of these fits: {}",
            self.completed.len(),
            next.join("; ")
        )
    }
}
