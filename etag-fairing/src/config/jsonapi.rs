//! `[default.jsonapi]`.

use std::time::Duration;

use rocket::data::{ByteUnit, ToByteUnit};
use rocket::figment::{Error, Figment};

use super::table::Table;
use super::warn_of_misspellings;

/// The configuration of the JSON:API routes.
///
/// ```toml
/// [default.jsonapi]
/// page_size = 20           # resources on a page where the client doesn't say
/// max_page_size = 100      # page[size] above this is 400
/// max_include_depth = 3    # relationships in one path of include=; more are 400
/// max_included = 1000      # resources that include= brings into one document; more are 400
/// max_filter_relationships = 10  # that filters and sort of one URL lead over together; more are 400
/// totals = false           # whether every list says how many there are; if not, page[totals] asks for it
/// client_ids = false       # whether clients may choose the id of what they create
/// max_operations = 100     # in one request to the endpoint for operations; more are 400
/// max_body = "1 MiB"       # request bodies above this are 413
/// max_length = "1 MiB"     # the text of an attribute, in bytes; longer is 422. By default as long as max_body
/// max_id_length = 255      # bytes of an id that a client sends; longer is 422, and 404 in a URL
/// max_document = "16 MiB"  # answers above this are 400, and say what to ask for instead
/// max_requests = 512       # in progress; more are 503 at once. By default 256 for each core of the machine
/// max_unread = "256 MiB"   # of bodies above 64 KiB that clients have not read or not sent to the end; more are 503
/// write_timeout = 10       # seconds; a change that takes longer is undone and answered with 503
/// idempotency_keep = 86400 # seconds that the answer to a request with an Idempotency-Key is kept; 0 takes no keys
/// idempotency_max_bytes = "1 GiB"  # of kept answers of one caller, about; more requests with a key are 429
/// cache_groups = false     # whether answers name the groups that caches drop together after a change (RFC 9875)
/// surrogate_keys = ""      # the field with the keys of answers, for purging: "xkey", "Surrogate-Key" or "Cache-Tag"
/// base_url = ""            # what links start with; "" for links such as /v1/sessions/1
/// ```
///
/// ```
/// use etag_fairing::config::JsonApiConfig;
/// use rocket::figment::Figment;
///
/// let config = JsonApiConfig::from_figment(&Figment::from(("jsonapi.page_size", 50))).unwrap();
/// assert_eq!((config.page_size, config.max_page_size), (50, 100));
/// assert!(JsonApiConfig::from_figment(&Figment::from(("jsonapi.page_size", 0))).is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsonApiConfig {
    /// Resources on a page where the client doesn't say; from 1 to `max_page_size`.
    pub page_size: u32,
    /// The largest page that a client may ask for; at least 1.
    pub max_page_size: u32,
    /// The longest path that `include` may name, in relationships; 0 for no `include` at all.
    pub max_include_depth: u32,
    /// The most relationships that the filters and the sort keys of one URL lead over together; 0 for none at all. Each is
    /// a table more for the database to go through. To-one relationships at the beginning of several paths count once.
    pub max_filter_relationships: u32,
    /// Whether each list counts all its resources, for `meta.count` and the `last` link, which costs the database
    /// about as much as reading them. If not, a client asks with `page[totals]`.
    pub totals: bool,
    /// The most included resources that one document carries; more are 400.
    pub max_included: u32,
    /// Whether a client may send the id of a resource that it creates.
    pub client_ids: bool,
    /// The most operations of one request ([`JsonApi::operations`](crate::JsonApi::operations)); at least 1.
    pub max_operations: u32,
    /// The longest request body.
    pub max_body: ByteUnit,
    /// The longest text of an attribute that clients may set, in bytes, and the longest JSON of one that is JSON; `None`
    /// for as long as the whole body may be.
    pub max_length: Option<ByteUnit>,
    /// The longest id in what clients send, in bytes; at least 1.
    pub max_id_length: u32,
    /// The longest document of an answer to a read, about. Reading from the store ends there.
    pub max_document: ByteUnit,
    /// How many requests to generated routes may be in progress: from when all of one has come until its answer is
    /// made. More are 503.
    pub max_requests: u32,
    /// How many bytes may be held of answers that clients have not read yet, and of request bodies that have not come
    /// to their end; bodies up to 64 KiB are not counted. More are 503.
    pub max_unread: ByteUnit,
    /// How long the transaction of a change may take; at least a second.
    pub write_timeout: Duration,
    /// How long the answer to a write with an `Idempotency-Key` is kept, so that the same request again is not done again;
    /// zero for no keys at all.
    pub idempotency_keep: Duration,
    /// The most bytes of kept answers of one caller, about: of their documents and header fields, and 256 for each. New
    /// requests with a key are 429 above this.
    pub idempotency_max_bytes: ByteUnit,
    /// Whether answers that are for everybody have `Cache-Groups`, and answers to writes `Cache-Group-Invalidation`
    /// (RFC 9875): the tables that an answer is made of, and those that a write has changed.
    pub cache_groups: bool,
    /// The field in which answers that are for everybody have the same as keys, for caches that purge by them; `None` for
    /// none. Answers to writes have the keys to purge in a field of this name with `-purge`.
    pub surrogate_keys: Option<SurrogateKeys>,
    /// What links start with, without a slash at the end: `https://api.example.com`, or nothing for
    /// links that start at the root of the host.
    pub base_url: String,
}

