//! Transfers between accounts: each changes two of them by one request of operations, which names the state that it has seen
//! of either. What is judged from the record of it:
//!
//! - No client reads a list of all accounts in which a transfer is half made: the sum is always the same.
//! - No two transfers that were made have begun at one state of an account.
//! - The transfers that were made lead each account from its first state to its last one, with all that was acknowledged among
//!   them; and one that is made at one account is made at the other.
//!
//! If they are sent repeatedly, each of them under one key, then a client also gets one answer to each
//! ([`crate::keyed::faults`]), and none is refused that was made at the first time.
//!
//! With two accounts a server that judges before it locks could pass, since each transfer changes both. So there are more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::http::{Answer, Client, NoAnswer};
use crate::keyed::{self, Fate, Keyed, Repeater, Wants, fate, success};

/// The media type of operations.
pub(crate) const ATOMIC: &str = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;

/// What each account begins with.
const BALANCE: i64 = 1_000;

/// The state of an account: the transfer that has changed it last, or none.
type State = String;

/// A transfer that a client has sent.
#[derive(Clone, Debug)]
struct Transfer {
    name: String,
    amount: i64,
    /// The account that it takes from, and the one that it gives to, each with the state that the client has seen.
    sides: [(usize, State); 2],
    /// The status; `None` if there was no answer.
    status: Option<u16>,
}

/// How often a client sends a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Once.
    Once,
    /// One to three times under one key, and it leaves before some of the answers.
    Repeatedly,
}

/// What a client has written down.
#[derive(Debug, Default)]
struct Notes {
    transfers: Vec<Transfer>,
    /// The states that it has seen.
    seen: BTreeSet<State>,
    lists: usize,
    /// The sums of lists that were not what they had to be.
    wrong_sums: Vec<i64>,
    /// How many answers were replayed.
    replayed: usize,
    /// What is wrong with answers to one transfer.
    wrong_answers: Vec<String>,
}

/// Transfers that go on.
pub struct Transfers {
    servers: Vec<SocketAddr>,
    accounts: usize,
    over: Arc<AtomicBool>,
    clients: JoinSet<Notes>,
}

/// What has come of them.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many transfers were sent, by status; 0 is no answer.
    pub statuses: BTreeMap<u16, usize>,
    /// How many lists of all accounts were read meanwhile.
    pub lists: usize,
    /// How many transfers were made, among them some without an answer.
    pub made: usize,
    /// How many answers were replayed.
    pub replayed: usize,
    /// What is wrong.
    pub faults: Vec<String>,
}

impl Outcome {
    /// How many transfers got this status.
    pub fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "transfers by status: {:?}; made: {}; answers replayed: {}; lists read: {}; faults: {}",
            self.statuses,
            self.made,
            self.replayed,
            self.lists,
            self.faults.len()
        )?;
        self.faults.iter().take(10).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Transfers {
    /// Makes the accounts and lets the clients loose.
    ///
    /// # Errors
    /// If the accounts can't be made.
    pub async fn begin(
        servers: &[SocketAddr],
        clients: usize,
        accounts: usize,
        sending: Sending,
    ) -> Result<Self, String> {
        let operations: Value = (0..accounts)
            .map(|account| {
                json!({ "op": "add", "data": { "type": "accounts", "id": id(account),
                        "attributes": { "balance": BALANCE, "transfer": "" } } })
            })
            .collect();
        let made = send(&mut Client::new(servers), &operations).await;
        match made {
            Ok(answer) if answer.status == 200 => {}
            other => return Err(format!("the accounts could not be made: {other:?}")),
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for number in 0..clients {
            let over = Arc::clone(&over);
            let mut client = TransferClient::new(number, servers, accounts, sending);
            running.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    client.act().await;
                }
                client.notes
            });
        }
        Ok(Self { servers: servers.to_vec(), accounts, over, clients: running })
    }

    /// Ends them and judges.
    ///
    /// # Errors
    /// If the accounts can't be read at the end.
    pub async fn end(mut self) -> Result<Outcome, String> {
        self.over.store(true, Ordering::Relaxed);
        let mut notes = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            notes.push(client.map_err(|error| format!("a client: {error}"))?);
        }
        let list = read_all(&mut Client::new(&self.servers)).await;
        let last = list.ok_or("the accounts can't be read at the end")?;
        Ok(judge(self.accounts, &notes, &last))
    }
}

