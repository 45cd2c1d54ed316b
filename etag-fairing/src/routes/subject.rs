//! What a call is about: a resource, its id, and what is done with it.

use rocket::Request;

use super::conditions::Conditions;
use super::judged_state::JudgedState;
use crate::config::{EtagConfig, JsonApiConfig};
use crate::error::{ErrorObject, Errors, Pointer};
use crate::resource::Behaviour;
use crate::resource::endpoint::Endpoint;
use crate::resource::route_names::GeneratedRoute;
use crate::schema::{Description, Operation, ResourceId};

/// What a call is about.
pub(super) struct Subject<'r> {
    pub(super) resource: &'static Description,
    /// What the resource does with requests.
    pub(super) behaviour: &'static Behaviour,
    /// What is done with it; it carries the relationship, where it is about one.
    pub(super) endpoint: Endpoint,
    /// The configuration of entity tags, where this endpoint carries them and the switch is on.
    pub(super) etag: Option<&'r EtagConfig>,
    /// Where the document about it stands in the request's body.
    pub(super) base: Pointer,
    /// The id as the client wrote it.
    id: Option<&'r str>,
}

impl<'r> Subject<'r> {
    /// What the URL of a request is about, with the whole body as its document.
    pub(super) fn of_url(route: &GeneratedRoute, request: &'r Request<'_>) -> Self {
        let GeneratedRoute { resource, behaviour, endpoint } = *route;
        let etag = request.rocket().state::<EtagConfig>();
        let etag = etag.filter(|config| config.enabled && resource.etag.contains(endpoint.operation()));
        Self { resource, behaviour, endpoint, etag, base: Pointer::ROOT, id: request.routed_segment(1) }
    }

    /// A resource that a hand-written route works on, as a generated route at this endpoint would.
    pub(super) fn beside(
        resource: &'static Description,
        behaviour: &'static Behaviour,
        endpoint: Endpoint,
        request: &'r Request<'_>,
    ) -> Self {
        Self::of_url(&GeneratedRoute { resource, behaviour, endpoint }, request)
    }

    /// What an operation in the body of a request is about, whose document stands at `base`.
    ///
    /// Its tag is that of the resource, whatever is done with it, as long as that covers it.
    pub(super) fn of_operation(route: &GeneratedRoute, request: &'r Request<'_>, base: Pointer) -> Self {
        let GeneratedRoute { resource, behaviour, endpoint } = *route;
        let operation = match endpoint {
            Endpoint::UpdateRelationship(own, _)
                if JudgedState::of_operation(resource, &own) == JudgedState::Resource =>
            {
                Operation::Update
            }
            _ => endpoint.operation(),
        };
        // What is made has a tag if it has one afterwards: nothing is judged by it.
        let is_tagged =
            resource.etag.contains(operation) || (endpoint == Endpoint::Create && resource.has_state_tag());
        let etag = request.rocket().state::<EtagConfig>().filter(|config| config.enabled && is_tagged);
        Self { resource, behaviour, endpoint, etag, base, id: None }
    }

    /// Its id.
    ///
    /// # Errors
    /// 404 if no resource can have it, or it is longer than ids may be.
    pub(super) fn id(&self, config: &JsonApiConfig) -> Result<ResourceId, Errors> {
        self.read_id(self.id, config)
    }

    /// The id that a client has written.
    ///
    /// # Errors
    /// As [`id`](Self::id).
    pub(super) fn read_id(&self, id: Option<&str>, config: &JsonApiConfig) -> Result<ResourceId, Errors> {
        let most = config.max_id_length;
        if id.is_some_and(|id| u32::try_from(id.len()).is_ok_and(|length| length > most)) {
            let detail = format!("an id has at most {most} bytes here (max_id_length)");
            return Err(ErrorObject::not_found().detail(detail).into());
        }
        let id = id.and_then(|id| self.resource.id.kind.parse(id));
        id.ok_or_else(|| ErrorObject::not_found().into())
    }

    /// Whether its state tag is the digest of the representation, and not the version.
    pub(super) fn state_is_digest(&self) -> bool {
        self.resource.version.is_none()
    }

    /// The preconditions of a write of it.
    pub(super) fn conditions(&self, request: &'r Request<'_>) -> Conditions<'r> {
        Conditions::of(request, self.resource, self.etag)
    }
}
