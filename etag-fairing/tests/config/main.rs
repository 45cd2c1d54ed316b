//! The configuration, key by key: what is read, what is refused, and how the refusal names its place.

mod parts;
#[path = "../support/mod.rs"]
mod support;

use etag_fairing::EtagFairing;
use etag_fairing::config::{ConfigError, EtagConfig, Strength};
use rocket::data::ToByteUnit;
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
