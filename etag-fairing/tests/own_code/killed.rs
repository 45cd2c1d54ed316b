//! A process that is killed around a commit: the change is there or not there, as a whole. What runs after a commit may be
//! lost with the process, and nobody makes up for it.
//!
//! The process is this program once more, with one test of it: [`the_process_that_is_killed`]. It writes down what it has
//! heard of and what it was told in files, which outlive it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, thread};

use etag_fairing::own::ApiError;
use etag_fairing::resource::{Committed, member};
use etag_fairing::{JsonApi, ToOne};
use serde_json::json;

use crate::world::{Account, Entry, World};

/// What the process that is killed is to do, over which database, and where it writes down what it knows.
const WORK: &str = "ETAG_FAIRING_KILLED_WORK";
const DATABASE: &str = "ETAG_FAIRING_KILLED_DATABASE";
const FOLDER: &str = "ETAG_FAIRING_KILLED_FOLDER";

/// The owners of the accounts. Each has a job of its own, so that writes share commits.
const OWNERS: [&str; 3] = ["Ada", "Bob", "Cleo"];

/// It does nothing in an ordinary run of the tests.
#[test]
fn the_process_that_is_killed() {
    let (Ok(work), Ok(database), Ok(folder)) = (env::var(WORK), env::var(DATABASE), env::var(FOLDER)) else {
        return;
    };
    let notes = Arc::new(Notes(folder.into()));
    let listener = {
        let (work, notes) = (work.clone(), Arc::clone(&notes));
        move |change: Committed<Account>, _: JsonApi| {
            if work.ends_with("and die") {
                std::process::abort();
            }
            let after = change.after().map(|account| (account.owner.clone(), account.balance));
            let notes = Arc::clone(&notes);
            async move {
                if let Some((owner, balance)) = after {
                    notes.add("heard", &owner, balance);
                }
                Ok::<_, ApiError>(())
            }
        }
    };
    let world = World::start(&database, |rocket| rocket.attach(JsonApi::fairing().after_commit(listener)));
    let accounts = accounts(&world);
    let api = world.api.clone();
    match work.as_str() {
        "change by a route and die" => {
            let (id, ..) = accounts[0];
            let attributes = json!({ "balance": 1 });
            let document =
                json!({ "data": { "type": "accounts", "id": id.to_string(), "attributes": attributes } });
            world.server.write("PATCH", &format!("/accounts/{id}"), &document);
        }
        "pay in and die" | "pay in once" => {
            let (id, ..) = accounts[0];
            world.job(async move { pay_in(&api, id).await });
        }
        "put off and die" => {
            let (id, ..) = accounts[0];
            world
                .job(async move {
                    api.write(async |tx| {
                        tx.after_commit(async { std::process::abort() });
                        let mut account: Account = tx.read(id).await?;
                        account.balance += 1;
                        tx.update(&account).await?;
                        tx.insert(&Entry { id: 0, amount: 1, account: ToOne::to(id), version: 0 }).await
                    })
                    .await
                })
                .expect("the process ends before");
        }
        _ => {
            for (id, owner, _) in accounts {
                let (api, notes) = (api.clone(), Arc::clone(&notes));
                world.start_job(async move {
                    loop {
                        let balance = pay_in(&api, id).await;
                        notes.add("told", &owner, balance);
                    }
                });
            }
            // Until somebody ends it.
            loop {
                thread::park();
            }
        }
    }
}

/// Pays in one, and makes an entry of it.
async fn pay_in(api: &JsonApi, id: i64) -> i64 {
    let done = api.write(async |tx| {
        let mut account: Account = tx.read(id).await?;
        account.balance += 1;
        tx.update(&account).await?;
        tx.insert(&Entry { id: 0, amount: 1, account: ToOne::to(id), version: 0 }).await?;
        Ok::<_, ApiError>(account.balance)
    });
    done.await.expect("a change")
}

/// Files of lines: an owner and a balance.
struct Notes(PathBuf);

impl Notes {
    fn add(&self, name: &str, owner: &str, balance: i64) {
        let file = File::options().create(true).append(true).open(self.0.join(name));
        file.and_then(|mut file| file.write_all(format!("{owner} {balance}\n").as_bytes())).expect("a note");
    }

    /// The balances of one owner.
    fn of(&self, name: &str, owner: &str) -> Vec<i64> {
        let text = fs::read_to_string(self.0.join(name)).unwrap_or_default();
        let of_owner = text.lines().filter_map(|line| line.strip_prefix(owner));
        of_owner.map(|balance| balance.trim().parse().expect("a whole line")).collect()
    }

    fn number(&self, name: &str) -> usize {
        fs::read_to_string(self.0.join(name)).unwrap_or_default().lines().count()
    }
}

/// Starts the process that is killed.
fn start(work: &str, database: &str, folder: &Path) -> Child {
    let program = env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "killed::the_process_that_is_killed"]);
    command.env(WORK, work).env(DATABASE, database).env(FOLDER, folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a process")
}

/// The accounts, which are made if there are none: id, owner and balance.
fn accounts(world: &World) -> Vec<(i64, String, i64)> {
    let api = world.api.clone();
    let mut found =
        world.job(async move { api.find::<Account>().sorted_by("id").all().await }).expect("accounts");
    if found.is_empty() {
        for owner in OWNERS {
            world.account(owner, 0);
        }
        let api = world.api.clone();
        found =
            world.job(async move { api.find::<Account>().sorted_by("id").all().await }).expect("accounts");
    }
    found.into_iter().map(|account| (account.id, account.owner, account.balance)).collect()
}

