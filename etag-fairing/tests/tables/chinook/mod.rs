//! Chinook, a music shop's database that somebody else has made, in full: what the server answers is what plain SQL
//! answers, by Python's `sqlite3` and by `psql`, over both of its scripts.
//!
//! The scripts are no part of this repository: `CHINOOK_DATA` names their folder, or it lies beside the workspace.

mod pascal;
mod snake;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use etag_fairing::JsonApiResource;
use serde_json::{Value, json};

use super::{
    support::Server,
    theirs::{Theirs, data, delete, to},
};

/// `NUMERIC(10,2)`
#[cfg(feature = "decimal")]
type Price = rust_decimal::Decimal;
#[cfg(not(feature = "decimal"))]
type Price = f64;

fn scripts() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/chinook");
    let folder = std::env::var_os("CHINOOK_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("sqlite.sql").is_file() && folder.join("postgres.sql").is_file() {
        return Some(folder);
    }
    assert!(std::env::var_os("CHINOOK_DATA").is_none(), "no scripts in {}", folder.display());
    eprintln!("skipped: no Chinook at {}; name its folder in CHINOOK_DATA", folder.display());
    None
}

/// The database, served.
struct Shop {
    theirs: Theirs,
    server: Server,
}

impl Shop {
    fn on_sqlite(script: &str) -> Self {
        let theirs = Theirs::on_sqlite(script);
        let server = theirs.serve(SETTINGS, pascal::mount);
        Self { theirs, server }
    }

    fn on_postgres(script: &str) -> Option<Self> {
        let theirs = Theirs::on_postgres("SELECT 1")?;
        // The script makes a database and goes there; here it fills the one that there is.
        let tables = script.split_once("\\c chinook;").map_or(script, |(_, tables)| tables);
        theirs.load(tables);
        let server = theirs.serve(SETTINGS, snake::mount);
        Some(Self { theirs, server })
    }

    /// Both, as far as there are.
    fn open() -> Vec<Self> {
        let Some(folder) = scripts() else { return Vec::new() };
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a script");
        let sqlite = Self::on_sqlite(&read("sqlite.sql"));
        std::iter::once(sqlite).chain(Self::on_postgres(&read("postgres.sql"))).collect()
    }

    /// What SQL answers by another way than the server's. It is written with the names of PostgreSQL's script; those of
    /// SQLite's are the same without underscores.
    fn ask(&self, queries: &[String]) -> Vec<Vec<String>> {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        match &self.theirs {
            Theirs::Postgres(database) => {
                queries.iter().map(|query| lines(database.run(query).trim_end_matches('\n'))).collect()
            }
            Theirs::Sqlite(folder) => {
                let queries: Vec<_> = queries.iter().map(|query| query.replace('_', "")).collect();
                let mut python = Command::new("python3")
                    .args(["-c", PYTHON])
                    .arg(folder.path().join("theirs.db"))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("python3");
                let mut input = python.stdin.take().expect("a pipe");
                input.write_all(json!(queries).to_string().as_bytes()).expect("sent");
                drop(input);
                let output = python.wait_with_output().expect("an answer");
                assert!(output.status.success(), "python3 failed");
                let answers: Vec<String> = serde_json::from_slice(&output.stdout).expect("JSON");
                answers.iter().map(|answer| lines(answer)).collect()
            }
        }
    }

    fn one(&self, query: &str) -> String {
        self.ask(&[query.to_owned()]).concat().join("\n")
    }
}

const SETTINGS: &str = "client_ids = true\nmax_page_size = 5000\nmax_included = 10000";

/// Answers each query with a line a row, columns parted by `|`, as `psql` does.
const PYTHON: &str = "
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
def text(cell):
    return '' if cell is None else str(cell)
def answer(query):
    return '\\n'.join('|'.join(map(text, row)) for row in database.execute(query))
json.dump([answer(query) for query in json.load(sys.stdin)], sys.stdout)
";

