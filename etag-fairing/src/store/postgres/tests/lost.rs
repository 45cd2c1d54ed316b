//! All the ways in which the answer to a write is lost, and what is told of it then.

use std::time::Duration;

use postgres_server::{Binaries, Server};
use rocket::tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    select, spawn,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::last_change::{Set, TITLES};
use super::last_deletion::removal;
use super::new_row::{Make, Way};
use super::*;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// It is closed in order.
    Closed,
    /// It is reset.
    Reset,
    /// Nothing comes or goes any more, on no connection.
    Silence,
    /// What comes is no message.
    Nonsense,
    /// An error comes, as a pooler words it: its severity and its code.
    Told(&'static str, &'static str),
    /// All is answered but the commit; then the server falls, and says so.
    Panic(&'static str),
}

/// When it ends: around the message with the mark.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The server never gets the message.
    Before,
    /// The server gets it, and has done all of it; no answer comes through.
    After,
}

/// What is in the message that ends a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Post,
    /// One statement after the other.
    SlowPost,
    Patch,
    Delete,
}

const MARK: &str = "to be lost";
const WRITES: [Write; 4] = [Write::Post, Write::SlowPost, Write::Patch, Write::Delete];

impl Write {
    fn mark(self) -> &'static str {
        if self == Self::Post { MARK } else { "COMMIT\0" }
    }

    /// What is done before, as SQL.
    fn before(self) -> &'static str {
        match self {
            Self::Post | Self::SlowPost => "TRUNCATE titles RESTART IDENTITY",
            Self::Patch | Self::Delete => {
                "TRUNCATE titles RESTART IDENTITY; INSERT INTO titles (title) VALUES ('old')"
            }
        }
    }

    /// What is in the table, if it is done, and if it is not.
    fn titles(self, is_done: bool) -> &'static str {
        match (self, is_done) {
            (Self::Patch | Self::Post | Self::SlowPost, true) => "to be lost\n",
            (Self::Patch | Self::Delete, false) => "old\n",
            (Self::Post | Self::SlowPost, false) | (Self::Delete, true) => "",
        }
    }

    async fn by(self, store: &PostgresStore) -> Result<(), StoreError> {
        let id = ResourceId::Integer(1);
        match self {
            Self::Post | Self::SlowPost => {
                let way = if self == Self::Post { Way::AtOnce } else { Way::StatementByStatement };
                let mut make = Make::new(new(&TITLES, vec![text(MARK)]), way);
                let made = make.by(store).await;
                assert_eq!(make.decided, 1, "{self:?}: asked again");
                made.map(drop)
            }
            Self::Patch => Set::first_attribute(&TITLES, &id, text(MARK)).by(store).await.map(drop),
            Self::Delete => removal(&TITLES, 1, true).by(store).await,
        }
    }
}

/// A URL by way of a proxy that loses the answer to the message with the mark.
async fn losing(url: &str, loss: Loss, when: When, mark: &'static str) -> String {
    let server = url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a host").0.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let through = url.replace(&server, &own);
    spawn(async move {
        let (silence, is_silent) = watch::channel(false);
        let silence = std::sync::Arc::new(silence);
        while let Ok((client, _)) = listener.accept().await {
            if *is_silent.borrow() {
                // It is taken, and that is all.
                spawn(async move {
                    let _client = client;
                    sleep(Duration::from_secs(60)).await;
                });
                continue;
            }
            let server = TcpStream::connect(&server).await.expect("a server");
            spawn(pass(client, server, loss, when, mark, silence.clone()));
        }
    });
    through
}

