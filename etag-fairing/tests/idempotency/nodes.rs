//! Several servers over one database, and servers that begin again.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::world::{World, essence, order};

#[test]
fn an_answer_is_kept_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut databases = vec![format!("sqlite:{}", folder.path().join("orders.db").display())];
    #[cfg(feature = "postgres")]
    let database = postgres_server::Database::provide();
    #[cfg(feature = "postgres")]
    databases.extend(database.as_ref().map(|database| database.url().to_owned()));
    for database in &databases {
        let first = World::new(database).post("/v1/orders", "k", &order("book")).is(201);
        let world = World::new(database);
        let again = world.post("/v1/orders", "k", &order("book"));
        assert_eq!(essence(&again), essence(&first));
        assert_eq!(again.field("idempotency-replayed"), Some("true"));
        assert_eq!(world.count("/v1/orders"), 1);
    }
}

#[cfg(feature = "postgres")]
#[test]
fn two_nodes_make_it_once() {
    let Some(database) = postgres_server::Database::provide() else { return };
    let nodes = [World::new(database.url()), World::new(database.url())];
    for (round, item) in ["book", "slow", "book", "slow"].into_iter().enumerate() {
        let (key, answers) = (format!("round {round}"), Mutex::new(Vec::new()));
        let key = format!("\"{key}\"");
        thread::scope(|scope| {
            for node in nodes.iter().cycle().take(6) {
                scope.spawn(|| {
                    loop {
                        let answer = node.post("/v1/orders", &key, &order(item));
                        if answer.status != 409 {
                            answers.lock().expect("answers").push(answer);
                            break;
                        }
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
        });
        let answers = answers.into_inner().expect("answers");
        let new = answers.iter().filter(|answer| answer.field("idempotency-replayed").is_none()).count();
        assert_eq!(new, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| essence(answer) == essence(&answers[0])), "{answers:?}");
        assert_eq!(nodes[0].count("/v1/orders"), round as u64 + 1);
    }
}