fn id(account: usize) -> String {
    format!("a{account}")
}

async fn send(client: &mut Client, operations: &Value) -> Result<Answer, NoAnswer> {
    let fields = [(CONTENT_TYPE, ATOMIC.to_owned())];
    let document = json!({ "atomic:operations": operations });
    client.send(Method::POST, "/operations", &fields, Some(&document)).await
}

/// An account as a client has seen it.
#[derive(Clone, Debug)]
struct SeenAccount {
    balance: i64,
    state: State,
    tag: Option<String>,
}

fn account_of(data: &Value) -> Option<SeenAccount> {
    let attributes = data.get("attributes")?;
    Some(SeenAccount {
        balance: attributes.get("balance")?.as_i64()?,
        state: attributes.get("transfer")?.as_str()?.to_owned(),
        tag: data.pointer("/meta/etag").and_then(Value::as_str).map(str::to_owned),
    })
}

/// All accounts, by one read of the list.
async fn read_all(client: &mut Client) -> Option<Vec<SeenAccount>> {
    let answer = client.send(Method::GET, "/accounts?page[size]=100&sort=id", &[], None).await.ok()?;
    if answer.status != 200 {
        return None;
    }
    answer.json().get("data")?.as_array()?.iter().map(account_of).collect()
}

struct TransferClient {
    number: usize,
    repeater: Repeater,
    sending: Sending,
    random: Rng,
    known: HashMap<usize, SeenAccount>,
    accounts: usize,
    sent: usize,
    notes: Notes,
}

impl TransferClient {
    fn new(number: usize, servers: &[SocketAddr], accounts: usize, sending: Sending) -> Self {
        Self {
            number,
            repeater: Repeater::new(servers),
            sending,
            random: Rng::new(),
            known: HashMap::new(),
            accounts,
            sent: 0,
            notes: Notes::default(),
        }
    }

    async fn act(&mut self) {
        if self.random.u8(..8) == 0 {
            return self.read_list().await;
        }
        let from = self.random.usize(..self.accounts);
        let to = (from + self.random.usize(1..self.accounts)) % self.accounts;
        let (Some(payer), Some(payee)) = (self.account(from).await, self.account(to).await) else {
            return sleep(Duration::from_millis(10)).await;
        };
        self.transfer((from, payer), (to, payee)).await;
    }

    async fn read_list(&mut self) {
        let Some(accounts) = read_all(self.repeater.client()).await else { return };
        self.notes.lists += 1;
        let sum: i64 = accounts.iter().map(|account| account.balance).sum();
        if i64::try_from(self.accounts).ok().map(|count| count * BALANCE) != Some(sum) {
            self.notes.wrong_sums.push(sum);
        }
        self.notes.seen.extend(accounts.into_iter().map(|account| account.state));
    }

    /// An account, as the client knows it or reads it now.
    async fn account(&mut self, account: usize) -> Option<SeenAccount> {
        // What it knows may be stale, which the server must find out.
        if let Some(known) = self.known.get(&account).filter(|_| self.random.u8(..4) > 0) {
            return Some(known.clone());
        }
        let target = format!("/accounts/{}", id(account));
        let answer = self.repeater.client().send(Method::GET, &target, &[], None).await;
        let answer = answer.ok().filter(|answer| answer.status == 200)?;
        let mut seen = account_of(answer.json().get("data")?)?;
        seen.tag = answer.tag;
        self.notes.seen.insert(seen.state.clone());
        self.known.insert(account, seen.clone());
        Some(seen)
    }

