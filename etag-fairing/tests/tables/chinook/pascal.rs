//! The tables of Chinook as its script for SQLite names them.

use chrono::NaiveDateTime;
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::{Build, Rocket};

use super::Price;

#[derive(JsonApiResource)]
#[jsonapi(type = "artists", table = "Artist", etag)]
struct Artist {
    #[jsonapi(id, column = "ArtistId")]
    id: i32,
    #[jsonapi(column = "Name")]
    name: Option<String>,
    #[jsonapi(relationship, inverse = "artist")]
    albums: ToMany<Album>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "albums", table = "Album", etag)]
struct Album {
    #[jsonapi(id, column = "AlbumId")]
    id: i32,
    #[jsonapi(column = "Title")]
    title: String,
    #[jsonapi(relationship, required, column = "ArtistId")]
    artist: ToOne<Artist>,
    #[jsonapi(relationship, inverse = "album")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "genres", table = "Genre", etag)]
struct Genre {
    #[jsonapi(id, column = "GenreId")]
    id: i32,
    #[jsonapi(column = "Name")]
    name: Option<String>,
    #[jsonapi(relationship, inverse = "genre")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "media-types", table = "MediaType", etag)]
struct MediaType {
    #[jsonapi(id, column = "MediaTypeId")]
    id: i32,
    #[jsonapi(column = "Name")]
    name: Option<String>,
    #[jsonapi(relationship, inverse = "mediaType")]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tracks", table = "Track", etag)]
struct Track {
    #[jsonapi(id, column = "TrackId")]
    id: i32,
    #[jsonapi(column = "Name")]
    name: String,
    #[jsonapi(column = "Composer")]
    composer: Option<String>,
    #[jsonapi(column = "Milliseconds")]
    milliseconds: i64,
    #[jsonapi(column = "Bytes")]
    bytes: Option<i64>,
    #[jsonapi(column = "UnitPrice")]
    unit_price: Price,
    #[jsonapi(relationship, column = "AlbumId")]
    album: ToOne<Album>,
    #[jsonapi(relationship, required, column = "MediaTypeId")]
    media_type: ToOne<MediaType>,
    #[jsonapi(relationship, column = "GenreId")]
    genre: ToOne<Genre>,
    #[jsonapi(
        relationship,
        through = "PlaylistTrack",
        owner_column = "TrackId",
        target_column = "PlaylistId",
        linkage = false
    )]
    playlists: ToMany<Playlist>,
    #[jsonapi(relationship, inverse = "track")]
    lines: ToMany<InvoiceLine>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "playlists", table = "Playlist", etag)]
struct Playlist {
    #[jsonapi(id, column = "PlaylistId")]
    id: i32,
    #[jsonapi(column = "Name")]
    name: Option<String>,
    #[jsonapi(
        relationship,
        through = "PlaylistTrack",
        owner_column = "PlaylistId",
        target_column = "TrackId",
        linkage = false
    )]
    tracks: ToMany<Track>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "employees", table = "Employee", etag)]
struct Employee {
    #[jsonapi(id, column = "EmployeeId")]
    id: i32,
    #[jsonapi(column = "LastName")]
    last_name: String,
    #[jsonapi(column = "FirstName")]
    first_name: String,
    #[jsonapi(column = "Title")]
    title: Option<String>,
    #[jsonapi(column = "BirthDate")]
    birth_date: Option<NaiveDateTime>,
    #[jsonapi(column = "HireDate")]
    hire_date: Option<NaiveDateTime>,
    #[jsonapi(column = "Address")]
    address: Option<String>,
    #[jsonapi(column = "City")]
    city: Option<String>,
    #[jsonapi(column = "State")]
    state: Option<String>,
    #[jsonapi(column = "Country")]
    country: Option<String>,
    #[jsonapi(column = "PostalCode")]
    postal_code: Option<String>,
    #[jsonapi(column = "Phone")]
    phone: Option<String>,
    #[jsonapi(column = "Fax")]
    fax: Option<String>,
    #[jsonapi(column = "Email")]
    email: Option<String>,
    #[jsonapi(relationship, column = "ReportsTo")]
    reports_to: ToOne<Employee>,
    #[jsonapi(relationship, inverse = "reportsTo")]
    reports: ToMany<Employee>,
    #[jsonapi(relationship, inverse = "supportRep")]
    customers: ToMany<Customer>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "customers", table = "Customer", etag)]
struct Customer {
    #[jsonapi(id, column = "CustomerId")]
    id: i32,
    #[jsonapi(column = "FirstName")]
    first_name: String,
    #[jsonapi(column = "LastName")]
    last_name: String,
    #[jsonapi(column = "Company")]
    company: Option<String>,
    #[jsonapi(column = "Address")]
    address: Option<String>,
    #[jsonapi(column = "City")]
    city: Option<String>,
    #[jsonapi(column = "State")]
    state: Option<String>,
    #[jsonapi(column = "Country")]
    country: Option<String>,
    #[jsonapi(column = "PostalCode")]
    postal_code: Option<String>,
    #[jsonapi(column = "Phone")]
    phone: Option<String>,
    #[jsonapi(column = "Fax")]
    fax: Option<String>,
    #[jsonapi(column = "Email")]
    email: String,
    #[jsonapi(relationship, column = "SupportRepId")]
    support_rep: ToOne<Employee>,
    #[jsonapi(relationship, inverse = "customer")]
    invoices: ToMany<Invoice>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "invoices", table = "Invoice", etag)]
struct Invoice {
    #[jsonapi(id, column = "InvoiceId")]
    id: i32,
    #[jsonapi(column = "InvoiceDate")]
    invoice_date: NaiveDateTime,
    #[jsonapi(column = "BillingAddress")]
    billing_address: Option<String>,
    #[jsonapi(column = "BillingCity")]
    billing_city: Option<String>,
    #[jsonapi(column = "BillingState")]
    billing_state: Option<String>,
    #[jsonapi(column = "BillingCountry")]
    billing_country: Option<String>,
    #[jsonapi(column = "BillingPostalCode")]
    billing_postal_code: Option<String>,
    #[jsonapi(column = "Total")]
    total: Price,
    #[jsonapi(relationship, required, column = "CustomerId")]
    customer: ToOne<Customer>,
    #[jsonapi(relationship, inverse = "invoice")]
    lines: ToMany<InvoiceLine>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "invoice-lines", table = "InvoiceLine", etag)]
struct InvoiceLine {
    #[jsonapi(id, column = "InvoiceLineId")]
    id: i32,
    #[jsonapi(column = "UnitPrice")]
    unit_price: Price,
    #[jsonapi(column = "Quantity")]
    quantity: i64,
    #[jsonapi(relationship, required, column = "InvoiceId")]
    invoice: ToOne<Invoice>,
    #[jsonapi(relationship, required, column = "TrackId")]
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
