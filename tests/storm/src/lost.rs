//! How many updates are lost, counted in the record alone.
//!
//! Every write sends a value that no other one sends. So each value that was ever there (a write of it was
//! acknowledged, or it was read) must either be there at the end, or have been replaced by a write whose `If-Match`
//! named it. If it is neither, somebody has overwritten what they had not seen.
//!
//! The count is a lower bound: what happens to linkage, and what was never seen, is not in it. The verdict of the
//! checker covers all.

use std::collections::{HashMap, HashSet};

use crate::record::{Call, Change, Record, Target};
use crate::register::{histories, state_part};

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Updates that somebody has overwritten without having seen them.
    pub updates: usize,
    /// Writes that were refused, and made all the same.
    pub refused_but_made: usize,
}

/// Counts. The last read of each resource must have come after all writes.
pub fn count(records: &[Record]) -> Lost {
    histories(records).values().map(|records| one(records)).fold(Lost::default(), |all, one| Lost {
        acknowledged: all.acknowledged + one.acknowledged,
        updates: all.updates + one.updates,
        refused_but_made: all.refused_but_made + one.refused_but_made,
    })
}

fn one(records: &[&Record]) -> Lost {
    let is_write = |record: &&&Record| record.call != Call::Read;
    let read: HashSet<i64> = records
        .iter()
        .filter(|record| record.call == Call::Read)
        .filter_map(|record| record.seen_value())
        .collect();
    let is_refused = |record: &&Record| !record.is_done() && !record.is_unknown();
    let is_made = |record: &&Record| {
        !is_refused(record) || record.sent_value().is_some_and(|value| read.contains(&value))
    };

    let mut values: HashMap<&str, i64> = HashMap::new();
    for record in records.iter().filter(|record| record.target != Target::Linkage) {
        if let (Some(tag), Some(value)) = (record.seen_tag(), record.seen_value()) {
            values.insert(state_part(tag), value);
        }
    }
    // Of a DELETE one can't see whether it was made: each counts as if it was.
    let replacing = records.iter().filter(is_write).filter(|record| {
        record.target == Target::Resource && (record.call == Call::Write(Change::Delete) || is_made(record))
    });
    let mut replaced = HashSet::new();
    let mut replaced_unseen = 0;
    for record in replacing.filter(|record| !record.if_match.is_empty()) {
        let named = record.if_match.iter().map(|tag| values.get(state_part(tag)));
        // A tag that only a 412 has shown: what it names may be any of those that seem to be lost.
        replaced_unseen += usize::from(named.clone().any(|value| value.is_none()));
        replaced.extend(named.flatten().copied());
    }
    let last = records.iter().filter(|record| record.call == Call::Read && !record.is_unknown());
    let last = last.max_by_key(|record| record.start).and_then(|record| record.seen_value());

    let acknowledged = records.iter().filter(is_write).filter(|record| record.is_done());
    let was_there: HashSet<i64> =
        acknowledged.clone().filter_map(|record| record.sent_value()).chain(read.iter().copied()).collect();
    let gone = was_there.iter().filter(|value| !replaced.contains(value) && last != Some(**value)).count();
    Lost {
        acknowledged: acknowledged.count(),
        updates: gone.saturating_sub(replaced_unseen),
        refused_but_made: records
            .iter()
            .filter(is_write)
            .filter(|record| is_refused(record) && is_made(record))
            .count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Seen;

    fn record(start: u64, call: Call, if_match: &str, status: u16, value: i64, tag: &str) -> Record {
        Record {
            client: 0,
            start,
            end: Some(start + 1),
            register: 0,
            target: Target::Resource,
            call,
            if_match: if_match.split_terminator(',').map(str::to_owned).collect(),
            status: Some(status),
            seen: match tag {
                "" => Seen::Nothing,
                tag => Seen::Present { value: Some(value), members: Some(0), tag: Some(tag.to_owned()) },
            },
        }
    }

    fn create() -> Record {
        record(0, Call::Write(Change::Create { value: 1, members: 0 }), "", 201, 1, "a")
    }

    fn update(start: u64, if_match: &str, status: u16, value: i64, tag: &str) -> Record {
        record(start, Call::Write(Change::Update { value, members: None }), if_match, status, value, tag)
    }

    fn read(start: u64, value: i64, tag: &str) -> Record {
        record(start, Call::Read, "", 200, value, tag)
    }

    #[test]
    fn nothing_is_lost_where_each_names_what_it_replaces() {
        let records = [create(), update(2, "a", 200, 2, "b"), update(4, "b", 200, 3, "c"), read(6, 3, "c")];
        assert_eq!(count(&records), Lost { acknowledged: 3, updates: 0, refused_but_made: 0 });
        let deleted = record(6, Call::Write(Change::Delete), "c", 204, 0, "");
        let gone = Record { status: Some(404), seen: Seen::Absent, ..read(8, 0, "") };
        assert_eq!(count(&[&records[..3], &[deleted, gone]].concat()).updates, 0);
    }

    #[test]
    fn two_acknowledged_with_one_tag_are_one_lost() {
        let records = [create(), update(2, "a", 200, 2, "b"), update(2, "a", 200, 3, "c"), read(6, 3, "c")];
        assert_eq!(count(&records), Lost { acknowledged: 3, updates: 1, refused_but_made: 0 });
    }

    #[test]
    fn a_tag_that_only_a_412_has_shown() {
        // Somebody has changed the linkage: the same value has a new tag.
        let refused = update(2, "a", 412, 0, "");
        let replacing = update(4, "b", 200, 2, "c");
        assert_eq!(count(&[create(), refused, replacing, read(6, 2, "c")]).updates, 0);
    }

    #[test]
    fn refused_and_made() {
        let records = [
            create(),
            update(2, "b", 412, 2, ""),
            read(4, 2, "b"),
            update(6, "b", 200, 3, "c"),
            read(8, 3, "c"),
        ];
        assert_eq!(count(&records), Lost { acknowledged: 2, updates: 1, refused_but_made: 1 });
    }

    #[test]
    fn what_got_no_answer_may_have_replaced() {
        let unknown = Record { end: None, status: None, ..update(2, "a", 0, 2, "") };
        assert_eq!(count(&[create(), unknown, read(4, 2, "b")]).updates, 0);
    }
}
