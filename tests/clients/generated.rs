//! Clients with the types of the example's OpenAPI document: generated, compiled and run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::root;
use super::support::{Launch, skip};

/// Runs a program in a folder; shows what it printed if it fails.
fn run(folder: &Path, command: &mut Command) {
    let output = command
        .current_dir(folder)
        // The servers are on this machine, whatever proxy the others are behind.
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Writes the example's OpenAPI document, as the guide says, into a folder.
fn write_document(folder: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_open-event")).arg("openapi").current_dir(folder).output();
    let output = output.expect("run the example");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(folder.join("openapi.json"), output.stdout).expect("write the document");
}

/// `clients/typescript`: its own tests, over HTTP to the example too, and the package as it would be published.
#[test]
fn the_typescript_client_drives_the_example() {
    let package = root().join("clients/typescript");
    let modules = package.join("node_modules");
    if !modules.join("typescript/package.json").exists() {
        return skip("clients/typescript/node_modules is missing: run .ci/clients");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_document(folder.path());
    let document = folder.path().join("openapi.json");
    let generator = modules.join("openapi-typescript/bin/cli.js");
    run(&package, Command::new("node").arg(generator).arg(document).args(["--output", "tests/api.d.ts"]));
    // Tests that are no more may have left what was made of them.
    let build = package.join("build");
    if build.exists() {
        fs::remove_dir_all(&build).expect("an empty folder");
    }
    let tsc = modules.join("typescript/bin/tsc");
    run(&package, Command::new("node").arg(tsc).args(["--project", "tests"]));
    let files = fs::read_dir(&build).expect("compiled tests").map(|entry| entry.expect("a file").path());
    let tests: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().ends_with(".test.js")).collect();
    assert!(tests.len() >= 5, "{tests:?}");
    let usual = Launch::new().start();
    let strict = Launch::new().env("ROCKET_ETAG", "{require_if_match=true}").start();
    let origins = format!("{} {}", usual.origin(), strict.origin());
    run(&package, Command::new("node").arg("--test").args(tests).env("ORIGINS", origins));
}
