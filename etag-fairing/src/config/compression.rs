//! `compression` and `[default.compression]`.

use rocket::data::{ByteUnit, ToByteUnit};
use rocket::figment::{Error, Figment};

use super::etag::lay_over;
use super::table::{Entry, Table, layers};
use super::warn_of_misspellings;

/// A content coding that the server makes (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878), with the feature `compression-zstd`.
    Zstd,
    /// `gzip` (RFC 1952).
    Gzip,
}

impl Coding {
    /// How many there are.
    pub(crate) const NUMBER: usize = 3;

    /// The codings that this build can make, in the server's order of preference.
    pub const ALL: &'static [Coding] = if cfg!(feature = "compression-zstd") {
        &[Coding::Brotli, Coding::Zstd, Coding::Gzip]
    } else {
        &[Coding::Brotli, Coding::Gzip]
    };

    /// Its name in `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
        }
    }

    /// Its place in a list of all codings.
    pub(crate) const fn index(self) -> usize {
        match self {
            Coding::Brotli => 0,
            Coding::Zstd => 1,
            Coding::Gzip => 2,
        }
    }

    /// The coding of this name.
    fn of_name(name: &str) -> Option<Coding> {
        Coding::ALL.iter().copied().find(|coding| coding.name() == name)
    }
}

/// The configuration of [`Compression`](crate::Compression).
///
/// ```toml
/// [default.compression]
/// enabled = true            # `compression = false` is a short form of the switch
/// codings = ["br", "gzip"]  # which, and which of two that a client likes as much; "zstd" with its feature
/// min_size = "1 KiB"        # smaller bodies go out as they are
/// brotli_level = 5          # 0 to 11
/// gzip_level = 6            # 1 to 9
/// zstd_level = 3            # 1 to 19
/// types = ["text/*", "+json", "application/json"]  # media types; "+json" stands for all that end so
/// ```
///
/// ```
/// use etag_fairing::config::{Coding, CompressionConfig};
/// use rocket::figment::Figment;
///
/// let config = CompressionConfig::from_figment(&Figment::from(("compression.codings", ["gzip"]))).unwrap();
/// assert_eq!(config.codings, [Coding::Gzip]);
///
/// let refused = CompressionConfig::from_figment(&Figment::from(("compression.gzip_levle", 9))).unwrap_err();
/// assert!(refused.to_string().starts_with("unknown key `gzip_levle`: did you mean `gzip_level`?"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CompressionConfig {
    /// The switch. On, where [`Compression`](crate::Compression) is attached and nothing says otherwise.
    pub enabled: bool,
    /// Which codings are made. Of several that a client weighs the same, the first one is taken.
    pub codings: Vec<Coding>,
    /// Smaller bodies go out as they are, unless the client refuses that (`identity;q=0`).
    pub min_size: ByteUnit,
    /// The level of `br`, 0 to 11. Above 6 it takes many times as long for a few per cent.
    pub brotli_level: u32,
    /// The level of `gzip`, 1 to 9.
    pub gzip_level: u32,
    /// The level of `zstd`, 1 to 19.
    pub zstd_level: u32,
    /// The media types that are coded: `text/html`; `text/*` for all of a kind; `+json` for all that end so.
    pub types: Vec<String>,
}

/// The media types that are text, by default.
const TYPES: [&str; 9] = [
    "+json",
    "text/*",
    "application/json",
    "+xml",
    "application/xml",
    "application/javascript",
    "application/wasm",
    "application/x-ndjson",
    "application/x-javascript",
];

impl Default for CompressionConfig {
    fn default() -> CompressionConfig {
        CompressionConfig {
            enabled: true,
            codings: Coding::ALL.to_vec(),
            min_size: 1.kibibytes(),
            brotli_level: 5,
            gzip_level: 6,
            zstd_level: 3,
            types: TYPES.map(str::to_owned).to_vec(),
        }
    }
}

impl CompressionConfig {
    /// Reads the configuration of the figment's selected profile.
    ///
    /// # Errors
    ///
    /// One error for each value that can't be used and each key that doesn't exist, in a chain.
    pub fn from_figment(figment: &Figment) -> Result<CompressionConfig, Error> {
        let mut table = Table::new(figment);
        for (profile, dict) in layers(figment)? {
            if let Some(value) = dict.get("compression") {
                let path = vec!["compression".to_owned()];
                lay_over(&mut table, &Entry { value: value.clone(), profile, path });
            }
        }
        let default = CompressionConfig::default();
        let names: Vec<String> = Coding::ALL.iter().map(|coding| format!("\"{}\"", coding.name())).collect();
        let config = CompressionConfig {
            enabled: table.flag("enabled", default.enabled),
            codings: table.list(
                "codings",
                default.codings,
                &format!("a list of {}, each once", names.join(", ")),
                |names| {
                    let codings: Option<Vec<_>> = names.iter().map(|name| Coding::of_name(name)).collect();
                    codings.filter(|codings| !codings.is_empty() && are_all_different(codings))
                },
            ),
            min_size: table.bytes("min_size", default.min_size),
            brotli_level: table.number("brotli_level", default.brotli_level, 0..=11),
            gzip_level: table.number("gzip_level", default.gzip_level, 1..=9),
            zstd_level: table.number("zstd_level", default.zstd_level, 1..=19),
            types: table.list(
                "types",
                default.types,
                "a list of media types, such as \"text/html\", \"text/*\" or \"+json\"",
                |types| {
                    let types: Vec<_> = types.iter().map(|range| range.trim().to_ascii_lowercase()).collect();
                    types.iter().all(|range| is_media_range(range)).then_some(types)
                },
            ),
        };
        table.finish()?;
        Ok(config)
    }

