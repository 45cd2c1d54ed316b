use etag_fairing::JsonApiResource;

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", cache_control)]
struct Session {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", cache_control = "public, max_age=60")]
struct Track {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms", cache_control(list = "no-cache, max-age=60", read = "public", create = "no-store", reed = "no-store"))]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "notes", cache_control(list = "no-cache", list = "no-store", read = 60, related), cache_control = "")]
struct Note {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tags", cache_control = "no-store, max-age=60", vary = "Cookie")]
struct Tag {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "words", hooks, vary = "X User, *, X-User", cache_control = "")]
struct Word {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "lines", hooks, vary = ",", cache_control())]
struct Line {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "pages", hooks, vary)]
struct Page {
    #[jsonapi(id)]
    #[jsonapi(cache_control = "no-store")]
    id: i64,
}

fn main() {}
