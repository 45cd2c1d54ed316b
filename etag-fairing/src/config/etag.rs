//! `ETAG`, `etag` and `[default.etag]`.

use rocket::data::{ByteUnit, ToByteUnit};
use rocket::figment::error::Kind;
use rocket::figment::value::{Dict, Value};
use rocket::figment::{Error, Figment, Source};

use super::table::{Entry, Table, layers};
use super::warn_of_misspellings;
use crate::conditional::{Options, Policy, Requirement, Tagging};

const SPELLINGS: [&str; 2] = ["ETAG", "etag"];

/// Whether a tag says that two bodies are the same byte for byte (RFC 9110 §8.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// `"…"`
    Strong,
    /// `W/"…"`
    Weak,
}

/// The configuration of entity tags.
///
/// ```toml
/// [default]
/// ETAG = true                           # the switch; `etag` is the same
/// ```
/// or, for more than the switch,
/// ```toml
/// [default.etag]
/// enabled = true                        # true where the table is there and doesn't say
/// strength = "strong"                   # or "weak"
/// accept_weakened = false               # whether If-Match takes the weakened form of a strong tag
/// require_if_match = false              # whether a change without If-Match is refused (428)
/// max_body = "8 MiB"                    # bodies above this aren't hashed
/// cache_control = "private, no-cache"   # on reads of resources and tagged responses that set none; "" for none
/// memo = "64 MiB"                       # memory for answers that still hold; 0 for none
/// ```
/// Without any of it, tags are off. Both may be given, in either spelling, as long as they don't
/// give two values for one thing. In the environment the key is `ROCKET_ETAG`, a switch or a table
/// (`ROCKET_ETAG={enabled=true,strength="weak"}`), and it overrides the files key by key. A program
/// that wants tags on unless its user says otherwise gives that as a default:
/// `Config::figment().join(Serialized::default("etag", true))`.
///
/// ```
/// use etag_fairing::config::EtagConfig;
/// use rocket::figment::Figment;
/// use rocket::figment::providers::{Format, Toml};
///
/// let read = |toml| EtagConfig::from_figment(&Figment::from(Toml::string(toml).nested()));
/// let config = read("[default]\nETAG = true").unwrap();
/// assert!(config.enabled);
/// assert_eq!(config.cache_control.as_deref(), Some("private, no-cache"));
///
/// let refused = read("[default.etag]\nstrenght = 'weak'").unwrap_err();
/// assert!(refused.to_string().starts_with("unknown key `strenght`: did you mean `strength`?"));
/// assert_eq!(refused.path, ["etag", "strenght"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EtagConfig {
    /// The switch. Off: no tag is sent, no 304 given, nothing hashed, and a write with a tag in
    /// `If-Match` is refused.
    pub enabled: bool,
    /// How the tags that this crate makes are written. A tag that a handler sets goes out as it is; one that it gives to
    /// [`Preconditions`](crate::Preconditions) counts as one that this crate has made.
    pub strength: Strength,
    /// Whether `If-Match` takes `W/"x"` where the current tag is the strong `"x"`: for clients
    /// behind a proxy that compresses and so weakens tags (nginx, Cloudflare). RFC 9110 §13.1.1 asks
    /// for the strong comparison, so this is off by default.
    pub accept_weakened: bool,
    /// Whether PUT, PATCH and DELETE without `If-Match` are refused with 428 (RFC 6585 §3).
    pub require_if_match: bool,
    /// Response bodies longer than this are passed through without a tag.
    pub max_body: ByteUnit,
    /// The `Cache-Control` of tagged responses that set neither it nor `Expires`, and of reads of generated routes, which
    /// have it with entity tags off, too; `None` to set none.
    pub cache_control: Option<String>,
    /// How much memory answers of generated routes may take that are remembered for as long as nothing changes that
    /// they are made of; 0 remembers nothing.
    pub memo: ByteUnit,
}

impl Default for EtagConfig {
    fn default() -> EtagConfig {
        EtagConfig {
            enabled: false,
            strength: Strength::Strong,
            accept_weakened: false,
            require_if_match: false,
            max_body: 8.mebibytes(),
            cache_control: Some("private, no-cache".to_owned()),
            memo: 64.mebibytes(),
        }
    }
}

