//! The resources that the rules are about: every kind of id, attribute and relationship.

use crate::resource::{
    Access, Attribute, Description, Id, IdKind, Kind, Mismatch, OnDelete, Operations, Relationship,
    RelationshipKind, Value, first_modified, first_version, parse, parse_digits,
};

const INTEGER: IdKind = IdKind::Integer { min: i64::MIN, max: i64::MAX };

const fn attribute(
    name: &'static str,
    column: &'static str,
    kind: Kind,
    nullable: bool,
    default: Option<fn() -> Result<Value, Mismatch>>,
    parse: fn(&serde_json::Value) -> Result<Value, Mismatch>,
) -> Attribute {
    Attribute {
        name,
        column,
        kind,
        nullable,
        access: Access::ReadWrite,
        filter: true,
        sort: true,
        default,
        parse,
        parse_digits: parse_digits::<serde_json::Value>,
        check: |_| Ok(()),
    }
}

/// Talks: an id made by the store, every kind of attribute, every kind of relationship.
pub static TALKS: Description = Description::new(
    "talks",
    "talks",
    "Talk",
    "talks",
    Id { column: "id", kind: INTEGER },
    &[
        attribute("title", "title", Kind::Text, false, None, parse::<String>),
        attribute("subtitle", "sub_title", Kind::Text, true, None, parse::<Option<String>>),
        attribute(
            "favourites",
            "favourites",
            Kind::Integer,
            false,
            Some(|| Ok(Value::Integer(0))),
            parse::<i64>,
        ),
        attribute("rating", "rating", Kind::Float, true, None, parse::<Option<f64>>),
        attribute(
            "published",
            "published",
            Kind::Bool,
            false,
            Some(|| Ok(Value::Bool(false))),
            parse::<bool>,
        ),
        attribute(
            "startsAt",
            "starts_at",
            Kind::Timestamp,
            true,
            None,
            parse::<Option<chrono::DateTime<chrono::Utc>>>,
        ),
        attribute("extra", "extra", Kind::Json, true, None, parse::<Option<serde_json::Value>>),
    ],
    &[
        Relationship {
            name: "room",
            kind: RelationshipKind::ToOne {
                column: "room_id",
                required: false,
                on_delete: OnDelete::SetNull,
            },
            target: || &ROOMS,
            linkage: true,
        },
        Relationship {
            name: "sequelOf",
            kind: RelationshipKind::ToOne {
                column: "sequel_of_id",
                required: false,
                on_delete: OnDelete::SetNull,
            },
            target: || &TALKS,
            linkage: true,
        },
        Relationship {
            name: "speakers",
            kind: RelationshipKind::Through {
                table: "talk_speakers",
                owner_column: "talk_id",
                target_column: "speaker_id",
            },
            target: || &SPEAKERS,
            linkage: true,
        },
        Relationship {
            name: "reviews",
            kind: RelationshipKind::Inverse { of: "talk" },
            target: || &REVIEWS,
            linkage: false,
        },
    ],
    Operations::ALL,
);

/// Rooms: a text id; the inverse of a to-one relationship that may be empty.
pub static ROOMS: Description = Description::new(
    "rooms",
    "rooms",
    "Room",
    "rooms",
    Id { column: "name", kind: IdKind::Text },
    &[],
    &[Relationship {
        name: "talks",
        kind: RelationshipKind::Inverse { of: "room" },
        target: || &TALKS,
        linkage: false,
    }],
    Operations::ALL,
);

/// Speakers: a UUID; the other end of the join table.
pub static SPEAKERS: Description = Description::new(
    "speakers",
    "speakers",
    "Speaker",
    "speakers",
    Id { column: "id", kind: IdKind::Uuid },
    &[attribute("name", "name", Kind::Text, false, None, parse::<String>)],
    &[Relationship {
        name: "talks",
        kind: RelationshipKind::Through {
            table: "talk_speakers",
            owner_column: "speaker_id",
            target_column: "talk_id",
        },
        target: || &TALKS,
        linkage: true,
    }],
    Operations::ALL,
);

