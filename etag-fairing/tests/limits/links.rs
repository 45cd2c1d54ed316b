//! What links and errors lead to.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::json;

use super::databases::Database;
use super::support::Server;

/// Has chapters, and may have a reader.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "book")]
    chapters: ToMany<Chapter>,
}

/// Is of a book.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "chapters", etag)]
struct Chapter {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    book: ToOne<Book>,
}

/// Is of a book, too.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "loans", etag)]
struct Loan {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    book: ToOne<Book>,
}

fn filled(database: &Database) -> Server {
    let server = database.serve("ETAG = true", "", |rocket| {
        rocket.mount("/v1", Book::routes()).mount("/v1", Chapter::routes()).mount("/v1", Loan::routes())
    });
    for _ in 0..25 {
        server.write("POST", "/v1/books", &json!({"data": {"type": "books"}})).is(201);
    }
    for (resource, book) in [("chapters", "1"), ("chapters", "2"), ("loans", "2")] {
        let link = json!({"data": {"type": "books", "id": book}});
        let data = json!({"type": resource, "relationships": {"book": link}});
        server.write("POST", &format!("/v1/{resource}"), &json!({"data": data})).is(201);
    }
    server
}

#[test]
fn a_deletion_that_references_stand_against_says_of_which_types() {
    for database in Database::each() {
        let server = filled(&database);
        for (book, told) in [("1", "type chapters refer"), ("2", "type chapters and loans refer")] {
            let refused = server.send("DELETE", &format!("/v1/books/{book}"), &[], "").is(409);
            assert_eq!(refused.error().0, "foreign_key_violation");
            let detail = refused.json()["errors"][0]["detail"].to_string();
            assert!(detail.contains(told), "{detail}");
            server.get(&format!("/v1/books/{book}"), &[]).is(200);
        }
        server.send("DELETE", "/v1/books/3", &[], "").is(204);
    }
}

#[test]
fn pages_backwards_by_offset_show_each_row_once() {
    for database in Database::each() {
        let server = filled(&database);
        for size in ["page%5Blimit%5D=10", "page%5Blimit%5D=23", "page%5Blimit%5D=7&sort=-id"] {
            let mut next = Some(format!("/v1/books?page%5Boffset%5D=23&{size}"));
            let mut seen: Vec<u32> = Vec::new();
            while let Some(url) = next {
                let page = server.get(&url, &[]).is(200).json();
                let rows = page["data"].as_array().expect("rows").clone();
                seen.splice(
                    0..0,
                    rows.iter().map(|row| row["id"].as_str().expect("an id").parse().expect("a number")),
                );
                next = page["links"]["prev"].as_str().map(str::to_owned);
            }
            let mut expected: Vec<u32> = (1..=25).collect();
            if size.contains("sort") {
                expected.reverse();
            }
            let behind = expected.split_off(23);
            assert_eq!(&seen[..23], expected, "{size}");
            assert_eq!(&seen[23..], &behind[..seen.len() - 23], "{size}");
        }
    }
}
