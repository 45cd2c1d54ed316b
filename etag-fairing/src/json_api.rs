//! [`JsonApiFairing`]: opens the stores at launch, checks what is mounted, and closes the stores at shutdown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rocket::data::ByteUnit;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::{Build, Data, Orbit, Request, Rocket};

use crate::admission::Admission;
use crate::api::listeners::Listener;
use crate::api::operation_writes::OperationWrites;
use crate::api::own_writes::OwnWrites;
use crate::api::{ApiState, JsonApi, is_below};
use crate::config::{EtagConfig, JsonApiConfig};
use crate::idempotency::{IdempotencyKeys, Identify};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::open_store::{Connections, open_connected, open_store};
use crate::openapi;
use crate::pending::Pending;
use crate::resource::caching::PartCaching;
use crate::resource::endpoint::describe_closed;
use crate::resource::route_names::generated_route;
use crate::resource::{Committed, JsonApiResource};
use crate::routes::mount::Mounted;
use crate::routes::{fallback, mount};
use crate::schema::Description;
use crate::stop::{InFlight, Stopping, stop, with_grace};
use crate::store::{PrepareError, Store};

/// Where a store comes from: a database of the configuration, or a store of the application's own.
#[derive(Clone)]
enum StoreSource {
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Database(String),
    /// The same, with connections that the application makes.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Connected(String, Connections),
    Store(Arc<dyn Store>),
    /// Connections for a store that has its own.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Contradiction,
}

/// The fairing of [`JsonApi::fairing`].
pub struct JsonApiFairing {
    source: StoreSource,
    /// The other sources, each with the path below which its resources are mounted.
    others: Vec<(String, StoreSource)>,
    /// What the application does after commits.
    listeners: Vec<Listener>,
    /// Tells the callers of requests with an `Idempotency-Key` apart.
    identify: Option<Identify>,
    in_flight: InFlight,
}

impl fmt::Debug for JsonApiFairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bases: Vec<_> = self.others.iter().map(|(base, _)| base).collect();
        f.debug_struct("JsonApiFairing").field("others", &bases).finish_non_exhaustive()
    }
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
        JsonApiFairing::over(StoreSource::Database(name.into()))
    }

    /// The same, with a store of your own.
    pub fn with_store(store: impl Store) -> JsonApiFairing {
        JsonApiFairing::over(StoreSource::Store(Arc::new(store)))
    }
}

impl StoreSource {
    /// Opens the store. `base` is the path of its resources, if the application has several stores.
    fn open(&self, figment: &Figment, base: Option<&str>) -> Result<Arc<dyn Store>, Option<PrepareError>> {
        match self {
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Database(name) => {
                let config = crate::config::DatabaseConfig::from_figment(figment, name).map_err(|error| {
                    rocket::config::pretty_print_error(error);
                    None
                })?;
                let described = base.map_or_else(|| name.clone(), |base| format!("{name}, below {base}"));
                config.announce(&described);
                open_store(&config, name).map_err(Some)
            }
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Connected(name, connections) => {
                let config = connections.config(figment, name).map_err(|error| {
                    rocket::config::pretty_print_error(error);
                    None
                })?;
                let described = base.map_or_else(|| name.clone(), |base| format!("{name}, below {base}"));
                config.announce(&described);
                open_connected(&config, name, connections).map_err(Some)
            }
            Self::Store(store) => {
                let _ = (figment, base);
                Ok(Arc::clone(store))
            }
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Contradiction => Err(Some(PrepareError::new(
                "a pool, or connections, for a store that has its own: `with_pool` and `with_connections` go with \
                 `JsonApi::fairing()` and `JsonApi::database(…)`, once each",
            ))),
        }
    }
}

