//! A server that is told to stop while a read is stuck in PostgreSQL.

use std::{thread, time::Duration};

use crate::support::Launch;

/// What holds a table as long as nobody cancels it, and no longer than a test may wait.
const HOLD: &str = "DO $$ BEGIN LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(60); \
                    EXCEPTION WHEN query_canceled THEN NULL; END $$";

const LOCKS: &str = "FROM pg_locks WHERE relation = CAST('sessions' AS regclass) AND mode";

#[test]
fn a_server_with_a_stuck_read_stops_within_its_grace() {
    let launch = Launch::new();
    let Some(database) = launch.database() else { return };
    // The grace is shorter than a read may take.
    for read_timeout in [5, 3600] {
        let toml = format!(
            "[default.databases.api]\nread_timeout = {read_timeout}\n[default.shutdown]\ngrace = 1\nmercy = 1"
        );
        let server = launch.clone().rocket_toml(&toml).start();
        let until = |condition: &str| {
            while database.run(&format!("SELECT count(*) > 0 {LOCKS} {condition}")).trim() != "t" {
                thread::sleep(Duration::from_millis(10));
            }
        };
        let ended = thread::scope(|scope| {
            scope.spawn(|| database.run(HOLD));
            until("= 'AccessExclusiveLock' AND granted");
            let mut client = server.connect();
            let reading = scope.spawn(move || client.get("/v1/sessions/1", &[]).status);
            until("= 'AccessShareLock' AND NOT granted");
            let ended = server.end();
            let status = reading.join();
            database
                .run(&format!("SELECT pg_cancel_backend(pid) {LOCKS} = 'AccessExclusiveLock' AND granted"));
            assert!(matches!(status, Ok(503)), "{status:?}\n{}", ended.output);
            ended
        });
        assert_eq!(ended.code, Some(0), "{}", ended.output);
        let said = format!("read timeout: {read_timeout}s");
        assert!(ended.output.contains(&said), "{}", ended.output);
        assert!(!ended.output.contains("panicked"), "{}", ended.output);
    }
}
