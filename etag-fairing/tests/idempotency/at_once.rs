//! Requests with one key at the same time.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use crate::world::{World, each_database, essence, order, refused};

#[test]
fn while_the_first_is_under_way_others_are_409() {
    each_database(|database| {
        let world = World::new(database);
        thread::scope(|scope| {
            let first = scope.spawn(|| world.post("/v1/orders", "k", &order("slow")));
            // Long enough to be behind it, short enough to be before its end; however that comes out, there is one order.
            thread::sleep(Duration::from_millis(150));
            let second = world.post("/v1/orders", "k", &order("slow"));
            if second.status == 409 {
                assert_eq!(refused(&second, 409), "idempotency_key_in_use");
                assert_eq!(second.field("retry-after"), Some("1"));
            } else {
                assert_eq!(second.status, 201);
            }
            let first = first.join().expect("an answer").is(201);
            let again = world.post("/v1/orders", "k", &order("slow")).is(201);
            assert_eq!(essence(&again), essence(&first));
        });
        assert_eq!(world.count("/v1/orders"), 1);
    });
}

#[test]
fn of_many_at_once_one_is_done_and_all_get_its_answer() {
    each_database(|database| {
        let world = World::new(database);
        let (start, answers) = (Barrier::new(16), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    start.wait();
                    loop {
                        let answer = world.post("/v1/orders", "k", &order("book"));
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
        assert_eq!(answers.len(), 16);
        let new = answers.iter().filter(|answer| answer.field("idempotency-replayed").is_none()).count();
        assert_eq!(new, 1);
        assert!(answers.iter().all(|answer| essence(answer) == essence(&answers[0])), "{answers:?}");
        assert_eq!(world.count("/v1/orders"), 1);
    });
}
