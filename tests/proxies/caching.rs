//! The guide's caches in front of public answers: nothing is old after a write through them, and what is not is not asked
//! for again.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread::scope,
};

use serde_json::{Value, json};

use super::{
    Client, Compressor, PAGES, Proxy, Recipe, block, nginx_arguments, nginx_files, recipe, session_document,
    support::{Connection, Response, Server},
    text, through, varnish_arguments,
};

/// Their recipes.
pub(super) const RECIPES: [Recipe; 3] = [
    Recipe {
        section: "Varnish with keys",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: Some("gzip"),
        language: "vcl",
        program: "varnishd",
        package: "varnish",
        module: Some(("varnish/vmods/libvmod_xkey.so", "varnish-modules")),
        more: |_| Vec::new(),
        arguments: varnish_arguments,
    },
    Recipe {
        section: "nginx that forgets at each write",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: None,
        language: "nginx",
        program: "nginx",
        package: "nginx-light",
        module: Some(("nginx/modules/ngx_http_lua_module.so", "libnginx-mod-http-lua")),
        more: nginx_cache,
        arguments: nginx_arguments,
    },
    Recipe {
        section: "nginx that asks each time",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: None,
        language: "nginx",
        program: "nginx",
        package: "nginx-light",
        module: None,
        more: |folder| {
            let mut more = nginx_cache(folder);
            more.push(("/run/nginx-api.sock", text(&folder.join("sock"))));
            more
        },
        arguments: nginx_arguments,
    },
];

fn nginx_cache(folder: &Path) -> Vec<(&'static str, String)> {
    vec![nginx_files(folder), ("/var/cache/nginx/api", text(&folder.join("cache")))]
}

/// What is asked for again and again.
const URLS: [&str; 8] = [
    "/v1/sessions/1",
    "/v1/sessions?page[size]=5",
    "/v1/sessions/1?include=speakers",
    "/v1/sessions/1/speakers",
    "/v1/sessions/1/relationships/speakers",
    "/v1/speakers/1",
    "/v1/tracks",
    "/v1/tracks/1",
];

/// Those of them that are not made of sessions, nor of their linkage.
const TRACKS: &str = "/v1/tracks/1";

/// A server behind a proxy.
struct Bench {
    section: &'static str,
    server: Server,
    proxy: Proxy,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// With what the recipe's section says to the server, or with this.
    fn start(section: &'static str, toml: Option<&str>, compressor: Compressor) -> Option<Self> {
        Self::start_changed(recipe(section), toml, compressor, &|configuration| configuration)
    }

    /// The same, with a change of the section's configuration.
    fn start_changed(
        recipe: &'static Recipe,
        toml: Option<&str>,
        compressor: Compressor,
        change: &dyn Fn(String) -> String,
    ) -> Option<Self> {
        let section = recipe.section;
        let toml = toml.or_else(|| block(section, "toml")).expect("a configuration of the server");
        let server = compressor.launch().rocket_toml(toml).start();
        let folder = tempfile::Builder::new().prefix("proxy-").tempdir().expect("a folder");
        let proxy = recipe.start_changed(server.address(), folder.path(), change)?;
        let client = Client { address: proxy.address, coding: Some("gzip") };
        Some(Self { section, server, proxy, client, _folder: folder })
    }

    fn told(&self, response: &Response) -> String {
        format!("{}: {response:?}\n{}", self.section, self.proxy.said())
    }

    /// What the proxy gives is what the server gives; asked for again, it comes from the cache, and as a 304 where that
    /// is known.
    fn check(&self, hit: impl Into<Option<&'static str>>) {
        let hit = hit.into();
        for url in URLS {
            let (first, again) = (self.client.get(url, None), self.client.get(url, None));
            let direct = self.server.connect().get(url, &[("Accept-Encoding", "gzip")]);
            for answer in [&first, &again] {
                assert_eq!(answer.status, 200, "{url}: {}", self.told(answer));
                assert_eq!(answer.body, direct.body, "{url} is old: {}", self.told(answer));
                assert_eq!(answer.etag(), direct.etag(), "{url}: {}", self.told(answer));
                for inner in ["xkey", "xkey-purge", "X-Accel-Expires"] {
                    assert_eq!(answer.header(inner), None, "{}", self.told(answer));
                }
            }
            // What Squid has asked for it sends in full.
            if hit.is_none() {
                continue;
            }
            assert_eq!(again.header("X-Cache"), hit, "{url}: {}", self.told(&again));
            let known = self.client.get(url, Some(direct.etag()));
            assert_eq!((known.status, known.body.len()), (304, 0), "{url}: {}", self.told(&known));
        }
    }