/// The field with an answer's keys; each cache has its own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SurrogateKeys {
    /// `xkey`, of Varnish's module of this name. The keys are parted by spaces.
    Xkey,
    /// `Surrogate-Key`, of Fastly and others. The keys are parted by spaces.
    SurrogateKey,
    /// `Cache-Tag`, of Cloudflare, Akamai and others. The keys are parted by commas.
    CacheTag,
}

impl SurrogateKeys {
    /// The name of the field with the keys of an answer.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Xkey => "xkey",
            Self::SurrogateKey => "Surrogate-Key",
            Self::CacheTag => "Cache-Tag",
        }
    }

    /// The name of the field with the keys to purge after a write.
    pub(crate) const fn purge_field(self) -> &'static str {
        match self {
            Self::Xkey => "xkey-purge",
            Self::SurrogateKey => "Surrogate-Key-Purge",
            Self::CacheTag => "Cache-Tag-Purge",
        }
    }

    /// What stands between two keys.
    pub(crate) const fn separator(self) -> &'static str {
        match self {
            Self::Xkey | Self::SurrogateKey => " ",
            Self::CacheTag => ",",
        }
    }
}

impl Default for JsonApiConfig {
    fn default() -> JsonApiConfig {
        JsonApiConfig {
            page_size: 20,
            max_page_size: 100,
            max_include_depth: 3,
            max_filter_relationships: 10,
            totals: false,
            max_included: 1000,
            client_ids: false,
            max_operations: 100,
            max_body: 1.mebibytes(),
            max_length: None,
            max_id_length: 255,
            max_document: 16.mebibytes(),
            max_requests: default_requests(),
            max_unread: 256.mebibytes(),
            write_timeout: Duration::from_secs(10),
            idempotency_keep: Duration::from_secs(86_400),
            idempotency_max_bytes: 1.gibibytes(),
            cache_groups: false,
            surrogate_keys: None,
            base_url: String::new(),
        }
    }
}

