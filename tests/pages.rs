//! The example's hand-written pages: what they say is so, and the lines to try do what is said beside them.

mod support;

use std::{path::Path, process::Command};

use support::{Launch, Server};

const HTML: (&str, &str) = ("Accept", "text/html");

/// The text of the element with this id on the first page, as a person copies it.
fn text_of(server: &Server, id: &str) -> String {
    let page = server.connect().request("GET", "/", &[HTML], None);
    assert_eq!(page.status, 200, "{page:?}");
    let text = page.text();
    let start = text.find(&format!("id=\"{id}\">")).expect("the element") + id.len() + 6;
    let end = start + text[start..].find("</code>").expect("its end");
    text[start..end].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn the_lines_to_try_give_the_304_the_200_and_the_412_that_the_page_promises() {
    if Command::new("curl").arg("--version").output().is_err() {
        return support::skip("there is no curl");
    }
    let server = Launch::new().start();
    let script = format!("{}\n{}", text_of(&server, "shell-read"), text_of(&server, "shell-write"));
    let output = Command::new("sh").arg("-c").arg(&script).env("no_proxy", "*").output().expect("run sh");
    let said = String::from_utf8_lossy(&output.stdout);
    let statuses: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)).collect();
    assert_eq!(statuses, ["304", "200", "412"], "{script}\n{said}");
    let session = server.connect().get("/v1/sessions/1", &[]).json();
    assert_eq!(session["data"]["attributes"]["subtitle"], "Mine", "the second save changed nothing");
}

#[test]
fn a_page_that_has_not_changed_is_not_sent_again() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for target in [
        "/",
        "/editors",
        "/status",
        "/docs",
        "/assets/style.css",
        "/assets/editors.js",
        "/assets/exchange.js",
        "/assets/move.js",
        "/assets/client/index.js",
        "/assets/status.js",
    ] {
        let page = connection.request("GET", target, &[], None);
        assert_eq!(page.status, 200, "{page:?}");
        let again = connection.request("GET", target, &[("If-None-Match", page.etag())], None);
        assert_eq!((again.status, again.body.len()), (304, 0), "{target}");
    }
    // The first page counts: it changes with the conference.
    let before = connection.request("GET", "/", &[], None);
    assert_eq!(connection.delete("/v1/sessions/21", &[]).status, 204);
    let after = connection.request("GET", "/", &[("If-None-Match", before.etag())], None);
    assert_eq!(after.status, 200);
    assert_ne!(after.etag(), before.etag());
}

#[test]
fn the_first_page_has_no_mark_left_unfilled() {
    let server = Launch::new().start();
    let page = server.connect().request("GET", "/", &[HTML], None);
    assert!(!page.text().contains("{{"), "{page:?}");
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
}

/// Without JavaScript nothing is shown that would not work, and the pages say why.
#[test]
fn without_javascript_the_pages_say_so() {
    for (target, parts) in [("/editors", &["<main ", "<p class=\"chooser\" "][..]), ("/status", &["<main "])]
    {
        says_that_it_needs_javascript(target, parts);
    }
}

fn says_that_it_needs_javascript(target: &str, parts: &[&str]) {
    let server = Launch::new().start();
    let page = server.connect().request("GET", target, &[HTML], None).text().to_owned();
    let notice = page.split("<noscript>").nth(1).and_then(|rest| rest.split("</noscript>").next());
    assert!(notice.is_some_and(|text| text.contains("needs JavaScript")), "{page}");
    for part in parts {
        let (_, rest) = page.split_once(*part).expect("the part");
        assert!(rest.split('>').next().is_some_and(|tag| tag.ends_with("hidden")), "{part}");
    }
}

/// The editors use the client of `clients/typescript`: each script that they import is there, as it is in the package.
#[test]
fn the_editors_load_the_typescript_client() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/typescript/dist");
    let mut waiting = vec!["/assets/editors.js".to_owned()];
    let mut loaded: Vec<String> = Vec::new();
    while let Some(target) = waiting.pop() {
        if loaded.contains(&target) {
            continue;
        }
        let script = connection.request("GET", &target, &[], None);
        assert_eq!(script.status, 200, "{target}: {script:?}");
        assert_eq!(script.header("Content-Type"), Some("text/javascript"), "{target}");
        for import in script.text().split(" from \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            match import.strip_prefix("./") {
                Some(name) => waiting.push(format!("/assets/client/{name}")),
                None => waiting.push(import.to_owned()),
            }
        }
        if let Some(name) = target.strip_prefix("/assets/client/") {
            let kept = std::fs::read_to_string(dist.join(name)).expect("a script of the package");
            assert_eq!(script.text(), kept, "{target}");
        }
        loaded.push(target);
    }
    assert!(loaded.len() > 8, "{loaded:?}");
    assert_eq!(connection.request("GET", "/assets/client/none.js", &[], None).status, 404);
}

/// The status page draws what `/metrics` tells: each name that it asks for is one.
#[test]
fn the_status_page_asks_for_metrics_that_there_are() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let script = connection.request("GET", "/assets/status.js", &[], None).text().to_owned();
    let metrics = connection.request("GET", "/metrics", &[], None).text().to_owned();
    let asked: Vec<&str> = script.split('"').filter(|word| word.starts_with("etag_")).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    for name in asked {
        assert!(metrics.contains(&format!("# TYPE {name} counter")), "{name}");
    }
    let page = connection.request("GET", "/status", &[HTML], None);
    let policy = page.header("Content-Security-Policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}
