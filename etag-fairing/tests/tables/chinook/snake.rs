//! The tables of Chinook as its script for PostgreSQL names them.

use chrono::NaiveDateTime;
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::{Build, Rocket};

use super::Price;

#[derive(JsonApiResource)]
#[jsonapi(type = "artists", table = "artist", etag)]
struct Artist {
    #[jsonapi(id, column = "artist_id")]
    id: i32,
    name: Option<String>,
    #[jsonapi(relationship, inverse = "artist")]
    albums: ToMany<Album>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "albums", table = "album", etag)]
struct Album {
    #[jsonapi(id, column = "album_id")]
    id: i32,
    title: String,
    #[jsonapi(relationship, required)]
    artist: ToOne<Artist>,
    #[jsonapi(relationship, inverse = "album")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "genres", table = "genre", etag)]
struct Genre {
    #[jsonapi(id, column = "genre_id")]
    id: i32,
    name: Option<String>,
    #[jsonapi(relationship, inverse = "genre")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "media-types", table = "media_type", etag)]
struct MediaType {
    #[jsonapi(id, column = "media_type_id")]
    id: i32,
    name: Option<String>,
    #[jsonapi(relationship, inverse = "mediaType")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", table = "track", etag)]
struct Track {
    #[jsonapi(id, column = "track_id")]
    id: i32,
    name: String,
    composer: Option<String>,
    milliseconds: i64,
    bytes: Option<i64>,
    unit_price: Price,
    #[jsonapi(relationship)]
    album: ToOne<Album>,
    #[jsonapi(relationship, required)]
    media_type: ToOne<MediaType>,
    #[jsonapi(relationship)]
    genre: ToOne<Genre>,
    #[jsonapi(
        relationship,
        through = "playlist_track",
        owner_column = "track_id",
        target_column = "playlist_id",
        linkage = false
    )]
    playlists: ToMany<Playlist>,
    #[jsonapi(relationship, inverse = "track")]
    lines: ToMany<InvoiceLine>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "playlists", table = "playlist", etag)]
struct Playlist {
    #[jsonapi(id, column = "playlist_id")]
    id: i32,
    name: Option<String>,
    #[jsonapi(
        relationship,
        through = "playlist_track",
        owner_column = "playlist_id",
        target_column = "track_id",
        linkage = false
    )]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "employees", table = "employee", etag)]
struct Employee {
    #[jsonapi(id, column = "employee_id")]
    id: i32,
    last_name: String,
    first_name: String,
    title: Option<String>,
    birth_date: Option<NaiveDateTime>,
    hire_date: Option<NaiveDateTime>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
    phone: Option<String>,
    fax: Option<String>,
    email: Option<String>,
    #[jsonapi(relationship, column = "reports_to")]
    reports_to: ToOne<Employee>,
    #[jsonapi(relationship, inverse = "reportsTo")]
    reports: ToMany<Employee>,
    #[jsonapi(relationship, inverse = "supportRep")]
    customers: ToMany<Customer>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "customers", table = "customer", etag)]
struct Customer {
    #[jsonapi(id, column = "customer_id")]
    id: i32,
    first_name: String,
    last_name: String,
    company: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
    phone: Option<String>,
    fax: Option<String>,
    email: String,
    #[jsonapi(relationship)]
    support_rep: ToOne<Employee>,
    #[jsonapi(relationship, inverse = "customer")]
    invoices: ToMany<Invoice>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "invoices", table = "invoice", etag)]
struct Invoice {
    #[jsonapi(id, column = "invoice_id")]
    id: i32,
    invoice_date: NaiveDateTime,
    billing_address: Option<String>,
    billing_city: Option<String>,
    billing_state: Option<String>,
    billing_country: Option<String>,
    billing_postal_code: Option<String>,
    total: Price,
    #[jsonapi(relationship, required)]
    customer: ToOne<Customer>,
    #[jsonapi(relationship, inverse = "invoice")]
    lines: ToMany<InvoiceLine>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "invoice-lines", table = "invoice_line", etag)]
struct InvoiceLine {
    #[jsonapi(id, column = "invoice_line_id")]
    id: i32,
    unit_price: Price,
    quantity: i64,
    #[jsonapi(relationship, required)]
    invoice: ToOne<Invoice>,
    #[jsonapi(relationship, required)]
    track: ToOne<Track>,
}

/// All ten resources; the eleventh table joins two of them.
pub(super) fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .mount("/v1", Artist::routes())
        .mount("/v1", Album::routes())
        .mount("/v1", Genre::routes())
        .mount("/v1", MediaType::routes())
        .mount("/v1", Track::routes())
        .mount("/v1", Playlist::routes())
        .mount("/v1", Employee::routes())
        .mount("/v1", Customer::routes())
        .mount("/v1", Invoice::routes())
        .mount("/v1", InvoiceLine::routes())
}
