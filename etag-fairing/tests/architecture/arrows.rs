//! The arrows between the rooms of `src`: each room names only rooms above it, and files go round in no circle.
//!
//! What a file names is read from its `use` lines, from paths in its code and from paths in macro calls. A name that a
//! module only re-exports is followed to the file that defines it. Tests and documentation are left out.

use std::collections::BTreeMap;

use crate::graph::{Graph, circles};

/// The rooms, ground first. A room may name itself and what stands above it in this list.
pub(crate) const ROOMS: &[&str] = &[
    "conditional",
    "current",
    "config",
    "error",
    "admission",
    "kept_body",
    "connections",
    "pending",
    "negotiate",
    "compression",
    "schema",
    "plan",
    "store",
    "store/sql",
    "store/sqlite",
    "store/postgres",
    "resource",
    "observe",
    "memo",
    "query",
    "document",
    "idempotency",
    "open_store",
    "api",
    "database_schema",
    "fairing",
    "routes",
    "own",
    "observer",
    "stop",
    "openapi",
    "explorer",
    "health",
    "metrics",
    "json_api",
    "testing",
    "guide",
    "lib",
    "nowhere",
];

/// How many files of a room may name each other in a circle.
const LARGEST_CIRCLE: usize = 6;

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
    assert!(
        wrong.is_empty(),
        "arrows that point the wrong way (file, room), and how they are written: {wrong:#?}"
    );
}

#[test]
fn no_circle_leads_through_two_rooms() {
    let graph = Graph::of_crate();
    let all = circles(&graph, |_, _| true);
    let across = all.iter().filter(|circle| circle.iter().any(|file| room(file) != room(circle[0])));
    let across: Vec<_> = across.collect();
    assert!(across.is_empty(), "files that name each other across rooms: {across:#?}");
}

#[test]
fn no_circle_within_a_room_is_large() {
    let graph = Graph::of_crate();
    let within = circles(&graph, |from, to| room(from) == room(to));
    let large: Vec<_> = within.iter().filter(|circle| circle.len() > LARGEST_CIRCLE).collect();
    assert!(large.is_empty(), "circles of more than {LARGEST_CIRCLE} files: {large:#?}");
}