impl EtagConfig {
    /// Reads the configuration of the figment's selected profile.
    ///
    /// # Errors
    ///
    /// One error for each value that can't be used, each key that doesn't exist and each pair of
    /// values that contradict each other, in a chain.
    pub fn from_figment(figment: &Figment) -> Result<EtagConfig, Error> {
        let mut table = Table::new(figment);
        for (profile, dict) in layers(figment)? {
            let mut entries: Vec<Entry> = Vec::new();
            for key in SPELLINGS {
                if let Some(value) = dict.get(key) {
                    let path = vec![key.to_owned()];
                    entries.push(Entry { value: value.clone(), profile: profile.clone(), path });
                }
            }
            if let [upper, lower] = entries.as_slice()
                && Origin::of(figment, upper) == Origin::of(figment, lower)
            {
                refuse_two_values(&mut table, upper, lower);
            }
            entries.sort_by_key(|entry| Origin::of(figment, entry));
            for entry in &entries {
                lay_over(&mut table, entry);
            }
        }
        let default = EtagConfig::default();
        let configured = !table.is_empty();
        let config = EtagConfig {
            // Who writes a table but no switch wants what the table describes.
            enabled: table.flag("enabled", configured),
            strength: table.choice(
                "strength",
                default.strength,
                &[("strong", Strength::Strong), ("weak", Strength::Weak)],
            ),
            accept_weakened: table.flag("accept_weakened", default.accept_weakened),
            require_if_match: table.flag("require_if_match", default.require_if_match),
            max_body: table.bytes("max_body", default.max_body),
            cache_control: table.text(
                "cache_control",
                default.cache_control,
                "a Cache-Control value in printable ASCII, or \"\" for none",
                |text| {
                    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
                    printable.then(|| (!text.trim().is_empty()).then(|| text.trim().to_owned()))
                },
            ),
            memo: table.bytes("memo", default.memo),
        };
        table.finish()?;
        Ok(config)
    }

    /// What this configuration makes of preconditions, where a change need not carry any.
    pub fn policy(&self) -> Policy {
        let tagging = match (self.enabled, self.strength) {
            (false, _) => Tagging::Off,
            (true, Strength::Strong) => Tagging::Strong,
            (true, Strength::Weak) => Tagging::Weak,
        };
        Policy {
            tagging,
            options: Options { accept_weakened: self.accept_weakened },
            requirement: Requirement::None,
        }
    }

    /// Whether a tag that goes out is written as a weak one.
    pub(crate) fn weak(&self) -> bool {
        self.strength == Strength::Weak
    }

    /// Prints the effective values at launch, and what looks like a mistake.
    pub(crate) fn announce(&self, figment: &Figment) {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        if self.enabled {
            let strength = if self.weak() { "weak" } else { "strong" };
            let cache_control = self.cache_control.as_deref().unwrap_or("none");
            super::announce(
                "ETag",
                &[
                    ("etag", switch(true)),
                    ("strength", strength.to_owned()),
                    ("accept weakened", switch(self.accept_weakened)),
                    ("require If-Match", switch(self.require_if_match)),
                    ("max body", self.max_body.to_string()),
                    ("Cache-Control", cache_control.to_owned()),
                    ("memo", if self.memo == 0 { "off".to_owned() } else { self.memo.to_string() }),
                ],
            );
        } else {
            super::announce("ETag", &[("etag", switch(false))]);
        }
        if self.policy().matches_no_tag() {
            log::warn!(
                "etag.strength is \"weak\" and etag.accept_weakened is off: If-Match compares strongly \
                 (RFC 9110 §13.1.1), so every conditional change will be refused with 412"
            );
        }
        warn_of_misspellings(figment, "etag", &SPELLINGS);
    }
}

/// Lays a switch or a table over what is there.
pub(super) fn lay_over(table: &mut Table<'_>, entry: &Entry) {
    match &entry.value {
        Value::Dict(_, dict) => {
            // An empty table says nothing but "on", as any table without `enabled`.
            if dict.is_empty() {
                table.set("enabled".to_owned(), Entry { value: true.into(), ..entry.clone() });
            }
            table.lay_over(dict, entry);
        }
        value if value.to_bool_lossy().is_some() => table.set("enabled".to_owned(), entry.clone()),
        value => {
            let expected = "`true`, `false` or a table".to_owned();
            table.note(entry, Kind::InvalidType(value.to_actual(), expected));
        }
    }
}

/// Both spellings in one place: fine as long as they agree wherever both say something.
fn refuse_two_values(table: &mut Table<'_>, upper: &Entry, lower: &Entry) {
    let (one, other) = (settings(&upper.value), settings(&lower.value));
    for (key, value) in &one {
        if other.get(key).is_some_and(|there| !same(value, there)) {
            let message =
                format!("`ETAG` and `etag` give two different values for `{key}`: keep one of them");
            table.note(upper, Kind::Message(message));
        }
    }
}

/// Whether two values mean the same. (`==` of values looks at where they come from as well.)
fn same(one: &Value, other: &Value) -> bool {
    match (one.to_bool_lossy(), other.to_bool_lossy()) {
        (Some(one), Some(other)) => one == other,
        _ => one.to_actual() == other.to_actual(),
    }
}

/// A switch or a table as the keys that it sets.
fn settings(value: &Value) -> Dict {
    match value {
        Value::Dict(_, dict) => dict.clone(),
        value => Dict::from([("enabled".to_owned(), value.clone())]),
    }
}

/// Where a value comes from, the weakest first. Figment settles this for one key; here two keys mean
/// one thing, and the environment only knows the one in lower case.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// Defaults that a program gives.
    Code,
    File,
    Environment,
}

impl Origin {
    fn of(figment: &Figment, entry: &Entry) -> Origin {
        match figment.get_metadata(entry.value.tag()) {
            Some(metadata) if matches!(metadata.source, Some(Source::File(_))) => Origin::File,
            // Figment's `Env` has no source; it names itself after its prefix.
            Some(metadata) if metadata.name.ends_with("environment variable(s)") => Origin::Environment,
            _ => Origin::Code,
        }
    }
}
