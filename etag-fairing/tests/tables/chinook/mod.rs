//! Chinook, a music shop's database that somebody else has made, in full: what the server answers is what plain SQL
//! answers, by Python's `sqlite3` and by `psql`, over both of its scripts.
//!
//! The scripts are no part of this repository: `CHINOOK_DATA` names their folder, or it lies beside the workspace.

mod pascal;
mod reads;
mod shop;
mod snake;

use etag_fairing::JsonApiResource;
use serde_json::json;

use self::reads::{ALL, READS};
use self::shop::Shop;
use super::theirs::{data, delete, to};

/// `NUMERIC(10,2)`
#[cfg(feature = "decimal")]
type Price = rust_decimal::Decimal;
#[cfg(not(feature = "decimal"))]
type Price = f64;

#[test]
fn what_is_read_is_what_sql_says() {
    for shop in Shop::open() {
        let names = if shop.theirs.is_sqlite() { "" } else { "COLLATE \"C\"" };
        let queries: Vec<String> = READS.iter().map(|(_, _, query)| query.replace("NAMES", names)).collect();
        assert!(queries.len() >= 40);
        for ((url, part, query), expected) in READS.iter().zip(shop.ask(&queries)) {
            let url = format!("/v1{}", url.replace("{all}", ALL));
            let answer =
                shop.server.get(&url.replace('"', "%22").replace('{', "%7B").replace('}', "%7D"), &[]);
            let found = part.of(&answer.is(200).json());
            assert_eq!(found, expected, "{}: {url}: {query}", shop.theirs.name());
        }
    }
}

#[test]
fn what_is_written_is_what_sql_then_says() {
    for shop in Shop::open() {
        let Shop { server, theirs } = &shop;
        let name = theirs.name();
        // Created. PostgreSQL's script has no default for ids, so that the client chooses.
        let artist = data("artists", Some("1000"), json!({"name": "Ours"}), json!({}));
        server.write("POST", "/v1/artists", &artist).is(201);
        let album =
            data("albums", Some("1000"), json!({"title": "New"}), json!({"artist": to("artists", "1000")}));
        server.write("POST", "/v1/albums", &album).is(201);
        let track = |id: &str| {
            let price = if cfg!(feature = "decimal") { json!("0.99") } else { json!(0.99) };
            let attributes = json!({"name": "Song", "milliseconds": 1000, "unitPrice": price});
            let related = json!({"album": to("albums", "1000"), "mediaType": to("media-types", "1"),
                "genre": to("genres", "1")});
            data("tracks", Some(id), attributes, related)
        };
        server.write("POST", "/v1/tracks", &track("4000")).is(201);
        server.write("POST", "/v1/tracks", &track("4001")).is(201);
        let found = shop.one(
            "SELECT t.name, t.album_id, t.media_type_id, t.genre_id, a.artist_id FROM track t JOIN album a ON \
             a.album_id = t.album_id WHERE t.track_id >= 4000 ORDER BY t.track_id",
        );
        assert_eq!(found, "Song|1000|1|1|1000\nSong|1000|1|1|1000", "{name}");
        // Changed.
        let changed =
            data("tracks", Some("4000"), json!({"composer": "Us"}), json!({"genre": {"data": null}}));
        server.write("PATCH", "/v1/tracks/4000", &changed).is(200);
        let query = "SELECT composer, coalesce(genre_id, -1) FROM track WHERE track_id = 4000";
        assert_eq!(shop.one(query), "Us|-1", "{name}");
        // Linked.
        let songs = json!({"data": [{"type": "tracks", "id": "4000"}, {"type": "tracks", "id": "4001"}]});
        server.write("POST", "/v1/playlists/18/relationships/tracks", &songs).is(200);
        let query = "SELECT count(*) FROM playlist_track WHERE playlist_id = 18 AND track_id >= 4000";
        assert_eq!(shop.one(query), "2", "{name}");
        // The foreign keys stand against all of these.
        let before = shop.one("SELECT count(*), sum(album_id), sum(genre_id), sum(media_type_id) FROM track");
        for path in [
            "/tracks/4000",
            "/tracks/1",
            "/albums/1",
            "/artists/1",
            "/genres/1",
            "/media-types/1",
            "/playlists/18",
            "/employees/2",
            "/customers/1",
            "/invoices/1",
        ] {
            let answer = delete(server, &format!("/v1{path}"));
            assert_eq!(answer.status, 409, "{name}: {path}: {}", answer.text());
            assert_eq!(answer.error().0, "foreign_key_violation", "{name}: {path}");
        }
        let after = shop.one("SELECT count(*), sum(album_id), sum(genre_id), sum(media_type_id) FROM track");
        assert_eq!(after, before, "{name}");
        assert_eq!(theirs.dangling(), [""; 0]);
        // What refers to nothing goes, and then what it referred to.
        server.write("DELETE", "/v1/playlists/18/relationships/tracks", &songs).is(200);
        for path in ["/tracks/4000", "/tracks/4001", "/albums/1000", "/artists/1000", "/invoice-lines/1"] {
            delete(server, &format!("/v1{path}")).is(204);
        }
        assert_eq!(shop.one("SELECT count(*) FROM track WHERE track_id >= 4000"), "0", "{name}");
        assert_eq!(shop.one("SELECT count(*) FROM invoice_line WHERE invoice_line_id = 1"), "0", "{name}");
        // Errors of rules, with the members they are about.
        let twice = data("genres", Some("1"), json!({"name": "x"}), json!({}));
        assert_eq!(server.write("POST", "/v1/genres", &twice).is(409).error().0, "id_exists", "{name}");
        let nobodys =
            data("albums", Some("1001"), json!({"title": "x"}), json!({"artist": to("artists", "9999")}));
        assert_eq!(
            server.write("POST", "/v1/albums", &nobodys).is(404).error().0,
            "related_not_found",
            "{name}"
        );
        let kept = server.write("PATCH", "/v1/artists/1/relationships/albums", &json!({"data": []}));
        assert_eq!(kept.is(409).error().0, "foreign_key_violation", "{name}");
        if !theirs.is_sqlite() {
            let long = data("artists", Some("1"), json!({"name": "x".repeat(121)}), json!({}));
            let answer = server.write("PATCH", "/v1/artists/1", &long).is(422);
            assert_eq!(answer.error().1["pointer"], "/data/attributes/name");
            let unnumbered = data("artists", None, json!({"name": "x"}), json!({}));
            assert!(server.write("POST", "/v1/artists", &unnumbered).is(422).text().contains("makes no ids"));
        }
        assert_eq!(theirs.dangling(), [""; 0]);
    }
}

