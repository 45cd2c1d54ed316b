//! The tables of parts of an application: `jsonapi`, and the databases.

use etag_fairing::config::{
    ConfigError, DatabaseConfig, JsonApiConfig, SchemaMode, SurrogateKeys, Synchronous,
};
use rocket::data::{ByteUnit, ToByteUnit};
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};

use crate::messages;
use crate::support::figment;

fn json_api(toml: &str) -> Result<JsonApiConfig, ConfigError> {
    JsonApiConfig::from_figment(&figment(toml))
}

#[test]
fn json_api_defaults_and_every_key() {
    assert_eq!(json_api("").unwrap(), JsonApiConfig::default());
    let config = json_api(
        "[default.jsonapi]\npage_size = 5\nmax_page_size = 7\nclient_ids = true\nmax_body = '2 MiB'\n\
         write_timeout = 3\nmax_include_depth = 0\ntotals = true\nbase_url = 'https://api.example.com/'",
    )
    .unwrap();
    assert_eq!((config.page_size, config.max_page_size, config.client_ids), (5, 7, true));
    assert_eq!((config.max_include_depth, config.totals), (0, true));
    assert_eq!((config.max_body, config.write_timeout.as_secs()), (2.mebibytes(), 3));
    assert_eq!(config.base_url, "https://api.example.com");
    assert_eq!(json_api("[default.jsonapi]\nmax_page_size = 10").unwrap().page_size, 10);
    let config =
        json_api("[default.jsonapi]\nmax_document = '2 MiB'\nmax_requests = 9\nmax_unread = 3000000")
            .unwrap();
    assert_eq!((config.max_document, config.max_requests), (2.mebibytes(), 9));
    assert_eq!(config.max_unread.as_u64(), 3_000_000);
    let relationships = |text: &str| json_api(text).unwrap().max_filter_relationships;
    assert_eq!(relationships(""), 10);
    assert_eq!(relationships("[default.jsonapi]\nmax_filter_relationships = 0"), 0);
    let config = json_api("[default.jsonapi]\nmax_length = 300\nmax_id_length = 36").unwrap();
    assert_eq!((config.max_length, config.max_id_length), (Some(ByteUnit::Byte(300)), 36));
    let config = json_api("[default.jsonapi]\ncache_groups = true\nsurrogate_keys = 'Cache-Tag'").unwrap();
    assert_eq!((config.cache_groups, config.surrogate_keys), (true, Some(SurrogateKeys::CacheTag)));
    let keys = |name: &str| {
        json_api(&format!("[default.jsonapi]\nsurrogate_keys = '{name}'")).unwrap().surrogate_keys
    };
    assert_eq!((keys(""), keys("xkey")), (None, Some(SurrogateKeys::Xkey)));
    assert_eq!(keys("Surrogate-Key"), Some(SurrogateKeys::SurrogateKey));
    let default = JsonApiConfig::default();
    assert_eq!((default.cache_groups, default.surrogate_keys), (false, None));
    assert_eq!((default.max_length, default.max_id_length), (None, 255));
    assert_eq!((default.max_document, default.max_unread), (16.mebibytes(), 256.mebibytes()));
    assert_eq!(default.max_requests % 256, 0, "256 for each core");
}

#[test]
fn json_api_refuses_what_cannot_be() {
    for bad in [
        "page_size = 0",
        "page_size = -1",
        "page_size = 'many'",
        "page_size = 101",
        "max_page_size = 0",
        "page_size = 3\nmax_page_size = 2",
        "max_include_depth = 11",
        "max_filter_relationships = 41",
        "max_filter_relationships = 'all'",
        "totals = 3",
        "client_ids = 'perhaps'",
        "max_body = 'big'",
        "max_length = 'long'",
        "max_id_length = 0",
        "max_id_length = 'short'",
        "max_document = 'long'",
        "max_document = 1023",
        "max_requests = 0",
        "max_requests = 'all'",
        "max_unread = '1 KiB'",
        "write_timeout = 0",
        "write_timeout = 1.5",
        "cache_groups = 'some'",
        "surrogate_keys = 'Edge-Cache-Tag'",
        "surrogate_keys = true",
        "surrogate_key = 'xkey'",
        "base_url = 'api.example.com'",
        "base_url = '/v1'",
        "base_url = 'https://'",
        "base_url = 'https://a/?b'",
        "pagesize = 3",
    ] {
        let error = json_api(&format!("[default.jsonapi]\n{bad}")).unwrap_err();
        let messages = messages(error);
        let key = bad.split(' ').next().unwrap();
        let place = format!("| default.jsonapi.{key} | TOML source string");
        assert!(messages[0].ends_with(&place), "{bad}: {messages:?}");
    }
    let message = messages(json_api("[default]\njsonapi = 3").unwrap_err()).remove(0);
    assert!(message.contains("expected a table") && message.contains("default.jsonapi"), "{message}");
}

