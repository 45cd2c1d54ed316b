//! A network between a server and its database: what is sent arrives later, and round trips are counted.
//!
//!     delay <port of the database> <microseconds in each direction>
//!
//! Prints the port that it listens at. For each line that it reads it prints how many round trips there were until then: how
//! often a client has begun to speak after the database had spoken. Ends with its input.
//!
//! Each direction of a connection has two threads, since the timers of asynchronous runtimes count milliseconds.

use std::error::Error;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

type Parcel = (Instant, Vec<u8>);

/// Who has spoken last on a connection.
struct Turns {
    client: AtomicBool,
    round_trips: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
enum Speaker {
    Client,
    Database,
}

impl Turns {
    fn speaks(&self, speaker: Speaker) {
        match speaker {
            Speaker::Client if !self.client.swap(true, Relaxed) => {
                self.round_trips.fetch_add(1, Relaxed);
            }
            Speaker::Client => {}
            Speaker::Database => self.client.store(false, Relaxed),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: delay <port of the database> <microseconds in each direction>";
    let port: u16 = arguments.next().ok_or(usage)?.parse()?;
    let delay = Duration::from_micros(arguments.next().ok_or(usage)?.parse()?);
    // Otherwise Linux lets a thread sleep 50 µs longer, so that it wakes fewer times. Threads have it from the one that
    // starts them.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?.port());
    let round_trips = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&round_trips);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if let Err(error) = connect(client, port, delay, &counted) {
                eprintln!("a connection failed: {error}");
            }
        }
    });
    for line in io::stdin().lock().lines() {
        line?;
        println!("{}", round_trips.load(Relaxed));
    }
    Ok(())
}

fn connect(client: TcpStream, port: u16, delay: Duration, round_trips: &Arc<AtomicU64>) -> io::Result<()> {
    let database = TcpStream::connect(("127.0.0.1", port))?;
    let turns = Arc::new(Turns { client: AtomicBool::new(false), round_trips: Arc::clone(round_trips) });
    for stream in [&client, &database] {
        stream.set_nodelay(true)?;
    }
    let ways = [
        (client.try_clone()?, database.try_clone()?, Speaker::Client),
        (database, client, Speaker::Database),
    ];
    for (from, to, speaker) in ways {
        let (sender, receiver) = channel();
        let turns = Arc::clone(&turns);
        thread::spawn(move || receive(from, delay, &sender, || turns.speaks(speaker)));
        thread::spawn(move || deliver(to, &receiver));
    }
    Ok(())
}

fn receive(mut from: TcpStream, delay: Duration, sender: &Sender<Parcel>, heard: impl Fn()) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + delay;
        heard();
        if sender.send((due, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn deliver(mut to: TcpStream, receiver: &Receiver<Parcel>) {
    for (due, bytes) in receiver {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other end hears that this one is done.
    let _ = to.shutdown(Shutdown::Write);
}
