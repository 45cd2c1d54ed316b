//! Histories of requests made by hand.

use super::judge;
use crate::checker::{Limits, Verdict};
use crate::record::{Call, Change, Link, Record, Seen, Target};

/// A request to the one register of these histories.
fn sent(start: u64, end: u64, call: Call, if_match: &[&str], status: u16, seen: Seen) -> Record {
    Record {
        client: 0,
        start,
        end: Some(end),
        register: 0,
        target: Target::Resource,
        call,
        if_match: if_match.iter().map(|tag| (*tag).to_owned()).collect(),
        status: Some(status),
        seen,
    }
}

fn shown(value: i64, members: u32, tag: &str) -> Seen {
    Seen::Present { value: Some(value), members: Some(members), tag: Some(tag.to_owned()) }
}

fn tagged(tag: &str) -> Seen {
    Seen::Present { value: None, members: None, tag: Some(tag.to_owned()) }
}

/// The register with the value 1 and no members, tag `"a"`, from 0 to 1.
fn created() -> Record {
    sent(0, 1, Call::Write(Change::Create { value: 1, members: 0 }), &[], 201, shown(1, 0, "\"a\""))
}

fn read(start: u64, seen: Seen) -> Record {
    let status = if seen == Seen::Absent { 404 } else { 200 };
    sent(start, start + 1, Call::Read, &[], status, seen)
}

fn update(start: u64, end: u64, tag: &str, value: i64, new: &str) -> Record {
    let change = Change::Update { value, members: None };
    sent(start, end, Call::Write(change), &[tag], 200, shown(value, 0, new))
}

fn refused(start: u64, end: u64, tag: &str, value: i64, current: &str) -> Record {
    let change = Change::Update { value, members: None };
    sent(start, end, Call::Write(change), &[tag], 412, tagged(current))
}

fn delete(start: u64, tag: &str, status: u16) -> Record {
    sent(start, start + 1, Call::Write(Change::Delete), &[tag], status, Seen::Absent)
}

fn link(start: u64, link: Link, sent_members: u32, tag: &str, members: u32, new: &str) -> Record {
    let call = Call::Write(Change::Link { link, members: sent_members });
    let seen = Seen::Present { value: None, members: Some(members), tag: Some(new.to_owned()) };
    Record { target: Target::Linkage, ..sent(start, start + 1, call, &[tag], 200, seen) }
}

fn read_linkage(start: u64, members: u32, tag: &str) -> Record {
    let seen = Seen::Present { value: None, members: Some(members), tag: Some(tag.to_owned()) };
    Record { target: Target::Linkage, ..sent(start, start + 1, Call::Read, &[], 200, seen) }
}

fn without_answer(record: Record) -> Record {
    Record { end: None, status: None, seen: Seen::Nothing, ..record }
}

#[track_caller]
fn possible(records: &[Record]) {
    assert_eq!(judge(records, Limits::default()), Verdict::Possible);
}

#[track_caller]
fn impossible(records: &[Record], why: &str) {
    match judge(records, Limits::default()) {
        Verdict::Impossible(found) => assert!(found.contains(why), "{found}"),
        other => panic!("{other}"),
    }
}

#[test]
fn of_two_with_one_tag_one_wins() {
    possible(&[created(), update(2, 5, "\"a\"", 2, "\"b\""), refused(2, 5, "\"a\"", 3, "\"b\"")]);
    impossible(&[created(), update(2, 5, "\"a\"", 2, "\"b\""), update(2, 5, "\"a\"", 3, "\"c\"")], "none of");
}

#[test]
fn a_refusal_needs_a_reason() {
    impossible(&[created(), refused(2, 3, "\"a\"", 2, "\"a\"")], "none of");
    possible(&[created(), refused(2, 3, "\"z\"", 2, "\"a\"")]);
}

#[test]
fn what_was_refused_was_not_made() {
    impossible(&[created(), refused(2, 3, "\"z\"", 2, "\"a\""), read(4, shown(2, 0, "\"b\""))], "none of");
}

#[test]
fn a_list_of_tags() {
    let mut either = update(2, 3, "\"z\"", 2, "\"b\"");
    either.if_match.push("\"a\"".to_owned());
    possible(&[created(), either]);
}

#[test]
fn a_tag_read_with_parameters_serves_for_the_write() {
    possible(&[created(), update(2, 3, "\"a-123\"", 2, "\"b\""), read(4, shown(2, 0, "\"b-9\""))]);
}

