//! The configuration, key by key: what is read, what is refused, and how the refusal names its place.

mod support;

use etag_fairing::EtagFairing;
use etag_fairing::config::{
    ConfigError, DatabaseConfig, EtagConfig, JsonApiConfig, SchemaMode, Strength, SurrogateKeys, Synchronous,
};
use rocket::data::{ByteUnit, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::figment::Figment;
use rocket::figment::providers::{Env, Format, Serialized, Toml};
use support::figment;

fn etag(toml: &str) -> Result<EtagConfig, ConfigError> {
    EtagConfig::from_figment(&figment(toml))
}

/// Every error of a chain as `message | key | file`.
fn messages(error: ConfigError) -> Vec<String> {
    let line = |error: ConfigError| {
        let profile = error.profile.map(|profile| profile.to_string()).unwrap_or_default();
        let source = error.metadata.map(|metadata| metadata.name.to_string()).unwrap_or_default();
        format!("{} | {profile}.{} | {source}", error.kind, error.path.join("."))
    };
    let mut messages: Vec<String> = error.into_iter().map(line).collect();
    messages.sort();
    messages
}

#[test]
fn absent_is_off() {
    assert_eq!(etag("").unwrap(), EtagConfig::default());
    assert!(!EtagConfig::default().enabled);
}

#[test]
fn the_switch_in_every_spelling_and_value() {
    for key in ["ETAG", "etag"] {
        for (value, on) in [
            ("true", true),
            ("false", false),
            ("\"on\"", true),
            ("\"OFF\"", false),
            ("\"yes\"", true),
            ("\"no\"", false),
            ("1", true),
            ("0", false),
        ] {
            let config = etag(&format!("[default]\n{key} = {value}")).unwrap();
            assert_eq!(config.enabled, on, "{key} = {value}");
        }
    }
}

#[test]
fn a_switch_of_another_type_is_refused_in_every_spelling() {
    for key in ["ETAG", "etag"] {
        for value in ["\"maybe\"", "\"\"", "2", "-1", "1.5", "[true]"] {
            let error = etag(&format!("[default]\n{key} = {value}")).unwrap_err();
            let messages = messages(error);
            assert_eq!(messages.len(), 1);
            assert!(messages[0].contains("expected `true`, `false` or a table"), "{messages:?}");
            assert!(messages[0].ends_with(&format!("| default.{key} | TOML source string")), "{messages:?}");
        }
    }
}

#[test]
fn every_key_of_the_table() {
    for section in ["default.etag", "default.ETAG"] {
        let config = etag(&format!(
            "[{section}]\nenabled = true\nstrength = 'weak'\naccept_weakened = true\n\
             require_if_match = true\nmax_body = '64 KiB'\ncache_control = 'no-cache'"
        ))
        .unwrap();
        assert!(config.enabled && config.accept_weakened && config.require_if_match);
        assert_eq!(config.strength, Strength::Weak);
        assert_eq!(config.max_body, 64.kibibytes());
        assert_eq!(config.cache_control.as_deref(), Some("no-cache"));
    }
}

#[test]
fn a_table_without_enabled_is_on_and_one_may_say_off() {
    assert!(etag("[default.etag]\nstrength = 'weak'").unwrap().enabled);
    assert!(etag("[default.etag]").unwrap().enabled);
    assert!(!etag("[default.etag]\nenabled = false\nstrength = 'weak'").unwrap().enabled);
}

#[test]
fn max_body_is_a_number_or_text_and_cache_control_may_be_none() {
    assert_eq!(etag("[default.etag]\nmax_body = 1000").unwrap().max_body, 1000.bytes());
    assert_eq!(etag("[default.etag]\nmax_body = '1 MB'").unwrap().max_body, 1.megabytes());
    assert_eq!(etag("[default.etag]\ncache_control = ''").unwrap().cache_control, None);
}

#[test]
fn each_key_refuses_other_types_naming_key_and_profile() {
    for (key, value) in [
        ("enabled", "'maybe'"),
        ("enabled", "[]"),
        ("strength", "'middling'"),
        ("strength", "true"),
        ("strength", "'Weak'"),
        ("accept_weakened", "2"),
        ("require_if_match", "'if you like'"),
        ("max_body", "true"),
        ("max_body", "-1"),
        ("max_body", "'eight'"),
        ("max_body", "1.5"),
        ("cache_control", "true"),
        ("cache_control", "60"),
        ("cache_control", "\"no-cache\\r\\nX: y\""),
        ("cache_control", "'é'"),
    ] {
        let messages = messages(etag(&format!("[debug.etag]\n{key} = {value}")).unwrap_err());
        assert_eq!(messages.len(), 1, "{key} = {value}: {messages:?}");
        let place = format!("| debug.etag.{key} | TOML source string");
        assert!(messages[0].ends_with(&place), "{key} = {value}: {messages:?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_there_is() {
    let message = |toml| messages(etag(toml).unwrap_err()).remove(0);
    assert_eq!(
        message("[default.etag]\nstrenght = 'weak'"),
        "unknown key `strenght`: did you mean `strength`? | default.etag.strenght | TOML source string"
    );
    assert!(
        message("[default.ETAG]\nmaxBody = 1").starts_with("unknown key `maxBody`: did you mean `max_body`?")
    );
    assert!(
        message("[default.etag]\ncolour = 1").contains("the keys are `accept_weakened`, `cache_control`")
    );
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let error = etag("[default.etag]\nenabled = 7\nstrength = 1\nmax_bodi = 1").unwrap_err();
    assert_eq!(messages(error).len(), 3);
}

#[test]
fn two_different_values_stop_the_launch() {
    for toml in [
        "[default]\nETAG = true\netag = false",
        "[default]\nETAG = false\netag = 'on'",
        "[default]\nETAG = false\n[default.etag]\nenabled = true",
        "[default.ETAG]\nstrength = 'weak'\n[default.etag]\nstrength = 'strong'",
        "[debug]\nETAG = true\netag = false",
    ] {
        let messages = messages(etag(toml).unwrap_err());
        assert_eq!(messages.len(), 1, "{toml}");
        assert!(messages[0].contains("`ETAG` and `etag` give two different values"), "{messages:?}");
        assert!(messages[0].ends_with("ETAG | TOML source string"), "{messages:?}");
    }
}

#[test]
fn both_spellings_may_agree_or_speak_of_different_things() {
    assert!(etag("[default]\nETAG = true\netag = true").unwrap().enabled);
    assert!(etag("[default]\nETAG = true\netag = 'on'").unwrap().enabled);
    let config = etag("[default]\nETAG = true\n[default.etag]\nstrength = 'weak'").unwrap();
    assert_eq!((config.enabled, config.strength), (true, Strength::Weak));
}

#[test]
fn the_profile_overrides_default_and_global_overrides_both_key_by_key() {
    let toml =
        "[default.etag]\nstrength = 'weak'\nmax_body = 1\n[debug]\nETAG = false\n[global.etag]\nmax_body = 2";
    let config = etag(toml).unwrap();
    assert_eq!((config.enabled, config.strength), (false, Strength::Weak));
    assert_eq!(config.max_body, 2.bytes());
    let release = EtagConfig::from_figment(&figment(toml).select("release")).unwrap();
    assert!(release.enabled);
    assert!(etag("[default]\nETAG = false\n[debug]\netag = true").unwrap().enabled);
    assert!(etag("[debug]\nETAG = false\n[global]\nETAG = true").unwrap().enabled);
}

/// The switch and the strength, with `ROCKET_ETAG` set to `value`; or what is printed. The environment
/// belongs to the whole process and so to all tests at once: a child process reads it.
fn with_variable(toml: &str, value: &str) -> Result<(bool, Strength), String> {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_reads_the_environment", "--nocapture"])
        .env("FAIRING_TEST_TOML", toml)
        .env("ROCKET_ETAG", value)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT ")).expect("a result");
    match line {
        "true Strong" => Ok((true, Strength::Strong)),
        "true Weak" => Ok((true, Strength::Weak)),
        "false Strong" => Ok((false, Strength::Strong)),
        "false Weak" => Ok((false, Strength::Weak)),
        message => Err(message.to_owned()),
    }
}

/// Not a test by itself: the child process of [`with_variable`].
#[test]
fn child_reads_the_environment() {
    let Ok(toml) = std::env::var("FAIRING_TEST_TOML") else { return };
    let figment = figment(&toml).merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global());
    match EtagConfig::from_figment(&figment) {
        Ok(config) => println!("\nRESULT {} {:?}", config.enabled, config.strength),
        Err(error) => println!("\nRESULT {}", messages(error).join(" && ")),
    }
}

#[test]
fn the_environment_overrides_either_spelling_of_the_file() {
    for file in ["ETAG = true", "etag = true", "ETAG = true\netag = true"] {
        for section in ["default", "debug", "global"] {
            let toml = format!("[{section}]\n{file}");
            assert!(!with_variable(&toml, "false").unwrap().0, "{toml}");
            assert!(!with_variable(&toml, "off").unwrap().0, "{toml}");
        }
    }
    assert!(with_variable("[default]\nETAG = false", "1").unwrap().0);
    assert!(with_variable("", "true").unwrap().0);
}

#[test]
fn the_environment_may_hold_a_table_and_leaves_other_keys_of_the_file() {
    let weak = Ok((true, Strength::Weak));
    assert_eq!(with_variable("", "{enabled=true,strength=\"weak\"}"), weak);
    assert_eq!(with_variable("[default.etag]\nstrength = 'weak'\nenabled = false", "true"), weak);
}

#[test]
fn a_file_overrides_the_programs_default_in_either_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Rocket.toml");
    for key in ["ETAG", "etag"] {
        for default in ["ETAG", "etag"] {
            std::fs::write(&file, format!("[default]\n{key} = false")).unwrap();
            let figment = Figment::from(rocket::Config::debug_default())
                .merge(Toml::file(&file).nested())
                .join(Serialized::default(default, true));
            assert!(!EtagConfig::from_figment(&figment).unwrap().enabled, "{key} over {default}");
        }
    }
    let figment = figment("").join(Serialized::default("etag", true));
    assert!(EtagConfig::from_figment(&figment).unwrap().enabled);
}

#[test]
fn a_bad_variable_is_named() {
    let message = with_variable("[default]\nETAG = true", "maybe").unwrap_err();
    assert!(message.contains("global.etag | `ROCKET_` environment variable(s)"), "{message}");
    let message = with_variable("", "{enabld=true}").unwrap_err();
    assert!(message.contains("unknown key `enabld`: did you mean `enabled`?"), "{message}");
}

#[test]
fn a_bad_configuration_stops_the_launch_and_a_good_one_does_not() {
    for (toml, launches) in [
        ("[default]\nETAG = 'maybe'", false),
        ("[default.etag]\nstrenght = 'weak'", false),
        ("[default]\nETAG = true\netag = false", false),
        ("[default]\nETAG = true", true),
        ("[default]\nETAGS = true", true),
        ("", true),
    ] {
        let figment = figment(toml).merge(("log_level", "off"));
        let ignited = rocket::execute(rocket::custom(figment).attach(EtagFairing::new()).ignite());
        match ignited {
            Ok(_) => assert!(launches, "{toml}"),
            Err(error) => {
                assert!(!launches, "{toml}");
                let ErrorKind::FailedFairings(fairings) = error.kind() else { panic!("{error}") };
                assert_eq!(fairings.iter().map(|info| info.name).collect::<Vec<_>>(), ["ETag"]);
            }
        }
    }
}

/// What a user sees, with the file's name: the launch in a process of its own.
#[test]
fn the_message_names_key_profile_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Rocket.toml");
    let launch = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_launches", "--nocapture"])
            .env("FAIRING_TEST_LAUNCH", "1")
            .env("ROCKET_CONFIG", &file)
            .env("ROCKET_CLI_COLORS", "false")
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let printed = launch("[default]\nETAG = 'maybe'");
    for expected in ["expected `true`, `false` or a table", "default.ETAG", "Rocket.toml"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    let printed = launch("[debug.etag]\nstrenght = 'weak'");
    for expected in ["did you mean `strength`?", "debug.etag.strenght", "Rocket.toml"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    let printed = launch("[default]\nETAGS = true\nE_tag = 1\n[default.etag]\nstrength = 'weak'");
    for expected in ["`ETAGS` (profile default", "`E_tag` (profile default", "did you mean `etag`?"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    for expected in
        [">> etag: on", ">> strength: weak", ">> max body: 8MiB", ">> Cache-Control: private, no-cache"]
    {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    assert!(printed.contains("every conditional change will be refused"), "{printed}");
}

/// Not a test by itself: the child process of the test above.
#[test]
fn child_launches() {
    if std::env::var("FAIRING_TEST_LAUNCH").is_ok() {
        let _ = rocket::execute(rocket::build().attach(EtagFairing::new()).ignite()).map_err(|error| {
            let _ = error.kind();
        });
    }
}

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
