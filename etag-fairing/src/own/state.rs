//! Preconditions and tags of resources in a [`WriteTransaction`].

use rocket::Request;
use rocket::http::Status;
use rocket::response::{Responder, Result as Answer};

use super::error::ApiError;
use super::write::{WriteTransaction, id_in};
use crate::conditional::EntityTag;
use crate::fairing::Preconditions;
use crate::resource::JsonApiResource;
use crate::routes::beside::{ShownResource, check_preconditions, show};

impl WriteTransaction {
    /// Checks the request's preconditions against the current state of a resource, in the transaction, before it is
    /// changed: as the generated routes do it for PATCH and DELETE. So a hand-written write honours `If-Match` and
    /// `If-Unmodified-Since`, with the tags that clients have from the generated routes, whatever they have read with
    /// `include` or `fields`.
    ///
    /// The state is that which the caller sees: guards and scopes of the resource are asked. With `require_if_match` (of
    /// the configuration or of the resource) a request without `If-Match` is refused, whatever its method. Call it after
    /// what refuses the request anyway, and before anything is changed (RFC 9110 §13.2.1).
    ///
    /// # Errors
    /// 412 with the current tag, or 428; 404 if the resource is not there, or if the caller doesn't see it. All of them
    /// are [`ApiError::Refused`].
    pub async fn check<T: JsonApiResource>(
        &mut self,
        preconditions: &Preconditions<'_>,
        resource: &T,
    ) -> Result<(), ApiError> {
        let id = id_in(resource)?;
        let (request, description) = (preconditions.request(), T::description());
        self.api.check_is_here(description)?;
        check_preconditions(request, &self.api, description, &id, self.transaction.as_mut()).await?;
        Ok(())
    }

    /// The document of a resource as the transaction leaves it, as an answer with its new tag: the exact bytes that a GET
    /// at the resource's own URL gives the caller after the commit. Call it after all changes, and return it from the
    /// closure.
    ///
    /// # Errors
    /// 404 if the resource is not there, or if the caller doesn't see it.
    pub async fn document<T: JsonApiResource>(
        &mut self,
        preconditions: &Preconditions<'_>,
        resource: &T,
    ) -> Result<ResourceDocument, ApiError> {
        let id = id_in(resource)?;
        let (request, description) = (preconditions.request(), T::description());
        self.api.check_is_here(description)?;
        let shown = show(request, &self.api, description, &id, self.transaction.as_mut()).await?;
        Ok(ResourceDocument { status: Status::Ok, shown })
    }

    /// The tag that a GET at the resource's own URL gives the caller after the commit; `None` if the resource carries no
    /// tags.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub async fn tag<T: JsonApiResource>(
        &mut self,
        preconditions: &Preconditions<'_>,
        resource: &T,
    ) -> Result<Option<EntityTag>, ApiError> {
        Ok(self.document(preconditions, resource).await?.shown.tag)
    }
}

/// A document of one resource with its tag, as the answer of a hand-written route: see [`WriteTransaction::document`].
#[derive(Clone, Debug)]
#[must_use = "it is an answer"]
pub struct ResourceDocument {
    status: Status,
    shown: ShownResource,
}

impl ResourceDocument {
    /// The tag; `None` if the resource carries none.
    pub fn tag(&self) -> Option<&EntityTag> {
        self.shown.tag.as_ref()
    }

    /// The bytes of the document.
    pub fn bytes(&self) -> &[u8] {
        &self.shown.body
    }

    /// Answers with this status. Without it, that is 200.
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }
}

impl<'r> Responder<'r, 'static> for ResourceDocument {
    fn respond_to(self, _: &'r Request<'_>) -> Answer<'static> {
        Ok(self.shown.response(self.status))
    }
}
