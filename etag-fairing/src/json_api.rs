//! [`JsonApi`]: what all generated routes share, and the fairing that sets it up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::data::ByteUnit;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::{Build, Data, Orbit, Request, Rocket};

use crate::admission::Admission;
use crate::config::{EtagConfig, JsonApiConfig};
use crate::pending::Pending;
use crate::resource::Registry;
use crate::resource::registry::known;
use crate::routes::fallback;
use crate::stop::{InFlight, stop, with_grace};
use crate::store::{PrepareError, Store};

/// The JSON:API server of an application: its store, its resources, its configuration.
///
/// In managed state once [`JsonApi::fairing`] is attached, so that hand-written routes and fairings reach the
/// store: `rocket.state::<JsonApi>()`, or `&State<JsonApi>` as a request guard.
pub struct JsonApi {
    store: Arc<dyn Store>,
    registry: Registry,
    config: JsonApiConfig,
    admission: Arc<Admission>,
    pending: Pending,
}

/// Opens the store from the configuration, or has it already.
enum Source {
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Database(String),
    Store(Arc<dyn Store>),
}

/// The fairing of [`JsonApi::fairing`].
pub struct JsonApiFairing {
    source: Source,
    in_flight: InFlight,
}

impl JsonApi {
    /// The fairing that makes the generated routes work: it opens the database `api` of `Rocket.toml`
    /// (`[default.databases.api]`), creates or checks its tables, and answers errors, `OPTIONS` and wrong methods
    /// below the mounts as JSON:API asks.
    ///
    /// Two resources of one type, a relationship to a resource that isn't mounted, a table that doesn't fit or a
    /// bad value in the configuration stop the launch with a message that says which.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub fn fairing() -> JsonApiFairing {
        Self::database("api")
    }

    /// The same, with the database of this name.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub fn database(name: impl Into<String>) -> JsonApiFairing {
        JsonApiFairing::over(Source::Database(name.into()))
    }

    /// The same, with a store of your own.
    pub fn with_store(store: impl Store) -> JsonApiFairing {
        JsonApiFairing::over(Source::Store(Arc::new(store)))
    }

    /// Where the resources are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The mounted resources.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What is in progress.
    pub(crate) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// The requests that are waited for.
    pub(crate) fn pending(&self) -> &Pending {
        &self.pending
    }

    /// The configuration.
    pub fn config(&self) -> &JsonApiConfig {
        &self.config
    }
}

impl Source {
    fn open(&self, figment: &Figment) -> Result<Arc<dyn Store>, Option<PrepareError>> {
        match self {
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Database(name) => {
                let config = crate::config::DatabaseConfig::from_figment(figment, name).map_err(|error| {
                    rocket::config::pretty_print_error(error);
                    None
                })?;
                config.announce(name);
                crate::store::open(&config).map_err(Some)
            }
            Self::Store(store) => {
                let _ = figment;
                Ok(Arc::clone(store))
            }
        }
    }
}

fn refuse(problems: impl IntoIterator<Item = impl std::fmt::Display>) {
    log::error!("the JSON:API resources cannot be served:");
    for problem in problems {
        log::error!("{problem}");
    }
}

#[rocket::async_trait]
impl Fairing for JsonApiFairing {
    fn info(&self) -> Info {
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Shutdown | Kind::Singleton;
        Info { name: "JSON:API", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        let config = match JsonApiConfig::from_figment(rocket.figment()) {
            Ok(config) => config,
            Err(error) => {
                rocket::config::pretty_print_error(error);
                return Err(rocket);
            }
        };
        let registry = match Registry::of(rocket.routes(), &config.base_url) {
            Ok(registry) => registry,
            Err(mistakes) => {
                refuse(mistakes);
                return Err(rocket);
            }
        };
        let store = match self.source.open(rocket.figment()) {
            Ok(store) => store,
            Err(error) => {
                refuse(error);
                return Err(rocket);
            }
        };
        let resources: Vec<_> = registry.resources().collect();
        if let Err(error) = store.prepare(&resources).await {
            refuse([error]);
            return Err(rocket);
        }
        config.announce(rocket.figment());
        let mut rocket = with_grace(rocket, config.write_timeout);
        let mut bases: BTreeMap<String, Vec<rocket::Route>> = BTreeMap::new();
        for route in rocket.routes().filter(|route| known(route).is_some()) {
            bases.entry(route.uri.base().to_owned()).or_default();
        }
        let mounted: Vec<_> = rocket.routes().collect();
        for (base, routes) in &mut bases {
            *routes = fallback::routes(&mounted, base);
        }
        for (base, routes) in bases {
            // A catcher of the user's own stays.
            let taken = rocket
                .catchers()
                .any(|catcher| catcher.code.is_none() && catcher.base.path() == base.as_str());
            if !taken {
                rocket = rocket.register(base.clone(), fallback::catchers());
            }
            rocket = rocket.mount(base, routes);
        }
        // Whoever reads it in earnest says what is wrong with it.
        let memo = EtagConfig::from_figment(rocket.figment()).map_or(ByteUnit::Byte(0), |etag| etag.memo);
        Ok(rocket.manage(Self::state(store, registry, config, memo)))
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let tagged = rocket.state::<JsonApi>().and_then(|api| {
            api.registry.resources().find(|resource| resource.etag != crate::resource::Operations::NONE)
        });
        if let (Some(resource), None) = (tagged, rocket.state::<crate::config::EtagConfig>()) {
            log::warn!(
                "`{}` opts in to ETags, but EtagFairing is not attached: nothing carries a tag",
                resource.rust_name
            );
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        self.in_flight.count(request);
    }

    async fn on_shutdown(&self, rocket: &Rocket<Orbit>) {
        let Some(api) = rocket.state::<JsonApi>() else { return };
        let grace = Duration::from_secs(rocket.config().shutdown.grace.into());
        stop(self.in_flight.clone(), api.pending.clone(), Arc::clone(&api.store), grace).await;
    }
}

impl JsonApiFairing {
    fn over(source: Source) -> Self {
        Self { source, in_flight: InFlight::default() }
    }

    fn state(store: Arc<dyn Store>, registry: Registry, config: JsonApiConfig, memo: ByteUnit) -> JsonApi {
        // What the memo holds is bounded there, and held as well.
        let bytes = config.max_unread.as_u64().saturating_add(memo.as_u64());
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let admission = Arc::new(Admission::new(number(config.max_requests.into()), number(bytes)));
        JsonApi { store, registry, config, admission, pending: Pending::default() }
    }
}
