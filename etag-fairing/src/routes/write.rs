//! What writes have in common: run, read back, answer with the new tag.

use rocket::Response;
use rocket::http::Status;

use super::answer::{document, set_tag};
use super::exchange::Exchange;
use super::trouble::{Refusal, internal};
use crate::conditional::EntityTag;
use crate::resource::ResourceId;
use crate::store::{Decision, Fetched, Plan, modify};

impl Exchange<'_> {
    /// Makes a change, and gives what was read back of it.
    pub(super) async fn make<D: Decision<Refusal = Refusal>>(
        &self,
        target: Option<&Plan>,
        decision: &mut D,
    ) -> Result<(ResourceId, Fetched), Refusal> {
        let (id, fetched) = modify(self.store(), target, decision, self.config().write_timeout).await?;
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