    /// The changes, each by another method, and each through the proxy.
    fn changes(&self) -> Vec<(&'static str, &'static str, Value)> {
        let speakers = self.server.connect().get("/v1/sessions/1/relationships/speakers", &[]).json();
        let first = json!({"data": [speakers["data"][0]]});
        let name = json!({"data": {"type": "speakers", "id": "1", "attributes": {"name": "Somebody"}}});
        vec![
            ("PATCH", "/v1/sessions/1", session_document("1", json!({"title": "One"}))),
            ("PATCH", "/v1/sessions/1/relationships/speakers", json!({"data": []})),
            ("POST", "/v1/sessions/1/relationships/speakers", first),
            ("PATCH", "/v1/speakers/1", name),
            ("POST", "/v1/sessions", json!({"data": {"type": "sessions", "attributes": {"title": "New"}}})),
            ("DELETE", "/v1/sessions/22", Value::Null),
            ("PATCH", "/v1/sessions/1", session_document("1", json!({"title": "Two"}))),
        ]
    }

    fn write(&self, method: &str, url: &str, document: &Value) -> Response {
        let body = (!document.is_null()).then(|| document.to_string());
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", "*")];
        let fields = if method == "POST" { &fields[..1] } else { &fields[..] };
        Connection::open(self.proxy.address).request(method, url, fields, body.as_deref().map(str::as_bytes))
    }
}

/// Whether the server compresses or nobody does.
fn never_stale(section: &'static str, hit: &'static str) {
    for compressor in [Compressor::Server, Compressor::Proxy] {
        never_stale_with(section, hit, compressor);
    }
}

fn never_stale_with(section: &'static str, hit: &'static str, compressor: Compressor) {
    let Some(bench) = Bench::start(section, None, compressor) else { return };
    bench.check(hit);
    for (method, url, document) in bench.changes() {
        let written = bench.write(method, url, &document);
        assert!(matches!(written.status, 200 | 201 | 204), "{method} {url}: {}", bench.told(&written));
        assert_eq!(written.header("xkey-purge"), None, "{}", bench.told(&written));
        bench.check(hit);
    }
    // A write that is refused changes nothing.
    let refused = bench.write("PATCH", "/v1/sessions/1", &json!({"data": 3}));
    assert!((400..500).contains(&refused.status), "{}", bench.told(&refused));
    let kept = bench.client.get("/v1/sessions/1", None);
    assert_eq!(kept.header("X-Cache"), Some(hit), "{}", bench.told(&kept));
    overtaken(&bench);
}