#[test]
fn what_was_acknowledged_stays() {
    let old = shown(1, 0, "\"a\"");
    impossible(&[created(), update(2, 3, "\"a\"", 2, "\"b\""), read(4, old.clone())], "none of");
    // Without an answer it may come at any later time, or never.
    let unknown = without_answer(update(2, 3, "\"a\"", 2, "\"b\""));
    possible(&[created(), unknown.clone(), read(4, old.clone())]);
    possible(&[created(), unknown.clone(), read(4, old), read(6, shown(2, 0, "\"b\""))]);
    impossible(
        &[created(), unknown, read(4, shown(2, 0, "\"b\"")), read(6, shown(1, 0, "\"a\""))],
        "none of",
    );
}

#[test]
fn half_of_a_write() {
    let both = Change::Update { value: 2, members: Some(3) };
    let both = sent(2, 3, Call::Write(both), &["\"a\""], 200, shown(2, 3, "\"b\""));
    let unknown = without_answer(both.clone());
    possible(&[created(), both, read(4, shown(2, 3, "\"b\""))]);
    possible(&[created(), unknown.clone(), read(4, shown(2, 3, "\"b\""))]);
    impossible(&[created(), unknown.clone(), read(4, shown(2, 0, "\"c\""))], "none of");
    impossible(&[created(), unknown, read(4, shown(1, 3, "\"d\""))], "none of");
}

#[test]
fn deleted_and_made_again() {
    let again = Change::Create { value: 1, members: 0 };
    let again = sent(6, 7, Call::Write(again), &[], 201, shown(1, 0, "\"a\""));
    possible(&[
        created(),
        delete(2, "\"a\"", 204),
        read(4, Seen::Absent),
        again.clone(),
        delete(8, "\"a\"", 204),
    ]);
    possible(&[created(), delete(2, "\"a\"", 204), delete(4, "\"a\"", 404)]);
    impossible(&[created(), delete(2, "\"a\"", 204), delete(4, "\"a\"", 204)], "none of");
    impossible(&[created(), again], "none of");
}

#[test]
fn linkage_has_tags_of_its_own() {
    possible(&[
        created(),
        read_linkage(2, 0, "\"l0\""),
        link(4, Link::Add, 5, "\"l0\"", 5, "\"l5\""),
        link(6, Link::Remove, 4, "\"l5\"", 1, "\"l1\""),
        // The value does not change the linkage.
        update_with(8, 1, 2),
        link(10, Link::Replace, 2, "\"l1\"", 2, "\"l2\""),
        read(12, shown(2, 2, "\"z\"")),
    ]);
    let (one, other) =
        (link(4, Link::Add, 5, "\"l0\"", 5, "\"l5\""), link(6, Link::Add, 2, "\"l0\"", 7, "\"l7\""));
    impossible(&[created(), read_linkage(2, 0, "\"l0\""), one, other], "none of");
}

fn update_with(start: u64, members: u32, value: i64) -> Record {
    let change = Change::Update { value, members: None };
    sent(start, start + 1, Call::Write(change), &["\"q\""], 200, shown(value, members, "\"r\""))
}

#[test]
fn tags_are_names() {
    impossible(&[created(), update(2, 3, "\"a\"", 2, "\"a\"")], "names two states");
    impossible(&[created(), read(2, shown(1, 0, "\"b\""))], "has two tags");
}

/// As the list shows it.
fn item(start: u64, seen: Seen) -> Record {
    Record { target: Target::Item, ..sent(start, start + 1, Call::Read, &[], 200, seen) }
}

#[test]
fn the_tag_of_an_item_is_that_of_its_resource() {
    let seen = || item(2, shown(1, 0, "\"a\""));
    possible(&[created(), seen(), update(4, 5, "\"a\"", 2, "\"b\""), item(6, shown(2, 0, "\"b\""))]);
    // Refused, though nothing has changed.
    impossible(&[created(), seen(), refused(4, 5, "\"a\"", 2, "\"a\"")], "none of");
    // Two have changed the state that the list has shown.
    let (one, other) = (update(4, 7, "\"a\"", 2, "\"b\""), update(4, 7, "\"a\"", 3, "\"c\""));
    impossible(&[created(), seen(), one, other], "none of");
    // Another tag than that of the resource, and that of another state.
    impossible(&[created(), item(2, shown(1, 0, "\"z\""))], "has two tags");
    impossible(&[created(), item(2, shown(5, 0, "\"a\""))], "names two states");
    // A later tag beside an earlier state.
    impossible(
        &[created(), update(2, 3, "\"a\"", 2, "\"b\""), item(4, shown(1, 0, "\"b\""))],
        "names two states",
    );
}

#[test]
fn busy_means_not_done() {
    let mut busy = update(2, 3, "\"a\"", 2, "\"b\"");
    (busy.status, busy.seen) = (Some(503), Seen::Nothing);
    possible(&[created(), busy.clone(), read(4, shown(1, 0, "\"a\""))]);
    impossible(&[created(), busy, read(4, shown(2, 0, "\"b\""))], "none of");
}
