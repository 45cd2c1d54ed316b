//! Errors of hand-written routes, as JSON:API has them.

use etag_fairing::document::error::{ErrorObject, Errors};
use rocket::http::Status;
use rocket::{get, routes};

use crate::applications::plain;
use etag_fairing::testing::Client;

#[get("/seats/<row>")]
fn seat(row: u32) -> Result<&'static str, Errors> {
    if row > 9 {
        let error = ErrorObject::new(Status::Conflict, "row_is_full", "The row is full");
        return Err(error.detail(format!("row {row} has no seat")).into());
    }
    Ok("free")
}

#[test]
fn are_documents() {
    let client = Client::new(plain().mount("/", routes![seat]));
    assert_eq!(client.get("/seats/9").send().expect(200).text(), "free");
    let full = client.get("/seats/10").send().expect_error(409, "row_is_full");
    assert_eq!(full.errors()[0].detail(), Some("row 10 has no seat"));
}
