//! What is asked of the server, and what SQL says of it.

use serde_json::Value;

/// What is compared of an answer.
#[derive(Clone, Copy)]
pub(super) enum Part {
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
    pub(super) fn of(self, document: &Value) -> Vec<String> {
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

pub(super) const ALL: &str = "page[size]=5000";

/// What is asked of the server, and what SQL says of it. `{all}` is a page that holds everything.
pub(super) const READS: &[(&str, Part, &str)] = &[
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
