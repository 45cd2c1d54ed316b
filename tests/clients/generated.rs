//! Clients with the types of the example's OpenAPI document: generated, compiled and run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::support::{Launch, skip};
use super::{PYTHON, root};

/// Runs a program in a folder, and gives what it printed; shows it if it fails.
fn run(folder: &Path, command: &mut Command) -> String {
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
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a story, whose last line says that it has come to its end.
fn tell(folder: &Path, command: &mut Command) {
    let printed = run(folder, command);
    assert!(printed.ends_with(": done\n"), "{command:?}: {printed}");
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

/// What openapi-typescript makes of the document, used by openapi-fetch.
#[test]
fn openapi_fetch_drives_the_example() {
    let clients = root().join("tests/clients");
    let modules = clients.join("node_modules");
    if !modules.join("openapi-fetch/package.json").exists() {
        return skip("tests/clients/node_modules has no openapi-fetch: run .ci/clients");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_document(folder.path());
    let document = folder.path().join("openapi.json");
    let generator = modules.join("openapi-typescript/bin/cli.js");
    run(
        &clients,
        Command::new("node").arg(generator).arg(document).args(["--output", "openapi-fetch/api.d.ts"]),
    );
    let tsc = modules.join("typescript/bin/tsc");
    run(&clients, Command::new("node").arg(tsc).args(["--project", "openapi-fetch"]));
    let server = Launch::new().start();
    tell(&clients, Command::new("node").args(["openapi-fetch/build/story.js", &server.origin()]));
}

/// The client for Python that openapi-python-client makes of the document.
#[test]
fn openapi_python_client_drives_the_example() {
    let clients = root().join("tests/clients");
    let venv = root().join("target/clients-venv");
    let generator = venv.join("bin/openapi-python-client");
    if !generator.exists() {
        return skip("target/clients-venv has no openapi-python-client: run .ci/clients");
    }
    let python = root().join(PYTHON);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    write_document(folder);
    let simpler = clients.join("without_json_filters.py");
    run(folder, Command::new(&python).arg(simpler).args(["openapi.json", "simpler.json"]));
    let settings = clients.join("openapi-python-client.yml");
    let said = run(
        folder,
        Command::new(generator)
            .args(["generate", "--path", "simpler.json", "--output-path", "conference", "--meta", "none"])
            .arg("--config")
            .arg(settings),
    );
    // It leaves out what it doesn't understand, and says so.
    assert!(!said.contains("WARNING") && !said.contains("Unable"), "{said}");
    let server = Launch::new().start();
    let story = clients.join("generated_client.py");
    tell(folder, Command::new(&python).arg(story).arg(server.origin()).env("PYTHONPATH", folder));
}
