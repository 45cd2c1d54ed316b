//! How connections are made: to the first of the hosts that answers in time, and is set up.

use std::{
    future::pending,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_postgres::Connect;
use rocket::tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Error,
    config::{ChannelBinding, Host, SslMode},
};

use super::{
    error::told,
    tls::{Tls, TlsMode, TlsParameters, has_no_tls},
};

/// Makes connections for the pool.
///
/// A host that takes the connection and then is silent would otherwise be waited for as long as the pool waits, and
/// those behind it would never be asked.
#[derive(Clone)]
pub(super) struct Dial {
    hosts: Arc<[Server]>,
    tls: Tls,
    /// How long each host has, until a connection can be used.
    limit: Duration,
    /// What the server is told of a new connection.
    settings: String,
}

/// One host that connections are made to.
struct Server {
    config: Config,
    mode: TlsMode,
    /// Whether its certificate is verified, if connections to it are encrypted.
    is_verified: bool,
    /// How the last connection to it was protected; `None` before the first one.
    protection: Mutex<Option<Protection>>,
}

/// How a connection is protected on the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Plain,
    Encrypted,
}

impl Dial {
    /// # Errors
    /// If there can be no encryption as the parameters ask for it; with the name of the parameter.
    pub(super) fn new(
        config: &Config,
        parameters: &TlsParameters,
        limit: Duration,
        settings: String,
    ) -> Result<Self, String> {
        let hosts: Arc<[_]> =
            of_each_host(config).into_iter().map(|config| Server::new(config, parameters)).collect();
        let strongest = hosts.iter().map(|server| server.mode).max().unwrap_or(TlsMode::Disable);
        Ok(Self { hosts, tls: Tls::new(parameters, strongest)?, limit, settings })
    }

    /// How connections are encrypted.
    pub(super) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// How long it takes at most to ask all hosts.
    pub(super) fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        self.limit.saturating_mul(hosts.max(1))
    }

    async fn one(&self, server: &Server) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, task) = match self.tls.connect(&server.config).await {
            // The server itself says so: nothing else makes `prefer` go on without encryption.
            Err(error) if server.mode == TlsMode::Prefer && has_no_tls(&error) => {
                let mut plain = server.config.clone();
                plain.ssl_mode(SslMode::Disable);
                let connected = self.tls.connect(&plain).await?;
                server.note(Protection::Plain);
                connected
            }
            connected => {
                let connected = connected?;
                server.note(if server.mode == TlsMode::Disable {
                    Protection::Plain
                } else {
                    Protection::Encrypted
                });
                connected
            }
        };
        let mut task = Task(Some(task));
        client.batch_execute(&self.settings).await?;
        match task.0.take() {
            Some(task) => Ok((client, task)),
            None => pending().await,
        }
    }
}

impl Server {
    fn new(mut config: Config, parameters: &TlsParameters) -> Self {
        let mode = parameters.mode(&config);
        config.ssl_mode(if mode == TlsMode::Disable { SslMode::Disable } else { SslMode::Require });
        if let ([], [address]) = (config.get_hosts(), config.get_hostaddrs()) {
            // A certificate may be for an address, too; the driver asks for a name in any case.
            let address = address.to_string();
            config.host(address);
        }
        let is_verified = parameters.verifies(mode);
        Self { config, mode, is_verified, protection: Mutex::default() }
    }

    /// Tells how connections to it are protected: of the first one, which the launch makes, and when that changes.
    fn note(&self, protection: Protection) {
        let last = self.protection.lock().unwrap_or_else(PoisonError::into_inner).replace(protection);
        if last == Some(protection) {
            return;
        }
        let (host, mode) = (self.host(), self.mode.name());
        match (protection, self.mode) {
            (Protection::Plain, TlsMode::Prefer) => log::warn!(
                "connections to the database's host {host} are not encrypted: it says that it has no TLS \
                 (sslmode=prefer)"
            ),
            (Protection::Plain, _) => {
                log::debug!("connections to the database's host {host} are not encrypted (sslmode={mode})");
            }
            _ if self.is_verified => {
                log::info!(
                    "connections to the database's host {host} are encrypted, and it is verified (sslmode={mode})"
                );
            }
            _ if self.config.get_channel_binding() == ChannelBinding::Require => log::info!(
                "connections to the database's host {host} are encrypted, and its password is bound to them \
                 (sslmode={mode}, channel_binding=require)"
            ),
            _ => log::warn!(
                "connections to the database's host {host} are encrypted, but whoever stands in between can read along: \
                 with sslmode={mode} the host is not asked who it is; write sslmode=verify-full"
            ),
        }
    }