    async fn transfer(&mut self, (from, payer): (usize, SeenAccount), (to, payee): (usize, SeenAccount)) {
        self.sent += 1;
        let (name, amount) = (format!("t{}.{}", self.number, self.sent), self.random.i64(1..20));
        let update = |account: usize, seen: &SeenAccount, balance: i64| {
            json!({ "op": "update", "meta": { "ifMatch": seen.tag }, "data": {
                "type": "accounts", "id": id(account), "attributes": { "balance": balance, "transfer": name } } })
        };
        let mut operations =
            vec![update(from, &payer, payer.balance - amount), update(to, &payee, payee.balance + amount)];
        if self.random.bool() {
            operations.reverse();
        }
        let body = json!({ "atomic:operations": operations });
        let request = Keyed::new(&name, Method::POST, "/operations", Some(body)).with(CONTENT_TYPE, ATOMIC);
        let attempts = match self.sending {
            Sending::Once => request.without_key().send(self.repeater.client()).await.into_iter().collect(),
            Sending::Repeatedly => {
                let wants = if self.random.u8(..4) == 0 { Wants::Nothing } else { Wants::Answer };
                let attempts = self.repeater.send(&request, wants).await;
                let faults = keyed::faults(&attempts, &[412]);
                self.notes.wrong_answers.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
                attempts
            }
        };
        self.notes.replayed += attempts.iter().filter(|attempt| attempt.is_replayed()).count();
        let status = match fate(&attempts) {
            Fate::Acknowledged => Some(200),
            Fate::Refused(status) => Some(status),
            Fate::Unknown => None,
            Fate::NotSent => return sleep(Duration::from_millis(10)).await,
        };
        if let Some(answer) = success(&attempts) {
            for result in answer.json()["atomic:results"].as_array().into_iter().flatten() {
                let account = [from, to].into_iter().find(|account| result["data"]["id"] == id(*account));
                if let (Some(account), Some(seen)) = (account, account_of(&result["data"])) {
                    self.known.insert(account, seen);
                }
            }
        } else {
            self.known.remove(&from);
            self.known.remove(&to);
        }
        let sides = [(from, payer.state), (to, payee.state)];
        self.notes.transfers.push(Transfer { name, amount, sides, status });
    }
}