/// Reviews: a to-one relationship that must not be empty.
pub static REVIEWS: Description = Description::new(
    "reviews",
    "reviews",
    "Review",
    "reviews",
    Id { column: "id", kind: INTEGER },
    &[attribute("text", "text", Kind::Text, false, None, parse::<String>)],
    &[Relationship {
        name: "talk",
        kind: RelationshipKind::ToOne { column: "talk_id", required: true, on_delete: OnDelete::Restrict },
        target: || &TALKS,
        linkage: true,
    }],
    Operations::ALL,
);

/// Replies: they go with the review that they are about.
pub static REPLIES: Description = Description::new(
    "replies",
    "replies",
    "Reply",
    "replies",
    Id { column: "id", kind: INTEGER },
    &[],
    &[Relationship {
        name: "review",
        kind: RelationshipKind::ToOne { column: "review_id", required: true, on_delete: OnDelete::Cascade },
        target: || &REVIEWS,
        linkage: true,
    }],
    Operations::ALL,
);

const fn kept(
    name: &'static str,
    column: &'static str,
    kind: Kind,
    default: fn() -> Result<Value, Mismatch>,
    parse: fn(&serde_json::Value) -> Result<Value, Mismatch>,
) -> Attribute {
    let mut attribute = attribute(name, column, kind, false, Some(default), parse);
    attribute.access = Access::ReadOnly;
    attribute
}

/// Lists: a text id, a version that counts, a date of the last change, and an inverse that shows.
pub static LISTS: Description = Description::new(
    "lists",
    "lists",
    "List",
    "lists",
    Id { column: "name", kind: IdKind::Text },
    &[
        attribute("title", "title", Kind::Text, false, None, parse::<String>),
        kept("version", "version", Kind::Integer, first_version::<i64>, parse::<i64>),
        kept(
            "changedAt",
            "changed_at",
            Kind::Timestamp,
            first_modified::<chrono::DateTime<chrono::Utc>>,
            parse::<chrono::DateTime<chrono::Utc>>,
        ),
    ],
    &[Relationship {
        name: "items",
        kind: RelationshipKind::Inverse { of: "list" },
        target: || &ITEMS,
        linkage: true,
    }],
    Operations::ALL,
)
.versioned(1)
.dated(2);

/// Items: a version that counts, linkage to and from.
pub static ITEMS: Description = Description::new(
    "items",
    "items",
    "Item",
    "items",
    Id { column: "id", kind: INTEGER },
    &[
        attribute("title", "title", Kind::Text, false, None, parse::<String>),
        kept("version", "version", Kind::Integer, first_version::<i64>, parse::<i64>),
    ],
    &[
        Relationship {
            name: "list",
            kind: RelationshipKind::ToOne {
                column: "list_name",
                required: false,
                on_delete: OnDelete::SetNull,
            },
            target: || &LISTS,
            linkage: true,
        },
        Relationship {
            name: "labels",
            kind: RelationshipKind::Through {
                table: "item_labels",
                owner_column: "item_id",
                target_column: "label_name",
            },
            target: || &LABELS,
            linkage: true,
        },
    ],
    Operations::ALL,
)
.versioned(1);

/// Labels: a version that is a timestamp, and the other end of a join table, which shows.
pub static LABELS: Description = Description::new(
    "labels",
    "labels",
    "Label",
    "labels",
    Id { column: "name", kind: IdKind::Text },
    &[kept(
        "version",
        "version",
        Kind::Timestamp,
        first_version::<chrono::DateTime<chrono::Utc>>,
        parse::<chrono::DateTime<chrono::Utc>>,
    )],
    &[Relationship {
        name: "items",
        kind: RelationshipKind::Through {
            table: "item_labels",
            owner_column: "label_name",
            target_column: "item_id",
        },
        target: || &ITEMS,
        linkage: true,
    }],
    Operations::ALL,
)
.versioned(0);

/// The first of them; the rules about the others prepare those themselves.
pub static ALL: [&Description; 4] = [&TALKS, &ROOMS, &SPEAKERS, &REVIEWS];

/// The places of the relationships of [`TALKS`].
pub(super) const ROOM: usize = 0;
pub(super) const SEQUEL_OF: usize = 1;
pub(super) const SPEAKERS_OF: usize = 2;
pub(super) const REVIEWS_OF: usize = 3;
