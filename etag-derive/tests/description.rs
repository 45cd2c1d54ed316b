//! What the derive says of a struct.

use chrono::{DateTime, Utc};
use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{Access, Columns, IdKind, Kind, OnDelete, Operation, Operations, RelationshipKind, Value},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Draft,
    Accepted,
}

fn draft() -> State {
    State::Draft
}

/// Of everything, one.
#[derive(JsonApiResource)]
#[jsonapi(type = "open-sessions", etag(read, update_relationship))]
struct Session {
    #[jsonapi(id)]
    number: u32,
    title: String,
    starts_at: Option<DateTime<Utc>>,
    #[jsonapi(rename = "kind", column = "session_kind")]
    r#type: String,
    #[jsonapi(read_only, default)]
    favourites: i64,
    #[jsonapi(write_only)]
    password: Option<String>,
    #[jsonapi(text, default = "draft")]
    state: State,
    #[jsonapi(json)]
    links: Vec<String>,
    #[jsonapi(skip)]
    cache: Vec<u8>,
    #[jsonapi(relationship, required)]
    track: ToOne<Track>,
    #[jsonapi(relationship, column = "follows")]
    after: ToOne<Self>,
    #[jsonapi(relationship, inverse = "after")]
    before: ToMany<Session>,
    #[jsonapi(relationship, rename = "by", through = "session_speakers")]
    speakers: ToMany<HeadSpeaker>,
    #[jsonapi(
        relationship,
        through = "similar",
        owner_column = "one",
        target_column = "other",
        linkage = false
    )]
    similar_to: ToMany<Session>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", path = "strands", table = "main track", rename_all = "kebab-case", etag)]
struct Track {
    #[jsonapi(id, column = "slug")]
    id: String,
    text_colour: String,
    #[jsonapi(relationship, inverse = "track", linkage = true)]
    all_sessions: ToMany<Session>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "head-speakers")]
struct HeadSpeaker {
    #[jsonapi(id)]
    id: uuid::Uuid,
}

#[test]
fn names_tables_and_paths() {
    let session = Session::description();
    assert_eq!(
        (session.type_name, session.path, session.table, session.rust_name),
        ("open-sessions", "open-sessions", "open_sessions", "Session")
    );
    let track = Track::description();
    assert_eq!(
        (track.type_name, track.path, track.table, track.rust_name),
        ("tracks", "strands", "main track", "Track")
    );
}

#[test]
fn ids() {
    assert_eq!(Session::description().id.column, "number");
    assert_eq!(Session::description().id.kind, IdKind::Integer { min: 0, max: i64::from(u32::MAX) });
    assert_eq!(Track::description().id.column, "slug");
    assert_eq!(Track::description().id.kind, IdKind::Text);
    assert_eq!(HeadSpeaker::description().id.kind, IdKind::Uuid);
}

#[test]
fn attributes_in_the_order_of_the_struct() {
    let rows: Vec<_> = Session::description()
        .attributes
        .iter()
        .map(|a| (a.name, a.column, a.kind, a.nullable, a.access))
        .collect();
    assert_eq!(
        rows,
        [
            ("title", "title", Kind::Text, false, Access::ReadWrite),
            ("startsAt", "starts_at", Kind::Timestamp, true, Access::ReadWrite),
            ("kind", "session_kind", Kind::Text, false, Access::ReadWrite),
            ("favourites", "favourites", Kind::Integer, false, Access::ReadOnly),
            ("password", "password", Kind::Text, true, Access::WriteOnly),
            ("state", "state", Kind::Text, false, Access::ReadWrite),
            ("links", "links", Kind::Json, false, Access::ReadWrite),
        ]
    );
    assert_eq!(Track::description().attributes[0].name, "text-colour");
}

#[test]
fn attributes_are_open_to_filter_and_sort_unless_closed_or_unseen() {
    #[derive(JsonApiResource)]
    #[jsonapi(type = "rooms")]
    struct Room {
        #[jsonapi(id)]
        id: i64,
        open: String,
        #[jsonapi(filter = false)]
        unfiltered: String,
        #[jsonapi(sort = false)]
        unsorted: String,
        #[jsonapi(filter = false, sort = false)]
        closed: String,
        #[jsonapi(filter = true, sort = true)]
        said: String,
        #[jsonapi(write_only)]
        unseen: String,
    }
    let open: Vec<_> = Room::description().attributes.iter().map(|a| (a.name, a.filter, a.sort)).collect();
    assert_eq!(
        open,
        [
            ("open", true, true),
            ("unfiltered", false, true),
            ("unsorted", true, false),
            ("closed", false, false),
            ("said", true, true),
            ("unseen", false, false),
        ]
    );
}

#[test]
fn defaults_are_only_those_written() {
    let default = |name: &str| {
        let (_, attribute) = Session::description().attribute(name).unwrap();
        attribute.default.map(|default| default().unwrap())
    };
    assert_eq!(default("title"), None);
    assert_eq!(default("startsAt"), None, "null is the runtime's to fill in");
    assert_eq!(default("favourites"), Some(Value::Integer(0)));
    assert_eq!(default("state"), Some(Value::Text("draft".into())));
}

