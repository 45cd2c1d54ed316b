//! Every combination of extension and profile in `Accept` and `Content-Type`, with the status and the media type that JSON:API
//! §5 asks for.

use serde_json::json;

use crate::support::{Answer, Connection};
use crate::world::{EXT, J, PROFILE, json_of, on_sqlite};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ext {
    None,
    Atomic,
    Unknown,
    /// The right one beside another.
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    None,
    Known,
    Unknown,
    /// The one that is known beside another.
    Both,
}

/// JSON:API's media type with parameters.
#[derive(Clone, Copy, Debug)]
struct MediaType {
    ext: Ext,
    profile: Profile,
    charset: bool,
}

impl MediaType {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for ext in [Ext::None, Ext::Atomic, Ext::Unknown, Ext::Both] {
            for profile in [Profile::None, Profile::Known, Profile::Unknown, Profile::Both] {
                all.extend([false, true].map(|charset| Self { ext, profile, charset }));
            }
        }
        all
    }

    fn text(self) -> String {
        let ext = match self.ext {
            Ext::None => String::new(),
            Ext::Atomic => format!(";ext=\"{EXT}\""),
            Ext::Unknown => ";ext=\"https://unknown.example/ext\"".to_owned(),
            Ext::Both => format!(";ext=\"{EXT} https://unknown.example/ext\""),
        };
        let profile = match self.profile {
            Profile::None => String::new(),
            Profile::Known => format!("; profile=\"{PROFILE}\""),
            Profile::Unknown => ";profile=\"https://unknown.example/profile\"".to_owned(),
            Profile::Both => format!(";profile=\"https://unknown.example/profile {PROFILE}\""),
        };
        format!("{J}{ext}{profile}{}", if self.charset { ";charset=utf-8" } else { "" })
    }

    fn names_profile(self) -> bool {
        matches!(self.profile, Profile::Known | Profile::Both)
    }

    /// Whether an answer of an endpoint may be of this media type.
    fn is_answer(self, endpoint: Endpoint) -> bool {
        let ext = match self.ext {
            Ext::None => true,
            Ext::Atomic => endpoint == Endpoint::Operations,
            Ext::Unknown | Ext::Both => false,
        };
        ext && !self.charset
    }

    /// Whether an endpoint takes a body of this media type.
    fn is_taken(self, endpoint: Endpoint) -> bool {
        let needed = if endpoint == Endpoint::Operations { Ext::Atomic } else { Ext::None };
        self.ext == needed && !self.charset
    }
}

/// What a client accepts.
#[derive(Clone, Copy, Debug)]
enum Accept {
    Absent,
    Anything,
    Html,
    Only(MediaType),
    /// Or else JSON:API without parameters, which is liked less.
    OrPlain(MediaType),
    Not(MediaType),
    OrAnything(MediaType),
}

impl Accept {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Absent, Self::Anything, Self::Html];
        for media_type in MediaType::all() {
            all.extend([
                Self::Only(media_type),
                Self::OrPlain(media_type),
                Self::Not(media_type),
                Self::OrAnything(media_type),
            ]);
        }
        all
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Anything => Some("*/*".to_owned()),
            Self::Html => Some("text/html".to_owned()),
            Self::Only(media_type) => Some(media_type.text()),
            Self::OrPlain(media_type) => Some(format!("{}, {J};q=0.5", media_type.text())),
            Self::Not(media_type) => Some(format!("{};q=0", media_type.text())),
            Self::OrAnything(media_type) => Some(format!("{}, */*;q=0.1", media_type.text())),
        }
    }

    fn allows(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Absent | Self::Anything | Self::OrPlain(_) => true,
            Self::Html | Self::Not(_) => false,
            // JSON:API §5.3: 406 if each instance of the media type has parameters that aren't known.
            Self::Only(media_type) | Self::OrAnything(media_type) => media_type.is_answer(endpoint),
        }
    }

    fn asks_for_profile(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Absent | Self::Anything | Self::Html | Self::Not(_) => false,
            Self::Only(media_type) | Self::OrPlain(media_type) | Self::OrAnything(media_type) => {
                media_type.is_answer(endpoint) && media_type.names_profile()
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    List,
    Read,
    /// Linkage, to which the profile adds nothing.
    Linkage,
    Create,
    Update,
    Operations,
}

impl Endpoint {
    fn request(self) -> (&'static str, &'static str, String) {
        let room = json!({ "type": "rooms", "attributes": { "name": "n", "seats": 1 } });
        match self {
            Self::List => ("GET", "/v1/rooms?page[size]=1", String::new()),
            Self::Read => ("GET", "/v1/rooms/1", String::new()),
            Self::Linkage => ("GET", "/v1/talks/1/relationships/speakers", String::new()),
            Self::Create => ("POST", "/v1/rooms", json!({ "data": room }).to_string()),
            Self::Update => {
                let data = json!({ "type": "rooms", "id": "1", "attributes": { "seats": 2 } });
                ("PATCH", "/v1/rooms/1", json!({ "data": data }).to_string())
            }
            Self::Operations => {
                let operations = json!({ "atomic:operations": [{ "op": "add", "data": room }] });
                ("POST", "/v1/operations", operations.to_string())
            }
        }
    }

    fn has_body(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Operations)
    }

    /// What the status and the media type of the answer must be.
    fn expected(self, accept: Accept, content_type: Option<MediaType>) -> (u16, String) {
        if !accept.allows(self) {
            return (406, J.to_owned());
        }
        if content_type.is_some_and(|sent| !sent.is_taken(self)) {
            return (415, J.to_owned());
        }
        // What was applied to the operations is applied to their results.
        let is_applied = self == Self::Operations && content_type.is_some_and(MediaType::names_profile);
        let has_profile = self != Self::Linkage && (accept.asks_for_profile(self) || is_applied);
        let ext = if self == Self::Operations { format!(";ext=\"{EXT}\"") } else { String::new() };
        let profile = if has_profile { format!(";profile=\"{PROFILE}\"") } else { String::new() };
        (if self == Self::Create { 201 } else { 200 }, format!("{J}{ext}{profile}"))
    }
}

