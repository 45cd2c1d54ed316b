//! What a URL says about encryption, in the words of libpq (PostgreSQL's manual, "Database Connection Control Functions").
//!
//! The driver knows few of these parameters. They are taken out of the URL here, and what is left is the driver's.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{ChannelBinding, Host, SslNegotiation},
};

/// How connections to a server are protected: `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    /// Never encrypted.
    Disable,
    /// Encrypted, unless the server says that it has no TLS.
    Prefer,
    /// Encrypted, or there is no connection. The certificate is verified only where `sslrootcert` names an authority.
    Require,
    /// The certificate is signed by an authority that is trusted.
    VerifyCa,
    /// The certificate is also the server's own: it is for the name that the URL gives.
    VerifyFull,
}

impl TlsMode {
    const ALL: [Self; 5] = [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// As it stands in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Which authorities are trusted: `sslrootcert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those of the operating system: `system`.
    System,
    /// Those that Mozilla trusts, built in: `webpki`.
    Webpki,
    /// Those in a file of certificates in PEM form.
    File(PathBuf),
}

/// What a URL says about encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsParameters {
    /// `None` where the URL doesn't say.
    mode: Option<TlsMode>,
    pub(super) roots: Option<Roots>,
    /// The files of the client's certificate and of its key: `sslcert`, `sslkey`.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    /// Whether the server is told the name by which it is called: `sslsni`.
    pub(super) server_name: ServerNameIndication,
    /// Whether the driver was told to do what only TLS can.
    driver_asks: bool,
}

/// Whether the server is told the name by which it is called (RFC 6066 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerNameIndication {
    Sent,
    Withheld,
}

/// A URL without what the driver doesn't know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SplitUrl {
    /// What the driver takes.
    pub(crate) url: String,
    parameters: BTreeMap<&'static str, String>,
}

/// Parameters of libpq that the driver doesn't know, or knows less of.
const TAKEN: [&str; 9] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslsni",
    // As JDBC has it; libpq takes it in URLs.
    "ssl",
    "target_session_attrs",
    "gssencmode",
    // Prisma's, in URLs that hosts hand out: a pooler stands in between. The launch finds that out by itself.
    "pgbouncer",
];

impl SplitUrl {
    /// Takes a URL apart as the driver does: credentials end with the first `@`, parameters begin after the first `?`
    /// behind that, and a value ends with `&`.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let start = url.find("://").map_or(0, |at| at + 3);
        let after_credentials =
            url.get(start..).and_then(|rest| rest.find('@')).map_or(start, |at| start + at + 1);
        let query = url.get(after_credentials..).and_then(|rest| rest.find('?'));
        let Some((before, query)) = query.and_then(|at| {
            Some((url.get(..after_credentials + at)?, url.get(after_credentials + at + 1..)?))
        }) else {
            return Ok(Self { url: url.into(), parameters: BTreeMap::new() });
        };
        let (mut left, mut parameters) = (Vec::new(), BTreeMap::new());
        for piece in query.split('&') {
            let taken = piece.split_once('=').and_then(|(key, value)| {
                let key = percent_decode_str(key).decode_utf8().ok()?;
                Some((TAKEN.into_iter().find(|taken| **taken == *key)?, value))
            });
            let Some((key, value)) = taken else {
                left.push(piece);
                continue;
            };
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| format!("the value of `{key}` is not in UTF-8"))?;
            if parameters.insert(key, value.into_owned()).is_some() {
                return Err(format!("has `{key}` twice"));
            }
        }
        let mut url = before.to_owned();
        if !left.is_empty() {
            url.push('?');
            url.push_str(&left.join("&"));
        }
        Ok(Self { url, parameters })
    }

    /// A parameter that is given and not empty. libpq takes an empty one for none, too.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What the URL says about encryption, together with what the driver has read.
    ///
    /// # Errors
    /// If a value is none that is known, or if two parameters contradict each other.
    pub(crate) fn tls(&self, config: &Config) -> Result<TlsParameters, String> {
        self.check_others()?;
        let mode = self.mode()?;
        let roots = self.parameter("sslrootcert").map(|value| match value {
            "system" => Roots::System,
            "webpki" => Roots::Webpki,
            path => Roots::File(path.into()),
        });
        let identity = match (self.parameter("sslcert"), self.parameter("sslkey")) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            (Some(_), None) => return Err("has `sslcert` without `sslkey`, the file of its key".into()),
            (None, Some(_)) => {
                return Err("has `sslkey` without `sslcert`, the file of its certificate".into());
            }
        };
        let server_name = match self.parameter("sslsni") {
            None | Some("1") => ServerNameIndication::Sent,
            Some("0") => ServerNameIndication::Withheld,
            Some(value) => return Err(format!("has `sslsni={value}`; write `1` or `0`")),
        };
        let binds = config.get_channel_binding() == ChannelBinding::Require;
        let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        let parameters =
            TlsParameters { mode, roots, identity, server_name, driver_asks: binds || is_direct };
        parameters.check(binds, is_direct)?;
        Ok(parameters)
    }

    fn mode(&self) -> Result<Option<TlsMode>, String> {
        let Some(value) = self.parameter("sslmode") else {
            return match self.parameter("ssl") {
                None => Ok(None),
                Some("true") => Ok(Some(TlsMode::Require)),
                Some(value) => Err(format!("has `ssl={value}`; write `sslmode`")),
            };
        };
        let known = TlsMode::ALL.into_iter().find(|mode| mode.name() == value);
        known.map(Some).ok_or_else(|| {
            let names = "`disable`, `prefer`, `require`, `verify-ca` or `verify-full`";
            match value {
                "allow" => format!("has `sslmode=allow`, which begins without encryption; write {names}"),
                _ => format!("has `sslmode={value}`; write {names}"),
            }
        })
    }

    fn check_others(&self) -> Result<(), String> {
        match self.parameter("gssencmode") {
            None | Some("disable" | "prefer") => Ok(()),
            Some(_) => Err(
                "asks for encryption by GSSAPI (`gssencmode`), which there is none of; use TLS (`sslmode`)"
                    .into(),
            ),
        }
    }
}

