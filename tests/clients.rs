//! Other people's JSON:API clients drive the example as their users would: create, read with include, filter, page,
//! change relationships, edit with `If-Match`, lose a race and recover, delete. The stories stand in `tests/clients`;
//! `.ci/clients` installs what they need.
//!
//! `docs/clients.md` shows parts of them. Clients that are made of the example's OpenAPI document stand in
//! `clients/generated.rs`.

#[path = "clients/generated.rs"]
mod generated;
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use support::{Launch, skip};

const PAGE: &str = include_str!("../docs/clients.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a story against a new server with an interpreter, and shows what it said if it fails. `needs` is what must
/// have been installed, a path below the root.
fn tell(story: &str, interpreter: &Path, needs: &str) {
    if !root().join(needs).exists() {
        return skip(&format!("{needs} is missing: run .ci/clients"));
    }
    let server = Launch::new().start();
    let output = Command::new(interpreter)
        .arg(story)
        .arg(server.origin())
        .current_dir(root().join("tests/clients"))
        // The server is on this machine, whatever proxy the others are behind.
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return skip(&format!("{} does not run: {error}", interpreter.display())),
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        // The last line: a script that ends early tells nothing.
        output.status.success() && printed.ends_with(": done\n"),
        "{story}: {}\n{printed}{}\nThe server:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        server.output(),
    );
}

#[test]
fn kitsu_drives_the_example() {
    tell("kitsu.mjs", Path::new("node"), "tests/clients/node_modules/kitsu/package.json");
}

#[test]
fn orbit_drives_the_example() {
    tell("orbit.mjs", Path::new("node"), "tests/clients/node_modules/@orbit/jsonapi/package.json");
}

/// Without any client: what must be known to write one.
#[test]
fn fetch_drives_the_example() {
    tell("fetch.mjs", Path::new("node"), "tests/clients/fetch.mjs");
}

/// Where `.ci/clients` puts Python.
const PYTHON: &str = "target/clients-venv/bin/python";

#[test]
fn jsonapi_client_drives_the_example() {
    tell("python_client.py", &root().join(PYTHON), "target/clients-venv/installed.txt");
}

/// The code blocks of a section of the page, with their languages.
fn blocks(heading: &str) -> Vec<(String, String)> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("a section for each client");
    let section = section.split("\n## ").next().unwrap_or(section);
    let mut blocks = Vec::new();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n"));
            blocks.push((language.to_owned(), block.collect()));
        }
    }
    blocks
}

#[test]
fn the_page_shows_what_is_run() {
    for (heading, story) in [
        ("etag-fairing-client", "clients/typescript/tests/recipes.test.ts"),
        ("openapi-fetch", "tests/clients/openapi-fetch/story.ts"),
        ("openapi-python-client", "tests/clients/generated_client.py"),
        ("kitsu", "tests/clients/kitsu.mjs"),
        ("Orbit", "tests/clients/orbit.mjs"),
        ("jsonapi-client", "tests/clients/python_client.py"),
        ("fetch", "tests/clients/fetch.mjs"),
    ] {
        let script = fs::read_to_string(root().join(story)).expect("a story");
        let mut blocks = blocks(heading);
        // Commands are no part of a story.
        blocks.retain(|(language, _)| language != "sh");
        assert!(blocks.len() >= 2, "{heading}: {} blocks", blocks.len());
        for (_, block) in blocks {
            // Whole lines: the block begins where a line begins.
            let shown = script.starts_with(&block) || script.contains(&format!("\n{block}"));
            assert!(shown, "docs/clients.md shows under {heading} what is not in {story}:\n{block}");
        }
    }
}

#[test]
fn the_page_names_the_versions_that_are_run() {
    let folder = root().join("tests/clients");
    let package = fs::read_to_string(folder.join("package.json")).expect("package.json");
    let package: serde_json::Value = serde_json::from_str(&package).expect("JSON");
    for client in ["kitsu", "@orbit/jsonapi", "@orbit/memory", "openapi-fetch", "openapi-typescript"] {
        let version = package["devDependencies"][client].as_str().expect("a version");
        assert!(PAGE.contains(&format!("{client} {version}")), "{client} {version}");
    }
    let requirements = fs::read_to_string(folder.join("requirements.txt")).expect("requirements.txt");
    for (package, name) in
        [("jsonapi_client", "jsonapi-client"), ("openapi-python-client", "openapi-python-client")]
    {
        let version = requirements.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix("=="));
        let version = version.expect("a version");
        assert!(PAGE.contains(&format!("{name} {version}")), "{name} {version}");
    }
}

#[test]
fn the_readme_shows_what_is_run() {
    let recipes =
        fs::read_to_string(root().join("clients/typescript/tests/recipes.test.ts")).expect("recipes");
    let readme = include_str!("../README.md");
    let (_, block) = readme.split_once("\n```ts\n").expect("a block of TypeScript");
    let (block, _) = block.split_once("```").expect("its end");
    assert!(recipes.contains(block), "README.md shows what is not in recipes.test.ts:\n{block}");
}