    fn host(&self) -> String {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => format!("{name}:{port}"),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "?".into(),
        }
    }
}

impl Connect for Dial {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            let mut last = None;
            for server in self.hosts.iter() {
                match timeout(self.limit, self.one(server)).await {
                    Ok(Ok(connected)) => return Ok(connected),
                    Ok(Err(error)) => {
                        if self.hosts.len() > 1 {
                            log::warn!("no connection to {}: {}", server.host(), told(&error));
                        }
                        last = Some(error);
                    }
                    Err(_) => log::warn!("no connection to {} in {:?}", server.host(), self.limit),
                }
            }
            match last {
                Some(error) => Err(error),
                // All of them are silent. The pool's own limit ends this, at the same time.
                None => pending().await,
            }
        })
    }
}

/// The task of a connection, which ends with this: it would go on for as long as the server owes an answer.
struct Task(Option<JoinHandle<()>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// The same for each host alone, in their order.
fn of_each_host(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    // What doesn't fit together is refused when it is connected to, with words of its own.
    let fits = |length: usize| length <= 1 || length == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !fits(ports.len()) {
        return vec![config.clone()];
    }
    let one = |place: usize| {
        let mut one = without_hosts(config);
        match hosts.get(place) {
            Some(Host::Tcp(host)) => drop(one.host(host)),
            #[cfg(unix)]
            Some(Host::Unix(path)) => drop(one.host_path(path)),
            None => {}
        }
        if let Some(address) = addresses.get(place) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(place).or_else(|| ports.first()) {
            one.port(*port);
        }
        one
    };
    (0..count).map(one).collect()
}

fn without_hosts(config: &Config) -> Config {
    let mut bare = Config::new();
    if let Some(user) = config.get_user() {
        bare.user(user);
    }
    if let Some(password) = config.get_password() {
        bare.password(password);
    }
    if let Some(database) = config.get_dbname() {
        bare.dbname(database);
    }
    if let Some(options) = config.get_options() {
        bare.options(options);
    }
    if let Some(name) = config.get_application_name() {
        bare.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        bare.connect_timeout(*limit);
    }
    if let Some(limit) = config.get_tcp_user_timeout() {
        bare.tcp_user_timeout(*limit);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        bare.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        bare.keepalives_retries(retries);
    }
    bare.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(url: &str) -> Vec<Config> {
        of_each_host(&url.parse().expect("a URL"))
    }

    #[test]
    fn each_host_keeps_what_is_said_of_all() {
        let url = "postgres://api:secret@one:1,two:2/db?application_name=x&connect_timeout=7&keepalives_idle=9\
                   &keepalives_interval=3&keepalives_retries=4&target_session_attrs=read-write&tcp_user_timeout=8\
                   &options=-cgeqo%3Doff&channel_binding=require&sslmode=disable";
        let hosts = each(url);
        let all: Config = url.parse().expect("a URL");
        assert_eq!(hosts.len(), 2);
        for (host, (name, port)) in hosts.iter().zip([("one", 1), ("two", 2)]) {
            assert_eq!((host.get_hosts(), host.get_ports()), (&[Host::Tcp(name.into())][..], &[port][..]));
            // With its own place put back it is what was given.
            let mut same = host.clone();
            let mut whole = without_hosts(&all);
            for both in [&mut same, &mut whole] {
                both.host("x").port(9);
            }
            let mut expected = without_hosts(host);
            expected.host(name).port(port);
            assert_eq!(*host, expected);
            assert_eq!(without_hosts(host), without_hosts(&all));
        }
        assert_eq!(hosts[0].get_password(), Some(&b"secret"[..]));
        assert_eq!(hosts[0].get_options(), Some("-cgeqo=off"));
    }

    #[test]
    fn each_host_has_its_port() {
        let ports = |url: &str| each(url).iter().map(|host| host.get_ports().to_vec()).collect::<Vec<_>>();
        assert_eq!(ports("postgres://a@one,two:7/db"), [[5432], [7]]);
        assert_eq!(each("postgres://a@one/db").len(), 1);
        assert_eq!(each("postgres://a@/db?host=/run/a").len(), 1);
        // What doesn't fit together stays as it is, and is refused with the driver's words.
        assert_eq!(each("postgres://a@one,two/db?port=7").len(), 1);
    }
}
