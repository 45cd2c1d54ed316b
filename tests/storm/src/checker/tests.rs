//! The search against histories made by hand, and against trying every order.

use proptest::prelude::*;

use super::{Event, Limits, Model, Verdict, check};

/// One number with compare-and-set.
struct Cell;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Read(u8),
    /// From, to; it was done.
    Set(u8, u8),
    /// From; it was refused.
    Refused(u8),
}

use Operation::{Read, Refused, Set};

impl Model for Cell {
    type State = u8;
    type Operation = Operation;

    fn initial(&self) -> u8 {
        0
    }

    fn step(&self, state: &u8, operation: &Operation) -> Option<u8> {
        match *operation {
            Read(value) => (*state == value).then_some(value),
            Set(from, to) => (*state == from).then_some(to),
            Refused(from) => (*state != from).then_some(*state),
        }
    }

    fn only_observes(&self, operation: &Operation) -> bool {
        !matches!(operation, Set(..))
    }
}

fn at(start: u64, end: u64, operation: Operation) -> Event<Operation> {
    Event { start, end: Some(end), operation }
}

fn unanswered(start: u64, operation: Operation) -> Event<Operation> {
    Event { start, end: None, operation }
}

fn verdict(history: &[Event<Operation>]) -> Verdict {
    check(&Cell, history, Limits::default())
}

#[test]
fn possible() {
    let rows: [(&str, &[Event<Operation>]); 8] = [
        ("nothing", &[]),
        ("one after the other", &[at(0, 1, Set(0, 1)), at(2, 3, Read(1))]),
        ("a read beside a write sees the old", &[at(0, 9, Set(0, 1)), at(1, 2, Read(0))]),
        ("or the new", &[at(0, 9, Set(0, 1)), at(1, 2, Read(1))]),
        ("one wins", &[at(0, 5, Set(0, 1)), at(0, 5, Refused(0))]),
        ("back and forth", &[at(0, 9, Set(0, 1)), at(0, 9, Set(1, 0)), at(0, 9, Set(0, 1))]),
        ("without an answer, done later", &[unanswered(0, Set(0, 1)), at(1, 2, Read(0)), at(3, 4, Read(1))]),
        (
            "without an answer, never done",
            &[unanswered(0, Set(0, 1)), at(1, 2, Set(0, 2)), at(3, 4, Read(2))],
        ),
    ];
    for (name, history) in rows {
        assert_eq!(verdict(history), Verdict::Possible, "{name}");
    }
}

#[test]
fn impossible() {
    let rows: [(&str, &[Event<Operation>]); 8] = [
        ("two won", &[at(0, 5, Set(0, 1)), at(0, 5, Set(0, 2))]),
        ("a stale read", &[at(0, 1, Set(0, 1)), at(2, 3, Read(0))]),
        ("back in time", &[at(0, 9, Set(0, 1)), at(1, 2, Read(1)), at(3, 4, Read(0))]),
        ("from nowhere", &[at(0, 1, Read(7))]),
        ("before it was sent", &[at(0, 1, Read(1)), unanswered(2, Set(0, 1))]),
        ("refused without a reason", &[at(0, 1, Refused(0)), at(2, 3, Set(0, 1))]),
        ("lost in a crash", &[at(0, 1, Set(0, 1)), unanswered(2, Set(1, 2)), at(3, 4, Read(0))]),
        (
            "done twice",
            &[unanswered(0, Set(0, 1)), at(1, 2, Read(1)), at(3, 4, Set(1, 0)), at(5, 6, Read(1))],
        ),
    ];
    for (name, history) in rows {
        assert!(matches!(verdict(history), Verdict::Impossible(_)), "{name}: {}", verdict(history));
    }
}

#[test]
fn it_says_how_far_it_came() {
    let Verdict::Impossible(why) = verdict(&[at(0, 1, Set(0, 1)), at(2, 3, Read(0))]) else { panic!() };
    assert!(why.contains("after 1 of 2 operations, in the state 1") && why.contains("Read(0)"), "{why}");
}

/// Writes that all run at once, of which only one order is right.
fn chain(length: u8) -> Vec<Event<Operation>> {
    (0..length).map(|value| at(0, 1000, Set(value, value + 1))).collect()
}

#[test]
fn at_its_limits_it_does_not_accept() {
    let history = chain(100);
    assert_eq!(verdict(&history), Verdict::Possible);
    let few = Limits { steps: 50, ..Limits::default() };
    assert!(matches!(check(&Cell, &history, few), Verdict::Undecided(_)));
    let small = Limits { memory: 1000, ..Limits::default() };
    assert!(matches!(check(&Cell, &history, small), Verdict::Undecided(_)));
}

/// 64 clients, each of which reads and then writes what it read, one up; so many that trying orders would not end.
#[test]
fn long_histories() {
    let mut history = Vec::new();
    let value = |round: u64| (round % 200) as u8;
    for round in 0..2_000 {
        let time = round * 100;
        for client in 0..15 {
            history.push(at(time + client, time + 50, Read(value(round))));
            history.push(at(time + 60, time + 99, Refused(value(round))));
        }
        history.push(at(time + 20, time + 75, Set(value(round), value(round + 1))));
    }
    // Refused beside the write that made their tag stale, or after it.
    assert_eq!(verdict(&history), Verdict::Possible);
    history.push(at(100_000, 100_001, Read(201)));
    assert!(matches!(verdict(&history), Verdict::Impossible(_)));
}

/// Every order of every choice of what was done of the unanswered.
fn by_trying(history: &[Event<Operation>], state: u8) -> bool {
    if history.iter().all(|event| event.end.is_none()) {
        return true;
    }
    (0..history.len()).any(|place| {
        let next = &history[place];
        let mut rest = history.to_vec();
        rest.remove(place);
        let in_time = rest.iter().all(|other| other.end.is_none_or(|end| end >= next.start));
        let after = Cell.step(&state, &next.operation).filter(|_| in_time);
        after.is_some_and(|state| by_trying(&rest, state))
    })
}

fn operations() -> impl Strategy<Value = Operation> {
    let value = 0..3_u8;
    prop_oneof![
        value.clone().prop_map(Read),
        (value.clone(), value.clone()).prop_map(|(from, to)| Set(from, to)),
        (value.clone(), value.clone()).prop_map(|(from, to)| Set(from, to)),
        value.prop_map(Refused),
    ]
}

fn events() -> impl Strategy<Value = Event<Operation>> {
    (0..20_u64, prop_oneof![4 => (0..10_u64).prop_map(Some), 1 => Just(None)], operations()).prop_map(
        |(start, length, operation)| Event { start, end: length.map(|length| start + length), operation },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn as_trying_every_order(history in prop::collection::vec(events(), 0..7)) {
        let expected = by_trying(&history, 0);
        let found = verdict(&history);
        prop_assert_eq!(matches!(found, Verdict::Possible), expected, "{}", found);
    }
}
