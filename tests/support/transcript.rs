//! Transcripts in Markdown files: what curl shows of the running example.
//!
//! A ```` ```console ```` block is a transcript: a line `$ curl …`, and below it what curl printed. All those of a
//! page run in order against one server on a new database; behind a block that begins with `# Rocket.toml` they run
//! against another one, started with it. `…` in a line stands for any text; a line `…` among the header
//! fields says that there are others, and in a body stands for any lines. Header fields may come in any order.

use std::process::Command;

use super::{Launch, Server, skip};

const ADDRESS: &str = "127.0.0.1:8000";

/// The languages and contents of all blocks of a page.
pub fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let content = lines.by_ref().take_while(|line| *line != "```");
            blocks.push((language, content.map(|line| format!("{line}\n")).collect()));
        }
    }
    blocks
}

/// The commands of a transcript, each with what the reader is shown of its answer.
fn commands(transcript: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut continued = false;
    for line in transcript.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((format!("{command}\n"), String::new()));
            continued = command.ends_with('\\');
        } else if let Some((command, shown)) = commands.last_mut() {
            let of = if continued { &mut *command } else { shown };
            of.push_str(line);
            of.push('\n');
            continued = continued && line.ends_with('\\');
        } else {
            assert!(line.is_empty(), "a transcript begins with a command, not with {line:?}");
        }
    }
    commands
}

/// Whether `line` is `pattern`, where `…` stands for any text.
fn line_is(line: &str, pattern: &str) -> bool {
    let Some((before, pattern)) = pattern.split_once('…') else { return line == pattern };
    let Some(mut rest) = line.strip_prefix(before) else { return false };
    // Between two `…` the first place that fits is as good as any other; the last piece must end the line.
    let mut pieces: Vec<_> = pattern.split('…').collect();
    let last = pieces.pop().unwrap_or("");
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether `lines` are `patterns`, where a line `…` stands for any lines.
fn lines_are(lines: &[&str], patterns: &[&str]) -> bool {
    match (lines, patterns) {
        ([], []) => true,
        (_, ["…", after @ ..]) => (0..=lines.len()).any(|at| lines_are(&lines[at..], after)),
        ([line, lines @ ..], [pattern, patterns @ ..]) => {
            line_is(line, pattern) && lines_are(lines, patterns)
        }
        _ => false,
    }
}

/// Whether the fields of a response are those shown, in any order; a line `…` allows others.
fn fields_are(fields: &[&str], shown: &[&str]) -> bool {
    let field_is = |field: &str, pattern: &str| match (field.split_once(':'), pattern.split_once(':')) {
        (Some((name, value)), Some((shown, pattern))) => {
            name.eq_ignore_ascii_case(shown) && line_is(value.trim(), pattern.trim())
        }
        _ => false,
    };
    let others = shown.contains(&"…");
    let shown: Vec<_> = shown.iter().filter(|line| **line != "…").collect();
    shown.iter().all(|pattern| fields.iter().any(|field| field_is(field, pattern)))
        && (others || fields.iter().all(|field| shown.iter().any(|pattern| field_is(field, pattern))))
}

/// Whether what curl printed is what the README shows.
pub fn is_as_shown(printed: &str, shown: &str) -> bool {
    let (printed, shown) = (printed.replace('\r', ""), shown.trim_end());
    let printed = printed.trim_end();
    if !printed.starts_with("HTTP/") {
        return lines_are(&printed.lines().collect::<Vec<_>>(), &shown.lines().collect::<Vec<_>>());
    }
    let (head, body) = printed.split_once("\n\n").unwrap_or((printed, ""));
    let (shown_head, shown_body) = shown.split_once("\n\n").unwrap_or((shown, ""));
    let (head, shown_head): (Vec<_>, Vec<_>) = (head.lines().collect(), shown_head.lines().collect());
    match (head.as_slice(), shown_head.as_slice()) {
        ([status, fields @ ..], [shown_status, shown_fields @ ..]) => {
            line_is(status, shown_status)
                && fields_are(fields, shown_fields)
                && lines_are(&body.lines().collect::<Vec<_>>(), &shown_body.lines().collect::<Vec<_>>())
        }
        _ => false,
    }
}

/// Runs the transcripts of a page; gives how many commands they have.
pub fn run_transcripts(name: &str, page: &str) -> usize {
    let mut launch = Launch::new();
    let mut server: Option<Server> = None;
    let mut count = 0;
    for (language, content) in blocks(page) {
        if language == "toml" && content.starts_with("# Rocket.toml\n") {
            launch = Launch::new().rocket_toml(&content);
            server = Some(launch.start());
        } else if language == "console" {
            let server = server.get_or_insert_with(|| launch.start());
            for (command, shown) in commands(&content) {
                run(name, server, &command, &shown);
                count += 1;
            }
        }
    }
    count
}

fn run(name: &str, server: &Server, command: &str, shown: &str) {
    assert!(command.starts_with("curl ") && command.contains(ADDRESS), "not a request: {command}");
    let output = Command::new("sh")
        .args(["-c", &command.replace(ADDRESS, &server.address().to_string())])
        // Nobody's own settings, no proxy: what a new user has.
        .env("CURL_HOME", server.folder())
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
        .output()
        .expect("run sh");
    // -s shows no progress, and a terminal shows none either where the answer goes to it.
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "$ {command}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        is_as_shown(&printed, shown),
        "{name} shows for\n$ {command}{shown}\nbut the server says\n{printed}"
    );
}

pub fn curl_is_there() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    if !there {
        skip("there is no curl");
    }
    there
}
