//! README.md and the guide tell the truth: their transcripts are what curl shows, each `Rocket.toml` is one that is
//! read, and each link leads somewhere.
//!
//! How transcripts are written and run: `support/transcript.rs`.

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use etag_fairing::{
    config::{DatabaseConfig, EtagConfig, JsonApiConfig},
    document::error::ErrorObject,
};
use rocket::{
    figment::{
        Figment,
        providers::{Format, Toml},
    },
    http::Status,
};
use support::transcript::{blocks, curl_is_there, is_as_shown, run_transcripts};
use support::{Launch, skip};

const README: &str = include_str!("../README.md");

/// The contents of the blocks that are TOML, but for those of `Cargo.toml`.
fn configurations(page: &str) -> Vec<String> {
    let blocks = blocks(page).into_iter().filter(|(language, _)| *language == "toml");
    blocks.map(|(_, content)| content).filter(|content| !content.starts_with("# Cargo.toml\n")).collect()
}

/// The top of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages of the guide, each with its file's name.
fn guide() -> Vec<(String, String)> {
    let mut pages: Vec<_> = fs::read_dir(workspace().join("etag-fairing/docs/guide"))
        .expect("the guide")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a page"))
        })
        // The table of contents of the site that mdBook makes: no page.
        .filter(|(name, _)| name != "SUMMARY.md")
        .collect();
    pages.sort();
    pages
}

#[test]
fn the_guides_transcripts_are_what_curl_shows() {
    if curl_is_there() {
        let counts = guide().iter().map(|(name, page)| run_transcripts(name, page)).collect::<Vec<_>>();
        assert!(counts.iter().sum::<usize>() >= 37, "the guide shows {counts:?} commands");
    }
}

/// Where the links of a Markdown file lead: those within lines, and those of definitions.
fn links(page: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut in_block = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            links.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
            let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
            links.extend(definition.map(|(_, target)| target));
        }
    }
    links
}

/// The names of a file's headings in links to it, as GitHub and mdBook make them.
fn anchors(page: &str) -> Vec<String> {
    let mut in_block = false;
    let headings = page.lines().filter(|line| {
        in_block ^= line.starts_with("```");
        !in_block && line.starts_with('#')
    });
    let name = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(name).collect()
}

/// All Markdown files that are tracked.
fn markdown_files() -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "*.md"]).current_dir(workspace()).output();
    let names = String::from_utf8(output.expect("run git").stdout).expect("UTF-8");
    names.lines().map(PathBuf::from).collect()
}

#[test]
fn every_link_within_the_repository_leads_to_a_file_and_a_heading() {
    let files = markdown_files();
    if files.is_empty() {
        return skip("this is no git repository");
    }
    let mut count = 0;
    for file in files {
        let page = fs::read_to_string(workspace().join(&file)).expect("a file");
        let folder = file.parent().expect("a folder");
        for link in links(&page) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { file.clone() } else { folder.join(target) };
            let path = workspace().join(&target);
            assert!(path.exists(), "{}: {link} leads nowhere", file.display());
            if !anchor.is_empty() {
                let anchors = anchors(&fs::read_to_string(path).expect("a file"));
                assert!(anchors.iter().any(|name| name == anchor), "{}: {link}: {anchors:?}", file.display());
            }
        }
    }
    assert!(count >= 140, "{count} links were found");
}

/// The pages that a list of links names, each with its text.
fn listed(summary: &str) -> Vec<(&str, &str)> {
    let lines = summary.lines().map(|line| line.trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix('[')?.strip_suffix(')')?.split_once("](")).collect()
}