#[test]
fn database_defaults_every_key_and_what_cannot_be() {
    let read = |toml: &str| DatabaseConfig::from_figment(&figment(toml), "api");
    let config = read("[default.databases.api]\nurl = 'sqlite:a.db'").unwrap();
    assert_eq!(config, DatabaseConfig::new("sqlite:a.db"));
    assert!((4..=8).contains(&config.readers));
    assert_eq!(config.synchronous, Synchronous::Full);
    let config = read(
        "[default.databases.api]\nurl = 'sqlite:a.db'\nreaders = 2\nbusy_timeout = 0\nread_timeout = 7\n\
         synchronous = 'normal'",
    )
    .unwrap();
    assert_eq!((config.readers, config.busy_timeout.as_secs(), config.read_timeout.as_secs()), (2, 0, 7));
    assert_eq!(config.synchronous, Synchronous::Normal);
    for bad in [
        "readers = 0",
        "busy_timeout = -1",
        "read_timeout = 0",
        "synchronous = 'off'",
        "reader = 2",
        "url = 3",
        "url = ''",
    ] {
        let url = if bad.starts_with("url") { "" } else { "url = 'sqlite:a.db'\n" };
        let messages = messages(read(&format!("[default.databases.api]\n{url}{bad}")).unwrap_err());
        let key = bad.split(' ').next().unwrap();
        assert!(messages[0].contains(&format!("default.databases.api.{key} |")), "{bad}: {messages:?}");
    }
    let messages = messages(read("").unwrap_err());
    assert_eq!(messages, ["missing field `url` | debug.databases.api | "]);
}

#[test]
fn the_mode_of_the_schema_is_one_of_three_words_for_each_database() {
    for url in ["sqlite:a.db", "postgres://api@localhost/api"] {
        let read = |toml: &str| {
            let toml = format!("[default.databases.api]\nurl = '{url}'\n{toml}");
            DatabaseConfig::from_figment(&figment(&toml), "api")
        };
        assert_eq!(read("").unwrap().schema, SchemaMode::Create);
        for (word, mode) in
            [("create", SchemaMode::Create), ("check", SchemaMode::Check), ("extend", SchemaMode::Extend)]
        {
            assert_eq!(read(&format!("schema = '{word}'")).unwrap().schema, mode);
        }
        let messages = messages(read("schema = 'update'").unwrap_err());
        let [message] = &messages[..] else { panic!("{messages:?}") };
        assert!(message.contains("\"create\" or \"check\" or \"extend\""), "{message}");
        assert!(message.contains("default.databases.api.schema |"), "{message}");
    }
}

#[test]
fn a_database_of_a_stronger_layer_overrides_key_by_key() {
    let figment = figment("[default.databases.api]\nurl = 'sqlite:a.db'\nreaders = 2");
    let merged =
        Figment::from(figment).merge(Toml::string("[global.databases.api]\nurl = 'sqlite:b.db'").nested());
    let config = DatabaseConfig::from_figment(&merged, "api").unwrap();
    assert_eq!((config.url.as_str(), config.readers), ("sqlite:b.db", 2));
}

#[test]
fn a_database_of_postgresql_has_keys_of_its_own() {
    let read = |toml: &str| {
        DatabaseConfig::from_figment(&figment(&format!("[default.databases.api]\n{toml}")), "api")
    };
    let url = "url = 'postgres://api@localhost/api'\n";
    let config = read(url).unwrap();
    assert_eq!((config.connections, config.wait_timeout.as_secs()), (16, 5));
    let all = "connections = 4\nconnect_timeout = 1\nwait_timeout = 2\nstatement_timeout = 3\n\
               read_timeout = 4";
    let config = read(&format!("{url}{all}")).unwrap();
    let seconds =
        [config.connect_timeout, config.wait_timeout, config.statement_timeout, config.read_timeout];
    assert_eq!((config.connections, seconds.map(|limit| limit.as_secs())), (4, [1, 2, 3, 4]));
    for bad in [
        "connections = 0",
        "connect_timeout = 0",
        "wait_timeout = 'long'",
        "statement_timeout = 4000",
        "read_timeout = 0",
        // SQLite's, or nobody's.
        "readers = 2",
        "busy_timeout = 5",
        "synchronous = 'full'",
        "connection = 2",
    ] {
        let key = bad.split(' ').next().unwrap();
        let messages = messages(read(&format!("{url}{bad}")).unwrap_err());
        assert_eq!(messages.len(), 1, "{bad}: {messages:?}");
        assert!(messages[0].contains(&format!("default.databases.api.{key} |")), "{bad}: {messages:?}");
    }
    let messages = messages(read("url = 'sqlite:a.db'\nconnections = 2").unwrap_err());
    assert!(messages[0].starts_with("unknown key `connections`"), "{messages:?}");
}

#[test]
fn a_url_in_the_form_of_another_library_stops_the_launch_with_the_right_form_and_no_password() {
    let read = |toml: &str| DatabaseConfig::from_figment(&figment(toml), "api");
    for (url, form) in [
        ("host=localhost user=api password=geheim dbname=api", "write `postgres://"),
        ("jdbc:postgresql://localhost/api?password=geheim", "write `postgres://"),
        ("postgresql+asyncpg://api:geheim@localhost/api", "write `postgres://"),
        ("postgres:api:geheim@localhost/api", "write `postgres://"),
        ("mysql://api:geheim@localhost/api", "write `sqlite:<path>`"),
        ("api:geheim@localhost/api", "write `postgres://"),
        ("sqlite3:geheim.db", "write `sqlite:<path>`"),
    ] {
        // Keys of either kind of database add no error of their own.
        let toml = format!("[default.databases.api]\nurl = '{url}'\nconnections = 4\nreaders = 4");
        let messages = messages(read(&toml).unwrap_err());
        assert_eq!(messages.len(), 1, "{url}: {messages:?}");
        assert!(messages[0].contains(form) && !messages[0].contains("geheim"), "{url}: {messages:?}");
        assert!(messages[0].ends_with("| default.databases.api.url | TOML source string"), "{messages:?}");
    }
    // A URL in place of the table.
    let messages =
        messages(read("[default.databases]\napi = 'postgres://api:geheim@localhost/api'").unwrap_err());
    assert!(messages[0].contains("expected a table") && !messages[0].contains("geheim"), "{messages:?}");
}
