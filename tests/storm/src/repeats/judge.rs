//! Whether a record of repeated changes fits to what is there at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Kind, Last, Notes, Outcome};
use crate::keyed::{Fate, fate, faults, success};

/// Decides it.
pub(super) fn judge(notes: &[Notes], last: &Last) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.faults.extend(notes.iter().flat_map(|notes| notes.faults.clone()));
    let changes: Vec<&Change> = notes.iter().flat_map(|notes| &notes.changes).collect();
    let mut totals: BTreeMap<usize, i64> = (0..last.totals.len()).map(|number| (number, 0)).collect();
    for change in &changes {
        outcome.look_at(change, last);
        // What was made in part or more often is told already: here it counts as it is there.
        let mut counts = change.entries.iter().map(|name| last.entries.get(name).map_or(0, Vec::len));
        let times = counts.next().unwrap_or(0);
        for (counter, amount) in &change.amounts {
            *totals.entry(*counter).or_default() += amount * i64::try_from(times).unwrap_or(0);
        }
    }
    let sent: BTreeSet<&String> = changes.iter().flat_map(|change| &change.entries).collect();
    let unknown = last.entries.keys().filter(|name| !sent.contains(name));
    outcome.faults.extend(unknown.map(|name| format!("there is {name:?}, and nobody has sent it")));
    for ((number, expected), total) in totals.iter().zip(&last.totals) {
        if expected != total {
            outcome.half_made += 1;
            outcome.faults.push(format!("counter {number} is {total}, but its changes are {expected}"));
        }
    }
    outcome
}

impl Outcome {
    fn look_at(&mut self, change: &Change, last: &Last) {
        let Change { kind, name, entries, attempts, .. } = change;
        for attempt in attempts {
            let status = attempt.answer.as_ref().map_or(0, |answer| answer.status);
            *self.statuses.entry(status).or_default() += 1;
            self.replayed += usize::from(attempt.is_replayed());
        }
        let fate = fate(attempts);
        *self.fates.entry((*kind, fate)).or_default() += 1;
        let mut wrong = faults(attempts, refusals(*kind));

        let counts: Vec<usize> =
            entries.iter().map(|entry| last.entries.get(entry).map_or(0, Vec::len)).collect();
        let (least, most) =
            (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
        if least != most {
            self.half_made += 1;
            wrong.push(format!("its parts were made {counts:?} times"));
        }
        let may_be = match fate {
            _ if *kind == Kind::Reuse => 0..=0,
            Fate::Acknowledged => 1..=1,
            Fate::Unknown => 0..=1,
            Fate::Refused(_) | Fate::NotSent => 0..=0,
        };
        if most > *may_be.end() {
            self.made_twice += usize::from(most > 1);
            wrong.push(format!("it was made {most} times"));
        }
        if least < *may_be.start() {
            self.lost += 1;
            wrong.push("it was acknowledged, and is not there".to_owned());
        }
        // The answer tells what was made.
        if *kind == Kind::Add
            && let Some(answer) = success(attempts)
        {
            let (answer, made) = (answer.json(), last.entries.get(name).and_then(|ids| ids.first()));
            if answer["data"]["attributes"]["marker"] != name.as_str() {
                wrong.push(format!("the answer is about another one: {answer}"));
            } else if made.is_some_and(|id| answer["data"]["id"] != id.as_str()) {
                wrong.push(format!("the answer names another id than {made:?}: {answer}"));
            }
        }
        self.faults.extend(wrong.into_iter().map(|wrong| format!("{kind:?} {name} ({fate:?}): {wrong}")));
    }
}

/// What a change of this kind may be refused with, beside what any may be.
fn refusals(kind: Kind) -> &'static [u16] {
    match kind {
        Kind::Reuse => &[422],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use hyper::header::HeaderMap;

    use super::*;
    use crate::http::Answer;
    use crate::keyed::Attempt;

    fn change(kind: Kind, entries: &[&str], status: u16) -> Change {
        let answer = Answer { status, tag: None, fields: HeaderMap::new(), body: Bytes::new() };
        let attempt = Attempt { start: 0, end: 1, answer: Some(answer).filter(|_| status > 0) };
        Change {
            kind,
            name: "n".into(),
            entries: entries.iter().map(|name| (*name).to_owned()).collect(),
            amounts: vec![(0, 5)],
            attempts: vec![attempt],
        }
    }

    fn last(entries: &[&str], total: i64) -> Last {
        let mut last = Last { totals: vec![total], ..Last::default() };
        for (id, name) in entries.iter().enumerate() {
            last.entries.entry((*name).to_owned()).or_default().push(id.to_string());
        }
        last
    }

    fn outcome(change: Change, last: &Last) -> Outcome {
        judge(&[Notes { changes: vec![change], faults: Vec::new() }], last)
    }

    #[test]
    fn what_is_possible_has_no_fault() {
        for (status, entries, total) in [
            (200, &["a", "b"][..], 5),
            (0, &["a", "b"], 5),
            (0, &[], 0),
            (504, &["b", "a"], 5),
            (503, &[], 0),
        ] {
            let outcome = outcome(change(Kind::Operations, &["a", "b"], status), &last(entries, total));
            assert_eq!(outcome.faults, Vec::<String>::new(), "{status}");
        }
        assert_eq!(outcome(change(Kind::Reuse, &["a"], 422), &last(&[], 0)).faults.len(), 0);
    }

    #[test]
    fn what_is_not_possible_is_found() {
        for (status, entries, total, (twice, half, lost)) in [
            (200, &["a", "b", "a", "b"][..], 10, (1, 0, 0)),
            (0, &["a", "b", "a", "b"], 10, (1, 0, 0)),
            (0, &["a"], 5, (0, 1, 0)),
            // The counter alone.
            (0, &[], 5, (0, 1, 0)),
            (0, &["a", "b"], 10, (0, 1, 0)),
            (200, &[], 0, (0, 0, 1)),
            (503, &["a", "b"], 5, (0, 0, 0)),
            (404, &[], 0, (0, 0, 0)),
            (200, &["a", "b", "c"], 5, (0, 0, 0)),
        ] {
            let outcome = outcome(change(Kind::Operations, &["a", "b"], status), &last(entries, total));
            let found = (outcome.made_twice, outcome.half_made, outcome.lost);
            assert_eq!(found, (twice, half, lost), "{status} {entries:?} {total}");
            assert!(!outcome.faults.is_empty(), "{status} {entries:?} {total}");
        }
        // Another request under a key that was used.
        assert!(!outcome(change(Kind::Reuse, &["a"], 201), &last(&["a"], 5)).faults.is_empty());
    }
}
