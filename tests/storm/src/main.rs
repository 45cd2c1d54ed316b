//! The storm's program: `storm`, `transfers`, `repeats`, `at-once`, `rounds`, `crashes`, and `node`, the server that they start.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use etag_fairing_storm::cluster::Cluster;
use etag_fairing_storm::crashes::{Blow, crashes, strikes};
use etag_fairing_storm::database::Database;
use etag_fairing_storm::node::{self, NodeOptions, Way};
use etag_fairing_storm::record::Record;
use etag_fairing_storm::repeats::{Repeats, all_at_once};
use etag_fairing_storm::report::Report;
use etag_fairing_storm::rounds::{RACES, Rounds};
use etag_fairing_storm::storm::{Size, Storm};
use etag_fairing_storm::transfers::{Sending, Transfers};
use postgres_server::Binaries;
use tokio::time::sleep;

/// Many clients, several servers, crashes: is an update lost?
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Clients read and write the same few resources, and the record of it is judged.
    Storm(StormOptions),
    /// Clients move amounts between accounts, two at a time, by operations.
    Transfers(TransferOptions),
    /// Clients send each change one to three times under one key, and leave before some of the answers.
    Repeats(RepeatOptions),
    /// All clients send one and the same change under one key, at once: it is made once.
    AtOnce(Setting),
    /// Clients race for one tag, again and again: exactly one wins each time.
    Rounds(RoundsOptions),
    /// Servers are killed in the middle of a storm, again and again.
    Crashes(CrashesOptions),
    /// Judges a record that was kept with `--record`.
    Check {
        /// The file.
        record: PathBuf,
    },
    /// A server under test; the others start it.
    Node(NodeOptions),
}

/// What runs against what.
#[derive(Args)]
struct Setting {
    /// How many clients.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How many servers over the one database.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// The database.
    #[arg(long, value_enum, default_value_t)]
    database: Kind,
    /// How the servers decide preconditions.
    #[arg(long, value_enum, default_value_t)]
    way: Way,
    /// How many resources the clients of a storm fight for.
    #[arg(long, default_value_t = 8)]
    registers: usize,
    /// Cut the connection to PostgreSQL at one in so many commits, so that servers answer 504.
    #[arg(long, default_value_t = 0)]
    cut_commits: usize,
}

#[derive(Args)]
struct RoundsOptions {
    #[command(flatten)]
    setting: Setting,
    /// How many rounds of each race.
    #[arg(long, default_value_t = 1000)]
    rounds: usize,
}