impl TlsParameters {
    fn check(&self, binds: bool, is_direct: bool) -> Result<(), String> {
        let Some(mode) = self.mode else { return Ok(()) };
        let name = mode.name();
        if binds && mode == TlsMode::Disable {
            return Err("has `channel_binding=require` and `sslmode=disable`: without TLS there is no channel to bind to".into());
        }
        if is_direct && mode < TlsMode::Require {
            return Err(format!(
                "has `sslnegotiation=direct` and `sslmode={name}`: a server can't say there that it has no TLS; write \
                 `sslmode=verify-full`"
            ));
        }
        match &self.roots {
            // As libpq: with public authorities whoever has any name of their own passes all weaker checks.
            Some(roots @ (Roots::System | Roots::Webpki)) if mode != TlsMode::VerifyFull => {
                let word = if *roots == Roots::System { "system" } else { "webpki" };
                Err(format!(
                    "has `sslrootcert={word}` and `sslmode={name}`: public authorities give everybody a certificate, so \
                     that the name has to be checked too; write `sslmode=verify-full`"
                ))
            }
            None if mode == TlsMode::VerifyCa => Err(
                "has `sslmode=verify-ca` and no authority of your own: name the file of its certificate in \
                 `sslrootcert`, or write `sslmode=verify-full`"
                    .into(),
            ),
            _ => Ok(()),
        }
    }

    /// How connections to the one host of this configuration are protected.
    ///
    /// Where the URL says nothing of it, they are verified in full, unless they stay on this machine.
    pub(crate) fn mode(&self, host: &Config) -> TlsMode {
        let asks = self.driver_asks || self.roots.is_some() || self.identity.is_some();
        match Reach::of(host) {
            // PostgreSQL doesn't encrypt there; libpq takes no notice of `sslmode`, either.
            Reach::Socket => TlsMode::Disable,
            Reach::Loopback if !asks => self.mode.unwrap_or(TlsMode::Disable),
            Reach::Loopback | Reach::Network => self.mode.unwrap_or(TlsMode::VerifyFull),
        }
    }

    /// Whether a server's certificate is verified in this mode. As in libpq, it always is where an authority is named.
    pub(crate) fn verifies(&self, mode: TlsMode) -> bool {
        mode >= TlsMode::VerifyCa || self.roots.is_some()
    }

    /// Whether the URL itself says how connections are protected.
    pub(crate) fn has_mode(&self) -> bool {
        self.mode.is_some()
    }
}

/// How far it is to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// A socket in the file system, of which only Unix has some.
    #[cfg_attr(not(unix), allow(dead_code, reason = "no URL names one there"))]
    Socket,
    /// This machine.
    Loopback,
    /// Somewhere else.
    Network,
}

impl Reach {
    /// The farthest of the hosts.
    fn of(config: &Config) -> Self {
        let addresses = config.get_hostaddrs();
        let farthest = match addresses {
            // The address is connected to; the name is only verified.
            [_, ..] => addresses.iter().map(|address| Self::of_address(*address)).max(),
            [] => config.get_hosts().iter().map(Self::of_host).max(),
        };
        farthest.unwrap_or(Self::Network)
    }

    fn of_host(host: &Host) -> Self {
        match host {
            Host::Tcp(name) => match name.parse() {
                Ok(address) => Self::of_address(address),
                // RFC 6761 §6.3.
                Err(_) if name.eq_ignore_ascii_case("localhost") => Self::Loopback,
                Err(_) => Self::Network,
            },
            #[cfg(unix)]
            Host::Unix(_) => Self::Socket,
        }
    }