/// Decides from the record whether all of it is possible.
fn judge(accounts: usize, notes: &[Notes], last: &[SeenAccount]) -> Outcome {
    let mut outcome = Outcome { lists: notes.iter().map(|notes| notes.lists).sum(), ..Outcome::default() };
    let faults = &mut outcome.faults;
    let wrong_sums = notes.iter().flat_map(|notes| &notes.wrong_sums);
    faults.extend(wrong_sums.map(|sum| format!("a list with the sum {sum}: half of a transfer")));
    faults.extend(notes.iter().flat_map(|notes| notes.wrong_answers.clone()));
    outcome.replayed = notes.iter().map(|notes| notes.replayed).sum();
    if last.len() != accounts
        || last.iter().map(|account| account.balance).sum::<i64>() != BALANCE * accounts as i64
    {
        faults.push(format!("at the end: {last:?}"));
    }

    let transfers: HashMap<&str, &Transfer> = notes
        .iter()
        .flat_map(|notes| &notes.transfers)
        .map(|transfer| (transfer.name.as_str(), transfer))
        .collect();
    for transfer in transfers.values() {
        *outcome.statuses.entry(transfer.status.unwrap_or(0)).or_default() += 1;
    }
    // Made is what was acknowledged, and what somebody has seen or gone on from.
    let mut made: BTreeSet<&str> = BTreeSet::new();
    let seen = notes.iter().flat_map(|notes| &notes.seen).chain(last.iter().map(|account| &account.state));
    let mut looked_at: Vec<&str> = seen.map(String::as_str).collect();
    looked_at.extend(transfers.values().filter(|it| it.status == Some(200)).map(|it| it.name.as_str()));
    while let Some(name) = looked_at.pop() {
        if name.is_empty() || !made.insert(name) {
            continue;
        }
        match transfers.get(name) {
            Some(transfer) => looked_at.extend(transfer.sides.iter().map(|(_, state)| state.as_str())),
            None => faults.push(format!("{name} was seen, and nobody has sent it")),
        }
    }
    for name in &made {
        if let Some(transfer) = transfers.get(name)
            && !matches!(transfer.status, Some(200) | None)
        {
            faults.push(format!("{name} was refused ({:?}), but made", transfer.status));
        }
    }
    outcome.made = made.len();

    for (account, last) in last.iter().enumerate() {
        // From which state each transfer has gone on.
        let mut after: HashMap<&str, Vec<&Transfer>> = HashMap::new();
        for transfer in made.iter().filter_map(|name| transfers.get(name)) {
            for (_, state) in transfer.sides.iter().filter(|(side, _)| *side == account) {
                after.entry(state).or_default().push(transfer);
            }
        }
        let all: usize = after.values().map(Vec::len).sum();
        for (state, others) in after.iter().filter(|(_, others)| others.len() > 1) {
            let names: Vec<&str> = others.iter().map(|it| it.name.as_str()).collect();
            faults.push(format!("{}: {names:?} have all begun at {state:?}: an update is lost", id(account)));
        }
        let (mut state, mut balance, mut steps) = ("", BALANCE, 0);
        while let Some(next) = after.get(state).and_then(|next| next.first()).filter(|_| steps <= all) {
            let takes = next.sides.first().is_some_and(|(side, _)| *side == account);
            balance += if takes { -next.amount } else { next.amount };
            state = &next.name;
            steps += 1;
        }
        if (state, balance, steps) != (last.state.as_str(), last.balance, all) {
            faults.push(format!(
                "{}: {steps} of {all} transfers lead to {state:?} with {balance}, but it is {:?} with {}",
                id(account),
                last.state,
                last.balance
            ));
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(name: &str, status: Option<u16>, sides: [(usize, &str); 2]) -> Transfer {
        let sides = sides.map(|(account, state)| (account, state.to_owned()));
        Transfer { name: name.into(), amount: 5, sides, status }
    }

    fn account(balance: i64, state: &str) -> SeenAccount {
        SeenAccount { balance, state: state.into(), tag: None }
    }

    fn faults(transfers: Vec<Transfer>, last: [SeenAccount; 3]) -> usize {
        judge(3, &[Notes { transfers, ..Notes::default() }], &last).faults.len()
    }

    #[test]
    fn what_is_possible_has_no_fault() {
        let chain = || {
            vec![
                transfer("a", Some(200), [(0, ""), (1, "")]),
                transfer("b", Some(412), [(0, ""), (2, "")]),
                transfer("c", None, [(1, "a"), (2, "")]),
            ]
        };
        assert_eq!(faults(chain(), [account(995, "a"), account(1000, "c"), account(1005, "c")]), 0);
        // The one without an answer was perhaps not made.
        assert_eq!(faults(chain(), [account(995, "a"), account(1005, "a"), account(1000, "")]), 0);
    }

    #[test]
    fn what_is_not_possible_is_found() {
        let two = |status| {
            vec![transfer("a", Some(200), [(0, ""), (1, "")]), transfer("b", status, [(0, ""), (2, "")])]
        };
        // Lost: both have begun at one state.
        assert!(faults(two(Some(200)), [account(995, "b"), account(1005, "a"), account(1005, "b")]) > 0);
        // Refused, but made.
        assert!(faults(two(Some(412)), [account(995, "b"), account(1000, ""), account(1005, "b")]) > 0);
        // Acknowledged, but not there.
        assert!(faults(two(Some(412)), [account(1000, ""), account(1000, ""), account(1000, "")]) > 0);
        // Half made.
        let one = vec![transfer("a", None, [(0, ""), (1, "")])];
        assert!(faults(one, [account(995, "a"), account(1000, ""), account(1000, "")]) > 0);
        let notes = Notes { wrong_sums: vec![2_995], ..Notes::default() };
        let last = [account(1000, ""), account(1000, ""), account(1000, "")];
        assert_eq!(judge(3, &[notes], &last).faults.len(), 1);
    }
}
