//! Many clients that read and write the same few resources, and write down what they see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::http::{Client, NoAnswer};
use crate::record::{Call, Change, Link, Record, Seen, Target};
use crate::wire::{MEMBERS, Request, make_members, read_list};

/// How much of a storm.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How many clients.
    pub clients: usize,
    /// How many resources they fight for.
    pub registers: usize,
    /// Whether they read with `include` and `fields` too, and lists by the profile: for servers whose tags then serve for
    /// a write.
    pub parameters: bool,
}

/// A storm that is blowing.
pub struct Storm {
    servers: Vec<SocketAddr>,
    size: Size,
    begin: Instant,
    over: Arc<AtomicBool>,
    clients: JoinSet<Vec<Record>>,
}

impl Storm {
    /// Makes the members and lets the clients loose.
    ///
    /// # Errors
    /// If the servers don't answer.
    pub async fn begin(servers: &[SocketAddr], size: Size) -> Result<Self, String> {
        make_members(&mut Client::new(servers)).await?;
        let (begin, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for number in 0..size.clients {
            let mut client = StormClient::new(number, servers, size, begin);
            let over = Arc::clone(&over);
            clients.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    client.act().await;
                }
                client.records
            });
        }
        Ok(Self { servers: servers.to_vec(), size, begin, over, clients })
    }

    /// Lets it blow for so long, then ends it.
    ///
    /// # Errors
    /// As [`Storm::end`].
    pub async fn blow(self, length: Duration) -> Result<Vec<Record>, String> {
        sleep(length).await;
        self.end().await
    }

    /// Ends it, reads every resource once more, and gives all that was written down.
    ///
    /// # Errors
    /// If a resource can't be read at the end.
    pub async fn end(mut self) -> Result<Vec<Record>, String> {
        self.over.store(true, Ordering::Relaxed);
        let mut records = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            records.extend(client.map_err(|error| format!("a client: {error}"))?);
        }
        let mut last = StormClient::new(self.size.clients, &self.servers, self.size, self.begin);
        for register in 0..self.size.registers {
            for target in [Target::Linkage, Target::Resource] {
                last.send(Request::new(register, target, Call::Read)).await;
            }
        }
        let answers = last.records.iter().filter(|record| matches!(record.status, Some(200 | 404))).count();
        if answers != 2 * self.size.registers {
            return Err(format!("after the storm: {:?}", crate::record::statuses(&last.records)));
        }
        records.extend(last.records);
        Ok(records)
    }
}

/// What a client remembers of a resource.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Whether there is one, as far as it knows.
    is_there: bool,
    /// The tags of the resource that it saw last, the latest first.
    tags: Vec<String>,
    /// The tag of its linkage.
    linkage: Option<String>,
}

struct StormClient {
    number: usize,
    client: Client,
    begin: Instant,
    random: Rng,
    known: Vec<Known>,
    parameters: bool,
    sent: i64,
    records: Vec<Record>,
}

impl StormClient {
    fn new(number: usize, servers: &[SocketAddr], size: Size, begin: Instant) -> Self {
        Self {
            number,
            client: Client::new(servers),
            begin,
            random: Rng::new(),
            known: vec![Known::default(); size.registers],
            parameters: size.parameters,
            sent: 0,
            records: Vec::new(),
        }
    }

    async fn act(&mut self) {
        if self.parameters && self.random.u8(..24) == 0 {
            return self.read_list().await;
        }
        let request = self.choose();
        self.send(request).await;
    }