#[test]
fn parse_reads_by_the_fields_type() {
    let parse = |name: &str, json: serde_json::Value| {
        let (_, attribute) = Session::description().attribute(name).unwrap();
        (attribute.parse)(&json).map_err(|error| error.to_string())
    };
    assert_eq!(parse("title", json!("x")), Ok(Value::Text("x".into())));
    assert!(parse("title", json!(null)).is_err());
    assert_eq!(parse("startsAt", json!(null)), Ok(Value::Null));
    assert_eq!(parse("state", json!("accepted")), Ok(Value::Text("accepted".into())));
    assert!(parse("state", json!("gone")).unwrap_err().contains(r#""accepted""#));
    assert_eq!(parse("links", json!(["a"])), Ok(Value::Text(r#"["a"]"#.into())));
}

#[test]
fn relationships_in_the_order_of_the_struct() {
    let rows: Vec<_> = Session::description()
        .relationships
        .iter()
        .map(|r| (r.name, r.kind, r.target().type_name, r.linkage))
        .collect();
    assert_eq!(
        rows,
        [
            (
                "track",
                RelationshipKind::ToOne {
                    columns: Columns::one("track_id"),
                    required: true,
                    on_delete: OnDelete::Restrict
                },
                "tracks",
                true
            ),
            (
                "after",
                RelationshipKind::ToOne {
                    columns: Columns::one("follows"),
                    required: false,
                    on_delete: OnDelete::SetNull
                },
                "open-sessions",
                true
            ),
            ("before", RelationshipKind::Inverse { of: "after" }, "open-sessions", false),
            (
                "by",
                RelationshipKind::Through {
                    table: "session_speakers",
                    owner_columns: Columns::one("session_id"),
                    target_columns: Columns::one("head_speaker_id"),
                    typed: None,
                },
                "head-speakers",
                true
            ),
            (
                "similarTo",
                RelationshipKind::Through {
                    table: "similar",
                    owner_columns: Columns::one("one"),
                    target_columns: Columns::one("other"),
                    typed: None,
                },
                "open-sessions",
                false
            ),
        ]
    );
    let inverse = &Track::description().relationships[0];
    assert_eq!((inverse.name, inverse.linkage), ("all-sessions", true));
    assert!(inverse.target().is(Session::description()));
}

#[test]
fn etag_of_all_of_some_of_none() {
    let session = Session::description().etag;
    for operation in Operation::ALL {
        let named = matches!(operation, Operation::Read | Operation::UpdateRelationship);
        assert_eq!(session.contains(operation), named, "{}", operation.name());
    }
    assert_eq!(Track::description().etag, Operations::ALL);
    assert_eq!(HeadSpeaker::description().etag, Operations::NONE);
}

/// The derive knows the operations by name; so does the runtime.
#[test]
fn every_operation_can_be_named() {
    #[derive(JsonApiResource)]
    #[jsonapi(
        type = "all",
        etag(list, create, read, update, delete, related, relationship, update_relationship)
    )]
    struct All {
        #[jsonapi(id)]
        id: i64,
    }
    assert_eq!(All::description().etag, Operations::ALL);
    assert_eq!(All { id: 1 }.id, 1);
}

#[test]
fn a_resource_has_one_description() {
    assert!(Session::description().is(Session::description()));
    assert!(!Session::description().is(Track::description()));
}

#[test]
fn skipped_and_written_fields_are_still_the_users() {
    let session = Session {
        number: 1,
        title: "Trees".into(),
        starts_at: None,
        r#type: "talk".into(),
        favourites: 3,
        password: None,
        state: draft(),
        links: vec![],
        cache: vec![1],
        track: ToOne::empty(),
        after: ToOne::empty(),
        before: ToMany::unread(),
        speakers: ToMany::unread(),
        similar_to: ToMany::unread(),
    };
    let back = Session::from_record(&session.to_record().unwrap()).unwrap();
    assert_eq!((back.number, back.title, back.favourites), (1, "Trees".into(), 3));
    assert_eq!(back.r#type, "talk");
    assert!(back.cache.is_empty() && !session.cache.is_empty());
    assert!(back.password.is_none() && back.starts_at.is_none() && back.links.is_empty());
    assert!(matches!(back.state, State::Draft) && !matches!(back.state, State::Accepted));
    assert!(back.track.id().is_none() && back.after.id().is_none());
    assert!(back.before.ids().is_none() && back.speakers.ids().is_none() && back.similar_to.ids().is_none());
    let track = Track { id: "a".into(), text_colour: "#fff".into(), all_sessions: ToMany::unread() };
    assert_eq!((&*track.id, &*track.text_colour), ("a", "#fff"));
    assert!(track.all_sessions.ids().is_none());
    assert!(HeadSpeaker { id: uuid::Uuid::nil() }.id.is_nil());
}
