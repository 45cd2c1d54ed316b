//! One request to a generated route, with what every endpoint needs of it.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::data::{Data, ToByteUnit};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Request, Response};

use super::conditions::Conditions;
use super::endpoint::Endpoint;
use super::guarded::Guarded;
use super::permission;
use super::row_scopes::Asked;
use crate::admission::{Entered, HeldBytes};
use crate::api::JsonApi;
use crate::conditional::EntityTag;
use crate::config::{EtagConfig, JsonApiConfig};
use crate::document::write::Writer;
use crate::error::{ErrorObject, Errors};
use crate::memo::{CallerRef, KeyRef};
use crate::negotiate::{asks_for_profile, check_accept, check_content_encoding, check_content_type};
use crate::plan::{Plan, Root, Scopes, Selection};
use crate::query::{CURSOR_PROFILE, Context, Parameters, Query, Target};
use crate::resource::Behaviour;
use crate::schema::{Description, Operation, ResourceId};
use crate::store::Store;

/// So many bytes of each body Rocket has looked at before a route sees it: the longest beginning of a form that means
/// another method.
const PEEKED: usize = "_method=delete".len();

/// The part of the application that a request's route belongs to, if [`JsonApi::fairing`] is attached.
pub(super) fn api_of<'r>(request: &'r Request<'_>) -> Option<&'r JsonApi> {
    let api = request.rocket().state::<JsonApi>()?;
    Some(api.at(request.route().map_or("", |route| route.uri.base())))
}

/// A request and what it is answered with.
pub(super) struct Exchange<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) resource: &'static Description,
    /// What the resource does with requests.
    pub(super) behaviour: &'static Behaviour,
    pub(super) api: &'r JsonApi,
    /// The configuration of entity tags, where this route carries them and the switch is on.
    pub(super) etag: Option<&'r EtagConfig>,
    /// The place in [`Description::relationships`], for the operations on one relationship.
    relationship: usize,
    operation: Operation,
    asked: Asked,
    pub(super) guarded: Guarded,
    /// Whether the query leads to resources whose guards and hooks must be asked each time.
    asks: AtomicBool,
}

impl<'r> Exchange<'r> {
    /// # Errors
    /// 406 and 415, since all else is refused in JSON:API's media type; 500 if the application never attached
    /// [`JsonApi::fairing`].
    pub(super) fn new(
        request: &'r Request<'_>,
        endpoint: &Endpoint,
        guarded: Guarded,
    ) -> Result<Self, Errors> {
        let Endpoint { resource, behaviour, operation, relationship } = *endpoint;
        let Some(api) = api_of(request) else {
            log::error!("a JSON:API route is mounted, but JsonApi::fairing() is not attached");
            return Err(ErrorObject::internal().into());
        };
        let etag = request
            .rocket()
            .state::<EtagConfig>()
            .filter(|config| config.enabled && resource.etag.contains(operation));
        // A form on any web page may post `_method=DELETE`, and no browser asks the server before it sends one.
        let form =
            operation == Operation::Delete && request.content_type().is_some_and(|sent| sent.is_form());
        let body = form
            || matches!(operation, Operation::Create | Operation::Update | Operation::UpdateRelationship);
        check_accept(request.headers().get("Accept"))?;
        check_content_type(request.headers().get("Content-Type"), body)?;
        if body {
            check_content_encoding(request.headers().get("Content-Encoding"))?;
        }
        Ok(Self {
            request,
            resource,
            behaviour,
            api,
            etag,
            relationship,
            operation,
            asked: Asked::default(),
            guarded,
            asks: AtomicBool::new(false),
        })
    }

