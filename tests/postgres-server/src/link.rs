//! A link to a server, which may fall silent.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A link to a PostgreSQL: a port of this machine that leads to it. As long as it is silent it takes connections and
/// bytes, and passes nothing on, as a network does that has lost its way. A connection that has lost bytes stays silent.
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

    /// How many connections are open, from the side of whoever uses it.
    pub fn connections(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// What each connection began with, from the side of whoever uses it: a kilobyte at most.
    pub fn openings(&self) -> Vec<Vec<u8>> {
        self.state.openings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn pass_both(client: TcpStream, server: TcpStream, state: &Arc<State>) {
    let (Ok(back), Ok(to)) = (server.try_clone(), client.try_clone()) else { return };
    let lost = Arc::new(AtomicBool::new(false));
    state.open.fetch_add(1, Ordering::SeqCst);
    let number = {
        let mut openings = state.openings.lock().unwrap_or_else(PoisonError::into_inner);
        openings.push(Vec::new());
        openings.len() - 1
    };
    for (from, to, opening) in [(client, server, Some(number)), (back, to, None)] {
        let (state, lost) = (state.clone(), lost.clone());
        thread::spawn(move || {
            pass(from, to, &state, &lost, opening);
            if opening.is_some() {
                state.open.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, state: &State, lost: &AtomicBool, opening: Option<usize>) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if let Some(number) = opening {
            let mut openings = state.openings.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = &mut openings[number];
            kept.extend(&bytes[..length.min(OPENING.saturating_sub(kept.len()))]);
        }
        if state.silent.load(Ordering::SeqCst) {
            lost.store(true, Ordering::SeqCst);
        }
        if !lost.load(Ordering::SeqCst) && to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
