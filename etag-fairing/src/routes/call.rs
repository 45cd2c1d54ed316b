//! One request to a generated route, and what was found out about its caller.

use std::sync::atomic::{AtomicBool, Ordering};

use rocket::{Request, Response};

use super::guarded::Guarded;
use super::row_scopes::RowScopes;
use crate::api::JsonApi;
use crate::config::{EtagConfig, JsonApiConfig};
use crate::document::hidden::Hidden;
use crate::document::state::needs_representation;
use crate::document::write::{Tagging, Writer};
use crate::error::{ErrorObject, Errors};
use crate::fairing::Statistics;
use crate::negotiate::RequestFields;
use crate::observe::{self, Observation};
use crate::plan::{Plan, Root, Scopes, Selection};
use crate::query::Query;
use crate::resource::Behaviour;
use crate::schema::{AttributeId, Description};
use crate::store::{Store, WriteEvent};

/// What an endpoint answers: a response, or why there is none.
pub(super) type Answer<'r> = Result<Response<'r>, Errors>;

/// The part of the application that a request's route belongs to, if [`JsonApi::fairing`] is attached.
pub(super) fn api_of<'r>(request: &'r Request<'_>) -> Option<&'r JsonApi> {
    let api = request.rocket().state::<JsonApi>()?;
    Some(api.at(request.route().map_or("", |route| route.uri.base())))
}

/// A request, the part of the application that answers it, and what its caller may see.
pub(super) struct Call<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) api: &'r JsonApi,
    pub(super) fields: RequestFields<'r>,
    pub(super) guarded: Guarded,
    /// What the request does, where somebody watches.
    pub(super) observation: Option<&'r Observation>,
    row_scopes: RowScopes,
    /// Whether the query leads to resources whose guards and hooks must be asked each time.
    asks_each_time: AtomicBool,
}

impl<'r> Call<'r> {
    /// # Errors
    /// 500 if the application never attached [`JsonApi::fairing`].
    pub(super) fn new(request: &'r Request<'_>, guarded: Guarded) -> Result<Self, Errors> {
        let Some(api) = api_of(request) else {
            log::error!("a JSON:API route is mounted, but JsonApi::fairing() is not attached");
            return Err(ErrorObject::internal().into());
        };
        Ok(Self::over(request, api, guarded))
    }

    /// A request that this part of the application answers.
    pub(super) fn over(request: &'r Request<'_>, api: &'r JsonApi, guarded: Guarded) -> Self {
        Self {
            request,
            api,
            fields: RequestFields::of(request),
            guarded,
            observation: observe::of(request),
            row_scopes: RowScopes::default(),
            asks_each_time: AtomicBool::new(false),
        }
    }

    /// What a resource does with requests.
    pub(super) fn behaviour_of(&self, resource: &Description) -> &'static Behaviour {
        self.api.state.behaviours.of(resource)
    }

    pub(super) fn store(&self) -> &'r dyn Store {
        self.api.store().as_ref()
    }

    pub(super) fn config(&self) -> &'r JsonApiConfig {
        self.api.config()
    }

    /// What Rocket's managed state has of a type.
    pub(super) fn state<T: Send + Sync + 'static>(&self) -> Option<&'r T> {
        self.request.rocket().state()
    }

    /// The attributes whose values the database itself makes.
    pub(super) fn made_by_database(&self, resource: &Description) -> &'r [AttributeId] {
        self.api.unwritable(resource).map_or(&[], |unwritable| &unwritable.attributes)
    }

    /// Counts what becomes of a write beside its outcome.
    pub(super) fn count_write_event(&self, event: WriteEvent) {
        if let Some(statistics) = self.state::<Statistics>() {
            statistics.count_write_event(event);
        }
    }

    /// Writes documents for this caller.
    pub(super) fn writer(&self) -> Writer<'r> {
        Writer::new(self.api.registry(), self.hidden())
    }

    /// Writes the document of a query for this caller.
    pub(super) fn writer_of(&self, query: &Query) -> Writer<'r> {
        match (query.item_tags, self.state::<EtagConfig>()) {
            (Some(_), Some(config)) => {
                self.writer().tagging(Tagging { policy: config.policy(), scopes: self.scopes() })
            }
            _ => self.writer(),
        }
    }

    /// Whether the state tag of a resource that this caller sees is made from its representation, also if it has a version.
    pub(super) fn needs_representation(&self, resource: &'static Description) -> bool {
        needs_representation(resource, &self.scopes(), &self.hidden())
    }

    /// What linkage must not show to this caller.
    pub(super) fn hidden(&self) -> Hidden {
        self.guarded.hidden()
    }

    /// Asks which rows the caller sees of these resources, and of what their linkage leads to.
    ///
    /// # Errors
    /// With a scope's refusal; 500 if one doesn't fit its resource.
    pub(super) async fn ask_row_scopes(&self, resources: &[&'static Description]) -> Result<(), Errors> {
        self.row_scopes.ask(self.request, &self.api.state.behaviours, resources).await
    }

    /// Asks who may list what the linkage of these resources leads to, before a document shows them.
    ///
    /// # Errors
    /// With a guard's status where it is the server's fault.
    pub(super) async fn ask_linkage(
        &self,
        resources: impl IntoIterator<Item = &'static Description>,
    ) -> Result<(), Errors> {
        self.guarded.ask_linkage(self.request, &self.api.state.behaviours, resources).await
    }

    /// Which rows the caller sees of all that the request has come to.
    pub(super) fn scopes(&self) -> Scopes {
        self.row_scopes.scopes()
    }

    /// Whether the caller sees every row and all linkage, so that documents are those for everybody.
    pub(super) fn sees_all(&self) -> bool {
        self.scopes().is_empty() && self.hidden().is_empty()
    }

    /// From now on the answer is for this caller alone: the guards and hooks of what the query leads to must be asked
    /// each time.
    pub(super) fn must_ask_each_time(&self) {
        self.asks_each_time.store(true, Ordering::Relaxed);
    }

    /// Whether an answer to the query is for anyone who may use the route: nothing on the way to it was asked of the
    /// caller but what the route asks.
    pub(super) fn is_for_anyone(&self) -> bool {
        !self.asks_each_time.load(Ordering::Relaxed)
            && !self.row_scopes.any()
            && !self.guarded.was_asked_about_linkage()
    }

    /// A plan of what the caller sees, within the configuration's limits.
    pub(super) fn plan(&self, root: Root, mut selection: Selection) -> Plan {
        self.hidden().leave_out(&mut selection);
        self.plan_with_all_linkage(root, selection)
    }

    /// The same, with the linkage that documents don't show, for what is decided by it.
    pub(super) fn plan_with_all_linkage(&self, root: Root, selection: Selection) -> Plan {
        let most_included = usize::try_from(self.config().max_included).unwrap_or(usize::MAX);
        let most_bytes = usize::try_from(self.config().max_document.as_u64()).unwrap_or(usize::MAX);
        Plan { root, selection, most_included, most_bytes, scopes: self.scopes() }
    }
}
