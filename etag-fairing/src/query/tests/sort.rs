use super::*;
use crate::plan::{Field, Member};
use crate::schema::RelationshipId;

fn key(path: &[RelationshipId], field: Field, descending: bool) -> SortKey {
    SortKey { member: Member { path: path.to_vec(), field }, descending }
}

fn attribute(resource: &Description, name: &str) -> Field {
    Field::Attribute(resource.attribute(name).unwrap().0)
}

#[test]
fn f1_and_f2_fields_apply_in_order() {
    let session = Session::description();
    assert_eq!(
        good("sort=-startsAt,title,id").sort,
        [
            key(&[], attribute(session, "startsAt"), true),
            key(&[], attribute(session, "title"), false),
            key(&[], Field::Id, false),
        ]
    );
    assert!(good("").sort.is_empty());
}

#[test]
fn f3_what_cannot_be_sorted_by_is_refused() {
    for value in [
        "nobody",
        "",
        "title,",
        ",title",
        "track",
        "speakers",
        "speakers.name",
        "track.sessions.title",
        "track.nobody",
        "title.x",
        "unsortable",
        "secret",
        "extra",
        "title,-title",
        "track.id,-track.id",
        "track..name",
        "Title",
    ] {
        refused(&format!("sort={value}"), "invalid_sort", "sort");
    }
}

#[test]
fn f3_write_only_attributes_are_unknown() {
    let detail = |name: &str| shown(parse(&format!("sort={name}")))[0]["detail"].clone();
    assert_eq!(detail("secret").as_str().unwrap().replace("secret", "nobody"), detail("nobody"));
}

#[test]
fn f4_dotted_paths_over_to_one_relationships() {
    let (session, track) = (Session::description(), Track::description());
    let (to_track, chair) = (relationship(session, "track"), relationship(track, "chair"));
    assert_eq!(
        good("sort=track.name,-track.chair.age,track.id,track.chair.id").sort,
        [
            key(&[to_track], attribute(track, "name"), false),
            key(&[to_track, chair], attribute(Speaker::description(), "age"), true),
            key(&[], Field::ToOne(to_track), false),
            key(&[to_track], Field::ToOne(chair), false),
        ]
    );
}

#[test]
fn f6_names_are_exact() {
    assert_eq!(good("sort=--room-name".replacen("--", "-", 1).as_str()).sort.len(), 1);
    for value in ["--title", "roomname", "-room", "+title", "%2Btitle", "track__name"] {
        refused(&format!("sort={value}"), "invalid_sort", "sort");
    }
}

#[test]
fn f2_too_many_keys_are_refused() {
    let names =
        ["title", "startsAt", "level", "rating", "open", "day", "state", "room-name", "id", "track.name"];
    good(&format!("sort={}", names.join(",")));
    refused(&format!("sort={},track.color", names.join(",")), "limit_exceeded", "sort");
}

#[test]
fn an_order_prints_as_it_was_written() {
    for text in ["", "title", "-startsAt,track.name", "track.id,-track.chair.age,id", "-room-name"] {
        let keys = if text.is_empty() { vec![] } else { good(&format!("sort={text}")).sort };
        assert_eq!(super::super::sort::print(&keys, Session::description()), text);
    }
}
