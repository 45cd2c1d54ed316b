use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{Description, Access, Upkeep};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", etag, require_if_match)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version, hidden, column = "row_version")]
    version: u64,
    #[jsonapi(last_modified, rename = "changed", filter = false)]
    changed_at: DateTime<Utc>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", etag(read, update), require_if_match)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version, last_modified)]
    changed_at: DateTime<Utc>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms")]
struct Room {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version)]
    changed_at: DateTime<Utc>,
    #[jsonapi(hidden)]
    note: Option<String>,
}

/// The places of the attributes that the store keeps, and how.
fn kept(resource: &Description) -> Vec<(usize, Upkeep)> {
    resource.kept().map(|(attribute, upkeep)| (attribute.place(), upkeep)).collect()
}

fn main() {
    let session = Session::description();
    assert_eq!(kept(session), [(1, Upkeep::Count), (2, Upkeep::Second)]);
    assert_eq!(session.attributes[1].access, Access::Hidden);
    assert_eq!(session.attributes[2].access, Access::ReadOnly);
    assert!(session.require_if_match && !Room::description().require_if_match);
    assert_eq!(kept(Track::description()), [(0, Upkeep::Second)]);
    assert_eq!(kept(Room::description()), [(0, Upkeep::Moment)]);
}
