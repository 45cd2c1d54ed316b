//! The guide's recipe for several servers, started on one machine: its nginx in front of two servers over one PostgreSQL.

mod support;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use etag_fairing_storm::http::{Answer, Client};
use etag_fairing_storm::node::Way;
use etag_fairing_storm::process::free_port;
use etag_fairing_storm::report::Report;
use etag_fairing_storm::storm::{Size, Storm};
use hyper::Method;
use tokio::net::TcpStream;
use tokio::time::sleep;

const PAGE: &str = include_str!("../../../etag-fairing/docs/guide/several-servers.md");

/// nginx with the page's configuration. It ends with this value.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

/// The block of the page in this language; there is one.
fn block(language: &str) -> &'static str {
    let begin = format!("\n```{language}\n");
    let mut blocks = PAGE.split(begin.as_str()).skip(1);
    let (first, second) = (blocks.next(), blocks.next());
    assert!(second.is_none(), "the page has two blocks of {language}");
    first.and_then(|text| text.split("\n```").next()).unwrap_or_else(|| panic!("no block of {language}"))
}

impl Nginx {
    /// In front of these servers; nothing, and a word of why, where there is no nginx.
    async fn start(servers: &[SocketAddr], folder: &Path) -> Option<Self> {
        if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
            let missing = "no nginx is installed (Debian: apt-get install nginx-light)";
            assert!(std::env::var_os("CI").is_none(), "{missing}, and in CI every test must run");
            let _ = writeln!(std::io::stderr(), "skipped: {missing}");
            return None;
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(servers, address, folder)).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .args([
                "-g",
                &format!("daemon off; pid {}; error_log stderr;", folder.join("nginx.pid").display()),
            ])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self { child, address };
        // Against waiting for ever.
        for _ in 0..1_000 {
            let log = || std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
            assert_eq!(nginx.child.try_wait().unwrap(), None, "nginx has ended: {}", log());
            if TcpStream::connect(address).await.is_ok() {
                return Some(nginx);
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not answer");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers go with it; SIGKILL would leave them.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()));
        let _ = self.child.wait();
    }
}

/// The recipe's, with the names of its machines and its port as they are here, and files where this user may write.
fn configuration(servers: &[SocketAddr], address: SocketAddr, folder: &Path) -> String {
    let mut text = block("nginx").to_owned();
    let mut replace = |from: &str, to: &str| {
        assert!(text.contains(from), "the recipe has no {from:?}");
        text = text.replace(from, to);
    };
    for (name, server) in ["one:8000", "two:8000"].iter().zip(servers) {
        replace(name, &server.to_string());
    }
    replace("listen 80;", &format!("listen {address};"));
    let mut paths = String::from("http {\n    access_log off;\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        paths += &format!("    {kind}_temp_path {};\n", folder.join(kind).display());
    }
    replace("http {\n", &paths);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_behind_nginx_are_one() {
    let Some(mut cluster) = support::postgres(Way::Inside, 2).await else { return };
    let folder = tempfile::Builder::new().prefix("nginx-").tempdir().unwrap();
    let Some(nginx) = Nginx::start(&cluster.addresses(), folder.path()).await else { return };

    let storm =
        Storm::begin(&[nginx.address], Size { clients: 64, registers: 8, parameters: true }).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    // One goes down and comes back; the other one goes on.
    cluster.nodes[0].kill().unwrap();
    sleep(Duration::from_secs(1)).await;
    cluster.nodes[0].restart().await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let report = Report::of(&storm.end().await.unwrap());
    println!("{report}");
    assert!(report.is_clean(), "{report}");

    // Through the proxy or past it: the same bytes with the same tag.
    let mut answers = Vec::new();
    for address in cluster.addresses().into_iter().chain([nginx.address]) {
        let answer = Client::new(&[address]).send(Method::GET, "/members", &[], None).await.unwrap();
        let Answer { status, tag, body, .. } = answer;
        assert!(status == 200 && tag.is_some(), "{status}");
        answers.push((tag, body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}
