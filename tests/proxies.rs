//! The guide's proxies, started with the configurations that stand there: no edit is lost or refused without need,
//! nothing is stale, and a 304 arrives.

#[path = "proxies/caching.rs"]
mod caching;
#[path = "proxies/slow_clients.rs"]
mod slow_clients;
mod support;

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::{Value, json};
use support::{Connection, Launch, Response};

const PAGES: [&str; 2] = [
    include_str!("../etag-fairing/docs/guide/proxies.md"),
    include_str!("../etag-fairing/docs/guide/caching.md"),
];

/// The first block of one section of the guide's pages in this language.
fn block(section: &str, language: &str) -> Option<&'static str> {
    let heading = format!("# {section}\n");
    let (_, rest) = PAGES.iter().find_map(|page| page.split_once(&heading)).expect("a section");
    let section = rest.split("\n## ").next().and_then(|rest| rest.split("\n### ").next()).unwrap_or(rest);
    let (_, block) = section.split_once(&format!("```{language}\n"))?;
    block.split_once("```").map(|(block, _)| block)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

fn session_document(id: &str, attributes: Value) -> Value {
    json!({"data": {"type": "sessions", "id": id, "attributes": attributes}})
}

/// A proxy, running. It ends with this value.
struct Proxy {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

/// How a proxy is started.
struct Recipe {
    section: &'static str,
    language: &'static str,
    program: &'static str,
    package: &'static str,
    /// A part of it that is in a package of its own: its file below `/usr/lib`, or below a folder there.
    module: Option<(&'static str, &'static str)>,
    /// What it makes of our tag `"x"`: what stands before it, and what behind x; and whether it compresses.
    tag: (&'static str, &'static str),
    /// The same for a client that takes no coding.
    identity_tag: (&'static str, &'static str),
    coding: Option<&'static str>,
    /// The coding that it asks the server for, whatever its client takes: what that doesn't take it decodes, and weakens the tag.
    asks_for: Option<&'static str>,
    /// What the configuration needs besides to run in a folder of a test's own.
    more: fn(&Path) -> Vec<(&'static str, String)>,
    arguments: fn(&Path, SocketAddr) -> Vec<String>,
}

/// nginx with files where this user may write.
fn nginx_files(folder: &Path) -> (&'static str, String) {
    let mut more = String::from("http {\n    access_log off;\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        more += &format!("    {kind}_temp_path {};\n", folder.join(kind).display());
    }
    ("http {\n", more)
}

fn nginx_arguments(folder: &Path, _: SocketAddr) -> Vec<String> {
    let here = format!("daemon off; pid {}; error_log stderr;", folder.join("pid").display());
    vec!["-c".into(), text(&folder.join("configuration")), "-g".into(), here]
}

fn varnish_arguments(folder: &Path, address: SocketAddr) -> Vec<String> {
    let folder = |name: &str| text(&folder.join(name));
    let listen = address.to_string();
    ["-F", "-f", &folder("configuration"), "-a", &listen, "-n", &folder("work"), "-s", "malloc,16m"]
        .map(str::to_owned)
        .into()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

const RECIPES: [Recipe; 8] = [
    Recipe {
        section: "nginx",
        tag: ("W/", ""),
        identity_tag: ("", ""),
        coding: Some("gzip"),
        asks_for: None,
        language: "nginx",
        program: "nginx",
        package: "nginx-light",
        module: None,
        more: |folder| vec![nginx_files(folder)],
        arguments: nginx_arguments,
    },
    Recipe {
        section: "With a cache for the rest of the site",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: None,
        language: "nginx",
        program: "nginx",
        package: "nginx-light",
        module: None,
        more: |folder| vec![nginx_files(folder), ("/var/cache/nginx/site", text(&folder.join("cache")))],
        arguments: nginx_arguments,
    },
    Recipe {
        section: slow_clients::SECTION,
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: None,
        language: "nginx",
        program: "nginx",
        package: "nginx-light",
        module: None,
        more: slow_clients::more,
        arguments: nginx_arguments,
    },
    Recipe {
        section: "Apache",
        tag: ("", "-gzip"),
        identity_tag: ("", ""),
        coding: Some("gzip"),
        asks_for: None,
        language: "apache",
        program: "apache2",
        package: "apache2-bin",
        module: None,
        more: |folder| {
            let own = format!(
                "ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\nErrorLog /dev/stderr\nListen ",
                folder = folder.display()
            );
            vec![("Listen ", own)]
        },
        arguments: |folder, _| {
            vec!["-f".into(), text(&folder.join("configuration")), "-D".into(), "FOREGROUND".into()]
        },
    },
    Recipe {
        section: "HAProxy",
        tag: ("W/", ""),
        identity_tag: ("", ""),
        coding: Some("gzip"),
        asks_for: None,
        language: "haproxy",
        program: "haproxy",
        package: "haproxy",
        module: None,
        more: |_| Vec::new(),
        arguments: |folder, _| vec!["-db".into(), "-f".into(), text(&folder.join("configuration"))],
    },
    Recipe {
        section: "Varnish",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: Some("gzip"),
        language: "vcl",
        program: "varnishd",
        package: "varnish",
        module: None,
        more: |_| Vec::new(),
        arguments: varnish_arguments,
    },
    Recipe {
        section: "Varnish that compresses",
        tag: ("W/", ""),
        identity_tag: ("W/", ""),
        coding: Some("gzip"),
        asks_for: Some("gzip"),
        language: "vcl",
        program: "varnishd",
        package: "varnish",
        module: None,
        more: |_| Vec::new(),
        arguments: varnish_arguments,
    },
    Recipe {
        section: "Squid",
        tag: ("", ""),
        identity_tag: ("", ""),
        coding: None,
        asks_for: None,
        language: "squid",
        program: "squid",
        package: "squid",
        module: None,
        more: |folder| {
            let own = format!(
                "pid_filename none\naccess_log none\ncache_store_log none\ncache_log /dev/null\nshutdown_lifetime 0 seconds\n\
                 visible_hostname localhost\ncoredump_dir {}\nhttp_access ",
                folder.display()
            );
            vec![("http_access ", own)]
        },
        arguments: |folder, _| vec!["-N".into(), "-f".into(), text(&folder.join("configuration"))],
    },
];

impl Recipe {
    fn program(&self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        folders.map(|folder| folder.join(self.program)).find(|file| file.is_file())
    }

    /// Whether there is the part of it that is in a package of its own.
    fn has_module(&self) -> bool {
        let Some((file, _)) = self.module else { return true };
        let beside = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
        std::iter::once("/usr/lib".into()).chain(beside).any(|folder| folder.join(file).is_file())
    }

    /// In front of this server; nothing, and a word of why, where there is no such proxy.
    fn start(&self, server: SocketAddr, folder: &Path) -> Option<Proxy> {
        self.start_changed(server, folder, &|configuration| configuration)
    }

    /// The same, with a change of the section's configuration.
    fn start_changed(
        &self,
        server: SocketAddr,
        folder: &Path,
        change: &dyn Fn(String) -> String,
    ) -> Option<Proxy> {
        let Some(program) = self.program() else {
            support::skip(&format!(
                "there is no {} (Debian: apt-get install {})",
                self.program, self.package
            ));
            return None;
        };
        if let Some((_, package)) = self.module.filter(|_| !self.has_module()) {
            support::skip(&format!(
                "{} has no module of {package} (Debian: apt-get install {package})",
                self.program
            ));
            return None;
        }
        let address = free_address();
        let mut configuration = block(self.section, self.language).expect("a configuration").to_owned();
        let port = |address: SocketAddr| address.port().to_string();
        let mut replacements = vec![("8000", port(server))];
        // Varnish is told on the command line.
        if self.language != "vcl" {
            replacements.push(("8080", port(address)));
        }
        replacements.extend((self.more)(folder));
        for (from, to) in replacements {
            assert!(configuration.contains(from), "{}: there is no {from:?}", self.section);
            configuration = configuration.replace(from, &to);
        }
        let configuration = change(configuration);
        std::fs::write(folder.join("configuration"), &configuration).expect("write the configuration");
        let log = folder.join("log");
        let output = || Stdio::from(File::options().create(true).append(true).open(&log).expect("a log"));
        let child = Command::new(program)
            .args((self.arguments)(folder, address))
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .expect("start the proxy");
        let mut proxy = Proxy { child, address, log };
        // Against waiting for ever; no test waits for it to pass.
        for _ in 0..3_000 {
            let ended = proxy.child.try_wait().expect("the proxy's state");
            assert_eq!(ended, None, "{} has ended: {}\n{configuration}", self.program, proxy.said());
            if TcpStream::connect(proxy.address).is_ok() {
                return Some(proxy);
            }
            sleep(Duration::from_millis(10));
        }
        panic!("{} does not answer: {}", self.program, proxy.said());
    }
}

impl Proxy {
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its workers go with it; SIGKILL would leave them.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A client that takes compressed answers, as browsers do, or none.
struct Client {
    address: SocketAddr,
    coding: Option<&'static str>,
}

impl Client {
    // A connection each: some proxies close theirs after an answer.
    fn get(&self, target: &str, tag: Option<&str>) -> Response {
        let mut fields: Vec<_> = self.coding.map(|coding| ("Accept-Encoding", coding)).into_iter().collect();
        fields.extend(tag.map(|tag| ("If-None-Match", tag)));
        Connection::open(self.address).get(target, &fields)
    }

    fn patch(&self, target: &str, tag: &str, document: &Value) -> Response {
        let mut fields = vec![("If-Match", tag)];
        fields.extend(self.coding.map(|coding| ("Accept-Encoding", coding)));
        Connection::open(self.address).patch(target, &fields, document)
    }
}

fn recipe(section: &str) -> &'static Recipe {
    static ALL: [&[Recipe]; 2] = [&RECIPES, &caching::RECIPES];
    ALL.into_iter().flatten().find(|recipe| recipe.section == section).expect("a recipe")
}

/// With clients that take compressed answers, and with those that take none.
fn through(section: &str) {
    for coding in [Some("gzip"), None] {
        for compressor in [Compressor::Proxy, Compressor::Server] {
            edits_go_through(section, coding, compressor);
        }
    }
}

/// Who compresses: the proxy, if it is configured to, or the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressor {
    Proxy,
    Server,
}

impl Compressor {
    /// A server that does so.
    fn launch(self) -> Launch {
        let compression = if self == Compressor::Server { "{min_size=0}" } else { "false" };
        Launch::new().env("ROCKET_COMPRESSION", compression)
    }
}

fn edits_go_through(section: &str, coding: Option<&'static str>, compressor: Compressor) {
    let recipe = recipe(section);
    let launch = compressor.launch();
    let toml = block(section, "toml").unwrap_or_default();
    let server = launch.rocket_toml(toml).start();
    let folder = tempfile::Builder::new().prefix("proxy-").tempdir().expect("a folder");
    let Some(proxy) = recipe.start(server.address(), folder.path()) else { return };
    let client = Client { address: proxy.address, coding };
    let told = |response: &Response| {
        format!("{section}, {coding:?} by {compressor:?}: {response:?}\n{}", proxy.said())
    };
    let ((before, behind), expected_coding) = match (compressor, coding) {
        (Compressor::Proxy, Some(_)) => (recipe.tag, recipe.coding),
        (Compressor::Proxy, None) => (recipe.identity_tag, None),
        // What the server has coded, no proxy touches.
        (Compressor::Server, Some(_)) => (("", ""), coding),
        (Compressor::Server, None) => ((recipe.asks_for.map_or("", |_| "W/"), ""), None),
    };
    let direct_fields: Vec<_> = match compressor {
        Compressor::Server => {
            coding.or(recipe.asks_for).map(|coding| ("Accept-Encoding", coding)).into_iter().collect()
        }
        Compressor::Proxy => Vec::new(),
    };

    for (target, title) in [("/v1/sessions/1", "One"), ("/v1/sessions/1", "Two")] {
        let first = client.get(target, None);
        assert_eq!(first.status, 200, "{}", told(&first));
        let tag = first.etag().to_owned();
        let direct = server.connect().get(target, &direct_fields).etag().trim_end_matches('"').to_owned();
        assert_eq!(tag, format!("{before}{direct}{behind}\""), "{}", told(&first));
        assert_eq!(first.header("Content-Encoding"), expected_coding, "{}", told(&first));
        let again = client.get(target, Some(&tag));
        assert_eq!((again.status, again.body.len()), (304, 0), "{}", told(&again));
        let list = client.get("/v1/sessions", None).etag().to_owned();
        let known = client.get("/v1/sessions", Some(&list));
        assert_eq!(known.status, 304, "{}", told(&known));

        let edit = session_document("1", json!({"title": title}));
        let saved = client.patch(target, &tag, &edit);
        assert_eq!(saved.status, 200, "{}", told(&saved));
        let refused = client.patch(target, &tag, &session_document("1", json!({"title": "Lost"})));
        assert_eq!(refused.status, 412, "{}", told(&refused));
        let now = client.get(target, Some(&tag));
        assert_eq!(now.status, 200, "the copy is the old one: {}", told(&now));
        assert_ne!(now.etag(), tag);
        assert_eq!(client.get("/v1/sessions", Some(&list)).status, 200, "so is the list");
        let stored = server.connect().get(target, &[]).json();
        assert_eq!(stored["data"]["attributes"]["title"], title);
    }

    // Linkage has a tag of its whole body.
    let linkage = "/v1/sessions/1/relationships/speakers";
    let first = client.get(linkage, None);
    let again = client.get(linkage, Some(first.etag()));
    assert_eq!(again.status, 304, "{}", told(&again));
    let members = server.connect().get(linkage, &[]).json()["data"].clone();
    let fewer = json!({"data": [members[0].clone()]});
    let saved = client.patch(linkage, first.etag(), &fewer);
    assert!(matches!(saved.status, 200 | 204), "{}", told(&saved));

    // What was not there a moment ago is there once it is made.
    let missing = client.get("/v1/sessions/22", None);
    assert_eq!(missing.status, 404, "{}", told(&missing));
    let new = json!({"data": {"type": "sessions", "attributes": {"title": "New"}}});
    let made = Connection::open(proxy.address).post("/v1/sessions", &[], &new);
    assert_eq!((made.status, made.header("Location")), (201, Some("/v1/sessions/22")), "{}", told(&made));
    let there = client.get("/v1/sessions/22", None);
    assert_eq!(there.status, 200, "{}", told(&there));
}

#[test]
fn nginx_that_compresses_weakens_tags_and_edits_go_through() {
    through("nginx");
}

#[test]
fn nginx_with_a_cache_passes_304s_where_it_is_off() {
    through("With a cache for the rest of the site");
}

#[test]
fn apache_that_compresses_puts_a_suffix_into_tags_and_edits_go_through() {
    through("Apache");
}

#[test]
fn haproxy_that_compresses_weakens_tags_and_edits_go_through() {
    through("HAProxy");
}

#[test]
fn varnish_keeps_nothing_that_would_be_stale() {
    through("Varnish");
}

#[test]
fn varnish_that_compresses_weakens_tags_and_edits_go_through() {
    through("Varnish that compresses");
}

#[test]
fn squid_passes_tags_on() {
    through("Squid");
}