fn ask(
    connection: &mut Connection,
    endpoint: Endpoint,
    accept: Accept,
    content_type: Option<MediaType>,
) -> Answer {
    let (method, path, body) = endpoint.request();
    let (accept, content_type) = (accept.text(), content_type.map(MediaType::text));
    let mut fields = Vec::new();
    fields.extend(accept.as_deref().map(|accept| ("Accept", accept)));
    fields.extend(content_type.as_deref().map(|sent| ("Content-Type", sent)));
    connection.send(method, path, &fields, &body)
}

#[test]
fn each_combination_has_the_status_and_media_type_that_the_texts_ask_for() {
    on_sqlite("", |world| {
        let mut connection = world.server.connect();
        let mut asked = 0;
        let reads = [Endpoint::List, Endpoint::Read, Endpoint::Linkage];
        let writes = [Endpoint::Create, Endpoint::Update, Endpoint::Operations];
        for endpoint in reads.into_iter().chain(writes) {
            for accept in Accept::all() {
                // All forms of the body's type with a few of Accept; and with each of Accept, those that are taken.
                let is_simple = matches!(accept, Accept::Absent | Accept::Html | Accept::OrPlain(_));
                let sent: Vec<Option<MediaType>> = match endpoint.has_body() {
                    false => vec![None],
                    true => MediaType::all()
                        .into_iter()
                        .filter(|sent| sent.is_taken(endpoint) || (is_simple && asked % 3 == 0))
                        .map(Some)
                        .collect(),
                };
                for content_type in sent {
                    let answer = ask(&mut connection, endpoint, accept, content_type);
                    let told = answer.field("content-type").unwrap_or_default().to_owned();
                    let case =
                        format!("{endpoint:?}, {:?}, {:?}", accept.text(), content_type.map(MediaType::text));
                    assert_eq!((answer.status, told), endpoint.expected(accept, content_type), "{case}");
                    assert_eq!(
                        answer.field("vary").map(|vary| vary.contains("Accept")),
                        Some(true),
                        "{case}"
                    );
                    check_body(endpoint, &answer, &case);
                    asked += 1;
                }
            }
        }
        assert!(asked > 1000, "{asked}");
    });
}

/// The document says the same of itself, and has tags where the profile is told.
fn check_body(endpoint: Endpoint, answer: &Answer, case: &str) {
    let document = json_of(answer);
    if answer.status >= 400 {
        let header = if answer.status == 406 { "Accept" } else { "Content-Type" };
        assert_eq!(document["errors"][0]["source"]["header"], header, "{case}");
        return;
    }
    let has_profile = answer.field("content-type").is_some_and(|told| told.contains(PROFILE));
    let profile = if has_profile { json!([PROFILE]) } else { json!(null) };
    assert_eq!(document["jsonapi"]["profile"], profile, "{case}");
    let ext = if endpoint == Endpoint::Operations { json!([EXT]) } else { json!(null) };
    assert_eq!(document["jsonapi"]["ext"], ext, "{case}");
    // Results have tags with the extension alone, too.
    let has_tags = has_profile || endpoint == Endpoint::Operations;
    assert_eq!(answer.text().contains("\"etag\":"), has_tags, "{case}");
}