/// What is compared of an answer.
#[derive(Clone, Copy)]
enum Part {
    /// The ids of the primary data, in their order.
    Ids,
    /// The ids and one member's text of it.
    Member(&'static str),
    /// The types and ids of what is included, sorted by both.
    Included,
    /// `meta.count`.
    Count,
}

impl Part {
    fn of(self, document: &Value) -> Vec<String> {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let primary = match &document["data"] {
            Value::Array(rows) => rows.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        match self {
            Self::Ids => primary.iter().map(|row| text(&row["id"])).collect(),
            Self::Member(name) => primary
                .iter()
                .map(|row| format!("{}|{}", text(&row["id"]), text(&row["attributes"][name])))
                .collect(),
            Self::Included => {
                let included = document["included"].as_array().cloned().unwrap_or_default();
                let mut rows: Vec<_> = included
                    .iter()
                    .map(|row| (text(&row["type"]), text(&row["id"]).parse::<i64>().expect("a number")))
                    .collect();
                rows.sort();
                rows.iter().map(|(kind, id)| format!("{kind}|{id}")).collect()
            }
            Self::Count => vec![text(&document["meta"]["count"])],
        }
    }
}

use Part::{Count, Ids, Included, Member};

const ALL: &str = "page[size]=5000";

/// What is asked of the server, and what SQL says of it. `{all}` is a page that holds everything.
const READS: &[(&str, Part, &str)] = &[
    // Each table, whole.
    ("/artists?{all}", Member("name"), "SELECT artist_id, name FROM artist ORDER BY artist_id"),
    ("/albums?{all}", Member("title"), "SELECT album_id, title FROM album ORDER BY album_id"),
    ("/tracks?{all}", Member("name"), "SELECT track_id, name FROM track ORDER BY track_id"),
    (
        "/tracks?{all}&fields[tracks]=bytes",
        Member("bytes"),
        "SELECT track_id, bytes FROM track ORDER BY track_id",
    ),
    ("/genres?{all}", Member("name"), "SELECT genre_id, name FROM genre ORDER BY genre_id"),
    (
        "/media-types?{all}",
        Member("name"),
        "SELECT media_type_id, name FROM media_type ORDER BY media_type_id",
    ),
    ("/playlists?{all}", Member("name"), "SELECT playlist_id, name FROM playlist ORDER BY playlist_id"),
    ("/employees?{all}", Member("title"), "SELECT employee_id, title FROM employee ORDER BY employee_id"),
    ("/customers?{all}", Member("company"), "SELECT customer_id, company FROM customer ORDER BY customer_id"),
    (
        "/invoices?{all}",
        Member("billingCity"),
        "SELECT invoice_id, billing_city FROM invoice ORDER BY invoice_id",
    ),
    (
        "/invoice-lines?{all}",
        Member("quantity"),
        "SELECT invoice_line_id, quantity FROM invoice_line ORDER BY 1",
    ),
    // Single rows.
    ("/tracks/3503", Member("composer"), "SELECT track_id, composer FROM track WHERE track_id = 3503"),
    (
        "/employees/1/reportsTo",
        Ids,
        "SELECT reports_to FROM employee WHERE employee_id = 1 AND reports_to > 0",
    ),
    (
        "/employees/3/reportsTo",
        Member("lastName"),
        "SELECT b.employee_id, b.last_name FROM employee a JOIN employee b \
      ON b.employee_id = a.reports_to WHERE a.employee_id = 3",
    ),
    // Sorts.
    (
        "/tracks?{all}&sort=-milliseconds",
        Ids,
        "SELECT track_id FROM track ORDER BY milliseconds DESC, track_id",
    ),
    (
        "/tracks?sort=unitPrice,-bytes&page[size]=50",
        Ids,
        "SELECT track_id FROM track ORDER BY unit_price, bytes DESC, \
      track_id LIMIT 50",
    ),
    (
        "/tracks?{all}&sort=genre.id,album.id",
        Ids,
        "SELECT track_id FROM track ORDER BY genre_id, album_id, track_id",
    ),
    (
        "/invoices?sort=-total,id&page[offset]=20&page[limit]=30",
        Ids,
        "SELECT invoice_id FROM invoice ORDER BY total \
      DESC, invoice_id LIMIT 30 OFFSET 20",
    ),
    (
        "/customers?{all}&sort=supportRep.id,-id",
        Ids,
        "SELECT customer_id FROM customer ORDER BY support_rep_id, \
      customer_id DESC",
    ),
    (
        "/tracks?page[number]=71&page[size]=50",
        Ids,
        "SELECT track_id FROM track ORDER BY track_id LIMIT 50 OFFSET 3500",
    ),
    // Filters.
    (
        "/tracks?{all}&filter[milliseconds][gt]=1000000",
        Ids,
        "SELECT track_id FROM track WHERE milliseconds > 1000000 \
      ORDER BY track_id",
    ),
    (
        "/tracks?{all}&filter[composer][is_null]=true",
        Ids,
        "SELECT track_id FROM track WHERE composer IS NULL ORDER BY \
      track_id",
    ),
    (
        "/tracks?{all}&filter[unitPrice]=1.99",
        Ids,
        "SELECT track_id FROM track WHERE unit_price = 1.99 ORDER BY track_id",
    ),
    (
        "/tracks?{all}&filter[name][contains]=Love",
        Ids,
        "SELECT track_id FROM track WHERE replace(name, 'Love', '') <> \
      name ORDER BY track_id",
    ),
    (
        "/tracks?{all}&filter[bytes][between]=1000000,2000000",
        Ids,
        "SELECT track_id FROM track WHERE bytes BETWEEN \
      1000000 AND 2000000 ORDER BY track_id",
    ),
    (
        "/albums?{all}&filter[artist.name]=Iron%20Maiden",
        Ids,
        "SELECT album_id FROM album JOIN artist ON \
      artist.artist_id = album.artist_id WHERE artist.name = 'Iron Maiden' ORDER BY album_id",
    ),
    (
        "/artists?{all}&filter[albums.tracks.genre.name]=Jazz",
        Ids,
        "SELECT artist_id FROM artist WHERE artist_id IN \
      (SELECT artist_id FROM album WHERE album_id IN (SELECT album_id FROM track WHERE genre_id IN (SELECT genre_id \
      FROM genre WHERE name = 'Jazz'))) ORDER BY artist_id",
    ),
    (
        "/artists?{all}&filter=[{\"not\":{\"name\":\"albums\",\"op\":\"any\"}}]",
        Ids,
        "SELECT artist_id FROM artist WHERE \
      artist_id NOT IN (SELECT artist_id FROM album) ORDER BY artist_id",
    ),
    (
        "/tracks?{all}&filter=[{\"not\":{\"name\":\"lines\",\"op\":\"any\"}}]",
        Ids,
        "SELECT track_id FROM track WHERE \
      track_id NOT IN (SELECT track_id FROM invoice_line) ORDER BY track_id",
    ),
    (
        "/playlists?{all}&filter[tracks]=1",
        Ids,
        "SELECT playlist_id FROM playlist_track WHERE track_id = 1 ORDER BY 1",
    ),
    (
        "/customers?{all}&filter[country]=Brazil,Canada",
        Ids,
        "SELECT customer_id FROM customer WHERE country IN \
      ('Brazil', 'Canada') ORDER BY customer_id",
    ),
    (
        "/customers?{all}&filter[invoices.total][ge]=20",
        Ids,
        "SELECT customer_id FROM customer WHERE customer_id IN \
      (SELECT customer_id FROM invoice WHERE total >= 20) ORDER BY customer_id",
    ),
    (
        "/customers?{all}&filter=[{\"or\":[{\"name\":\"state\",\"op\":\"is_null\",\"val\":true},{\"name\":\"fax\",\"op\":\
      \"is_null\",\"val\":false}]}]",
        Ids,
        "SELECT customer_id FROM customer WHERE state IS NULL OR fax IS NOT NULL \
      ORDER BY customer_id",
    ),
    (
        "/employees?{all}&filter[reportsTo]=2",
        Ids,
        "SELECT employee_id FROM employee WHERE reports_to = 2 ORDER BY 1",
    ),
    // Times as SQLite's script writes them, with a space, and numbers with two digits behind the point.
    (
        "/invoices?{all}&filter[invoiceDate][lt]=2021-02-01T00:00:00",
        Ids,
        "SELECT invoice_id FROM invoice WHERE invoice_date < '2021-02-01' ORDER BY invoice_id",
    ),
    (
        "/invoices?{all}&filter[invoiceDate]=2021-01-03T00:00:00",
        Ids,
        "SELECT invoice_id FROM invoice WHERE invoice_date = '2021-01-03 00:00:00' ORDER BY invoice_id",
    ),
    (
        "/invoices?{all}&sort=-invoiceDate",
        Member("invoiceDate"),
        "SELECT invoice_id, replace(CAST(invoice_date AS text), ' ', 'T') FROM invoice ORDER BY invoice_date DESC, \
         invoice_id",
    ),
    (
        "/employees?{all}&filter[birthDate][ge]=1965-01-01T00:00:00&sort=hireDate",
        Ids,
        "SELECT employee_id FROM employee WHERE birth_date >= '1965-01-01' ORDER BY hire_date, employee_id",
    ),
    (
        "/invoice-lines?{all}&filter[unitPrice][gt]=1",
        Member("unitPrice"),
        "SELECT invoice_line_id, unit_price FROM invoice_line WHERE unit_price > 1 ORDER BY invoice_line_id",
    ),
    (
        "/invoices?{all}&filter[total][between]=8.91,13.86",
        Ids,
        "SELECT invoice_id FROM invoice WHERE total BETWEEN 8.91 AND 13.86 ORDER BY invoice_id",
    ),
    // Related resources and linkage.
    ("/albums/141/tracks?{all}", Ids, "SELECT track_id FROM track WHERE album_id = 141 ORDER BY track_id"),
    (
        "/playlists/17/tracks?{all}&sort=-name",
        Ids,
        "SELECT t.track_id FROM track t JOIN playlist_track p ON p.track_id \
      = t.track_id WHERE p.playlist_id = 17 ORDER BY t.name NAMES DESC, t.track_id",
    ),
    (
        "/playlists/1/relationships/tracks",
        Ids,
        "SELECT track_id FROM playlist_track WHERE playlist_id = 1 ORDER BY 1",
    ),
    (
        "/employees/2/relationships/reports",
        Ids,
        "SELECT employee_id FROM employee WHERE reports_to = 2 ORDER BY 1",
    ),
    (
        "/invoices/100/lines",
        Ids,
        "SELECT invoice_line_id FROM invoice_line WHERE invoice_id = 100 ORDER BY 1",
    ),
    ("/genres/1/tracks?page[size]=1&page[totals]", Count, "SELECT count(*) FROM track WHERE genre_id = 1"),
    (
        "/tracks?page[size]=1&page[totals]&filter[album.artist.name]=AC%2FDC",
        Count,
        "SELECT count(*) FROM track WHERE \
      album_id IN (SELECT album_id FROM album WHERE artist_id = (SELECT artist_id FROM artist WHERE name = 'AC/DC'))",
    ),
    // Includes.
    (
        "/albums/1?include=artist,tracks",
        Included,
        "SELECT 'artists', artist_id FROM album WHERE album_id = 1 UNION \
      SELECT 'tracks', track_id FROM track WHERE album_id = 1 ORDER BY 1, 2",
    ),
    (
        "/customers/1?include=invoices.lines,supportRep",
        Included,
        "SELECT 'employees', support_rep_id FROM customer \
      WHERE customer_id = 1 UNION SELECT 'invoice-lines', invoice_line_id FROM invoice_line WHERE invoice_id IN (SELECT \
      invoice_id FROM invoice WHERE customer_id = 1) UNION SELECT 'invoices', invoice_id FROM invoice WHERE customer_id \
      = 1 ORDER BY 1, 2",
    ),
    (
        "/employees?include=reportsTo,customers&{all}",
        Included,
        "SELECT 'customers', customer_id FROM customer WHERE \
      support_rep_id IS NOT NULL ORDER BY 1, 2",
    ),
    // A tree of three levels: down, up, and found by who stands at its top.
    (
        "/employees/1?include=reports.reports",
        Included,
        "SELECT 'employees', employee_id FROM employee WHERE reports_to = 1 OR \
      reports_to IN (SELECT employee_id FROM employee WHERE reports_to = 1) ORDER BY 1, 2",
    ),
    (
        "/employees/7?include=reportsTo.reportsTo",
        Included,
        "SELECT 'employees', employee_id FROM employee WHERE employee_id IN (SELECT reports_to FROM employee WHERE \
      employee_id = 7 OR employee_id IN (SELECT reports_to FROM employee WHERE employee_id = 7)) ORDER BY 1, 2",
    ),
    (
        "/employees?{all}&filter[reportsTo.reportsTo]=1",
        Ids,
        "SELECT employee_id FROM employee WHERE reports_to IN (SELECT employee_id FROM employee WHERE reports_to = 1) \
      ORDER BY 1",
    ),
    (
        "/playlists/18?include=tracks.genre",
        Included,
        "SELECT 'genres', genre_id FROM track WHERE track_id IN (SELECT \
      track_id FROM playlist_track WHERE playlist_id = 18) UNION SELECT 'tracks', track_id FROM playlist_track WHERE \
      playlist_id = 18 ORDER BY 1, 2",
    ),
];

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