/// Why a resource whose writes need a key can't be served.
fn no_keys(resource: &Description, config: &JsonApiConfig) -> String {
    let why = if config.idempotency_keep.is_zero() {
        "`idempotency_keep = 0` in `[default.jsonapi]` takes no keys"
    } else {
        "the store keeps no answers: the table `_etag_fairing_keys` is missing and may not be made, or the store has none"
    };
    format!("`{}` is `idempotent`, so that its writes need an Idempotency-Key, but {why}", resource.rust_name)
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
        // It is no singleton, since Rocket would silently replace the first one by the second.
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Shutdown;
        Info { name: "JSON:API", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        if rocket.state::<JsonApi>().is_some() {
            refuse([
                "two fairings of `JsonApi` are attached, and nothing says which resources belong to which: attach \
                     one, and name the paths that belong to another database, \
                     `JsonApi::fairing().below(\"/shop\", JsonApi::database(\"shop\"))`",
            ]);
            return Err(rocket);
        }
        let config = match JsonApiConfig::from_figment(rocket.figment()) {
            Ok(config) => config,
            Err(error) => {
                rocket::config::pretty_print_error(error);
                return Err(rocket);
            }
        };
        let mounted = match self.mounted(&rocket, &config) {
            Ok(mut mounted) => {
                let described: Vec<&str> = rocket.routes().filter_map(openapi::serves_schemas).collect();
                for part in &mut mounted {
                    part.registry.describe(&config.base_url, &described);
                }
                mounted
            }
            Err(mistakes) => {
                refuse(mistakes);
                return Err(rocket);
            }
        };
        let contradictions = openapi::contradictions(&rocket);
        if !contradictions.is_empty() {
            refuse(contradictions);
            return Err(rocket);
        }
        let several = mounted.len() > 1;
        // All parts of the application share these limits, and stop together.
        let (admission, pending) = (Self::admission(&rocket, &config), Pending::default());
        let mut parts = Vec::new();
        let own_writes = Arc::new(OwnWrites::default());
        let operation_writes = Arc::new(OperationWrites::default());
        for ((base, source), Mounted { registry, behaviours, writes }) in self.sources().zip(mounted) {
            let store = match source.open(rocket.figment(), (several && !base.is_empty()).then_some(base)) {
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
            let unwritable: Vec<_> = resources
                .iter()
                .map(|resource| (*resource, store.unwritable(resource)))
                .filter(|(_, unwritable)| !unwritable.is_empty())
                .collect();
            for (resource, unwritable) in &unwritable {
                for line in describe_closed(resource, unwritable) {
                    log::warn!("{line}");
                }
            }
            let keys = match self.keys(&*store, &config).await {
                Ok(keys) => keys,
                Err(error) => {
                    refuse([error]);
                    return Err(rocket);
                }
            };
            if keys.is_none()
                && let Some(resource) = resources.iter().find(|resource| behaviours.of(resource).idempotent)
            {
                refuse([no_keys(resource, &config)]);
                return Err(rocket);
            }
            let (config, admission, pending) = (config.clone(), Arc::clone(&admission), pending.clone());
            let caching = PartCaching::of(&registry, &behaviours);
            let (others, listeners) = (Vec::new(), self.listeners.clone());
            let part = ApiState {
                store,
                registry,
                behaviours,
                config,
                keys,
                caching,
                admission,
                pending,
                listeners,
                own_writes: Arc::clone(&own_writes),
                operation_writes: Arc::clone(&operation_writes),
                writes,
                unwritable,
                others,
            };
            parts.push((base.to_owned(), part));
        }
        let mut parts = parts.into_iter();
        let Some((_, mut api)) = parts.next() else { return Err(rocket) };
        api.others.extend(parts.map(|(base, part)| (base, JsonApi::new(part))));
        api.others.sort_by_key(|(base, _)| std::cmp::Reverse(base.len()));
        let api = JsonApi::new(api);
        config.announce(rocket.figment());
        let mut rocket = with_grace(rocket, config.write_timeout);
        let mut bases: BTreeMap<String, Vec<rocket::Route>> = BTreeMap::new();
        for route in rocket.routes().filter(|route| generated_route(route).is_some()) {
            bases.entry(route.uri.base().to_owned()).or_default();
        }
        let all: Vec<_> = rocket.routes().collect();
        for (base, routes) in &mut bases {
            *routes = fallback::routes(&all, base, &api.at(base).state.unwritable);
        }
        for (base, routes) in bases {
            // A catcher that the application has registered is kept.
            let taken = rocket
                .catchers()
                .any(|catcher| catcher.code.is_none() && catcher.base.path() == base.as_str());
            if !taken {
                rocket = rocket.register(base.clone(), fallback::catchers());
            }
            rocket = rocket.mount(base, routes);
        }
        Ok(rocket.manage(api).manage(Stopping::default()))
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let tagged = rocket.state::<JsonApi>().and_then(|api| {
            let mut resources = api.parts().flat_map(|part| part.state.registry.resources());
            resources.find(|resource| resource.etag != crate::schema::Operations::NONE)
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
        if let Some(stopping) = rocket.state::<Stopping>() {
            stopping.begin();
        }
        let grace = Duration::from_secs(rocket.config().shutdown.grace.into());
        let stores = api.parts().map(|part| Arc::clone(&part.state.store)).collect();
        stop(self.in_flight.clone(), api.state.pending.clone(), stores, grace).await;
    }
}

impl JsonApiFairing {
    fn over(source: StoreSource) -> Self {
        Self {
            source,
            others: Vec::new(),
            listeners: Vec::new(),
            identify: None,
            in_flight: InFlight::default(),
        }
    }

    /// The keys of requests to a store; `None` if it keeps no answers, or the configuration wants none.
    async fn keys(
        &self,
        store: &dyn Store,
        config: &JsonApiConfig,
    ) -> Result<Option<IdempotencyKeys>, PrepareError> {
        if config.idempotency_keep.is_zero() || !store.prepare_answers().await? {
            return Ok(None);
        }
        Ok(Some(IdempotencyKeys::new(
            config.idempotency_keep,
            config.idempotency_max_bytes,
            self.identify.clone(),
        )))
    }

    /// Tells the callers of requests with an `Idempotency-Key` apart: each of them has keys of its own. The guards have let
    /// the request through by then, so that what they have put into its local cache is there. `None` is a caller that
    /// nobody knows.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// use etag_fairing::JsonApi;
    ///
    /// // The user whom a gateway has found out, in a field that it sets itself.
    /// let _ = rocket::build().attach(JsonApi::fairing().identified_by(|request| {
    ///     request.headers().get_one("X-User").map(str::to_owned)
    /// }));
    /// # }
    /// ```
    ///
    /// Without such a function, and where it returns `None`, all callers share their keys, and a request is the same only if
    /// `Authorization`, `Cookie` and other fields that may say who asks are, too, and if the caller may see as much: nobody
    /// gets an answer that somebody else was given, but who signs in anew in between is told to make a new key (422).
    #[must_use]
    pub fn identified_by(
        mut self,
        identify: impl Fn(&Request<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.identify = Some(Arc::new(identify));
        self
    }

    /// The limits that all parts of the application share.
    fn admission(rocket: &Rocket<Build>, config: &JsonApiConfig) -> Arc<Admission> {
        // If this part of the configuration is wrong, `EtagFairing` says so.
        let memo = EtagConfig::from_figment(rocket.figment()).map_or(ByteUnit::Byte(0), |etag| etag.memo);
        // The memo has a limit of its own. What it holds counts here, too, so that its limit is added.
        let bytes = config.max_unread.as_u64().saturating_add(memo.as_u64());
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Arc::new(Admission::new(number(config.max_requests.into()), number(bytes)))
    }

    /// Uses a pool that the application has, instead of one of its own: see
    /// [`PostgresStore::with_pool`](crate::store::postgres::PostgresStore::with_pool).
    ///
    /// The table of the database in `Rocket.toml` may be left out then. If it is there, it has the keys of
    /// [`PoolOptions::from_figment`](crate::store::postgres::PoolOptions::from_figment), and any other one stops the launch.
    ///
    /// ```no_run
    /// use etag_fairing::JsonApi;
    /// use etag_fairing::store::postgres::deadpool_postgres::{Config, Runtime, tokio_postgres::NoTls};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Config::new();
    /// config.url = Some("postgres://api@localhost/conference".into());
    /// let pool = config.create_pool(Some(Runtime::Tokio1), NoTls)?;
    /// let _ = rocket::build().attach(JsonApi::fairing().with_pool(pool.clone())).manage(pool);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn with_pool(self, pool: crate::store::postgres::deadpool_postgres::Pool) -> Self {
        self.connected(Connections::Pool(pool))
    }

    /// Opens the connections of the database as the application does, with `PRAGMA`s of its own, a key, functions,
    /// extensions: see [`SqliteStore::with_connections`](crate::store::sqlite::SqliteStore::with_connections). The path is the
    /// one that `url` names; all keys of the database hold.
    ///
    /// ```no_run
    /// use etag_fairing::{JsonApi, store::sqlite::rusqlite::Connection};
    ///
    /// let _ = rocket::build().attach(JsonApi::fairing().with_connections(|path| {
    ///     let connection = Connection::open(path)?;
    ///     connection.pragma_update(None, "cache_size", -65536)?;
    ///     Ok::<_, etag_fairing::store::sqlite::rusqlite::Error>(connection)
    /// }));
    /// ```
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn with_connections<E>(
        self,
        connect: impl Fn(&std::path::Path) -> Result<crate::store::sqlite::rusqlite::Connection, E>
        + Send
        + Sync
        + 'static,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.connected(Connections::Sqlite(crate::store::sqlite::factory(connect)))
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn connected(mut self, connections: Connections) -> Self {
        self.source = match self.source {
            StoreSource::Database(name) => StoreSource::Connected(name, connections),
            _ => StoreSource::Contradiction,
        };
        self
    }

    /// Stores the resources that are mounted at `base`, or at a path below it, in another database or store. All other
    /// resources stay in this one.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")] {
    /// use etag_fairing::JsonApi;
    ///
    /// // [default.databases.api] has what is mounted at /v1, [default.databases.shop] what is mounted at /v1/shop.
    /// let _ = rocket::build()
    ///     .attach(JsonApi::fairing().below("/v1/shop", JsonApi::database("shop")));
    /// # }
    /// ```
    ///
    /// The longest path decides. A struct that is mounted below both paths is kept in both, each for itself. A
    /// relationship leads to resources of the same database; one that leads to another stops the launch, and so does a
    /// path that no resource is mounted at or below.
    #[must_use]
    pub fn below(mut self, base: impl Into<String>, other: JsonApiFairing) -> Self {
        let base = base.into();
        self.others.push((base.trim_end_matches('/').to_owned(), other.source));
        self.others.extend(other.others);
        self.listeners.extend(other.listeners);
        self.identify = self.identify.or(other.identify);
        self
    }

    /// Has the application hear of each change of a resource, once it is committed.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// use etag_fairing::own::ApiError;
    /// use etag_fairing::resource::Committed;
    /// use etag_fairing::{JsonApi, JsonApiResource};
    /// use rocket::tokio::sync::broadcast;
    ///
    /// #[derive(Clone, Debug, JsonApiResource)]
    /// #[jsonapi(type = "sessions")]
    /// struct Session {
    ///     #[jsonapi(id)]
    ///     id: i64,
    ///     title: String,
    /// }
    ///
    /// let (sender, _) = broadcast::channel(100);
    /// let news = sender.clone();
    /// let _ = rocket::build().manage(sender).attach(JsonApi::fairing().after_commit(
    ///     move |change: Committed<Session>, _api: JsonApi| {
    ///         let news = news.clone();
    ///         async move {
    ///             if let Some(session) = change.after() {
    ///                 // Nobody may be listening.
    ///                 let _ = news.send(session.title.clone());
    ///             }
    ///             Ok::<_, ApiError>(())
    ///         }
    ///     },
    /// ));
    /// # }
    /// ```
    ///
    /// - It runs once for each resource that a write has changed: by one of its own URLs, or by
    ///   [`JsonApi::write`], where several changes of one resource count as one. It doesn't run for a write that was
    ///   refused, undone or repeated, nor for rows that a change takes along (`on_delete`, the other end of a
    ///   relationship), that hooks write, or that SQL and other programs change.
    /// - It runs before the client is answered. An error or a panic is logged, and changes nothing of the answer; so does
    ///   the end of `write_timeout`. What takes long belongs into a task of its own ([`rocket::tokio::spawn`]).
    /// - A process that ends between the commit and this function doesn't make up for it. For what must not be missed, let
    ///   the write itself put a row into a table of tasks.
    /// - A resource without such a function pays nothing. With one, each change reads the resource before and after.
    ///
    /// A function for a resource that isn't mounted stops the launch.
    #[must_use]
    pub fn after_commit<T, F, E>(
        mut self,
        listener: impl Fn(Committed<T>, JsonApi) -> F + Send + Sync + 'static,
    ) -> Self
    where
        T: JsonApiResource,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.listeners.push(Listener::new(listener));
        self
    }

    /// All sources with their paths. The first one is for all resources that no other path matches.
    fn sources(&self) -> impl Iterator<Item = (&str, &StoreSource)> {
        let others = self.others.iter().map(|(base, source)| (base.as_str(), source));
        std::iter::once(("", &self.source)).chain(others)
    }

    /// The resources of each source, in the order of [`sources`](Self::sources).
    ///
    /// # Errors
    /// One line for each mistake.
    fn mounted(&self, rocket: &Rocket<Build>, config: &JsonApiConfig) -> Result<Vec<Mounted>, Vec<String>> {
        let bases: Vec<&str> = self.sources().map(|(base, _)| base).collect();
        let mut mistakes = Vec::new();
        for (index, base) in bases.iter().enumerate().skip(1) {
            let write = "write a path as it is given to `mount`, such as \"/shop\"";
            if base.is_empty() {
                mistakes.push(format!("a second database for everything: {write}"));
            } else if !base.starts_with('/') || base.contains("//") || base.contains('<') {
                mistakes.push(format!("{base:?} is no path of resources with another database: {write}"));
            } else if bases.iter().take(index).any(|earlier| earlier == base) {
                mistakes.push(format!("two databases for what is mounted at {base}: remove one of them"));
            }
        }
        let part_of = |route: &rocket::Route| {
            let path = route.uri.base();
            let matching = bases.iter().enumerate().filter(|(_, base)| is_below(path, base));
            matching.max_by_key(|(_, base)| base.len()).map_or(0, |(index, _)| index)
        };
        let mounted = mount::resources(rocket.routes(), &config.base_url, bases.len(), part_of);
        match &mounted {
            Ok(mounted) => {
                let empty = mounted.iter().zip(&bases).skip(1);
                let empty = empty.filter(|(part, _)| part.registry.resources().next().is_none());
                mistakes.extend(empty.map(|(_, base)| {
                    format!("no resource is mounted at {base} or below, so that its database has none: mount one there")
                }));
                let is_mounted = |resource: &Description| {
                    mounted.iter().any(|part| part.registry.resources().any(|known| known.is(resource)))
                };
                let unheard = self.listeners.iter().filter(|listener| !is_mounted(listener.resource));
                mistakes.extend(unheard.map(|listener| {
                    let name = listener.resource.rust_name;
                    format!(
                        "a function of `after_commit` is for `{name}`, which is not mounted: mount its routes"
                    )
                }));
            }
            Err(found) => mistakes.extend(found.iter().cloned()),
        }
        if mistakes.is_empty() { mounted } else { Err(mistakes) }
    }
}
