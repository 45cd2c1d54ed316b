//! The arrows between the rooms of `src`: each room names only rooms above it, and files go round in no circle.
//!
//! What a file names is read from its `use` lines, from paths in its code and from paths in macro calls. A name that a
//! module only re-exports is followed to the file that defines it. Tests and documentation are left out.

use std::collections::BTreeMap;

use crate::graph::{Graph, circles};

/// The rooms, ground first. A room may name itself and what stands above it in this list.
pub(crate) const ROOMS: [&str; 26] = [
    "conditional",
    "config",
    "error",
    "admission",
    "connections",
    "pending",
    "negotiate",
    "schema",
    "plan",
    "store",
    "store/sql",
    "store/sqlite",
    "store/postgres",
    "resource",
    "memo",
    "query",
    "document",
    "open_store",
    "api",
    "fairing",
    "routes",
    "stop",
    "json_api",
    "guide",
    "lib",
    "nowhere",
];

/// Arrows that point the wrong way still: a file or a folder, and the room that it must not name. The list only shrinks.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// How many files of a room may name each other in a circle.
const LARGEST_CIRCLE: usize = 6;

/// Rooms with larger circles still, and how many files these have at most. The list only shrinks.
const CIRCLES: &[(&str, usize)] = &[("routes", 8), ("store/sqlite", 21)];

/// How many files name each other still across rooms, at most.
const ACROSS_ROOMS: usize = 123;

/// The room of a file of `src`.
fn room(file: &str) -> &str {
    let path = file.trim_end_matches(".rs");
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["store", inner @ ("sql" | "sqlite" | "postgres"), ..] => match *inner {
            "sql" => "store/sql",
            "sqlite" => "store/sqlite",
            _ => "store/postgres",
        },
        [first, ..] => first,
        [] => "nowhere",
    }
}

fn rank(room: &str) -> usize {
    ROOMS.iter().position(|known| *known == room).unwrap_or_else(|| panic!("the room `{room}` is in no list"))
}

#[test]
fn each_room_names_only_what_stands_above_it() {
    let graph = Graph::of_crate();
    assert!(graph.arrows().count() > 500, "the sources have been read");
    let mut wrong = BTreeMap::new();
    for arrow in graph.arrows() {
        let from = room(arrow.from);
        // The room that the path is written through counts, and the one that it ends in.
        for to in [room(arrow.to), arrow.through.map_or(from, room)] {
            if rank(to) > rank(from) {
                wrong.entry((arrow.from, to)).or_insert(arrow.written);
            }
        }
    }
    let is_known = |(file, room): &(&str, &str)| {
        EXCEPTIONS
            .iter()
            .any(|(from, to)| to == room && (file == from || from.ends_with('/') && file.starts_with(from)))
    };
    let new: Vec<_> = wrong.iter().filter(|(arrow, _)| !is_known(arrow)).collect();
    assert!(
        new.is_empty(),
        "arrows that point the wrong way (file, room), and how they are written: {new:#?}"
    );
    let is_gone = |(from, to): &&(&str, &str)| {
        !wrong
            .keys()
            .any(|(file, room)| to == room && (file == from || from.ends_with('/') && file.starts_with(from)))
    };
    let gone: Vec<_> = EXCEPTIONS.iter().filter(is_gone).collect();
    assert!(gone.is_empty(), "these are exceptions no longer, take them from the list: {gone:#?}");
}

#[test]
fn no_circle_leads_through_two_rooms() {
    let graph = Graph::of_crate();
    let across = circles(&graph, |_, _| true);
    let across = across.iter().filter(|circle| circle.iter().any(|file| room(file) != room(circle[0])));
    let files: Vec<_> = across.flatten().collect();
    assert!(files.len() <= ACROSS_ROOMS, "{} files name each other across rooms: {files:#?}", files.len());
}

#[test]
fn no_circle_within_a_room_is_large() {
    let graph = Graph::of_crate();
    let within = circles(&graph, |from, to| room(from) == room(to));
    let most = |circle: &[&str]| {
        CIRCLES.iter().find(|(known, _)| *known == room(circle[0])).map_or(LARGEST_CIRCLE, |(_, most)| *most)
    };
    let large: Vec<_> = within.iter().filter(|circle| circle.len() > most(circle)).collect();
    assert!(large.is_empty(), "circles of more than {LARGEST_CIRCLE} files: {large:#?}");
}
