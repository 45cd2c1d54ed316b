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
/// totals = false           # whether every list says how many there are; if not, page[totals] asks for it
/// client_ids = false       # whether clients may choose the id of what they create
/// max_body = "1 MiB"       # request bodies above this are 413
/// write_timeout = 10       # seconds; a change that takes longer is undone and answered with 503
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
    /// Whether each list counts all its resources, for `meta.count` and the `last` link, which costs the database
    /// about as much as reading them. If not, a client asks with `page[totals]`.
    pub totals: bool,
    /// Whether a client may send the id of a resource that it creates.
    pub client_ids: bool,
    /// The longest request body.
    pub max_body: ByteUnit,
    /// How long the transaction of a change may take; at least a second.
    pub write_timeout: Duration,
    /// What links start with, without a slash at the end: `https://api.example.com`, or nothing for
    /// links that start at the root of the host.
    pub base_url: String,
}

impl Default for JsonApiConfig {
    fn default() -> JsonApiConfig {
        JsonApiConfig {
            page_size: 20,
            max_page_size: 100,
            max_include_depth: 3,
            totals: false,
            client_ids: false,
            max_body: 1.mebibytes(),
            write_timeout: Duration::from_secs(10),
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
            totals: table.flag("totals", default.totals),
            client_ids: table.flag("client_ids", default.client_ids),
            max_body: table.bytes("max_body", default.max_body),
            write_timeout: Duration::from_secs(table.number("write_timeout", 10, 1..=3600).into()),
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
                ("totals", if self.totals { "always" } else { "where page[totals] asks" }.to_owned()),
                ("client ids", self.client_ids.to_string()),
                ("max body", self.max_body.to_string()),
                ("write timeout", format!("{}s", self.write_timeout.as_secs())),
                ("links", links.to_owned()),
            ],
        );
        warn_of_misspellings(figment, "jsonapi", &["jsonapi"]);
    }
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
