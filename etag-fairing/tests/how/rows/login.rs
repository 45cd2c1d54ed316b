//! Who may do what.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};

use crate::applications::{application, on_each};

struct Editor;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("Authorization") {
            Some("Bearer open-sesame") => Outcome::Success(Editor),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", guard(create = Editor, update = Editor, delete = Editor))]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[test]
fn is_a_request_guard() {
    on_each(
        || application().mount("/v1", Track::routes()),
        |client| {
            let editor = client.with_header("Authorization", "Bearer open-sesame");
            let track = Document::new("tracks").attribute("name", "Web");
            client.post("/v1/tracks").document(&track).send().expect(401);
            editor.post("/v1/tracks").document(&track).send().expect(201);
            assert_eq!(client.get("/v1/tracks").send().expect(200).many::<Track>()[0].name, "Web");
        },
    );
}