#[derive(Args)]
struct CrashesOptions {
    #[command(flatten)]
    setting: Setting,
    /// What is done to whom.
    #[arg(long, value_enum, default_value_t)]
    blow: Blow,
    /// How often.
    #[arg(long, default_value_t = 50)]
    kills: usize,
    /// Keep the record in this file, one request a line.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[derive(Args)]
struct StormOptions {
    #[command(flatten)]
    setting: Setting,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Keep the record in this file, one request a line.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[derive(Args)]
struct TransferOptions {
    #[command(flatten)]
    setting: Setting,
    /// For how long, if nothing is killed.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many accounts there are; at least three.
    #[arg(long, default_value_t = 8)]
    accounts: usize,
    /// How often something is killed meanwhile.
    #[arg(long, default_value_t = 0)]
    kills: usize,
    /// Each transfer is sent one to three times under one key, and clients leave before some of the answers.
    #[arg(long)]
    repeated: bool,
}

#[derive(Args)]
struct RepeatOptions {
    #[command(flatten)]
    setting: Setting,
    /// For how long, if nothing is killed.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What is done to whom.
    #[arg(long, value_enum, default_value_t)]
    blow: Blow,
    /// How often.
    #[arg(long, default_value_t = 0)]
    kills: usize,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Kind {
    #[default]
    Sqlite,
    Postgres,
}

fn main() -> ExitCode {
    let outcome = match Options::parse().command {
        Command::Storm(options) => run(storm(options)),
        Command::Transfers(options) => run(transfers(options)),
        Command::Repeats(options) => run(repeats(options)),
        Command::AtOnce(setting) => run(at_once(setting)),
        Command::Rounds(options) => run(rounds(options)),
        Command::Crashes(options) => run(kills(options)),
        Command::Check { record } => check(&record),
        Command::Node(options) => return serve(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work)
}

fn serve(options: &NodeOptions) -> ExitCode {
    match node::build(options).map(|rocket| rocket::execute(rocket.launch())) {
        Ok(Ok(_)) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{}", error.kind());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Setting {
    async fn start(&self) -> Result<Cluster, String> {
        let database = match self.database {
            Kind::Sqlite => Database::sqlite()?,
            Kind::Postgres => {
                let binaries = Binaries::find().ok_or("no PostgreSQL server is installed")?;
                match self.cut_commits {
                    0 => Database::postgres(&binaries)?,
                    one_in => Database::postgres_that_cuts(&binaries, one_in)?,
                }
            }
        };
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        Cluster::start(&program, database, self.way, self.nodes).await
    }

    fn size(&self) -> Size {
        let parameters = self.way.tags_have_views();
        Size { clients: self.clients, registers: self.registers, parameters }
    }

    /// What is said above the figures.
    fn title(&self, database: &Database) -> String {
        let way = self.way.to_possible_value();
        let way = way.as_ref().map_or("", |way| way.get_name());
        format!(
            "{} clients, {} server(s), {}, preconditions {way}",
            self.clients,
            self.nodes,
            database.name()
        )
    }
}

async fn storm(options: StormOptions) -> Result<bool, String> {
    let setting = &options.setting;
    let cluster = setting.start().await?;
    let storm = Storm::begin(&cluster.addresses(), setting.size()).await?;
    let records = storm.blow(Duration::from_secs(options.seconds)).await?;
    if let Some(file) = &options.record {
        keep(&records, file)?;
    }
    println!("storm of {} s: {}", options.seconds, setting.title(&cluster.database));
    let report = Report::of(&records);
    println!("{report}");
    Ok(report.is_clean())
}

async fn transfers(options: TransferOptions) -> Result<bool, String> {
    let setting = &options.setting;
    let mut cluster = setting.start().await?;
    let sending = if options.repeated { Sending::Repeatedly } else { Sending::Once };
    let transfers =
        Transfers::begin(&cluster.addresses(), setting.clients, options.accounts, sending).await?;
    if options.kills == 0 {
        sleep(Duration::from_secs(options.seconds)).await;
    }
    strikes(&mut cluster, Blow::KillNode, options.kills).await?;
    let outcome = transfers.end().await?;
    println!("transfers: {}, {} kills, {sending:?}", setting.title(&cluster.database), options.kills);
    println!("{outcome}");
    Ok(outcome.faults.is_empty())
}

async fn repeats(options: RepeatOptions) -> Result<bool, String> {
    let setting = &options.setting;
    let mut cluster = setting.start().await?;
    let repeats = Repeats::begin(&cluster.addresses(), setting.clients).await?;
    if options.kills == 0 {
        sleep(Duration::from_secs(options.seconds)).await;
    }
    strikes(&mut cluster, options.blow, options.kills).await?;
    let outcome = repeats.end().await?;
    println!("repeats: {}, {} kills", setting.title(&cluster.database), options.kills);
    println!("{outcome}");
    Ok(outcome.faults.is_empty())
}

async fn at_once(setting: Setting) -> Result<bool, String> {
    let cluster = setting.start().await?;
    let outcome = all_at_once(&cluster.addresses(), setting.clients).await?;
    println!("at once: {}", setting.title(&cluster.database));
    println!("{outcome}");
    Ok(outcome.faults.is_empty())
}

async fn rounds(options: RoundsOptions) -> Result<bool, String> {
    let setting = &options.setting;
    let cluster = setting.start().await?;
    println!("rounds: {}", setting.title(&cluster.database));
    let mut rounds = Rounds::new(&cluster.addresses(), setting.clients).await?;
    let mut is_clean = true;
    for race in RACES {
        let outcome = rounds.run(race, options.rounds).await?;
        println!("{outcome}");
        is_clean &= outcome.faults.is_empty();
    }
    Ok(is_clean)
}

async fn kills(options: CrashesOptions) -> Result<bool, String> {
    let setting = &options.setting;
    let mut cluster = setting.start().await?;
    let crashes = crashes(&mut cluster, setting.size(), options.blow, options.kills).await?;
    if let Some(file) = &options.record {
        keep(&crashes.records, file)?;
    }
    println!("crashes: {}", setting.title(&cluster.database));
    println!("{}: {crashes}", options.blow.to_possible_value().as_ref().map_or("", |blow| blow.get_name()));
    let report = Report::of(&crashes.records);
    println!("{report}");
    Ok(report.is_clean() && crashes.changed.is_empty() && crashes.bad_ends.is_empty())
}

fn keep(records: &[Record], file: &std::path::Path) -> Result<(), String> {
    let mut text = String::new();
    for record in records {
        text += &serde_json::to_string(record).map_err(|error| error.to_string())?;
        text.push('\n');
    }
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn check(file: &std::path::Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let records: Result<Vec<Record>, _> = text.lines().map(serde_json::from_str).collect();
    let report = Report::of(&records.map_err(|error| format!("{}: {error}", file.display()))?);
    println!("{report}");
    Ok(report.is_clean())
}
