//! Encrypted connections: what a URL asks for, and how it is done.
//!
//! Nothing falls back in silence. A connection is protected as `sslmode` says, or there is none; only `prefer` goes on
//! without encryption, where the server itself says that it has no TLS, and then the log says so.

mod explain;
mod parameters;
#[cfg(feature = "postgres-tls")]
mod rustls_config;
#[cfg(feature = "postgres-tls")]
mod verifier;

pub(super) use explain::explain;
pub(super) use parameters::{SplitUrl, TlsMode, TlsParameters};
use rocket::tokio::{self, task::JoinHandle};
use tokio_postgres::{
    CancelToken, Client, Config, Error, NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};
#[cfg(feature = "postgres-tls")]
use {tokio_postgres::config::SslMode, tokio_postgres_rustls::MakeRustlsConnect};

/// Makes connections, encrypted where that is asked for.
#[derive(Clone)]
pub(super) enum Tls {
    /// None of them is encrypted.
    Never,
    /// Those are whose configuration says so.
    #[cfg(feature = "postgres-tls")]
    Rustls(MakeRustlsConnect),
}

/// A connection, and the task that drives it.
pub(super) type Driven = (Client, JoinHandle<()>);

impl Tls {
    /// Reads the files that the parameters name.
    ///
    /// # Errors
    /// If one of them can't be used, or if there is no TLS in this build; with the name of the parameter.
    pub(super) fn new(parameters: &TlsParameters, strongest: TlsMode) -> Result<Self, String> {
        if strongest == TlsMode::Disable {
            return Ok(Self::Never);
        }
        #[cfg(feature = "postgres-tls")]
        return rustls_config::client_config(parameters, strongest)
            .map(|config| Self::Rustls(MakeRustlsConnect::new(config)));
        #[cfg(not(feature = "postgres-tls"))]
        Err(without_feature(parameters, strongest))
    }

    /// Makes a connection to the one host of this configuration.
    pub(super) async fn connect(&self, config: &Config) -> Result<Driven, Error> {
        match self {
            Self::Never => connect_by(config, NoTls).await,
            #[cfg(feature = "postgres-tls")]
            // Also in a build with TLS nothing of it is in the way of a connection that is not encrypted.
            Self::Rustls(_) if config.get_ssl_mode() == SslMode::Disable => connect_by(config, NoTls).await,
            #[cfg(feature = "postgres-tls")]
            Self::Rustls(rustls) => connect_by(config, rustls.clone()).await,
        }
    }

    /// Has the server stop what a connection runs, by a connection that is encrypted as that one is. Ends when the
    /// server has passed that on.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let outcome = match self {
            Self::Never => token.cancel_query(NoTls).await,
            #[cfg(feature = "postgres-tls")]
            Self::Rustls(rustls) => token.cancel_query(rustls.clone()).await,
        };
        if let Err(error) = outcome {
            let told = explain(&error).unwrap_or_else(|| error.to_string());
            log::warn!("cannot stop a statement that nobody waits for: {told}");
        }
    }
}

/// Whether the server has answered that it has no TLS.
pub(super) fn has_no_tls(error: &Error) -> bool {
    explain::is_without_tls(error)
}

/// What a build without the feature says to a URL that asks for TLS.
#[cfg_attr(feature = "postgres-tls", allow(dead_code, reason = "tested in every build"))]
fn without_feature(parameters: &TlsParameters, mode: TlsMode) -> String {
    let why = match parameters.has_mode() {
        true => format!("`sslmode={}`", mode.name()),
        false => format!(
            "`sslmode={}`, which counts where the URL names another machine and no `sslmode`",
            mode.name()
        ),
    };
    format!(
        "connections are to be encrypted ({why}), but `etag-fairing` is built without its feature `postgres-tls`: add it \
         to the dependency in Cargo.toml; or, if nobody else can listen on the network in between, write `sslmode=disable`"
    )
}

async fn connect_by<T>(config: &Config, tls: T) -> Result<Driven, Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::debug!("a connection to the database ended: {error}");
        }
    });
    Ok((client, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_tls_says_which_feature_to_add() {
        for (url, mode) in [
            ("postgres://a@db.example/d", "`sslmode=verify-full`, which counts where"),
            ("postgres://a@db.example/d?sslmode=require", "(`sslmode=require`)"),
        ] {
            let split = SplitUrl::of(url).expect("a URL");
            let config: Config = split.url.parse().expect("a URL");
            let parameters = split.tls(&config).expect("parameters");
            let problem = without_feature(&parameters, parameters.mode(&config));
            assert!(problem.contains(mode) && problem.contains("feature `postgres-tls`"), "{problem}");
            let opened = Tls::new(&parameters, parameters.mode(&config)).map(drop);
            assert_eq!(opened, if cfg!(feature = "postgres-tls") { Ok(()) } else { Err(problem) });
        }
        let local: Config = "postgres://a@localhost/d".parse().expect("a URL");
        let parameters = SplitUrl::of("postgres://a@localhost/d").and_then(|split| split.tls(&local));
        let parameters = parameters.expect("parameters");
        assert!(matches!(Tls::new(&parameters, parameters.mode(&local)), Ok(Tls::Never)));
    }
}
