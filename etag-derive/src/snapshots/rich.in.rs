/// A talk.
#[derive(Clone, Debug)]
#[jsonapi(type = "sessions", path = "talks", etag(read, update))]
pub struct Session {
    /// Its number.
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(rename = "kind", column = "session_kind")]
    r#type: Option<String>,
    #[jsonapi(read_only, default)]
    votes: i64,
    #[jsonapi(write_only, default = "defaults::password")]
    password: String,
    #[jsonapi(text)]
    state: Option<State>,
    #[jsonapi(json)]
    links: Vec<Link>,
    #[jsonapi(skip)]
    cache: Cache,
    #[jsonapi(relationship, required)]
    track: ToOne<Track>,
    #[jsonapi(relationship)]
    follows: ToOne<Self>,
    #[jsonapi(relationship, inverse = "follows")]
    followed_by: ToMany<Self>,
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<people::Speaker>,
}