impl JsonApiConfig {
    /// Reads the configuration of the figment's selected profile.
    ///
    /// # Errors
    ///
    /// One error for each value that can't be used and each key that doesn't exist, in a chain.
    pub fn from_figment(figment: &Figment) -> Result<JsonApiConfig, Error> {
        let default = JsonApiConfig::default();
        let mut table = Table::at(figment, "jsonapi")?;
        let max_page_size = table.number("max_page_size", default.max_page_size, 1..=1_000_000);
        // A limit below the default page size lowers that too, unless both are said.
        let page_size = default.page_size.min(max_page_size);
        let page_size = table.number("page_size", page_size, 1..=1_000_000);
        if page_size > max_page_size {
            let message = format!("page_size {page_size} is above max_page_size {max_page_size}");
            table.contradiction("page_size", message);
        }
        let config = JsonApiConfig {
            page_size,
            max_page_size,
            max_include_depth: table.number("max_include_depth", default.max_include_depth, 0..=10),
            // SQLite joins 64 tables at most, and scopes have some, too.
            max_filter_relationships: table.number(
                "max_filter_relationships",
                default.max_filter_relationships,
                0..=40,
            ),
            totals: table.flag("totals", default.totals),
            max_included: table.number("max_included", default.max_included, 0..=1_000_000),
            client_ids: table.flag("client_ids", default.client_ids),
            max_operations: table.number("max_operations", default.max_operations, 1..=100_000),
            max_body: table.bytes("max_body", default.max_body),
            max_length: table.optional_bytes("max_length"),
            max_id_length: table.number("max_id_length", default.max_id_length, 1..=65_536),
            max_document: table.bytes_from("max_document", default.max_document, 1024),
            max_requests: table.number("max_requests", default.max_requests, 1..=1_000_000),
            max_unread: table.bytes_from("max_unread", default.max_unread, 1 << 20),
            write_timeout: Duration::from_secs(table.number("write_timeout", 10, 1..=3600).into()),
            idempotency_keep: Duration::from_secs(
                table.number("idempotency_keep", 86_400, 0..=MOST_SECONDS_KEPT).into(),
            ),
            idempotency_max_bytes: table.bytes_from(
                "idempotency_max_bytes",
                default.idempotency_max_bytes,
                1 << 10,
            ),
            cache_groups: table.flag("cache_groups", default.cache_groups),
            surrogate_keys: table.choice(
                "surrogate_keys",
                default.surrogate_keys,
                &[
                    ("", None),
                    ("xkey", Some(SurrogateKeys::Xkey)),
                    ("Surrogate-Key", Some(SurrogateKeys::SurrogateKey)),
                    ("Cache-Tag", Some(SurrogateKeys::CacheTag)),
                ],
            ),
            base_url: table.text(
                "base_url",
                default.base_url,
                "\"\", or an absolute URL such as \"https://api.example.com\" without query and fragment",
                base_url,
            ),
        };
        table.finish()?;
        Ok(config)
    }

    /// Prints the effective values at launch, and what looks like a mistake.
    #[allow(dead_code, reason = "called by the JSON:API fairing")]
    pub(crate) fn announce(&self, figment: &Figment) {
        let links = if self.base_url.is_empty() { "from the root" } else { &self.base_url };
        super::announce(
            "JSON:API",
            &[
                ("page size", format!("{}, at most {}", self.page_size, self.max_page_size)),
                ("include depth", self.max_include_depth.to_string()),
                ("filter relationships", format!("at most {}", self.max_filter_relationships)),
                ("included", format!("at most {}", self.max_included)),
                ("totals", if self.totals { "always" } else { "where page[totals] asks" }.to_owned()),
                ("client ids", self.client_ids.to_string()),
                ("max operations", self.max_operations.to_string()),
                ("max body", self.max_body.to_string()),
                ("max length", self.max_length.unwrap_or(self.max_body).to_string()),
                ("max id length", self.max_id_length.to_string()),
                ("max document", self.max_document.to_string()),
                ("max requests", self.max_requests.to_string()),
                ("max unread", self.max_unread.to_string()),
                ("write timeout", format!("{}s", self.write_timeout.as_secs())),
                ("idempotency keys", kept(self.idempotency_keep, self.idempotency_max_bytes)),
                ("cache groups", self.cache_groups.to_string()),
                ("surrogate keys", self.surrogate_keys.map_or("none", SurrogateKeys::field).to_owned()),
                ("links", links.to_owned()),
            ],
        );
        warn_of_misspellings(figment, "jsonapi", &["jsonapi"]);
    }
}

/// A year: the table of the answers is to have an end.
const MOST_SECONDS_KEPT: u32 = 31_536_000;

/// How long answers are kept, in words.
fn kept(keep: Duration, most: ByteUnit) -> String {
    if keep.is_zero() {
        return "none".to_owned();
    }
    format!("kept for {}s, at most {most} of one caller", keep.as_secs())
}

/// So many that only a flood reaches them: most of a request's time is spent waiting.
fn default_requests() -> u32 {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    u32::try_from(cores.saturating_mul(256)).unwrap_or(u32::MAX).min(1_000_000)
}

fn base_url(text: &str) -> Option<String> {
    let url = text.trim_end_matches('/');
    if url.is_empty() {
        return text.is_empty().then(String::new);
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let plain = rest.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"?#\"<>\\^`{|}".contains(&byte));
    (plain && !rest.is_empty() && !rest.starts_with('/')).then(|| url.to_owned())
}