/// Two tables alone are known: the others have their say all the same.
mod few {
    use etag_fairing::{JsonApiResource, ToMany};

    macro_rules! few {
        ($module:ident, $track:literal, $track_id:literal, $playlist:literal, $playlist_id:literal, $join:literal) => {
            pub(super) mod $module {
                use super::*;

                #[derive(JsonApiResource)]
                #[jsonapi(type = "tracks", table = $track)]
                pub(crate) struct Track {
                    #[jsonapi(id, column = $track_id)]
                    id: i32,
                    #[jsonapi(relationship, through = $join, owner_column = $track_id, target_column = $playlist_id)]
                    playlists: ToMany<Playlist>,
                }

                #[derive(JsonApiResource)]
                #[jsonapi(type = "playlists", table = $playlist)]
                pub(crate) struct Playlist {
                    #[jsonapi(id, column = $playlist_id)]
                    id: i32,
                }
            }
        };
    }

    few!(pascal, "Track", "TrackId", "Playlist", "PlaylistId", "PlaylistTrack");
    few!(snake, "track", "track_id", "playlist", "playlist_id", "playlist_track");
}

#[test]
fn what_no_resource_knows_stands_against_a_deletion() {
    for Shop { theirs, server } in Shop::open() {
        drop(server);
        let server = theirs.serve("", |rocket| match theirs.is_sqlite() {
            true => rocket
                .mount("/v1", few::pascal::Track::routes())
                .mount("/v1", few::pascal::Playlist::routes()),
            false => {
                rocket.mount("/v1", few::snake::Track::routes()).mount("/v1", few::snake::Playlist::routes())
            }
        });
        // Neither what is in a playlist, nor what was sold.
        let none = json!({"data": []});
        for _ in 0..2 {
            let answer = delete(&server, "/v1/tracks/1");
            assert_eq!(answer.status, 409, "{}: {}", theirs.name(), answer.text());
            server.write("PATCH", "/v1/tracks/1/relationships/playlists", &none).is(200);
        }
        assert_eq!(theirs.dangling(), [""; 0]);
        server.get("/v1/tracks/1", &[]).is(200);
    }
}

/// Exactly: the sum of floats would be another one.
#[cfg(feature = "decimal")]
#[test]
fn the_sum_of_all_invoice_lines_is_the_databases_own() {
    use std::collections::HashMap;

    use serde_json::Value;

    let price = |value: &Value| value.as_str().expect("a string").parse::<Price>().expect("a price");
    for shop in Shop::open() {
        let ask = |query: &str| shop.one(query).parse::<Price>().expect("a price");
        let url = format!("/v1/invoice-lines?{ALL}");
        let lines = shop.server.get(&url, &[]).is(200).json();
        let (mut sum, mut of_invoice) = (Price::ZERO, HashMap::<String, Price>::new());
        for line in lines["data"].as_array().expect("a list") {
            let quantity = line["attributes"]["quantity"].as_i64().expect("a number");
            let of_line = price(&line["attributes"]["unitPrice"]) * Price::from(quantity);
            sum += of_line;
            let invoice = line["relationships"]["invoice"]["data"]["id"].as_str().expect("an invoice");
            *of_invoice.entry(invoice.into()).or_default() += of_line;
        }
        assert_eq!(sum, ask("SELECT round(sum(unit_price * quantity), 2) FROM invoice_line"));
        assert_eq!(sum.to_string(), "2328.60");
        let invoices = shop.server.get(&format!("/v1/invoices?{ALL}"), &[]).is(200).json();
        let invoices = invoices["data"].as_array().expect("a list");
        assert_eq!(invoices.len(), of_invoice.len());
        for invoice in invoices {
            let id = invoice["id"].as_str().expect("an id");
            assert_eq!(price(&invoice["attributes"]["total"]), of_invoice[id], "{id}");
        }
    }
}
