//! Where the figures come from: what the fairings and stores of one application count anyway.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rocket::{Orbit, Rocket};

use crate::admission::Admission;
use crate::api::JsonApi;
use crate::api::operation_writes::OperationWrites;
use crate::api::own_writes::OwnWrites;
use crate::fairing::Statistics;
use crate::memo::Memo;
use crate::store::{Store, StoreFigures};

/// What counts in an application. The counters are shared, so that another application can tell them.
pub(super) struct Sources {
    /// `None` without [`EtagFairing`](crate::EtagFairing).
    pub(super) statistics: Option<Statistics>,
    /// `None` if it is off.
    pub(super) memo: Option<Arc<Memo>>,
    /// `None` without [`JsonApi::fairing`].
    pub(super) admission: Option<Arc<Admission>>,
    /// `None` without [`JsonApi::fairing`].
    pub(super) own_writes: Option<Arc<OwnWrites>>,
    /// `None` without [`JsonApi::fairing`].
    pub(super) operation_writes: Option<Arc<OperationWrites>>,
    /// When the application was launched, in seconds since 1970.
    pub(super) launched: u64,
    /// The stores, each with the path that its resources are mounted below.
    stores: Vec<(String, Arc<dyn Store>)>,
}

impl Sources {
    pub(super) fn of(rocket: &Rocket<Orbit>) -> Self {
        let api = rocket.state::<JsonApi>();
        let mut stores = Vec::new();
        if let Some(api) = api {
            stores.push(("/".to_owned(), Arc::clone(&api.state.store)));
            stores.extend(
                api.state.others.iter().map(|(base, part)| (base.clone(), Arc::clone(&part.state.store))),
            );
        }
        Self {
            statistics: rocket.state().cloned(),
            memo: rocket.state().cloned(),
            admission: api.map(|api| Arc::clone(&api.state.admission)),
            own_writes: api.map(|api| Arc::clone(&api.state.own_writes)),
            operation_writes: api.map(|api| Arc::clone(&api.state.operation_writes)),
            launched: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            stores,
        }
    }

    /// The figures of each store that has any, with its path.
    pub(super) fn stores(&self) -> impl Iterator<Item = (&str, StoreFigures)> {
        self.stores.iter().filter_map(|(base, store)| Some((base.as_str(), store.figures()?)))
    }
}
