//! Clients who ask for the worst that the limits allow, and clients beside them who ask for little.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Launch, Server};

const SESSIONS: u64 = 100_000;

/// How long the attack goes on.
const LONG: Duration = Duration::from_secs(6);

/// What the server may take at most, in KiB.
const MEMORY: u64 = 512 << 10;

/// 100,000 sessions over twenty tracks and rooms, each with up to two of 20,000 speakers.
const FILL: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1019)
    INSERT INTO tracks (id, name) SELECT i, 'track ' || i FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1019)
    INSERT INTO microlocations (id, name) SELECT i, 'room ' || i FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20999)
    INSERT INTO speakers (id, name) SELECT i, 'speaker ' || i FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 100999)
    INSERT INTO sessions (id, title, short_abstract, state, favourites, track_id, microlocation_id)
    SELECT i, 'session ' || i || ' of an open conference', 'What is said there, and by whom. ' || i, 'draft', i % 7,
        1000 + i * 7 % 20, 1000 + i * 13 % 20 FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 100999)
    INSERT INTO session_speakers (session_id, speaker_id)
    SELECT i, 1000 + i * 3 % 20000 FROM n UNION SELECT i, 1000 + i * 11 % 20000 FROM n;";

/// Chance (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("a place")]
    }

    /// A comparison that looks at each row.
    fn leaf(&mut self) -> Value {
        let pattern = self.of(&["%zz9zz%", "%e%", "%o%e%n%c%", "%9%9%"]);
        let operator = self.of(&["ilike", "like", "notilike"]);
        json!({"name": "title", "op": operator, "val": pattern})
    }

    /// A filter of sessions as deep as the limits allow.
    fn deep(&mut self) -> Value {
        let mut filter = self.leaf();
        for _ in 0..2 {
            let path = self.of(&[
                "track.sessions.microlocation.sessions",
                "microlocation.sessions.track.sessions",
                "speakers.sessions.speakers.sessions",
                "track.sessions.speakers.sessions",
            ]);
            filter = json!({"name": path, "op": "any", "val": filter});
        }
        match self.below(3) {
            0 => json!({"not": filter}),
            1 => json!({"or": [self.leaf(), filter]}),
            _ => filter,
        }
    }

    /// The worst of one kind, other ones each time, so that nobody has asked for it before.
    fn worst(&mut self) -> String {
        let filter = match self.below(4) {
            0 => String::new(),
            1 => {
                let leaves: Vec<_> = (0..40).map(|_| self.leaf()).collect();
                format!("&filter={}", json!([{"or": leaves}]))
            }
            _ => format!("&filter={}", json!([self.deep()])),
        };
        let sort = self.of(&[
            "",
            "&sort=-shortAbstract,title,level,state,favourites",
            "&sort=track.name,microlocation.name,-title",
            "&sort=-title,id",
        ]);
        let include = self.of(&[
            "",
            "&include=speakers,track,microlocation,sessionType",
            "&include=speakers.sessions.speakers",
            "&include=track.sessions",
        ]);
        let page = match self.below(3) {
            0 => format!("page[offset]={}&page[limit]=100", self.below(SESSIONS)),
            1 => format!("page[number]={}&page[size]=97", 1 + self.below(1000)),
            _ => format!("page[size]={}&page[totals]=true", 1 + self.below(100)),
        };
        let url = format!("/v1/sessions?{page}{filter}{sort}{include}");
        url.replace('%', "%25")
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D")
            .replace(' ', "%20")
    }
}

/// The most memory that a process has taken, in KiB.
fn most_memory(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn who_asks_for_little_is_answered_beside_who_asks_for_the_worst() {
    // The example counts each list by itself, and to count so many rows is no small thing. Where the machine does much
    // else, a list may take as long as what is slow: then it waits for a place among those, and no longer than this.
    let launch = Launch::on_sqlite().rocket_toml(
        "[default.jsonapi]\ntotals = false\n[default.databases.api]\nread_timeout = 2\nbusy_timeout = 50\n",
    );
    let server = launch.start();
    let database = launch.folder().join("open-event.db");
    let sqlite = rusqlite::Connection::open(database).expect("the example's database");
    sqlite.execute_batch(&format!("BEGIN IMMEDIATE; {FILL} COMMIT")).expect("filled");
    drop(sqlite);

    let stop = AtomicBool::new(false);
    let (attacks, others) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for seed in 0..16 {
            let (server, stop, attacks) = (&server, &stop, &attacks);
            scope.spawn(move || {
                let mut chance = Chance(seed);
                let mut connection = server.connect();
                while !stop.load(Ordering::Relaxed) {
                    let url = chance.worst();
                    let response = connection.get(&url, &[]);
                    // Too much of something, or too long.
                    assert!(matches!(response.status, 200 | 400 | 503), "{url}: {response:?}");
                    attacks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let clients: Vec<_> = (0..16)
            .map(|number| {
                let (server, stop, others) = (&server, &stop, &others);
                scope.spawn(move || {
                    let mut chance = Chance(1000 + number);
                    let mut connection = server.connect();
                    let begun = Instant::now();
                    while !stop.load(Ordering::Relaxed) && begun.elapsed() < LONG {
                        let id = 1000 + chance.below(SESSIONS);
                        let response = match number % 4 {
                            0 => connection.get(&format!("/v1/sessions/{id}"), &[]),
                            1 => {
                                let page = 1 + chance.below(50);
                                connection.get(&format!("/v1/sessions?page%5Bnumber%5D={page}"), &[])
                            }
                            2 => connection.get(&format!("/v1/tracks/{}/sessions", 1000 + id % 20), &[]),
                            _ => {
                                let attributes = json!({"favourites": id % 9});
                                let data = json!({"type": "sessions", "id": id.to_string(), "attributes": attributes});
                                connection.patch(&format!("/v1/sessions/{id}"), &[], &json!({"data": data}))
                            }
                        };
                        let waited = begun.elapsed();
                        assert_eq!(response.status, 200, "kind {} after {waited:?}: {response:?}", number % 4);
                        others.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(20));
                    }
                })
            })
            .collect();
        // However it ends, the attackers end, too.
        let ended: Vec<_> = clients.into_iter().map(thread::ScopedJoinHandle::join).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "one of the others got an error");
    });
    let (attacks, others) = (attacks.into_inner(), others.into_inner());
    assert!(attacks > 0 && others >= 16, "{attacks} attacks, {others} others");
    match most_memory(&server) {
        Some(memory) => assert!(memory < MEMORY, "{memory} KiB after {attacks} attacks"),
        None => eprintln!("skipped: the system does not tell how much memory a process takes"),
    }
}