    fn of_address(address: IpAddr) -> Self {
        if address.is_loopback() { Self::Loopback } else { Self::Network }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<(Config, TlsParameters), String> {
        let split = SplitUrl::of(url)?;
        let config: Config = split.url.parse().map_err(|error| format!("{error:?}"))?;
        let tls = split.tls(&config)?;
        Ok((config, tls))
    }

    #[test]
    fn where_a_url_says_nothing_only_this_machine_is_reached_without_encryption() {
        for (url, mode) in [
            ("postgres://a@db.example/d", TlsMode::VerifyFull),
            ("postgres://a@10.0.0.1/d", TlsMode::VerifyFull),
            ("postgres://a@database/d?connect_timeout=3", TlsMode::VerifyFull),
            ("postgres://a@localhost/d", TlsMode::Disable),
            ("postgres://a@LocalHost/d", TlsMode::Disable),
            ("postgres://a@127.0.0.9/d", TlsMode::Disable),
            ("postgres://a@[::1]/d", TlsMode::Disable),
            ("postgres://a@/d?host=/run/postgresql", TlsMode::Disable),
            // The address counts, whatever the name.
            ("postgres://a@localhost/d?hostaddr=10.0.0.1", TlsMode::VerifyFull),
            ("postgres://a@db.example/d?hostaddr=127.0.0.1", TlsMode::Disable),
            // Whoever names an authority or a certificate means TLS.
            ("postgres://a@localhost/d?sslrootcert=system", TlsMode::VerifyFull),
            ("postgres://a@localhost/d?sslrootcert=ca.pem", TlsMode::VerifyFull),
            ("postgres://a@localhost/d?sslcert=a.pem&sslkey=a.key", TlsMode::VerifyFull),
            ("postgres://a@localhost/d?channel_binding=require", TlsMode::VerifyFull),
            ("postgres://a@localhost/d?sslnegotiation=direct", TlsMode::VerifyFull),
        ] {
            let (config, tls) = parsed(url).expect(url);
            assert_eq!(tls.mode(&config), mode, "{url}");
        }
    }

    #[test]
    fn what_a_url_says_counts() {
        for (query, mode) in [
            ("sslmode=disable", TlsMode::Disable),
            ("sslmode=prefer", TlsMode::Prefer),
            ("sslmode=require", TlsMode::Require),
            ("sslmode=verify-ca&sslrootcert=ca.pem", TlsMode::VerifyCa),
            ("sslmode=verify-full", TlsMode::VerifyFull),
            ("ssl%6Dode=verif%79-full", TlsMode::VerifyFull),
            ("ssl=true", TlsMode::Require),
            ("sslmode=verify-full&ssl=true", TlsMode::VerifyFull),
        ] {
            for host in ["db.example", "localhost"] {
                let url = format!("postgres://a:b@{host}/d?{query}");
                let (config, tls) = parsed(&url).expect(&url);
                assert_eq!(tls.mode(&config), mode, "{url}");
            }
        }
        let (config, tls) = parsed("postgres://a@/d?host=/run/postgresql&sslmode=require").expect("a URL");
        assert_eq!(tls.mode(&config), TlsMode::Disable, "a socket is not encrypted");
    }

    #[test]
    fn the_driver_is_given_the_rest() {
        for (url, rest) in [
            ("postgres://a@h/d", "postgres://a@h/d"),
            ("postgres://a@h/d?sslmode=require", "postgres://a@h/d"),
            ("postgres://a@h?sslmode=require&options=-cx%3Dy", "postgres://a@h?options=-cx%3Dy"),
            (
                "postgres://a:b?sslmode=x@h/d?connect_timeout=3&sslrootcert=/a%20b&channel_binding=require",
                "postgres://a:b?sslmode=x@h/d?connect_timeout=3&channel_binding=require",
            ),
            ("postgres://a@h/d?x", "postgres://a@h/d?x"),
        ] {
            assert_eq!(SplitUrl::of(url).expect(url).url, rest, "{url}");
        }
        let (_, tls) = parsed("postgres://a@h/d?sslrootcert=/a%20b%26c.pem").expect("a URL");
        assert_eq!(tls.roots, Some(Roots::File("/a b&c.pem".into())));
    }

    #[test]
    fn what_is_unknown_or_contradicts_itself_is_refused() {
        for (query, word) in [
            ("sslmode=allow", "`sslmode=allow`"),
            ("sslmode=verify_full", "`verify-full`"),
            ("sslmode=disable&sslmode=verify-full", "`sslmode` twice"),
            ("ssl=yes", "`sslmode`"),
            ("sslcert=a.pem", "`sslkey`"),
            ("sslkey=a.pem", "`sslcert`"),
            ("sslsni=on", "`sslsni=on`"),
            ("sslmode=verify-ca", "`sslrootcert`"),
            ("sslmode=require&sslrootcert=system", "`sslmode=verify-full`"),
            ("sslmode=verify-ca&sslrootcert=webpki", "`sslmode=verify-full`"),
            ("sslmode=disable&channel_binding=require", "`channel_binding=require`"),
            ("sslmode=prefer&sslnegotiation=direct", "`sslnegotiation=direct`"),
            ("gssencmode=require", "`gssencmode`"),
        ] {
            let problem = parsed(&format!("postgres://a:geheim@h/d?{query}")).expect_err(query);
            assert!(problem.contains(word) && !problem.contains("geheim"), "{query}: {problem}");
        }
    }
}