    /// What a resource does with requests: this one or another.
    pub(super) fn behaviour_of(&self, resource: &Description) -> &'static Behaviour {
        self.api.behaviours.of(resource)
    }

    pub(super) fn store(&self) -> &'r dyn Store {
        self.api.store().as_ref()
    }

    /// The places of the attributes whose values the database itself makes.
    pub(super) fn made_by_database(&self) -> &'r [usize] {
        self.api.unwritable(self.resource).map_or(&[], |unwritable| &unwritable.attributes)
    }

    /// Writes documents for this caller.
    pub(super) fn writer(&self) -> Writer<'r> {
        Writer::new(self.api.registry(), self.hidden())
    }

    pub(super) fn config(&self) -> &'r JsonApiConfig {
        self.api.config()
    }

    /// What the URL's query asks for, of what this client may see.
    ///
    /// # Errors
    /// 400, with each parameter that this URL doesn't take; 403 for one that leads to what a guard forbids.
    pub(super) async fn query(&self, target: Target) -> Result<(Parameters, Query), Errors> {
        self.query_of(self.resource, target).await
    }

    /// The same for a URL that gives another resource than its path begins with.
    pub(super) async fn query_of(
        &self,
        resource: &'static Description,
        target: Target,
    ) -> Result<(Parameters, Query), Errors> {
        let parameters = Parameters::parse(self.request.uri().query().map(|query| query.as_str()))?;
        let query = Query::parse(
            &parameters,
            &Context {
                resource,
                target,
                registry: self.api.registry(),
                config: self.config(),
                cursor_profile: asks_for_profile(self.request.headers().get("Accept"), CURSOR_PROFILE),
            },
        )?;
        let reached = self.ask_for_query(resource, &parameters, &query).await?;
        let asks = |behaviour: &Behaviour| behaviour.guards.has(Operation::List) || behaviour.hooks.is_some();
        if reached.iter().any(|reached| asks(self.behaviour_of(reached))) {
            self.asks.store(true, Ordering::Relaxed);
        }
        self.ask_scopes(&reached).await?;
        self.ask_linkage(permission::included(resource, &query)).await?;
        Ok((parameters, query))
    }

    /// Asks which rows the caller sees of these resources, and of what their linkage leads to.
    ///
    /// # Errors
    /// With a scope's refusal; 500 if one doesn't fit its resource.
    pub(super) async fn ask_scopes(&self, resources: &[&'static Description]) -> Result<(), Errors> {
        self.asked.ask(self.request, &self.api.behaviours, resources).await
    }

    /// Which rows the caller sees of all that the request has come to.
    pub(super) fn scopes(&self) -> Scopes {
        self.asked.scopes()
    }

    /// A plan of what the caller sees, within the configuration's limits.
    pub(super) fn plan(&self, root: Root, selection: Selection) -> Plan {
        self.plan_of_all(root, self.shown(selection))
    }

    /// The same, with the linkage that documents don't show, for what is decided by it.
    pub(super) fn plan_of_all(&self, root: Root, selection: Selection) -> Plan {
        let most = usize::try_from(self.config().max_included).unwrap_or(usize::MAX);
        let most_bytes = usize::try_from(self.config().max_document.as_u64()).unwrap_or(usize::MAX);
        Plan { root, selection, most_included: most, most_bytes, scopes: self.scopes() }
    }

    /// The id in the path.
    ///
    /// # Errors
    /// 404 if no resource can have it, or it is longer than ids may be.
    pub(super) fn id(&self) -> Result<ResourceId, Errors> {
        let segment = self.request.routed_segment(1);
        let most = self.config().max_id_length;
        if segment.is_some_and(|segment| u32::try_from(segment.len()).is_ok_and(|length| length > most)) {
            let detail = format!("an id has at most {most} bytes here (max_id_length)");
            return Err(ErrorObject::not_found().detail(detail).into());
        }
        segment
            .and_then(|segment| self.resource.id.kind.parse(segment))
            .ok_or_else(|| ErrorObject::not_found().into())
    }

    /// The request's body, with which the request is in progress.
    ///
    /// # Errors
    /// 413 if it is longer than the configuration allows; 503 if too many are in progress.
    pub(super) async fn body(&self, data: &mut Option<Data<'_>>) -> Result<Received<'r>, Errors> {
        let admission = &self.api.admission;
        admission.is_open()?;
        let mut held = None;
        let bytes = self.bytes(data, &mut held).await?;
        Ok(Received { bytes, _entered: admission.enter()?, _held: held })
    }

    async fn bytes(
        &self,
        data: &mut Option<Data<'_>>,
        held: &mut Option<HeldBytes>,
    ) -> Result<Vec<u8>, Errors> {
        let limit = self.config().max_body;
        let broken = |error: &dyn fmt::Display| {
            log::warn!("a request body broke off: {error}");
            Errors::from(ErrorObject::malformed_json("the body broke off").pointer(""))
        };
        // Rocket's own way takes 8 KiB, fills them with zeros and copies from there. What a client says of the length
        // is worth so much memory and no more.
        let headers = self.request.headers();
        let told = headers.get_one("Content-Length").and_then(|told| told.parse().ok());
        let mut body = Vec::with_capacity(told.unwrap_or(0_usize).min(64 << 10) + 1);
        let Some(data) = data.take() else { return Ok(body) };
        let is_complete = data.peek_complete();
        let mut stream = data.open(limit + 1.bytes());
        while stream.read_buf(&mut body).await.map_err(|error| broken(&error))? > 0 {
            self.api.admission.hold_more(held, body.len())?;
        }
        if body.len() as u64 > limit.as_u64() {
            return Err(ErrorObject::body_too_large(format!("at most {limit}")).into());
        }
        // Rocket has looked at the beginning, and keeps to itself what went wrong there: the body then seems to end.
        let differs = told.is_some_and(|told| told != body.len()) && !headers.contains("Transfer-Encoding");
        if differs || (!is_complete && body.len() < PEEKED) {
            return Err(broken(&"before its end"));
        }
        Ok(body)
    }

    /// The preconditions of a write.
    pub(super) fn conditions(&self) -> Conditions<'r> {
        Conditions::of(self.request, self.resource, self.etag)
    }

    /// The place in [`Description::relationships`], for the operations on one relationship.
    pub(super) fn relationship(&self) -> usize {
        self.relationship
    }

    pub(super) fn operation(&self) -> Operation {
        self.operation
    }

    /// The key of this request's answer in the memo.
    pub(super) fn key<'k>(&'k self, caller: CallerRef<'k>) -> KeyRef<'k> {
        let uri = self.request.uri();
        KeyRef {
            route: (std::ptr::from_ref(self.resource) as usize, self.operation as u8, self.relationship),
            path: uri.path().as_str(),
            query: uri.query().map(|query| query.as_str()),
            profile: asks_for_profile(self.request.headers().get("Accept"), CURSOR_PROFILE),
            caller,
        }
    }

    /// Whether an answer to the query is for anyone who may use the route: nothing on the way to it was asked of the
    /// caller but what the route asks.
    pub(super) fn is_for_anyone(&self) -> bool {
        !self.asks.load(Ordering::Relaxed) && !self.asked.any() && !self.asked_linkage()
    }

    /// A tag as it goes out: weak where the configuration says so.
    pub(super) fn issue(&self, tag: EntityTag) -> EntityTag {
        match self.etag {
            Some(config) => config.policy().issue(tag),
            None => tag,
        }
    }
}

/// A request's body, all of it.
pub(super) struct Received<'a> {
    bytes: Vec<u8>,
    _entered: Entered<'a>,
    _held: Option<HeldBytes>,
}

impl Deref for Received<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What an endpoint gives: a response, or why not.
pub(super) type Answer<'r> = Result<Response<'r>, Errors>;