/// The balance of each account, and how many entries there are of it. Whatever a dead process has left under way is waited
/// for, since what is read is locked.
fn found(database: &str) -> Vec<(String, i64, i64)> {
    let world = World::start(database, |rocket| rocket.attach(JsonApi::fairing()));
    let accounts = accounts(&world);
    let api = world.api.clone();
    let found = world.job(async move {
        let mut found = Vec::new();
        for (id, ..) in accounts {
            let one = api.write(async |tx| {
                let account: Account = tx.read(id).await?;
                let entries = tx.find::<Entry>().matching(member("account").equals(id)).count().await?;
                Ok::<_, ApiError>((
                    account.owner,
                    account.balance,
                    i64::try_from(entries).unwrap_or(i64::MAX),
                ))
            });
            found.push(one.await?);
        }
        Ok::<_, ApiError>(found)
    });
    found.expect("accounts")
}

/// Runs a test over a file and over a server, each with a folder for notes.
fn on_both(test: impl Fn(&str, &Notes)) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("accounts.db");
    test(&format!("sqlite:{}", file.display()), &Notes(folder.path().to_owned()));
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        let folder = tempfile::tempdir().expect("a folder");
        test(database.url(), &Notes(folder.path().to_owned()));
    }
}

#[test]
fn between_the_commit_and_what_runs_after_it() {
    on_both(|database, notes| {
        let first = |found: Vec<(String, i64, i64)>| (found[0].1, found[0].2);
        assert_eq!(first(found(database)), (0, 0));
        for (work, expected) in
            [("pay in and die", (1, 1)), ("put off and die", (2, 2)), ("change by a route and die", (1, 2))]
        {
            let ended = start(work, database, &notes.0).wait().expect("an end");
            assert!(!ended.success(), "{work}: it was killed");
            assert_eq!(first(found(database)), expected, "{work}: the change stands");
        }
        // Not even when a process starts that would hear of it.
        let ended = start("pay in once", database, &notes.0).wait().expect("an end");
        assert!(ended.success(), "{ended}");
        assert_eq!(notes.of("heard", OWNERS[0]), [2], "of its own change alone");
    });
}

/// At whatever point it is, time and again over the same database.
#[test]
fn in_the_middle_of_commits() {
    on_both(|database, notes| {
        for round in 0..4 {
            let before = notes.number("told");
            let mut process = start("pay in for ever", database, &notes.0);
            while notes.number("told") < before + 3 + 5 * round {
                assert!(process.try_wait().expect("its state").is_none(), "it ends by itself");
                thread::sleep(Duration::from_millis(1));
            }
            process.kill().and_then(|()| process.wait()).expect("killed");
            for (owner, balance, entries) in found(database) {
                assert_eq!(balance, entries, "{owner}: a change is there or not, as a whole");
                let latest = |name| notes.of(name, &owner).into_iter().max().unwrap_or(0);
                let (told, heard) = (latest("told"), latest("heard"));
                assert!(told <= heard, "{owner}: whoever is told of {told} was told after {heard}");
                assert!(heard <= balance, "{owner}: {heard} was heard of, and only {balance} is there");
                let mut all = notes.of("heard", &owner);
                let number = all.len();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all.len(), number, "{owner}: each change is heard of once");
                // One change a process was under way.
                let lost = balance - i64::try_from(number).unwrap_or(i64::MAX);
                assert!(
                    lost <= i64::try_from(round).unwrap_or(i64::MAX) + 1,
                    "{owner}: {lost} were not heard of"
                );
            }
        }
    });
}

/// The database itself is in the middle of the commit, and has no more to do with the process.
#[cfg(feature = "postgres")]
#[test]
fn while_the_server_commits() {
    use etag_fairing::store::postgres::tokio_postgres::{NoTls, connect};

    /// What the trigger waits for, as a commit does for a slow disk.
    const HELD: i64 = 0x6b69_6c6c_6564;
    let Some(database) = postgres_server::Database::provide() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let notes = Notes(folder.path().to_owned());
    assert_eq!(found(database.url()).len(), OWNERS.len());
    database.run(&format!(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN \
             PERFORM pg_advisory_xact_lock_shared({HELD}); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER at_the_commit AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION wait()"
    ));
    let mut process = rocket::async_test(async {
        let (client, connection) = connect(database.url(), NoTls).await.expect("a connection");
        let lines = rocket::tokio::spawn(connection);
        client.execute("SELECT pg_advisory_lock($1)", &[&HELD]).await.expect("the lock");
        let mut process = start("pay in once", database.url(), &notes.0);
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND \
             (classid::bigint << 32) + objid::bigint = $1";
        loop {
            let row = client.query_one(waiting, &[&HELD]).await.expect("locks");
            if row.get::<_, i64>(0) == 1 {
                break;
            }
            assert!(process.try_wait().expect("its state").is_none(), "it ends by itself");
            rocket::tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.kill().and_then(|()| process.wait()).expect("killed");
        client.execute("SELECT pg_advisory_unlock($1)", &[&HELD]).await.expect("no lock");
        drop(client);
        let _ = lines.await;
        process
    });
    assert!(!process.wait().expect("an end").success());
    // It is about to commit now.
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let found = found(database.url());
        if (found[0].1, found[0].2) == (1, 1) {
            break;
        }
        assert!(Instant::now() < patience, "the server had all that it needs: {found:?}");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(notes.number("heard"), 0, "nobody is left to hear of it");
}