/// Others ask all the time, so that answers are on their way while a write is made: none of them may stay.
fn overtaken(bench: &Bench) {
    const URL: &str = "/v1/sessions?page[size]=5";
    // One that reads what it gets.
    let client = Client { address: bench.proxy.address, coding: None };
    let stop = AtomicBool::new(false);
    scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    client.get(URL, None);
                }
            });
        }
        for round in 0..60 {
            let title = format!("Round {round}");
            let written =
                bench.write("PATCH", "/v1/sessions/1", &session_document("1", json!({"title": title})));
            let seen = [(); 3].map(|()| client.get(URL, None));
            let fresh = written.status == 200 && seen.iter().all(|answer| answer.text().contains(&title));
            if !fresh {
                stop.store(true, Ordering::Relaxed);
                panic!("{title}: {written:?} {seen:?}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn varnish_drops_by_keys_what_a_write_has_changed() {
    never_stale("Varnish with keys", "HIT");
}

#[test]
fn varnish_keeps_what_a_write_has_not_changed() {
    let Some(bench) = Bench::start("Varnish with keys", None, Compressor::Server) else { return };
    bench.check("HIT");
    let written = bench.write("PATCH", "/v1/sessions/1", &session_document("1", json!({"title": "One"})));
    assert_eq!(written.status, 200, "{}", bench.told(&written));
    let kept = bench.client.get(TRACKS, None);
    assert_eq!(kept.header("X-Cache"), Some("HIT"), "{}", bench.told(&kept));
    let dropped = bench.client.get("/v1/sessions/1", None);
    assert_eq!(dropped.header("X-Cache"), Some("MISS"), "{}", bench.told(&dropped));
}

#[test]
fn nginx_forgets_at_each_write() {
    never_stale("nginx that forgets at each write", "HIT");
}

#[test]
fn nginx_asks_each_time_and_sends_what_it_has() {
    never_stale("nginx that asks each time", "REVALIDATED");
}

#[test]
fn what_is_written_past_nginx_is_seen_where_it_asks_each_time() {
    let Some(bench) = Bench::start("nginx that asks each time", None, Compressor::Server) else { return };
    bench.check("REVALIDATED");
    let document = session_document("1", json!({"title": "Past it"}));
    assert_eq!(bench.server.connect().patch("/v1/sessions/1", &[], &document).status, 200);
    bench.check("REVALIDATED");
}

/// A guarded answer, as far as a cache sees it.
#[test]
fn what_is_private_is_not_stored() {
    for recipe in RECIPES {
        let toml = "[default.etag]\ncache_control = 'private, max-age=3600'\n[default.jsonapi]\nsurrogate_keys = 'xkey'";
        let Some(bench) = Bench::start(recipe.section, Some(toml), Compressor::Server) else { continue };
        for _ in 0..3 {
            let answer = bench.client.get("/v1/sessions/1", None);
            assert_eq!(answer.status, 200, "{}", bench.told(&answer));
            assert_eq!(answer.header("X-Cache"), Some("MISS"), "{}", bench.told(&answer));
        }
    }
}

#[test]
fn squid_stores_what_is_public_and_asks_each_time() {
    let toml = "[default.etag]\ncache_control = 'public, no-cache'";
    let Some(bench) = Bench::start("Squid", Some(toml), Compressor::Server) else { return };
    bench.check(None);
    for (method, url, document) in bench.changes() {
        let written = bench.write(method, url, &document);
        assert!(matches!(written.status, 200 | 201 | 204), "{method} {url}: {}", bench.told(&written));
        bench.check(None);
    }
}

/// A ban does what the module does.
#[test]
fn varnish_without_the_module_drops_by_a_ban() {
    let page = PAGES.join("\n");
    let (_, ban) = page.split_once("`ban(").expect("the ban in place of the module");
    let (ban, _) = ban.split_once(")`.").expect("its end");
    let recipe = recipe("Varnish with keys");
    let with_ban = |configuration: String| {
        let mut lines: Vec<String> = configuration.lines().map(str::to_owned).collect();
        for line in &mut lines {
            if line.contains("xkey.purge(") {
                *line = format!("        ban({ban});");
            }
        }
        lines.retain(|line| line != "import xkey;");
        lines.join("\n") + "\n"
    };
    let Some(bench) = Bench::start_changed(recipe, None, Compressor::Server, &with_ban) else { return };
    bench.check("HIT");
    for (method, url, document) in bench.changes() {
        let written = bench.write(method, url, &document);
        assert!(matches!(written.status, 200 | 201 | 204), "{method} {url}: {}", bench.told(&written));
        bench.check("HIT");
    }
    bench.write("PATCH", "/v1/sessions/1", &session_document("1", json!({"title": "Three"})));
    let kept = bench.client.get(TRACKS, None);
    assert_eq!(kept.header("X-Cache"), Some("HIT"), "{}", bench.told(&kept));
}

#[test]
fn edits_by_tags_go_through_each_cache() {
    for recipe in RECIPES {
        through(recipe.section);
    }
}
