//! Why the application's own code could not read or write.

use std::fmt;

use rocket::Request;
use rocket::response::{Responder, Result as Answer};

use crate::error::{ErrorObject, Errors};
use crate::resource::HookError;
use crate::routes::store_errors::{Refusal, internal};
use crate::schema::{Corrupt, Description, Mismatch};
use crate::store::StoreError;

/// Why the application's own code could not read or write.
///
/// In a handler it is an answer: as a responder, and by `?` where the handler returns
/// [`Errors`](crate::document::error::Errors). Then it is what a generated route would answer: 404 for a resource that
/// is not there, 409 or 422 for a constraint of the database, 412 and 428 for preconditions, 503 with `Retry-After`
/// while the database is busy or away, and 500 with a line in the log for a mistake.
///
/// A job looks at it itself: [`is_not_found`](Self::is_not_found), or the variants.
#[non_exhaustive]
pub enum ApiError {
    /// A refusal of the application's own, or of a precondition: the errors to answer with.
    Refused(Errors),
    /// An error of the store.
    #[non_exhaustive]
    Store {
        /// The error.
        error: StoreError,
        /// The resource that was read or written, where the error is about one.
        resource: Option<&'static Description>,
    },
    /// A mistake in the application: a member that the resource doesn't have, a resource that is not mounted here, an
    /// update of what was not read. The text is for the log, never for clients.
    Mistake(String),
    /// An error of the application's own, which no client learns of: 500.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    /// An error of the application's own, which undoes the write. Whoever called [`JsonApi::write`](crate::JsonApi::write)
    /// finds it in [`Other`](Self::Other). As an answer it is 500, with a line in the log.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// Whether the resource is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Store { error: StoreError::NotFound, .. })
    }

    pub(super) fn about(resource: &'static Description) -> impl Fn(StoreError) -> Self {
        move |error| Self::Store { error, resource: Some(resource) }
    }

    pub(super) fn mistake(text: impl fmt::Display) -> Self {
        Self::Mistake(text.to_string())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(errors) => f.debug_tuple("Refused").field(errors).finish(),
            Self::Store { error, resource } => f
                .debug_struct("Store")
                .field("error", error)
                .field("resource", &resource.map(|resource| resource.rust_name))
                .finish(),
            Self::Mistake(text) => f.debug_tuple("Mistake").field(text).finish(),
            Self::Other(error) => f.debug_tuple("Other").field(error).finish(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(errors) => errors.fmt(f),
            Self::Store { error, resource: Some(resource) } => write!(f, "{}: {error}", resource.type_name),
            Self::Store { error, resource: None } => error.fmt(f),
            Self::Mistake(text) => f.write_str(text),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(errors) => Some(errors),
            Self::Store { error, .. } => Some(error),
            Self::Mistake(_) => None,
            Self::Other(error) => Some(error.as_ref()),
        }
    }
}

impl From<ApiError> for Errors {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Refused(errors) => errors,
            ApiError::Store { error, resource: Some(resource) } => {
                Refusal::from(error).into_errors(resource, None)
            }
            // Found by the commit, which says nothing of the resource.
            ApiError::Store { error: StoreError::Constraint(constraint), resource: None } => {
                log::warn!("what the application's own code wrote: {constraint:?}");
                let detail = "a rule of the store stands against this change";
                ErrorObject::foreign_key_violation(detail).into()
            }
            ApiError::Store { error, resource: None } => without_resource(error),
            ApiError::Mistake(text) => internal(text),
            ApiError::Other(error) => internal(error),
        }
    }
}

/// Errors that are about no resource, and so need none to be told.
fn without_resource(error: StoreError) -> Errors {
    match error {
        StoreError::NotFound => ErrorObject::not_found().into(),
        error => Refusal::from(error).into_errors_of_none(),
    }
}

impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, request: &'r Request<'_>) -> Answer<'static> {
        Errors::from(self).respond_to(request)
    }
}

impl From<ApiError> for HookError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Refused(errors) => Self::Refused(errors),
            ApiError::Store { error, .. } => Self::Store(error),
            error => Self::Store(StoreError::Internal(error.to_string())),
        }
    }
}

impl From<HookError> for ApiError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(errors) => Self::Refused(errors),
            HookError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store { error, resource: None }
    }
}

impl From<Errors> for ApiError {
    fn from(errors: Errors) -> Self {
        Self::Refused(errors)
    }
}

impl From<ErrorObject> for ApiError {
    fn from(error: ErrorObject) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Corrupt> for ApiError {
    fn from(corrupt: Corrupt) -> Self {
        StoreError::from(corrupt).into()
    }
}

impl From<Mismatch> for ApiError {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mistake(format!("a value that cannot be stored: it {mismatch}"))
    }
}
