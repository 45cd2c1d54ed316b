//! The resources that the rules are about: every kind of id, attribute and relationship.
//!
//! Unit tests of `etag-fairing` use them, too; therefore this file names nothing but `etag_fairing`.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne, resource::Description};
use uuid::Uuid;

/// What a struct below is.
type Resource = LazyLock<&'static Description>;

/// Talks: an id made by the store, every kind of attribute, every kind of relationship.
pub(crate) static TALKS: Resource = LazyLock::new(Talk::description);
/// Rooms: a text id; the inverse of a to-one relationship that may be empty.
pub(crate) static ROOMS: Resource = LazyLock::new(Room::description);
/// Speakers: a UUID; the other end of the join table.
pub(crate) static SPEAKERS: Resource = LazyLock::new(Speaker::description);
/// Reviews: a to-one relationship that must not be empty.
pub(crate) static REVIEWS: Resource = LazyLock::new(Review::description);
/// Replies: they are deleted with the review that they are about.
pub(crate) static REPLIES: Resource = LazyLock::new(Reply::description);
/// Lists: a text id, a version that counts, a date of the last change, and an inverse that shows.
pub(crate) static LISTS: Resource = LazyLock::new(List::description);
/// Items: a version that counts, linkage to and from.
pub(crate) static ITEMS: Resource = LazyLock::new(Item::description);
/// Labels: a version that is a timestamp, and the other end of a join table, which shows.
pub(crate) static LABELS: Resource = LazyLock::new(Label::description);

/// The resources that each rule finds prepared; the rules about the others prepare those themselves.
pub(crate) static ALL: LazyLock<Vec<&'static Description>> =
    LazyLock::new(|| vec![*TALKS, *ROOMS, *SPEAKERS, *REVIEWS]);

#[derive(JsonApiResource)]
#[jsonapi(type = "talks")]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(column = "sub_title")]
    subtitle: Option<String>,
    #[jsonapi(default)]
    favourites: i64,
    rating: Option<f64>,
    #[jsonapi(default)]
    published: bool,
    starts_at: Option<DateTime<Utc>>,
    #[jsonapi(json)]
    extra: Option<serde_json::Value>,
    #[jsonapi(relationship)]
    room: ToOne<Room>,
    #[jsonapi(relationship)]
    sequel_of: ToOne<Talk>,
    #[jsonapi(
        relationship,
        through = "talk_speakers",
        owner_column = "talk_id",
        target_column = "speaker_id"
    )]
    speakers: ToMany<Speaker>,
    #[jsonapi(relationship, inverse = "talk")]
    reviews: ToMany<Review>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms")]
struct Room {
    #[jsonapi(id)]
    name: String,
    #[jsonapi(relationship, inverse = "room")]
    talks: ToMany<Talk>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "speakers")]
struct Speaker {
    #[jsonapi(id)]
    id: Uuid,
    name: String,
    #[jsonapi(
        relationship,
        through = "talk_speakers",
        owner_column = "speaker_id",
        target_column = "talk_id"
    )]
    talks: ToMany<Talk>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "reviews")]
struct Review {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required)]
    talk: ToOne<Talk>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "replies")]
struct Reply {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    review: ToOne<Review>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "lists")]
struct List {
    #[jsonapi(id)]
    name: String,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
    #[jsonapi(relationship, inverse = "list", linkage = true)]
    items: ToMany<Item>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "items")]
struct Item {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, column = "list_name")]
    list: ToOne<List>,
    #[jsonapi(relationship, through = "item_labels", owner_column = "item_id", target_column = "label_name")]
    labels: ToMany<Label>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "labels")]
struct Label {
    #[jsonapi(id)]
    name: String,
    #[jsonapi(version)]
    version: DateTime<Utc>,
    #[jsonapi(relationship, through = "item_labels", owner_column = "label_name", target_column = "item_id")]
    items: ToMany<Item>,
}