/// How long the server has for all that it gets.
const TO_BE_DONE: Duration = Duration::from_millis(200);

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    loss: Loss,
    when: When,
    mark: &'static str,
    silence: std::sync::Arc<watch::Sender<bool>>,
) {
    let (mut sent, mut answer) = (vec![0; 65536], vec![0; 65536]);
    let mut end: Option<Instant> = None;
    let mut kept_back = Vec::new();
    loop {
        let at_end = end.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        select! {
            () = sleep_until(at_end) => break,
            length = client.read(&mut sent) => {
                let Ok(length @ 1..) = length else { return };
                let is_marked = sent[..length].windows(mark.len()).any(|part| part == mark.as_bytes());
                if is_marked && matches!(when, When::Before) {
                    break;
                }
                if server.write_all(&sent[..length]).await.is_err() {
                    return;
                }
                if is_marked {
                    end = Some(Instant::now() + TO_BE_DONE);
                }
            }
            length = server.read(&mut answer) => {
                let Ok(length @ 1..) = length else { return };
                if end.is_some() {
                    kept_back.extend(&answer[..length]);
                } else if client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
    match loss {
        Loss::Closed => {}
        Loss::Reset => client.set_zero_linger().expect("a socket"),
        Loss::Silence => {
            let _ = silence.send(true);
            // The server notices, so that nobody waits for its locks.
            drop(server);
            sleep(Duration::from_secs(60)).await;
        }
        Loss::Nonsense => drop(client.write_all(b"?\0\0\0\x04").await),
        Loss::Told(severity, code) => drop(client.write_all(&error(severity, code, &[])).await),
        Loss::Panic(code) => {
            // The answer to `COMMIT`, or that the server is ready for more.
            let commit = kept_back.windows(12).position(|part| part == b"C\0\0\0\x0bCOMMIT\0");
            kept_back.truncate(commit.unwrap_or(kept_back.len().saturating_sub(6)));
            kept_back.extend(error("PANIC", code, b"RXLogWrite\0"));
            drop(client.write_all(&kept_back).await);
        }
    }
}

/// An error as it is sent.
fn error(severity: &str, code: &str, more: &[u8]) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{code}\0Mlost\0");
    let length = u32::try_from(4 + fields.len() + more.len() + 1).expect("a length");
    [b"E", &length.to_be_bytes()[..], fields.as_bytes(), more, b"\0"].concat()
}

fn options(url: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new(url).expect("a URL");
    options.statement_timeout = Duration::from_millis(300);
    options
}

/// A store by way of a proxy that loses the answer to a write.
async fn losing_store(
    direct: &PostgresStore,
    url: &str,
    (write, loss, when): (Write, Loss, When),
) -> PostgresStore {
    let url = losing(url, loss, when, write.mark()).await;
    let store = PostgresStore::open(options(&url)).expect("a store");
    let known = direct.shared.known.lock().expect("a lock").clone();
    *store.shared.known.lock().expect("a lock") = known;
    store
}

/// Nobody calls it failed, and nobody does it again, in whatever way and at whatever time the answer is lost.
#[test]
fn a_lost_answer_is_an_unknown_outcome() {
    let losses = [
        Loss::Closed,
        Loss::Reset,
        Loss::Silence,
        Loss::Nonsense,
        // PgBouncer and others, whose server is gone.
        Loss::Told("FATAL", "08P01"),
        Loss::Told("ERROR", "08006"),
        Loss::Told("FATAL", "57P01"),
        Loss::Told("ERROR", "58000"),
        Loss::Told("FATAL", "XX000"),
        // A server that can't write its log has no word of whether the commit is in it.
        Loss::Panic("58030"),
        Loss::Panic("53100"),
    ];
    rocket::async_test(async {
        rocket::futures::future::join_all(losses.map(judge)).await;
    });
}

async fn judge(loss: Loss) {
    let Some(database) = Database::provide() else { return };
    let direct = open(&database);
    direct.prepare(&[&TITLES]).await.expect("prepared");
    for (when, write) in
        [When::Before, When::After].iter().flat_map(|when| WRITES.map(|write| (*when, write)))
    {
        if matches!((loss, when), (Loss::Panic(_), When::Before)) {
            continue;
        }
        let case = format!("{write:?}, {loss:?}, {when:?}");
        database.run(write.before());
        let store = losing_store(&direct, database.url(), (write, loss, when)).await;
        let outcome = write.by(&store).await;
        assert!(matches!(outcome, Err(StoreError::OutcomeUnknown)), "{case}: {outcome:?}");
        drop(store);
        sleep(TO_BE_DONE).await;
        let titles = write.titles(matches!(when, When::After));
        assert_eq!(database.run("SELECT title FROM titles"), titles, "{case}");
    }
    direct.close().await;
}

/// What ends a write that the server has not ended so far.
#[derive(Clone, Copy, Debug)]
enum End {
    Canceled,
    Terminated,
    Stopped,
    Killed,
}

/// The server itself undoes what it has not committed, and mostly says so.
#[test]
fn what_the_server_undoes_is_not_there_and_not_done_again() {
    let Some(binaries) = Binaries::provide() else { return };
    let mut server = Server::start(&binaries, &[]);
    server.create_database("ended");
    rocket::async_test(async {
        let mut options = PostgresOptions::new(&server.url("ended")).expect("a URL");
        options.statement_timeout = Duration::from_secs(20);
        let store = PostgresStore::open(options).expect("a store");
        store.prepare(&[&TITLES]).await.expect("prepared");
        server.run(
            "ended",
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(15); RETURN NULL; END $$; \
             CREATE TRIGGER late AFTER INSERT OR UPDATE OR DELETE ON titles FOR EACH ROW EXECUTE FUNCTION late(); \
             ALTER TABLE titles DISABLE TRIGGER late",
        );
        for end in [End::Canceled, End::Terminated, End::Stopped, End::Killed] {
            for write in WRITES {
                let case = format!("{write:?}, {end:?}");
                server.run("ended", write.before());
                server.run("ended", "ALTER TABLE titles ENABLE TRIGGER late");
                let asleep = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
                let ending = async {
                    while server.run("ended", &format!("SELECT count(*) {asleep}")) != "1\n" {
                        sleep(Duration::from_millis(20)).await;
                    }
                    match end {
                        End::Canceled => {
                            drop(server.run("ended", &format!("SELECT pg_cancel_backend(pid) {asleep}")))
                        }
                        End::Terminated => {
                            drop(server.run("ended", &format!("SELECT pg_terminate_backend(pid) {asleep}")));
                        }
                        End::Stopped => server.stop(),
                        End::Killed => server.kill(),
                    }
                };
                let (outcome, ()) = rocket::futures::future::join(write.by(&store), ending).await;
                match end {
                    End::Killed => {
                        assert!(
                            matches!(outcome, Err(StoreError::OutcomeUnknown | StoreError::Busy { .. })),
                            "{case}: {outcome:?}"
                        );
                    }
                    _ => assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{case}: {outcome:?}"),
                }
                if matches!(end, End::Stopped | End::Killed) {
                    server.restart();
                }
                server.run("ended", "ALTER TABLE titles DISABLE TRIGGER late");
                assert_eq!(server.run("ended", "SELECT title FROM titles"), write.titles(false), "{case}");
            }
        }
    });
}
