//! `[default.observer]`.

use std::fmt;

use rocket::figment::{Error, Figment};

use super::table::Table;
use super::warn_of_misspellings;

/// Where the ids of requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RequestIds {
    /// No request has one.
    Off,
    /// The server makes one for each request, a UUID (version 7), whatever the client sends.
    #[default]
    Make,
    /// The server takes over the `X-Request-Id` that comes with a request, if it is a short token, and makes one
    /// otherwise. For a server behind a proxy that sets the field.
    Take,
}

/// The configuration of [`Observer`](crate::Observer).
///
/// ```toml
/// [default.observer]
/// request_id = "make"      # or "take" what a proxy has sent in X-Request-Id, or "off"
/// log = true               # a line for each answer: what was really sent
/// server_timing = ""       # or "X-Timing: <secret>": whoever sends this field gets Server-Timing
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObserverConfig {
    /// Where the ids of requests come from.
    pub request_id: RequestIds,
    /// Whether each answer is logged, with its status as it was sent.
    pub log: bool,
    /// The name and the value of the request field that asks for `Server-Timing`; `None` if no field does.
    pub server_timing: Option<(String, String)>,
}

impl fmt::Debug for ObserverConfig {
    // Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.server_timing.as_ref().map(|(name, _)| name);
        f.debug_struct("ObserverConfig")
            .field("request_id", &self.request_id)
            .field("log", &self.log)
            .field("server_timing", &field)
            .finish()
    }
}

impl Default for ObserverConfig {
    fn default() -> Self {
        Self { request_id: RequestIds::Make, log: true, server_timing: None }
    }
}

impl ObserverConfig {
    /// Reads the configuration of the figment's selected profile.
    ///
    /// # Errors
    /// One error for each value that can't be used and each key that doesn't exist, in a chain. None repeats a secret.
    pub fn from_figment(figment: &Figment) -> Result<Self, Error> {
        let default = Self::default();
        let mut table = Table::at(figment, "observer")?;
        let ids = [("off", RequestIds::Off), ("make", RequestIds::Make), ("take", RequestIds::Take)];
        let request_id = table.choice("request_id", default.request_id, &ids);
        let log = table.flag("log", default.log);
        let written =
            table.text("server_timing", String::new(), "a header field", |text| Some(text.to_owned()));
        let server_timing = secret_field(&written);
        if server_timing.is_none() && !written.is_empty() {
            let message = "server_timing is a header field whose value is a secret of at least 16 characters without \
                           spaces, such as \"X-Timing: <secret>\"";
            table.contradiction("server_timing", message.into());
        }
        table.finish()?;
        Ok(Self { request_id, log, server_timing })
    }

    /// Prints the effective values at launch, and what looks like a mistake.
    pub(crate) fn announce(&self, figment: &Figment) {
        let ids = match self.request_id {
            RequestIds::Off => "off",
            RequestIds::Make => "made",
            RequestIds::Take => "taken over, or made",
        };
        let timing = match &self.server_timing {
            Some((name, _)) => format!("with the right {name}"),
            None => "off".to_owned(),
        };
        super::announce(
            "Observer",
            &[("request ids", ids.to_owned()), ("log", self.log.to_string()), ("Server-Timing", timing)],
        );
        warn_of_misspellings(figment, "observer", &["observer"]);
    }
}

/// A field's name, and a value that nobody guesses.
fn secret_field(text: &str) -> Option<(String, String)> {
    const SHORTEST: usize = 16;
    let (name, value) = text.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    let is_secret = value.len() >= SHORTEST && value.bytes().all(|byte| byte.is_ascii_graphic());
    (is_name && is_secret).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_neither_short_nor_printed() {
        let read =
            |text: &str| ObserverConfig::from_figment(&Figment::from(("observer.server_timing", text)));
        let config = read("X-Timing: 0123456789abcdef").expect("a secret");
        assert_eq!(config.server_timing, Some(("X-Timing".into(), "0123456789abcdef".into())));
        assert!(!format!("{config:?}").contains("0123"));
        assert_eq!(read("").expect("off").server_timing, None);
        for wrong in [
            "geheim-geheim-geheim",
            "X-Timing: geheim",
            "X Timing: geheim-geheim-geheim",
            ": geheim-geheim-geheim",
            "X-Timing: geheim geheim geheim",
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains("server_timing") && !error.contains("geheim"), "{error}");
        }
        let wrong = ObserverConfig::from_figment(&Figment::from(("observer.request_ids", "take")));
        assert!(wrong.expect_err("a key that isn't there").to_string().contains("did you mean `request_id`"));
    }
}