    /// Prints the effective values at launch, and what looks like a mistake.
    pub(crate) fn announce(&self, figment: &Figment) {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        if self.enabled {
            let level = |coding: &Coding| match coding {
                Coding::Brotli => self.brotli_level,
                Coding::Zstd => self.zstd_level,
                Coding::Gzip => self.gzip_level,
            };
            let codings: Vec<_> = self
                .codings
                .iter()
                .map(|coding| format!("{} at level {}", coding.name(), level(coding)))
                .collect();
            super::announce(
                "Compression",
                &[
                    ("compression", switch(true)),
                    ("codings", codings.join(", ")),
                    ("min size", self.min_size.to_string()),
                    ("types", self.types.join(", ")),
                ],
            );
        } else {
            super::announce("Compression", &[("compression", switch(false))]);
        }
        warn_of_misspellings(figment, "compression", &["compression"]);
    }

    /// Whether responses of this media type are coded.
    pub fn codes(&self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        // Each event must reach its reader when it happens.
        !essence.eq_ignore_ascii_case("text/event-stream")
            && self.types.iter().any(|range| includes(range, essence))
    }
}

/// Whether a media type belongs to what an element of `types` says.
fn includes(range: &str, essence: &str) -> bool {
    let essence = essence.as_bytes();
    if range.starts_with('+') {
        let begin = essence.len().checked_sub(range.len());
        begin
            .and_then(|begin| essence.get(begin..))
            .is_some_and(|end| end.eq_ignore_ascii_case(range.as_bytes()))
    } else if let Some(kind) = range.strip_suffix('*') {
        essence.get(..kind.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(kind.as_bytes()))
    } else {
        essence.eq_ignore_ascii_case(range.as_bytes())
    }
}

fn is_media_range(range: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match (range.strip_prefix('+'), range.split_once('/')) {
        (Some(suffix), None) => is_token(suffix),
        (None, Some((kind, subtype))) => is_token(kind) && (subtype == "*" || is_token(subtype)),
        _ => false,
    }
}

fn are_all_different(codings: &[Coding]) -> bool {
    codings.iter().enumerate().all(|(place, coding)| !codings.iter().take(place).any(|other| other == coding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_media_types_are_coded() {
        let config = CompressionConfig::default();
        for (content_type, coded) in [
            ("application/vnd.api+json", true),
            ("application/vnd.api+json;profile=\"x\"", true),
            ("Application/JSON", true),
            ("text/html; charset=utf-8", true),
            ("text/plain", true),
            ("image/svg+xml", true),
            ("text/event-stream", false),
            ("text/event-stream; charset=utf-8", false),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/zip", false),
            ("+json", true),
            ("json", false),
            ("text", false),
            ("", false),
        ] {
            assert_eq!(config.codes(content_type), coded, "{content_type}");
        }
    }

    #[test]
    fn what_a_configuration_may_say() {
        use rocket::figment::providers::{Format, Toml};
        let read = |text: &str| CompressionConfig::from_figment(&Figment::from(Toml::string(text).nested()));
        assert_eq!(read("").expect("a configuration"), CompressionConfig::default());
        for (text, enabled) in [
            ("[default]\ncompression = false", false),
            ("[default]\ncompression = true", true),
            ("[default.compression]\nenabled = 'off'", false),
            ("[default.compression]", true),
            ("[default.compression]\nmin_size = 0\ntypes = ['Text/HTML', '+json', 'a/*']", true),
            ("[default.compression]\ncodings = ['gzip', 'br']\nbrotli_level = 11", true),
        ] {
            assert_eq!(read(text).expect("a configuration").enabled, enabled, "{text}");
        }
        for (text, told) in [
            ("codings = []", "codings"),
            ("codings = ['br', 'br']", "codings"),
            ("codings = ['deflate']", "codings"),
            ("codings = 'br'", "codings"),
            ("types = ['text']", "types"),
            ("types = ['*/*']", "types"),
            ("types = [1]", "types"),
            ("gzip_level = 0", "gzip_level"),
            ("gzip_level = 10", "gzip_level"),
            ("brotli_level = 12", "brotli_level"),
            ("zstd_level = 20", "zstd_level"),
            ("min_size = 'some'", "min_size"),
            ("minsize = 1", "did you mean `min_size`?"),
        ] {
            let error = read(&format!("[default.compression]\n{text}")).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
