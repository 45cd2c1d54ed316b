//! What went wrong with an encrypted connection, and which parameter of the URL it is about.

use std::error::Error as _;

use tokio_postgres::{
    Error,
    error::{DbError, SqlState},
};

/// What went wrong, if it was about encryption, in words that name the parameter.
pub(crate) fn explain(error: &Error) -> Option<String> {
    if is_without_tls(error) {
        return Some(
            "the server has no TLS (`sslmode`): turn it on there; or, if nobody else can listen on the network in \
             between, write `sslmode=disable`"
                .into(),
        );
    }
    if let Some(error) = error.as_db_error() {
        return refused_by_rule(error).map(|hint| format!("{}: {hint}", error.message()));
    }
    let source = error.source()?;
    if source.to_string() == NOT_BOUND {
        return Some(
            "the server does not bind the password to the encrypted channel (`channel_binding=require`): that needs TLS \
             and a password kept as SCRAM-SHA-256"
                .into(),
        );
    }
    #[cfg(feature = "postgres-tls")]
    return tls_error(source).map(words);
    #[cfg(not(feature = "postgres-tls"))]
    None
}

/// The driver's words for it: it has no type of its own.
const WITHOUT_TLS: &str = "server does not support TLS";
const NOT_BOUND: &str = "server did not use channel binding";

/// Whether the server has answered that it has no TLS. Were the driver to word it otherwise, `prefer` would no longer fall
/// back.
pub(super) fn is_without_tls(error: &Error) -> bool {
    error.source().is_some_and(|source| source.to_string() == WITHOUT_TLS)
}

/// What to do about a server that lets nobody in so (SQLSTATE 28000), as far as its English words tell.
fn refused_by_rule(error: &DbError) -> Option<&'static str> {
    let message = error.message();
    if *error.code() != SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        None
    } else if message.contains("valid client certificate") {
        Some("name the files of one and of its key in `sslcert` and `sslkey`")
    } else if message.contains("no encryption") || message.contains("SSL off") {
        Some("it may take encrypted connections alone; write `sslmode=verify-full`")
    } else {
        None
    }
}

#[cfg(feature = "postgres-tls")]
fn tls_error<'a>(source: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    source.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()
}

#[cfg(feature = "postgres-tls")]
fn words(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError, Error as Tls};

    match error {
        Tls::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => {
                "the server's certificate is signed by no authority that is trusted: name \
                 the file of its authority's certificate in `sslrootcert`"
                    .into()
            }
            CertificateError::NotValidForNameContext { expected, presented } => format!(
                "the server's certificate is not for `{}` (`sslmode=verify-full`), but for {}: connect by a name that it \
                 is for, or give the server another one",
                expected.to_str(),
                names(presented)
            ),
            CertificateError::NotValidForName => {
                "the server's certificate is for another name (`sslmode=verify-full`)".into()
            }
            CertificateError::ExpiredContext { not_after, .. } => {
                format!("a certificate of the server's has expired, on {}", day(not_after.as_secs()))
            }
            CertificateError::Expired => "a certificate of the server's has expired".into(),
            CertificateError::NotValidYetContext { not_before, .. } => {
                format!("a certificate of the server's is not valid before {}", day(not_before.as_secs()))
            }
            problem => format!("the server's certificate is not accepted: {problem}"),
        },
        Tls::AlertReceived(
            alert @ (Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::AccessDenied
            | Alert::DecryptError),
        ) => format!("the server refuses our certificate (`sslcert`): {alert:?}"),
        Tls::AlertReceived(alert) => format!("the server ends the TLS handshake: {alert:?}"),
        Tls::PeerIncompatible(problem) => {
            format!("the server and this program have no version or cipher of TLS in common: {problem:?}")
        }
        error => format!("TLS: {error}"),
    }
}

/// The names that a certificate is for. rustls gives them as `DnsName("db.example")` and `IpAddress(127.0.0.1)`.
#[cfg(feature = "postgres-tls")]
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "none: it has no subject alternative names, and a common name does not count".into();
    }
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').to_owned()
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// The day of a time in seconds since 1970.
#[cfg(feature = "postgres-tls")]
fn day(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .map_or_else(|| "a day of long ago".into(), |time| time.format("%Y-%m-%d").to_string())
}
