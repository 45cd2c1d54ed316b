//! A link to a server, which may fall silent, and may lose connections that commit.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A link to a PostgreSQL: a port of this machine that leads to it. As long as it is silent it takes connections and
/// bytes, and passes nothing on, as a network does that has lost its way. A connection that has lost bytes stays silent.
///
/// It can also cut connections that send `COMMIT`, so that whoever sends it never knows what has become of it.
#[derive(Debug)]
pub struct Link {
    url: String,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    silent: AtomicBool,
    open: AtomicUsize,
    openings: Mutex<Vec<Vec<u8>>>,
    /// One commit of so many is cut; 0 is none.
    cut_one_in: AtomicUsize,
    commits: AtomicUsize,
    cuts: AtomicUsize,
    /// Where round trips are counted, answers are so many milliseconds on their way: whoever sends more without waiting for
    /// one has sent it by then. 0: they aren't counted.
    way: AtomicU64,
    round_trips: AtomicUsize,
}

/// How a commit ends.
enum Commit {
    /// It is passed on, and so is its answer.
    Passed,
    /// It is passed on; its answer is lost, and the connection with it.
    AnswerLost,
    /// The connection is cut before it.
    Lost,
}

impl State {
    /// Counts what is sent, or what comes back: these bytes.
    fn count(&self, way: Duration, is_sent: bool, bytes: &[u8], answered: &AtomicBool) {
        // What ends a transaction that has read is not waited for, and may pass before or after whoever has read goes on. It
        // isn't counted: the next that is sent is.
        if is_sent && bytes.starts_with(b"Q") && bytes.get(5..) == Some(b"ROLLBACK\0") {
            return;
        }
        if !is_sent {
            thread::sleep(way);
            answered.store(true, Ordering::SeqCst);
        } else if answered.swap(false, Ordering::SeqCst) {
            self.round_trips.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What becomes of the commit in these bytes, if there is one.
    fn commit(&self, bytes: &[u8]) -> Commit {
        let one_in = self.cut_one_in.load(Ordering::SeqCst);
        // As text, with the zero that ends a text in PostgreSQL's protocol.
        if one_in == 0 || !bytes.windows(7).any(|text| text == b"COMMIT\0") {
            return Commit::Passed;
        }
        if self.commits.fetch_add(1, Ordering::SeqCst) % one_in != one_in - 1 {
            return Commit::Passed;
        }
        match self.cuts.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Commit::AnswerLost,
            _ => Commit::Lost,
        }
    }
}

/// So many bytes of what a client sends first are kept.
const OPENING: usize = 1024;

impl Link {
    /// A link to the server of this URL, of the form `postgres://user:password@host:port/database`.
    ///
    /// # Panics
    /// If the URL has another form, or there is no port free.
    pub fn to(url: &str) -> Self {
        let (before, rest) = url.split_once('@').expect("a user");
        let (server, after) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address");
        let state = Arc::<State>::default();
        let (server, shared) = (server.to_owned(), state.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                pass_both(client, server, &shared);
            }
        });
        Self { url: format!("{before}@{own}/{after}"), state }
    }

    /// The server's URL by way of this link.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets nothing through any more.
    pub fn fall_silent(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// Lets new connections through again.
    pub fn speak(&self) {
        self.state.silent.store(false, Ordering::SeqCst);
    }

    /// Cuts the connection of one in so many commits from now on, in turn before it and after it; 0: of none.
    pub fn cut_commits(&self, one_in: usize) {
        self.state.cut_one_in.store(one_in, Ordering::SeqCst);
    }

    /// How many commits it has cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// How many connections are open, from the side of whoever uses it.
    pub fn connections(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// Counts round trips from now on, with answers that are so many milliseconds on their way.
    pub fn count_round_trips(&self, way: u64) {
        self.state.way.store(way, Ordering::SeqCst);
    }

    /// How often a client had to send something because of an answer that it had waited for. While something is sent and
    /// answered several times, the lowest number counts: what is sent late, since the machine is busy, passes for one more.
    /// The longer the way, the rarer that is. `ROLLBACK` alone is not counted.
    pub fn round_trips(&self) -> usize {
        self.state.round_trips.load(Ordering::SeqCst)
    }

    /// What each connection began with, from the side of whoever uses it: a kilobyte at most.
    pub fn openings(&self) -> Vec<Vec<u8>> {
        self.state.openings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn pass_both(client: TcpStream, server: TcpStream, state: &Arc<State>) {
    let (Ok(back), Ok(to)) = (server.try_clone(), client.try_clone()) else { return };
    // Whether the client has an answer to what it has sent.
    let answered = Arc::new(AtomicBool::new(true));
    let [lost, answer_lost] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    state.open.fetch_add(1, Ordering::SeqCst);
    let number = {
        let mut openings = state.openings.lock().unwrap_or_else(PoisonError::into_inner);
        openings.push(Vec::new());
        openings.len() - 1
    };
    for (from, to, opening) in [(client, server, Some(number)), (back, to, None)] {
        let (state, lost, answer_lost) = (state.clone(), lost.clone(), answer_lost.clone());
        let answered = answered.clone();
        thread::spawn(move || {
            pass(from, to, &state, [&lost, &answer_lost, &answered], opening);
            if opening.is_some() {
                state.open.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    state: &State,
    [lost, answer_lost, answered]: [&AtomicBool; 3],
    opening: Option<usize>,
) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if let Some(number) = opening {
            let mut openings = state.openings.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = &mut openings[number];
            kept.extend(&bytes[..length.min(OPENING.saturating_sub(kept.len()))]);
        }
        let way = state.way.load(Ordering::SeqCst);
        if way != 0 {
            state.count(Duration::from_millis(way), opening.is_some(), &bytes[..length], answered);
        }
        if state.silent.load(Ordering::SeqCst) {
            lost.store(true, Ordering::SeqCst);
        }
        let commit = match opening {
            Some(_) => state.commit(&bytes[..length]),
            // The answer to a commit that was passed on: the server is done with it.
            None if answer_lost.load(Ordering::SeqCst) => break,
            None => Commit::Passed,
        };
        match commit {
            Commit::Passed => {}
            Commit::AnswerLost => answer_lost.store(true, Ordering::SeqCst),
            Commit::Lost => break,
        }
        if !lost.load(Ordering::SeqCst) && to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
