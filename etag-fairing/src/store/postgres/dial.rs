//! How connections are made: to the first of the hosts that answers in time, and is set up.

use std::{future::pending, pin::Pin, time::Duration};

use deadpool_postgres::Connect;
use rocket::tokio::{self, task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Config, Error, NoTls, config::Host};

/// Makes connections for the pool.
///
/// A host that takes the connection and then is silent would otherwise be waited for as long as the pool waits, and
/// those behind it would never be asked.
#[derive(Clone)]
pub(super) struct Dial {
    hosts: Vec<Config>,
    /// How long each host has, until a connection can be used.
    limit: Duration,
    /// What the server is told of a new connection.
    settings: String,
}

impl Dial {
    pub(super) fn new(config: &Config, limit: Duration, settings: String) -> Self {
        Self { hosts: of_each_host(config), limit, settings }
    }

    /// How long it takes at most to ask all hosts.
    pub(super) fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        self.limit.saturating_mul(hosts.max(1))
    }

    async fn one(&self, config: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, connection) = config.connect(NoTls).await?;
        let mut task = Task(Some(tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::debug!("a connection to the database ended: {error}");
            }
        })));
        client.batch_execute(&self.settings).await?;
        match task.0.take() {
            Some(task) => Ok((client, task)),
            None => pending().await,
        }
    }
}

impl Connect for Dial {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            let mut told = None;
            for config in &self.hosts {
                match timeout(self.limit, self.one(config)).await {
                    Ok(Ok(connected)) => return Ok(connected),
                    Ok(Err(error)) => told = Some(error),
                    Err(_) => log::warn!("no connection to {:?} in {:?}", config.get_hosts(), self.limit),
                }
            }
            match told {
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
