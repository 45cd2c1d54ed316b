//! What the server is configured with where nobody says otherwise.

use rocket::figment::{Figment, providers::Serialized};

/// Rocket's own configuration (`Rocket.toml`, if there is one, and `ROCKET_…` variables), and below it the
/// defaults of this server: entity tags are on, and the database is a file in the current folder.
pub(crate) fn figment() -> Figment {
    with_defaults(rocket::Config::figment())
}

/// `join`, not `merge`: a default only stands where the user said nothing.
fn with_defaults(figment: Figment) -> Figment {
    let figment = figment.join(Serialized::default("databases.api.url", "sqlite:open-event.db"));
    // The switch has two spellings, and two different values stop the launch: a default beside the user's other
    // spelling would be such a second value.
    if ["ETAG", "etag"].iter().any(|key| figment.contains(key)) {
        return figment;
    }
    figment.join(Serialized::default("ETAG", true))
}

#[cfg(test)]
mod tests {
    use rocket::figment::{
        Profile,
        providers::{Format, Toml},
    };

    use super::*;

    fn configured(toml: &str) -> Figment {
        let user = Figment::from(Toml::string(toml).nested()).select(Profile::const_new("debug"));
        with_defaults(user)
    }

    #[test]
    fn entity_tags_are_on_where_the_user_says_nothing() {
        let figment = configured("[default]\nport = 1");
        assert!(figment.extract_inner::<bool>("ETAG").unwrap());
        assert!(!figment.contains("etag"));
    }

    #[test]
    fn the_users_switch_stands_alone_in_every_spelling_and_place() {
        for toml in [
            "[default]\nETAG = false",
            "[debug]\nETAG = false",
            "[global]\nETAG = false",
            "[default]\netag = false",
            "[debug]\netag = false",
            "[debug.etag]\nenabled = false",
        ] {
            let figment = configured(toml);
            assert!(figment.contains("ETAG") != figment.contains("etag"), "{toml}");
            if figment.contains("ETAG") {
                assert!(!figment.extract_inner::<bool>("ETAG").unwrap(), "{toml}");
            }
        }
    }

    #[test]
    fn another_profiles_switch_is_not_ours() {
        assert!(configured("[release]\nETAG = false").extract_inner::<bool>("ETAG").unwrap());
    }

    #[test]
    fn the_database_is_a_file_in_the_current_folder_unless_the_user_names_one() {
        let url = |toml: &str| configured(toml).extract_inner::<String>("databases.api.url").unwrap();
        assert_eq!(url(""), "sqlite:open-event.db");
        assert_eq!(url("[default.databases.api]\nbusy_timeout = 5"), "sqlite:open-event.db");
        assert_eq!(url("[default.databases.api]\nurl = \"sqlite:a.db\""), "sqlite:a.db");
        assert_eq!(url("[debug.databases.api]\nurl = \"sqlite:b.db\""), "sqlite:b.db");
    }
}
