//! The shop's own settings, and what holds where nobody says otherwise.

use std::time::Duration;

use rocket::figment::Figment;
use rocket::figment::providers::Serialized;
use serde::{Deserialize, Serialize};

/// The part of `Rocket.toml` that is the shop's.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    shop: Shop,
}

/// `[default.shop]`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Shop {
    /// Seconds that a customer has to confirm an order.
    reservation: u32,
    /// Seconds between two looks for orders that were not confirmed.
    release_every: u32,
}

impl Default for Shop {
    fn default() -> Self {
        Self { reservation: 900, release_every: 10 }
    }
}

impl Settings {
    /// How long an order waits to be confirmed.
    pub(crate) fn reservation(self) -> Duration {
        Duration::from_secs(self.shop.reservation.into())
    }

    /// The pause between two looks.
    pub(crate) fn release_every(self) -> Duration {
        // Not without any pause: the job would have the processor for itself.
        Duration::from_secs(self.shop.release_every.max(1).into())
    }
}

/// Rocket's own configuration, and below it the shop's: entity tags are on, and the database is a file in the current
/// folder.
pub(crate) fn figment() -> Figment {
    let figment = rocket::Config::figment()
        .join(Serialized::default("databases.api.url", "sqlite:shop.db"))
        .join(Serialized::defaults(Settings::default()));
    // The switch has two spellings, and two different values stop the launch.
    match ["ETAG", "etag"].iter().any(|key| figment.contains(key)) {
        true => figment,
        false => figment.join(Serialized::default("ETAG", true)),
    }
}