/// The site and docs.rs have the same pages, in the same order, under their headings; and the index by need leads to
/// each of them.
#[test]
fn every_page_of_the_guide_is_listed() {
    let folder = workspace().join("etag-fairing");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let (summary, modules, needs) = (read("docs/guide/SUMMARY.md"), read("src/guide.rs"), page("needs.md"));
    let contents = listed(&summary);
    let mut names: Vec<_> = contents.iter().map(|(_, file)| (*file).to_owned()).collect();
    names.sort();
    assert_eq!(names, guide().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), "SUMMARY.md");

    let list: String = modules
        .lines()
        .filter_map(|line| line.strip_prefix("//! - "))
        .fold(String::new(), |list, line| list + "- " + line + "\n");
    let of_rustdoc = listed(&list);
    assert_eq!(contents.len(), of_rustdoc.len() + 1, "guide.rs's list, and the index by need before it");
    for ((title, file), (text, module)) in contents.iter().skip(1).zip(of_rustdoc) {
        let name = file.trim_end_matches(".md").replace('-', "_");
        assert_eq!((text, module), (*title, name.as_str()), "guide.rs has another order than SUMMARY.md");
        for line in [format!("page!({name}, \"{file}\");"), format!("\"[{title}]: crate::guide::{name}\"")] {
            assert!(modules.contains(&line), "guide.rs lacks {line}");
        }
        assert!(needs.contains(&format!("[{title}]: {file}")), "needs.md does not lead to {file}");
    }
    for (title, file) in contents {
        assert!(page(file).starts_with(&format!("# {title}\n")), "{file} has another heading than {title}");
    }
}

/// Rustdoc shows the pages as modules: a link within a line would lead to a file that is not there.
#[test]
fn pages_of_the_guide_link_by_definitions() {
    for (name, page) in guide() {
        assert!(!page.contains("]("), "{name}: a link within a line leads nowhere in rustdoc");
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            assert!(!link.contains('/'), "{name}: {link} is no page");
        }
    }
}

const BLOB: &str = "https://github.com/etag-fairing/etag-fairing/blob/main/";
const RAW: &str = "https://raw.githubusercontent.com/etag-fairing/etag-fairing/main/";

/// The text with links that lead to the same places from anywhere.
fn with_absolute_links(page: &str) -> String {
    let mut pieces = page.split("](");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_picture = text.rsplit_once('[').is_some_and(|(before, _)| before.ends_with('!'));
        let target = piece.split(')').next().unwrap_or_default();
        let base = match (target.contains("://"), is_picture) {
            (true, _) => "",
            (false, true) => RAW,
            (false, false) => BLOB,
        };
        text += &format!("]({base}{piece}");
    }
    text
}

/// The crate is packed with README.md as it is shown elsewhere, where no file lies beside it.
#[test]
fn the_crates_readme_is_this_one_with_absolute_links() {
    let file = workspace().join("etag-fairing/README.md");
    let expected = with_absolute_links(README);
    if env::var_os("UPDATE_README").is_some() {
        fs::write(&file, &expected).expect("write the crate's README.md");
    }
    let found = fs::read_to_string(file).expect("the crate's README.md");
    assert!(
        found == expected,
        "README.md has changed; renew the crate's: UPDATE_README=1 cargo test --workspace --test readme crates_readme"
    );
    assert!(links(&found).iter().all(|link| link.contains("://")), "{:?}", links(&found));
}

fn page(name: &str) -> String {
    guide().into_iter().find(|(other, _)| other == name).expect("a page").1
}

#[test]
fn the_errors_page_has_every_code_with_its_status() {
    let page = page("errors.md");
    let rows: Vec<Vec<&str>> =
        page.lines().filter_map(|line| Some(line.strip_prefix("| ")?.split(" | ").collect())).collect();
    let has = |code: &str, status: u16| {
        let (code, status) = (format!("`{code}`"), status.to_string());
        rows.iter().any(|row| row[0].split(", ").any(|name| name == code) && row[1] == status)
    };
    // The catalogue's own lines: `name(detail) = Status, "Title";`.
    let catalogue = include_str!("../etag-fairing/src/error/catalogue.rs");
    let lines = catalogue.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(" = "));
    let names = lines.filter(|(name, text)| name.starts_with(char::is_lowercase) && text.ends_with("\";"));
    let mut count = 0;
    for (name, text) in names {
        let status = text.split(',').next().expect("a status");
        let status = (400..600)
            .map(Status::new)
            .find(|known| known.reason_lossy().replace(' ', "") == status)
            .unwrap_or_else(|| panic!("{name} has the status {status}"));
        let name = name.trim_end_matches("(detail)");
        assert!(has(name, status.code), "{name} {status}");
        count += 1;
    }
    assert!(count >= 25, "the catalogue has {count} lines");
    for code in [404, 405, 406, 412, 415, 428] {
        let error = ErrorObject::for_status(Status::new(code));
        assert!(has(error.code(), code), "{} {code}", error.code());
    }
}

