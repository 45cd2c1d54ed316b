//! [`JsonApi`]: what all generated routes share, in Rocket's managed state.

pub(crate) mod listeners;
pub(crate) mod operation_writes;
pub(crate) mod own_writes;

use std::fmt;
use std::sync::Arc;

use self::operation_writes::OperationWrites;
use self::own_writes::OwnWrites;
use crate::admission::Admission;
use crate::config::JsonApiConfig;
use crate::idempotency::IdempotencyKeys;
use crate::pending::Pending;
use crate::resource::behaviour::Behaviours;
use crate::resource::caching::PartCaching;
use crate::resource::route_names::ServedWrites;
use crate::schema::{Description, Registry};
use crate::store::{Store, Unwritable};

/// The JSON:API server of an application: its store, its resources, its configuration.
///
/// In managed state once [`JsonApi::fairing`] is attached, so that hand-written routes and fairings reach the
/// store: `rocket.state::<JsonApi>()`, or `&State<JsonApi>` as a request guard. Where there are several stores, this
/// is the one of [`JsonApi::fairing`], and [`at`](JsonApi::at) gives the others.
///
/// It is a handle: a clone costs next to nothing and leads to the same, so that tasks of the application's own may keep
/// one. [`read`](JsonApi::read), [`find`](JsonApi::find) and [`write`](JsonApi::write) are for code beside the generated
/// routes; see [`own`](crate::own).
#[derive(Clone)]
pub struct JsonApi {
    pub(crate) state: Arc<ApiState>,
}

/// What all handles to one part of the application lead to.
pub(crate) struct ApiState {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    /// What the mounted resources do with requests.
    pub(crate) behaviours: Behaviours,
    pub(crate) config: JsonApiConfig,
    /// The keys of requests that may be sent twice; `None` where no answers are kept.
    pub(crate) keys: Option<IdempotencyKeys>,
    /// What caches are told by all its resources.
    pub(crate) caching: PartCaching,
    /// The limits on requests in progress, which all parts of the application share.
    pub(crate) admission: Arc<Admission>,
    /// The requests in progress, of all parts of the application.
    pub(crate) pending: Pending,
    /// The parts of the application that have a store of their own, each with the path below which it is mounted; the
    /// longest path comes first.
    pub(crate) others: Vec<(String, JsonApi)>,
    /// What the application does after commits.
    pub(crate) listeners: Vec<listeners::Listener>,
    /// What has become of the writes of the application's own code, in all parts of it.
    pub(crate) own_writes: Arc<OwnWrites>,
    /// How many operations were made, in all parts of the application.
    pub(crate) operation_writes: Arc<OperationWrites>,
    /// The writes that have a route.
    pub(crate) writes: ServedWrites,
    /// The resources that the store can write only in part, each with what it can't write.
    pub(crate) unwritable: Vec<(&'static Description, Unwritable)>,
}

impl fmt::Debug for JsonApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resources: Vec<_> = self.state.registry.resources().map(|resource| resource.type_name).collect();
        f.debug_struct("JsonApi").field("resources", &resources).finish_non_exhaustive()
    }
}

impl JsonApi {
    pub(crate) fn new(state: ApiState) -> Self {
        Self { state: Arc::new(state) }
    }

    /// The part of the application that is mounted at a path, with the store of the resources there: see
    /// [`JsonApiFairing::below`](crate::JsonApiFairing::below).
    pub fn at(&self, path: &str) -> &JsonApi {
        self.state.others.iter().find(|(base, _)| is_below(path, base)).map_or(self, |(_, other)| other)
    }

    /// All parts of the application, this one first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &JsonApi> {
        std::iter::once(self).chain(self.state.others.iter().map(|(_, other)| other))
    }

    /// Where the resources are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.state.store
    }

    /// The mounted resources.
    pub fn registry(&self) -> &Registry {
        &self.state.registry
    }

    /// What the store can't write of a resource; `None` if it can write all of it.
    pub(crate) fn unwritable(&self, resource: &Description) -> Option<&Unwritable> {
        self.state.unwritable.iter().find(|(other, _)| other.is(resource)).map(|(_, unwritable)| unwritable)
    }

    /// The configuration.
    pub fn config(&self) -> &JsonApiConfig {
        &self.state.config
    }
}

/// Whether a path is this base or continues it.
pub(crate) fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
