//! What case-insensitive operators find: by Unicode's folding, on both databases alike.

use etag_fairing::JsonApiResource;

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "words", table = "words")]
struct Word {
    #[jsonapi(id)]
    id: i64,
    text: Option<String>,
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn found(server: &Server, operator: &str, value: &str) -> Answer {
    server.get(&format!("/words?filter[text][{operator}]={}", percent(value)), &[]).is(200)
}

fn case_is_folded(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Word::routes()));
    for (stored, operator, value, expected) in [
        ("Straße", "icontains", "STRASSE", true),
        ("STRASSE", "icontains", "straße", true),
        ("STRAẞE", "iendswith", "asse", true),
        ("ΣΊΣΥΦΟΣ", "ilike", "σίσυφος", true),
        ("σίσυφος", "istartswith", "ΣΊΣ", true),
        ("σίσυφος", "iendswith", "Σ", true),
        ("İstanbul", "icontains", "i\u{307}STANBUL", true),
        ("İstanbul", "istartswith", "i", true),
        ("ısı", "icontains", "I", false),
        ("ısı", "icontains", "ISI", false),
        ("ısı", "ilike", "ı%", true),
        ("ǅ", "ilike", "ǆ", true),
        ("Ǆ", "ilike", "ǅ", true),
        ("Ꭰᏸ", "ilike", "ꭰᏰ", true),
        ("ÄÖÜ", "icontains", "öü", true),
        ("ÉCOLE", "istartswith", "é", true),
        ("E\u{301}COLE", "istartswith", "e\u{301}", true),
        ("e\u{301}cole", "istartswith", "É", false),
        ("50% Größe_\\", "ilike", "50\\% GRÖSSE\\_\\\\", true),
        ("GRÖSSE", "ilike", "gr_ß%", true),
        ("ПРИВЕТ", "notilike", "привет", false),
        ("K", "ilike", "k", true),
        ("ﬁn", "icontains", "FIN", true),
        ("[a]*?", "ilike", "[A]*?", true),
        ("b", "ilike", "[a-c]", false),
        ("Ａ", "ilike", "ａ", true),
        ("plain", "icontains", "LAI", true),
    ] {
        place.run(&format!("DELETE FROM words; INSERT INTO words VALUES (1, '{stored}')"));
        let document = found(&server, operator, value).json();
        let is_found = !document["data"].as_array().unwrap().is_empty();
        assert_eq!(is_found, expected, "{stored:?} {operator} {value:?}");
    }
}

#[test]
fn case_is_folded_as_unicode_does_on_sqlite() {
    case_is_folded(&Place::sqlite("CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT)"));
}

#[cfg(feature = "postgres")]
#[test]
fn case_is_folded_as_unicode_does_on_postgresql() {
    let place = Place::postgres("CREATE TABLE words (id bigint PRIMARY KEY, text varchar(99))");
    if let Some(place) = place {
        case_is_folded(&place);
    }
}
