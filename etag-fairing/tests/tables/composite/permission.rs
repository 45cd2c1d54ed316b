//! Scopes, guards and soft deletion of resources whose ids are made of several columns, and of their parents.

use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{HookError, Scope, member},
};
use rocket::{
    Request,
    http::Status,
    request::{FromRequest, Outcome},
};
use serde_json::json;

use super::super::support::Server;
use super::super::theirs::{Theirs, data, over_both, to};
use super::ids;

fn user<'r>(request: &'r Request<'_>) -> &'r str {
    request.headers().get_one("X-User").unwrap_or_default()
}

/// Those of one's own, and those that were lent.
async fn own_pages(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" => Scope::All,
        "lender" => Scope::rows(member("id").is_one_of(["1~1", "2~1"])),
        "other" => Scope::rows(member("id").equals("1~2").or(member("book.owner").equals("nobody"))),
        name => Scope::rows(member("owner").equals(name)),
    })
}

async fn own_books(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" | "other" | "lender" => Scope::All,
        name => Scope::rows(member("owner").equals(name)),
    })
}

struct Admin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if user(request) == "admin" {
            Outcome::Success(Self)
        } else {
            Outcome::Error((Status::Forbidden, ()))
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag, soft_delete = "deleted_at", scope = own_books)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    #[jsonapi(relationship, inverse = "book", linkage = true)]
    pages: ToMany<Page>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", id(book, number), etag, soft_delete = "deleted_at", scope = own_pages, guard(delete = Admin))]
struct Page {
    #[jsonapi(relationship)]
    book: ToOne<Book>,
    number: i64,
    owner: String,
    #[jsonapi(last_modified)]
    changed_at: chrono::DateTime<chrono::Utc>,
}

fn library(theirs: &Theirs) -> Server {
    let server = theirs
        .serve("client_ids = true", |rocket| rocket.mount("/", [Book::routes(), Page::routes()].concat()));
    for (id, owner) in [("1", "ada"), ("2", "bob")] {
        let book = data("books", Some(id), json!({"owner": owner}), json!({}));
        server.write_as("POST", "/books", "admin", &book).is(201);
    }
    for (book, number, owner) in
        [("1", 1, "ada"), ("1", 2, "bob"), ("2", 1, "ada"), ("2", 10, "bob"), ("2", 9, "bob")]
    {
        let page = data(
            "pages",
            None,
            json!({"number": number, "owner": owner}),
            json!({"book": to("books", book)}),
        );
        server.write_as("POST", "/pages", "admin", &page).is(201);
    }
    server
}

#[test]
fn each_caller_sees_its_own() {
    over_both("SELECT 1", |theirs| {
        let server = library(theirs);
        for (user, expected) in [
            ("admin", &["1~1", "1~2", "2~1", "2~9", "2~10"][..]),
            ("ada", &["1~1", "2~1"]),
            ("bob", &["1~2", "2~9", "2~10"]),
            ("lender", &["1~1", "2~1"]),
            ("other", &["1~2"]),
            ("nobody", &[]),
        ] {
            assert_eq!(ids(&server.get_as("/pages", user).is(200).json()), expected, "{user}");
            for id in ["1~1", "1~2", "2~1", "2~9", "2~10"] {
                let status = if expected.contains(&id) { 200 } else { 404 };
                server.get_as(&format!("/pages/{id}"), user).is(status);
                let page = json!({"data": {"type": "pages", "id": id, "attributes": {}}});
                server.write_as("PATCH", &format!("/pages/{id}"), user, &page).is(status);
            }
        }
        // A book's linkage has the pages that its reader sees.
        let linkage = |user: &str| {
            let answer = server.get_as("/books/1?include=pages", user).is(200);
            ids(&answer.json()["data"]["relationships"]["pages"])
        };
        assert_eq!(linkage("admin"), ["1~1", "1~2"]);
        assert_eq!(linkage("ada"), ["1~1"]);
        // The id tells of the book; the book itself stays hidden.
        let page = server.get_as("/pages/2~1?include=book", "ada").is(200).json();
        assert_eq!(page["data"]["relationships"]["book"]["data"]["id"], "2");
        assert_eq!(page["included"], json!([]));
        assert_eq!(server.get_as("/pages/2~1/book", "ada").is(200).json()["data"], json!(null));
        assert_eq!(ids(&server.get_as("/pages?filter[book.owner]=bob", "ada").is(200).json()), [""; 0]);
        // Nobody takes an id that is there, seen or not.
        let taken =
            data("pages", None, json!({"number": 2, "owner": "ada"}), json!({"book": to("books", "1")}));
        server.write_as("POST", "/pages", "ada", &taken).is(409);
        let hidden =
            data("pages", None, json!({"number": 3, "owner": "ada"}), json!({"book": to("books", "2")}));
        server.write_as("POST", "/pages", "ada", &hidden).is(404);
        server.write_as("DELETE", "/pages/1~1", "ada", &json!(null)).is(403);
    });
}

#[test]
fn what_is_deleted_softly_is_gone() {
    over_both("SELECT 1", |theirs| {
        let server = library(theirs);
        let tag = server.get_as("/books/2", "admin").tag();
        let page = server.get_as("/pages/2~9", "admin").is(200);
        assert!(page.field("last-modified").is_some());
        let fields = [("X-User", "admin"), ("If-Match", "\"stale\"")];
        assert_eq!(server.send("DELETE", "/pages/2~9", &fields, "").status, 412);
        let tag_of_page = page.tag();
        let fields = [("X-User", "admin"), ("If-Match", &*tag_of_page)];
        assert_eq!(server.send("DELETE", "/pages/2~9", &fields, "").status, 204);
        server.get_as("/pages/2~9", "admin").is(404);
        assert_eq!(ids(&server.get_as("/pages?sort=-id", "admin").json()), ["2~10", "2~1", "1~2", "1~1"]);
        assert_eq!(theirs.run("SELECT count(*) FROM pages"), "5");
        assert_ne!(server.get_as("/books/2", "admin").tag(), tag);
        // Its id is not free.
        let again =
            data("pages", None, json!({"number": 9, "owner": "bob"}), json!({"book": to("books", "2")}));
        server.write_as("POST", "/pages", "admin", &again).is(409);
        // What needs a book stands against its deletion, as long as it is there.
        assert_eq!(server.write_as("DELETE", "/books/2", "admin", &json!(null)).status, 409);
        for id in ["2~1", "2~10"] {
            server.write_as("DELETE", &format!("/pages/{id}"), "admin", &json!(null)).is(204);
        }
        server.write_as("DELETE", "/books/2", "admin", &json!(null)).is(204);
    });
}
