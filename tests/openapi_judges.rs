//! Others judge the example by its OpenAPI document: schemathesis sends what the document allows and what it doesn't, one
//! request after another and in chains, on both databases; spectral reads the document for mistakes of style. It is
//! valid by the schemas of OpenAPI and JSON Schema, and so is each of its examples. `.ci/clients` installs what that needs.
//!
//! A longer run: `OPENAPI_EXAMPLES=200 OPENAPI_SEED=7 cargo test -p open-event --test openapi-judges -- --nocapture`.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use postgres_server::Database;
use serde_json::{Value, json};
use support::{Launch, Server, skip};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document(server: &Server) -> Value {
    server.connect().get("/v1/openapi.json", &[]).json()
}

/// What was printed.
fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Lets schemathesis judge a server: every check, and every operation in the phases that take those.
fn judge(launch: &Launch) {
    let program = root().join("target/clients-venv/bin/schemathesis");
    if !program.exists() {
        return skip("target/clients-venv/bin/schemathesis is missing: run .ci/clients");
    }
    // Whoever asks for a number of examples has time.
    let (examples, takes_all) = match env::var("OPENAPI_EXAMPLES") {
        Ok(examples) => (examples, true),
        Err(_) => ("3".to_owned(), false),
    };
    let seed = env::var("OPENAPI_SEED").unwrap_or_else(|_| "1".into());
    let server = launch.clone().env("ROCKET_LOG_LEVEL", "critical").start();
    let run = |phases: &str| {
        let folder = root().join("tests/clients/schemathesis");
        let report = server.folder().join(format!("{phases}.json"));
        let mut command = Command::new(&program);
        command
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .arg("run")
            .arg(format!("{}/v1/openapi.json", server.origin()))
            .args(["--checks", "all", "--continue-on-failure", "--phases", phases])
            .args(["--max-examples", &examples, "--seed", &seed])
            .args(["--report", "json", "--report-json-path"])
            .arg(&report)
            .current_dir(server.folder())
            .env("PYTHONPATH", &folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // The server is on this machine, whatever proxy the others are behind.
            .env("NO_PROXY", "*")
            .env("no_proxy", "*");
        let output = command.output().expect("schemathesis runs");
        let printed = printed(&output);
        assert!(output.status.success(), "{phases}: {}\n{printed}", output.status);
        let report = fs::read_to_string(report).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["complete"], true, "{printed}");
        for phase in phases.split(',') {
            assert_eq!(report["phases"][phase]["status"], "success", "{phase}\n{printed}");
        }
        assert_eq!(report["operations"]["tested"], report["operations"]["selected"], "{printed}");
        let cases = report["test_cases"]["generated"].as_u64().expect("a number");
        assert!(cases > 20, "{printed}");
        println!("{phases}: {cases} requests in {} s", report["running_time"]);
    };
    run("fuzzing,stateful");
    // Each value of each parameter, at its limits and beyond: many thousands of requests.
    if takes_all {
        run("coverage");
    }
}

#[test]
fn schemathesis_judges_the_example_on_sqlite() {
    judge(&Launch::on_sqlite());
}

#[test]
fn schemathesis_judges_the_example_on_postgres() {
    if let Some(database) = Database::provide() {
        judge(&Launch::on(database));
    }
}

#[test]
fn spectral_finds_nothing_in_the_document() {
    let program = root().join("tests/clients/node_modules/.bin/spectral");
    if !program.exists() {
        return skip("tests/clients/node_modules/.bin/spectral is missing: run .ci/clients");
    }
    let server = Launch::on_sqlite().start();
    let file = server.folder().join("openapi.json");
    fs::write(&file, document(&server).to_string()).expect("write the document");
    let output = Command::new(program)
        .args(["lint", "--fail-severity", "warn", "--ruleset"])
        .arg(root().join("tests/clients/spectral.yaml"))
        .arg(&file)
        .output();
    match output {
        Ok(output) => assert!(output.status.success(), "{}", printed(&output)),
        Err(error) => skip(&format!("spectral does not run: {error}")),
    }
}