    /// Reads all registers by one list, and goes on from the tags of its items.
    async fn read_list(&mut self) {
        let start = self.now();
        let parameters = if self.random.bool() { "" } else { "&include=members" };
        let Some(items) = read_list(&mut self.client, self.known.len(), parameters).await else { return };
        let end = self.now();
        for (register, seen) in items.into_iter().enumerate() {
            let record = Record {
                client: self.number,
                start,
                end: Some(end),
                register,
                target: Target::Item,
                call: Call::Read,
                if_match: Vec::new(),
                status: Some(200),
                seen,
            };
            self.learn(&record);
            self.records.push(record);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Sends a request and writes it down; what was never sent is not.
    async fn send(&mut self, request: Request) {
        let start = self.now();
        let answer = match request.send(&mut self.client).await {
            Ok(answer) => Some(answer),
            Err(NoAnswer::Broken) => None,
            Err(NoAnswer::NotSent) => return sleep(Duration::from_millis(10)).await,
        };
        let end = answer.as_ref().map(|_| self.now());
        let seen = answer.as_ref().map_or(Seen::Nothing, |answer| request.seen(answer));
        let record = Record {
            client: self.number,
            start,
            end,
            register: request.register,
            target: request.target,
            call: request.call,
            if_match: request.if_match,
            status: answer.map(|answer| answer.status),
            seen,
        };
        self.learn(&record);
        self.records.push(record);
    }

    fn learn(&mut self, record: &Record) {
        let Some(known) = self.known.get_mut(record.register) else { return };
        match &record.seen {
            Seen::Absent => *known = Known::default(),
            Seen::Nothing if record.call == Call::Write(Change::Delete) => *known = Known::default(),
            Seen::Nothing => {}
            Seen::Present { tag, .. } => {
                known.is_there = true;
                let Some(tag) = tag.clone() else { return };
                match record.target {
                    Target::Linkage => known.linkage = Some(tag),
                    Target::Resource | Target::Item => {
                        known.tags.insert(0, tag);
                        known.tags.truncate(3);
                    }
                }
            }
        }
    }

    /// The next request: reads of every kind, and writes with the tag that was seen last.
    fn choose(&mut self) -> Request {
        let register = self.random.usize(..self.known.len().max(1));
        let known = self.known.get(register).cloned().unwrap_or_default();
        if !known.is_there {
            let create = Change::Create { value: self.new_value(), members: self.some_members() };
            return match self.random.u8(..3) {
                0 => Request::new(register, Target::Resource, Call::Read),
                _ => Request::new(register, Target::Resource, Call::Write(create)),
            };
        }
        match (self.random.u8(..100), known.tags.first(), &known.linkage) {
            (0..30, ..) | (_, None, _) => self.read(register, &known),
            (30..75, Some(tag), _) => {
                let members = self.random.bool().then(|| self.some_members());
                let update = Change::Update { value: self.new_value(), members };
                let mut request = Request::new(register, Target::Resource, Call::Write(update));
                request.query =
                    if self.parameters && self.random.u8(..4) == 0 { "?include=members" } else { "" };
                match self.random.u8(..20) {
                    // None: the server asks for one (428).
                    0 => request,
                    // A list.
                    1 => known.tags.iter().fold(request, Request::if_match),
                    _ => request.if_match(tag),
                }
            }
            (75..93, Some(_), Some(tag)) => {
                let link =
                    *self.random.choice(&[Link::Replace, Link::Add, Link::Remove]).unwrap_or(&Link::Add);
                let link = Change::Link { link, members: self.some_members() };
                Request::new(register, Target::Linkage, Call::Write(link)).if_match(tag)
            }
            (75..93, Some(_), None) => Request::new(register, Target::Linkage, Call::Read),
            (93..97, Some(tag), _) => {
                Request::new(register, Target::Resource, Call::Write(Change::Delete)).if_match(tag)
            }
            (_, Some(_), _) => {
                // There is one: 409.
                let create = Change::Create { value: self.new_value(), members: self.some_members() };
                Request::new(register, Target::Resource, Call::Write(create))
            }
        }
    }

    fn read(&mut self, register: usize, known: &Known) -> Request {
        let mut request = Request::new(register, Target::Resource, Call::Read);
        match self.random.u8(..8) {
            0 => request.target = Target::Linkage,
            1 if self.parameters => request.query = "?include=members",
            2 if self.parameters => request.query = "?fields[registers]=value",
            3 if self.parameters => request.query = "?fields[registers]=members",
            4 => {
                // A tag of the resource as it is without parameters.
                request.if_none_match = known.tags.iter().find(|tag| !tag.contains('-')).cloned();
            }
            _ => {}
        }
        request
    }

    /// A value that nobody else ever sends.
    fn new_value(&mut self) -> i64 {
        self.sent += 1;
        (i64::try_from(self.number).unwrap_or(0) + 1) << 32 | self.sent
    }

    fn some_members(&mut self) -> u32 {
        // Three at most: few enough that a set comes again.
        (0..3).fold(0, |members, _| members | 1 << self.random.u32(..MEMBERS)) & self.random.u32(..)
    }
}
