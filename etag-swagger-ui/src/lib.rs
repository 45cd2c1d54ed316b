//! Swagger UI for the explorer of [etag-fairing](https://docs.rs/etag-fairing): its files as npm has them, compressed.

/// The version of swagger-ui-dist on npm.
pub const VERSION: &str = "5.35.0";

/// A file in the content coding gzip.
#[derive(Clone, Copy, Debug)]
pub struct Packed {
    /// The compressed bytes.
    pub gzip: &'static [u8],
    /// The SHA-1 of the file itself, in lower-case hex.
    pub sha1: &'static str,
}

/// The script.
pub const SCRIPT: Packed = Packed {
    gzip: include_bytes!("../swagger-ui/swagger-ui-bundle.js.gz"),
    sha1: "8bd315a3333e8d94acd93470d22c114a4f3c1d88",
};

/// The style sheet.
pub const STYLE: Packed = Packed {
    gzip: include_bytes!("../swagger-ui/swagger-ui.css.gz"),
    sha1: "f6cf4200109e1fead5e03ad041bf56650b29b85c",
};

/// The script of the page that a login by OAuth 2 leads back to.
pub const OAUTH2_REDIRECT: &str = include_str!("../swagger-ui/oauth2-redirect.js");
