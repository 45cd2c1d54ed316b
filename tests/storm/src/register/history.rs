//! From a record of requests to histories, one a register, and to the verdict on all of them.

use std::collections::BTreeMap;

use super::{Operation, Outcome, Register, Tags};
use crate::checker::{Event, Limits, Verdict, check};
use crate::record::{Call, Record, Seen};

/// The requests of each register.
pub fn histories(records: &[Record]) -> BTreeMap<usize, Vec<&Record>> {
    let mut histories: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in records {
        histories.entry(record.register).or_default().push(record);
    }
    histories
}

/// Decides whether the record is possible for registers with compare-and-set.
///
/// Registers are judged one by one: a history is linearizable exactly if that of each object is.
pub fn judge(records: &[Record], limits: Limits) -> Verdict {
    let verdicts = histories(records).into_iter().map(|(register, records)| match one(&records, limits) {
        Verdict::Impossible(why) => Verdict::Impossible(format!("register {register}: {why}")),
        Verdict::Undecided(why) => Verdict::Undecided(format!("register {register}: {why}")),
        Verdict::Possible => Verdict::Possible,
    });
    verdicts.fold(Verdict::Possible, Verdict::and)
}

fn one(records: &[&Record], limits: Limits) -> Verdict {
    let tags = match Tags::learn(records.iter().copied()) {
        Ok(tags) => tags,
        Err(why) => return Verdict::Impossible(why),
    };
    let events: Vec<_> = records.iter().filter_map(|record| event(record)).collect();
    check(&Register { tags: &tags }, &events, limits)
}

/// `None` of what tells nothing: a read without an answer, a refusal that says nothing of the state.
fn event(record: &Record) -> Option<Event<Operation<'_>>> {
    let outcome = match record.is_unknown() {
        true => Outcome::Unknown,
        false if record.is_done() || record.call == Call::Read => Outcome::Done,
        false => Outcome::Refused,
    };
    let tells = match outcome {
        Outcome::Unknown => record.call != Call::Read,
        Outcome::Refused => record.seen != Seen::Nothing,
        Outcome::Done => record.call != Call::Read || record.seen != Seen::Nothing,
    };
    let end = record.end.filter(|_| outcome != Outcome::Unknown);
    tells.then_some(Event { start: record.start, end, operation: Operation { record, outcome } })
}
