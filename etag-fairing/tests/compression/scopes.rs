//! Nobody gets what another caller was answered, in no coding, nor a 304 on it.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{JsonApiResource, uncompressed};
use rocket::Request;
use serde_json::json;

use super::notes::{ACCEPTED, Database, JSON_API, of_coding, text};

/// A letter, which only its owner sees.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, scope = own)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    text: String,
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::rows(member("owner").equals(request.headers().get_one("X-User").unwrap_or(""))))
}

/// A token, beside text of whoever asks.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tokens", etag)]
struct Token {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[test]
fn each_caller_gets_its_own_in_its_coding() {
    for database in Database::each() {
        let server = database.serve("[default]\nETAG = true", |rocket| rocket.mount("/", Letter::routes()));
        for (user, number) in [("ann", 1), ("bob", 2)] {
            let attributes = json!({"owner": user, "text": text(number)});
            let document = json!({"data": {"type": "letters", "attributes": attributes}});
            assert_eq!(server.write_as("POST", "/letters", user, &document).status, 201);
        }
        for target in ["/letters", "/letters/1", "/letters/2"] {
            for (accepted, coding) in ACCEPTED.into_iter().chain(ACCEPTED) {
                for (user, other) in [("ann", "bob"), ("bob", "ann")] {
                    let ask = |user: &str, accepted: &str, known: &str| {
                        let mut fields =
                            vec![("Accept", JSON_API), ("X-User", user), ("Accept-Encoding", accepted)];
                        if !known.is_empty() {
                            fields.push(("If-None-Match", known));
                        }
                        server.get(target, &fields)
                    };
                    let (plain, answer) = (ask(user, "", ""), ask(user, accepted, ""));
                    if plain.status == 404 {
                        assert_eq!((answer.status, answer.decoded()), (404, plain.body));
                        continue;
                    }
                    assert_eq!(
                        (answer.status, answer.field("content-encoding")),
                        (200, coding),
                        "{target} {accepted}"
                    );
                    assert_eq!(answer.tag(), of_coding(&plain.tag(), coding));
                    let body = String::from_utf8(answer.decoded()).expect("text");
                    assert!(
                        body.contains(&format!("\"{user}\"")) && !body.contains(&format!("\"{other}\"")),
                        "{body}"
                    );
                    assert_eq!(ask(user, accepted, &answer.tag()).status, 304);
                    // The other caller sees another state, or none.
                    assert_ne!(ask(other, accepted, &answer.tag()).status, 304, "{target} {accepted}");
                }
            }
        }
    }
}

#[test]
fn what_is_left_out_goes_out_as_it_is() {
    for database in Database::each() {
        let server = database
            .serve("[default]\nETAG = true", |rocket| rocket.mount("/", uncompressed(Token::routes())));
        let document = json!({"data": {"type": "tokens", "attributes": {"text": text(1)}}});
        let fields = [("Content-Type", JSON_API), ("Accept-Encoding", "br, identity;q=0")];
        assert_eq!(
            server.send("POST", "/tokens", &fields, &document.to_string()).field("content-encoding"),
            None
        );
        for target in ["/tokens/1", "/tokens"] {
            for _ in 0..3 {
                for (accepted, _) in ACCEPTED {
                    let answer = server.get(target, &[("Accept", JSON_API), ("Accept-Encoding", accepted)]);
                    assert_eq!((answer.status, answer.field("content-encoding")), (200, None), "{accepted}");
                    assert!(!answer.varies_by_coding() && !answer.tag().contains('~'), "{answer:?}");
                    let known = answer.tag();
                    let again =
                        server.get(target, &[("Accept-Encoding", accepted), ("If-None-Match", &known)]);
                    assert_eq!((again.status, again.tag()), (304, known));
                }
            }
        }
    }
}
