use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{Access, Upkeep};

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

fn main() {
    let session = Session::description();
    assert_eq!(session.kept().collect::<Vec<_>>(), [(1, Upkeep::Count), (2, Upkeep::Second)]);
    assert_eq!(session.attributes[1].access, Access::Hidden);
    assert_eq!(session.attributes[2].access, Access::ReadOnly);
    assert!(session.require_if_match && !Room::description().require_if_match);
    assert_eq!(Track::description().kept().collect::<Vec<_>>(), [(0, Upkeep::Second)]);
    assert_eq!(Room::description().kept().collect::<Vec<_>>(), [(0, Upkeep::Moment)]);
}