#[test]
fn the_document_is_valid_by_the_schemas_of_openapi_and_json_schema() {
    let document = document(&Launch::on_sqlite().start());
    let openapi: Value = serde_json::from_str(include_str!("schema/openapi-3.1.json")).expect("JSON");
    let validator = jsonschema::validator_for(&openapi).expect("a schema");
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    // OpenAPI's own schema doesn't look into schemas.
    let mut found = 0;
    each_schema(&document, &mut |at, schema, _| {
        found += 1;
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            panic!("{at}{}: {error}", error.instance_path());
        }
    });
    assert!(found > 500, "{found}");
}

#[test]
fn each_example_is_valid_by_its_schema() {
    let document = document(&Launch::on_sqlite().start());
    let mut found = 0;
    each_schema(&document, &mut |at, schema, examples| {
        if examples.is_empty() {
            return;
        }
        let validator = jsonschema::validator_for(&with_components(schema, &document));
        let validator = validator.unwrap_or_else(|error| panic!("{at}: {error}"));
        for example in examples {
            found += 1;
            if let Err(error) = validator.validate(example) {
                panic!("{at}: {error} at {}, in {example}", error.instance_path());
            }
        }
    });
    println!("{found} examples");
}

/// A schema together with what it may refer to.
fn with_components(schema: &Value, document: &Value) -> Value {
    json!({"allOf": [schema], "components": {"schemas": document["components"]["schemas"]}})
}

/// Calls a function with each schema: of components, and of parameters, headers and media types wherever they stand. With
/// it come the examples of it that stand beside it, and those in it.
fn each_schema(document: &Value, visit: &mut dyn FnMut(&str, &Value, &[&Value])) {
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        visit(name, schema, &examples_within(schema));
        each_part(name, schema, visit);
    }
    each_described(document, "", visit);
}

/// The examples of a schema itself.
fn examples_within(schema: &Value) -> Vec<&Value> {
    let listed = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    listed.chain(schema.get("example")).chain(schema.get("default")).collect()
}

/// The parts of a schema that have examples of their own.
fn each_part(at: &str, schema: &Value, visit: &mut dyn FnMut(&str, &Value, &[&Value])) {
    let parts: Vec<(String, &Value)> = match schema {
        Value::Object(members) => {
            let parts =
                members.iter().filter(|(name, _)| !matches!(name.as_str(), "examples" | "enum" | "const"));
            parts.map(|(name, part)| (format!("{at}/{name}"), part)).collect()
        }
        Value::Array(parts) => parts.iter().map(|part| (at.to_owned(), part)).collect(),
        _ => return,
    };
    for (at, part) in parts {
        // A property may have the name `examples`; it is no list then.
        let examples = examples_within(part);
        let is_schema = part.get("type").is_some_and(|of| of.is_string() || of.is_array());
        if is_schema && !examples.is_empty() {
            visit(&at, part, &examples);
        }
        each_part(&at, part, visit);
    }
}

/// What has a schema and examples beside it: parameters, headers, media types.
fn each_described(value: &Value, at: &str, visit: &mut dyn FnMut(&str, &Value, &[&Value])) {
    match value {
        Value::Object(members) => {
            if let Some(schema) = members.get("schema").filter(|schema| schema.is_object()) {
                let named = members.get("examples").and_then(Value::as_object).into_iter().flatten();
                let named = named.filter_map(|(_, example)| example.get("value"));
                let examples: Vec<&Value> = named.chain(members.get("example")).collect();
                visit(at, schema, &examples);
                each_part(at, schema, visit);
            }
            for (name, member) in members.iter().filter(|(name, _)| *name != "schemas") {
                each_described(member, &format!("{at}/{name}"), visit);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| each_described(element, at, visit)),
        _ => {}
    }
}