/// The block is compiled in the contract's own README: the packed library does not know that crate.
#[test]
fn the_page_on_stores_applies_the_contract_as_its_readme_does() {
    let readme = include_str!("../etag-fairing-contract/README.md");
    let page = page("own-store.md");
    let shown = blocks(&page).into_iter().find(|(_, block)| block.contains("etag_fairing_contract::tests!"));
    let (_, shown) = shown.expect("a block with the contract");
    assert!(blocks(readme).iter().any(|(language, block)| *language == "rust" && *block == shown), "{shown}");
}

#[test]
fn the_filtering_page_has_every_operator() {
    let page = page("filtering.md");
    let server = Launch::new().start();
    let mut connection = server.connect();
    // The server's own words: it names the operators that fit where one does not.
    for member in ["title", "favourites", "track", "speakers", "id"] {
        let answer = connection.get(&format!("/v1/sessions?filter%5B{member}%5D%5Bnope%5D=1"), &[]);
        let body = String::from_utf8(answer.body).expect("UTF-8");
        let offered = body.split_once("nope\\\": ").and_then(|(_, rest)| rest.split_once('"'));
        let offered: Vec<_> = offered.unwrap_or_else(|| panic!("{body}")).0.split(", ").collect();
        assert!(offered.len() >= 5, "{member}: {offered:?}");
        for operator in offered {
            assert!(page.contains(&format!("`{operator}`")), "{operator} of {member}");
        }
    }
}

#[test]
fn the_first_configuration_and_the_one_of_every_key_say_the_defaults() {
    let first = configurations(README);
    assert_eq!(first.len(), 1, "one Rocket.toml, to begin with");
    for block in first.into_iter().chain([every_key()]) {
        let figment = Figment::from(Toml::string(&block).nested()).select("debug");
        let etag = EtagConfig::from_figment(&figment).expect("ETAG");
        let jsonapi = JsonApiConfig::from_figment(&figment).expect("jsonapi");
        let database = DatabaseConfig::from_figment(&figment, "api").expect("databases.api");

        // The first says nothing but the switch and the URL; the second says every default.
        let mut default = EtagConfig::default();
        default.enabled = true;
        assert_eq!(etag, default, "{block}");
        let mut default = JsonApiConfig::default();
        // As long as a body, whether that is said or not.
        assert_eq!(jsonapi.max_length.unwrap_or(default.max_body), default.max_body, "{block}");
        default.max_length = jsonapi.max_length;
        // By the machine's cores.
        default.max_requests = jsonapi.max_requests;
        assert_eq!(jsonapi, default, "{block}");
        assert_eq!(database, DatabaseConfig::new("sqlite:open-event.db"), "{block}");
    }
}

/// The guide's table of every key.
fn every_key() -> String {
    let all = |block: &String| block.contains("[default.etag]") && block.contains("[default.jsonapi]");
    configurations(&page("configuration.md")).into_iter().find(all).expect("a block of every key")
}

#[test]
fn the_table_of_every_key_has_every_key() {
    has_every_key(&every_key());
}

fn has_every_key(block: &str) {
    let table: rocket::figment::value::Dict =
        Figment::from(Toml::string(block)).focus("default").extract().expect("a table");
    let keys = |name: &str| -> Vec<String> {
        Figment::from(Toml::string(block))
            .find_value(&format!("default.{name}"))
            .ok()
            .and_then(|value| value.into_dict())
            .map(|dict| dict.into_keys().collect())
            .unwrap_or_default()
    };
    // `Debug` of a configuration names its fields, which are called as their keys are.
    for (section, config) in [
        ("etag", format!("{:#?}", EtagConfig::default())),
        ("jsonapi", format!("{:#?}", JsonApiConfig::default())),
        ("databases.api", format!("{:#?}", DatabaseConfig::new(""))),
    ] {
        assert!(table.contains_key(section.split('.').next().unwrap_or(section)), "{section}");
        let documented = keys(section);
        let fields = config.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
        for (field, _) in fields.filter(|(field, _)| !field.starts_with([' ', '}', ')'])) {
            let commented = block.contains(&format!("# {field} = "));
            assert!(commented || documented.iter().any(|key| key == field), "{section}.{field}");
        }
    }
}

