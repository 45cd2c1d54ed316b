//! What writes have in common: run, read back, answer with the new tag.

use rocket::Response;
use rocket::http::Status;

use super::answer::{document, set_tag};
use super::call::Exchange;
use super::store_errors::{Refusal, internal};
use crate::conditional::EntityTag;
use crate::document::read::{Lengths, ResourceObject};
use crate::error::{Errors, Pointer};
use crate::plan::{Fetched, Plan};
use crate::schema::{Description, Relationship, ResourceId};
use crate::store::{Decision, modify};

/// The resource object that a request carries, if it does.
pub(super) struct Given<'e> {
    body: &'e [u8],
    resource: &'static Description,
    lengths: Lengths,
    read: Option<Result<ResourceObject<'e>, Errors>>,
    /// Whether it lists what a relationship leads to.
    pub(super) has_lists: bool,
}

impl<'e> Given<'e> {
    pub(super) fn read(body: &'e [u8], exchange: &Exchange<'_>) -> Self {
        let (resource, lengths) = (exchange.resource, Lengths::of(exchange.config()));
        let read = ResourceObject::parse(body, Pointer::ROOT, resource, lengths);
        let has_lists = read.as_ref().is_ok_and(ResourceObject::has_lists);
        Self { body, resource, lengths, read: Some(read), has_lists }
    }

    /// # Errors
    /// With what is wrong with it.
    pub(super) fn object(&mut self) -> Result<&ResourceObject<'e>, Errors> {
        let read = || ResourceObject::parse(self.body, Pointer::ROOT, self.resource, self.lengths);
        self.read.get_or_insert_with(read).as_ref().map_err(|errors| errors.clone())
    }

    /// Where the document says what a relationship leads to, if it does.
    pub(super) fn pointer_to_links(&self, relationship: &Relationship) -> Option<Pointer> {
        let object = self.read.as_ref()?.as_ref().ok()?;
        object.links(relationship).then(|| object.pointer_of(relationship.name))
    }

    /// Forgets what was read until it is asked for again: where another write came in between, or to tell what of it
    /// is to blame.
    ///
    /// To be called before a commit is waited for: who goes on then may be another thread, and what one gives back that
    /// another has taken both wait for.
    pub(super) fn put_away(&mut self) {
        self.read = None;
    }
}

impl Exchange<'_> {
    /// Makes a change, and gives what was read back of it.
    pub(super) async fn make<D: Decision<Refusal = Refusal>>(
        &self,
        target: Option<&Plan>,
        decision: &mut D,
    ) -> Result<(ResourceId, Fetched), Refusal> {
        let written = Box::pin(modify(self.store(), target, decision, self.config().write_timeout)).await;
        let (id, fetched) = written?;
        let fetched = fetched.ok_or_else(|| internal("what was written was not read back"))?;
        Ok((id, fetched))
    }

    /// The answer with a document and the tag of what the client goes on with.
    pub(super) fn written(&self, status: Status, body: Vec<u8>, tag: Option<EntityTag>) -> Response<'static> {
        let mut response = document(status, body);
        if let Some(tag) = tag {
            set_tag(&mut response, self, tag);
        }
        response
    }
}
