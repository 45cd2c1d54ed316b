//! The example's pages in headless Chromium: the two-editors story as a person clicks through it, in
//! `tests/browser/story.mjs`, and the others. Needs Node, Chromium and `npm ci` in `tests/browser`.
//!
//! `UPDATE_PICTURES=1 cargo test --workspace --test browser explorer` makes the README's picture anew.

mod support;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use support::{Launch, Server};

/// What the story needs, or what is missing.
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    folder: PathBuf,
}

impl Tools {
    fn find() -> Result<Self, String> {
        let node = on_path(&["node", "nodejs"]).ok_or("there is no Node")?;
        let chromium = on_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
            .ok_or("there is no Chromium")?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
        if !folder.join("node_modules/playwright-core/package.json").exists() {
            return Err("playwright-core is not installed: run npm ci in tests/browser".into());
        }
        Ok(Self { node, chromium, folder })
    }

    /// Runs a story against a server, and shows what it said if it fails.
    fn tell(&self, story: &str, launch: &Launch) {
        let server = launch.start();
        self.tell_of(story, &server, &server.origin(), &[]);
    }

    /// Runs a story against a server that the browser finds at this origin.
    fn tell_of(&self, story: &str, server: &Server, origin: &str, variables: &[(&str, String)]) {
        let output = Command::new(&self.node)
            .arg(story)
            .arg(origin)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .arg(&self.chromium)
            // A folder for pictures of the pages, for whoever works on them.
            .args(std::env::var_os("SCREENSHOTS"))
            .current_dir(&self.folder)
            .output()
            .expect("run node");
        assert!(
            output.status.success(),
            "{story}: {}\n{}{}\nThe server:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            server.output(),
        );
    }
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    })
}

#[test]
fn two_editors_one_412_and_a_merge() {
    match Tools::find() {
        Ok(tools) => tools.tell("story.mjs", &Launch::new()),
        Err(missing) => support::skip(&missing),
    }
}

#[test]
fn the_status_page_draws_what_happens() {
    match Tools::find() {
        Ok(tools) => tools.tell("status.mjs", &Launch::new()),
        Err(missing) => support::skip(&missing),
    }
}

#[test]
fn with_etags_off_the_page_says_that_the_last_save_wins() {
    match Tools::find() {
        Ok(tools) => tools.tell("off.mjs", &Launch::new().env("ROCKET_ETAG", "false")),
        Err(missing) => support::skip(&missing),
    }
}

#[test]
fn the_explorer_fills_in_tags_and_says_what_304_and_412_mean() {
    match Tools::find() {
        Ok(tools) => tools.tell("explorer.mjs", &Launch::new()),
        Err(missing) => support::skip(&missing),
    }
}

/// The proxy is part of the story: it is started where `base_url` says that it is.
#[test]
fn the_explorer_works_behind_a_proxy_that_adds_a_prefix() {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => return support::skip(&missing),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    let server = Launch::new()
        .env("ROCKET_JSONAPI", format!("{{base_url=\"{origin}/conference\"}}"))
        .env("ROCKET_ETAG", "{enabled=true,require_if_match=true}")
        .start();
    drop(listener);
    tools.tell_of("explorer.mjs", &server, &origin, &[("UPSTREAM", server.origin())]);
}