#[test]
fn what_differs_from_the_transcript_is_noticed() {
    let printed = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nETag: \"1\"\r\n\r\na\nb\nc";
    let as_shown = |shown: &str| is_as_shown(printed, shown);
    assert!(as_shown("HTTP/1.1 200 OK\netag: \"1\"\ncontent-type: text/…\n\na\nb\nc\n"));
    assert!(as_shown("HTTP/1.1 200 OK\netag: \"1\"\n…\n\na\n…\n"));
    assert!(!as_shown("HTTP/1.1 304 Not Modified\n…\n\n…"), "another status");
    assert!(!as_shown("HTTP/1.1 200 OK\netag: \"1\"\n\na\nb\nc"), "a field is missing");
    assert!(!as_shown("HTTP/1.1 200 OK\netag: \"2\"\n…\n\na\nb\nc"), "another value");
    assert!(!as_shown("HTTP/1.1 200 OK\nx: 1\n…\n\na\nb\nc"), "a field that did not come");
    assert!(!as_shown("HTTP/1.1 200 OK\n…\n\na\nc"), "a line of the body is missing");
    assert!(!as_shown("HTTP/1.1 200 OK\n…"), "a body that is not shown");
}

/// The cells of the first row of a table that begins so.
fn row<'a>(page: &'a str, begin: &str) -> Vec<&'a str> {
    let line = page.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no row {begin}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// Its two figures are those of the pages that say how they were measured.
#[test]
fn the_readmes_figures_are_those_that_were_measured() {
    let text = README.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |figure: String| assert!(text.contains(&figure), "README.md does not say: {figure}");

    let performance =
        fs::read_to_string(workspace().join("docs/performance/side-by-side.md")).expect("a page");
    let works = row(&performance, "| server | B0 | B1 |");
    let cpu = |server: &str, work: &str| {
        let column = works.iter().position(|cell| *cell == work).expect("a work");
        let cell = row(&performance, &format!("| {server} | "))[column];
        let microseconds: f64 = cell.split(" / ").next().unwrap_or_default().parse().expect("a number");
        microseconds.round()
    };
    has(format!("takes {} µs of CPU when it is made", cpu("newsroom-nomemo", "R2")));
    has(format!("takes **{} µs**", cpu("newsroom", "R5")));

    let storms = page("lost-updates.md");
    let inside = row(&storms, "| inside the write's transaction");
    has(format!("Of {} acknowledged writes, {} were lost", inside[2], inside[4]));
    let after = row(&storms, "| on the response, after the write");
    has(format!("lost {} (", after[4]).replace(" (", " ([how]"));
}

/// Each feature stands in the crate's documentation, which says what it is for.
#[test]
fn every_feature_is_in_the_crates_table() {
    let manifest = include_str!("../etag-fairing/Cargo.toml");
    let documentation = include_str!("../etag-fairing/src/lib.rs");
    let features = manifest.split("[features]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let names =
        features.expect("features").lines().filter_map(|line| line.split_once(" = [")).map(|(name, _)| name);
    let mut count = 0;
    for name in names.filter(|name| *name != "default" && !name.starts_with(['#', ' '])) {
        assert!(documentation.contains(&format!("\n//! | `{name}`")), "lib.rs's table lacks {name}");
        count += 1;
    }
    assert!(count >= 4, "{count} features");
}

/// CHANGELOG.md is in the form that it says (keepachangelog.com), and knows the version that is packed.
#[test]
fn the_changelog_is_in_its_form() {
    let changelog = include_str!("../CHANGELOG.md");
    let sections: Vec<_> = changelog.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(sections.first(), Some(&"[Unreleased]"));
    let version = env!("CARGO_PKG_VERSION");
    for section in &sections {
        let name = section.split(']').next().unwrap_or_default().trim_start_matches('[');
        assert!(changelog.contains(&format!("\n[{name}]: https://")), "{name} has no link");
        let date =
            section.split_once("] - ").map(|(_, date)| date.split('-').map(str::len).collect::<Vec<_>>());
        assert!(*section == "[Unreleased]" || date == Some(vec![4, 2, 2]), "{section} has no date");
    }
    assert!(
        sections.iter().any(|section| section.starts_with(&format!("[{version}]"))),
        "{version} is missing"
    );
    for heading in changelog.lines().filter_map(|line| line.strip_prefix("### ")) {
        let kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
        assert!(kinds.contains(&heading), "{heading}");
    }
}
