//! The errors that this crate answers: one constructor a code, each with its status and title.

use std::borrow::Cow;

use rocket::http::Status;

use super::{ErrorObject, Errors};

/// Writes constructors. Those with a `detail` need one: the title alone would not say enough.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident $(($detail:ident))? = $status:ident, $title:literal;)*) => {
        impl ErrorObject {
            $(
                $(#[$doc])*
                pub fn $name($($detail: impl Into<Cow<'static, str>>)?) -> ErrorObject {
                    ErrorObject::new(Status::$status, stringify!($name), $title) $(.detail($detail))?
                }
            )*
        }
    };
}

catalogue! {
    /// 400: the request body is not JSON. Point to `""`.
    malformed_json(detail) = BadRequest, "Malformed JSON";
    /// 400: the request body is JSON, but no JSON:API document of the form asked for.
    invalid_document(detail) = BadRequest, "Invalid document";
    /// 400: a resource object or identifier without `type`.
    missing_type(detail) = BadRequest, "Missing type";
    /// 400: a resource object or identifier without `id` where one is needed.
    missing_id(detail) = BadRequest, "Missing id";
    /// 400: `data` of a relationship is not linkage of its kind (object or null, or a list).
    invalid_linkage(detail) = BadRequest, "Invalid linkage";
    /// 400: a local id (`lid`) that no earlier operation of the request has assigned. Point to it.
    unknown_local_id(detail) = BadRequest, "Unknown local id";
    /// 400: a precondition of an operation that is none, or that cannot be judged. Point to it.
    invalid_precondition(detail) = BadRequest, "Invalid precondition";
    /// 400: the header `Idempotency-Key` is no key, or was sent twice.
    invalid_idempotency_key(detail) = BadRequest, "Invalid idempotency key";
    /// 400: a write of a resource that is `idempotent`, without the header `Idempotency-Key`.
    idempotency_key_required(detail) = BadRequest, "Idempotency key required";
    /// 400: a request with the header `Idempotency-Key`, where no answers are kept.
    idempotency_key_not_supported(detail) = BadRequest, "Idempotency key not supported";
    /// 400: a query parameter that this URL does not know. Name it with [`ErrorObject::parameter`].
    unknown_parameter(detail) = BadRequest, "Unknown query parameter";
    /// 400: the name of a query parameter is not one that JSON:API allows (JSON:API §9).
    invalid_parameter_name(detail) = BadRequest, "Invalid query parameter name";
    /// 400: `include` names no relationship, or goes too deep.
    invalid_include(detail) = BadRequest, "Invalid include";
    /// 400: `fields[…]` names no type, or a field that the type doesn't have.
    invalid_fields(detail) = BadRequest, "Invalid sparse fieldset";
    /// 400: `sort` names something that can't be sorted by.
    invalid_sort(detail) = BadRequest, "Invalid sort";
    /// 400: `filter` is no filter of this resource.
    invalid_filter(detail) = BadRequest, "Invalid filter";
    /// 400: a query parameter is longer, deeper or larger than this server takes.
    limit_exceeded(detail) = BadRequest, "Limit exceeded";
    /// 400: `page[…]` with a value that is no page.
    invalid_page(detail) = BadRequest, "Invalid page";
    /// 400: `page[size]` above the limit.
    page_too_large(detail) = BadRequest, "Page too large";
    /// 403: an operation that this resource or relationship does not have here.
    operation_not_allowed(detail) = Forbidden, "Operation not allowed";
    /// 403: a client-generated id where the server makes them.
    client_id_not_allowed(detail) = Forbidden, "Client-generated id not allowed";
    /// 403: replacing all members of a to-many relationship where only adding and removing is allowed.
    full_replacement_not_allowed(detail) = Forbidden, "Full replacement not allowed";
    /// 403: another value for a member that the id of a resource is made of. An id never changes.
    part_of_id(detail) = Forbidden, "Part of an id";
    /// 403: a write that its writer would not see: it leaves the row scope.
    outside_scope(detail) = Forbidden, "Outside of your scope";
    /// 404: no such relationship on this type of resource.
    relationship_not_found(detail) = NotFound, "Relationship not found";
    /// 404: a resource that the request document refers to does not exist. Point to its identifier.
    related_not_found(detail) = NotFound, "Related resource not found";
    /// 409: `type` of the resource object is not one that this URL takes.
    type_mismatch(detail) = Conflict, "Type mismatch";
    /// 409: `id` of the resource object is not that of the URL.
    id_mismatch(detail) = Conflict, "Id mismatch";
    /// 409: a resource with this client-generated id exists.
    id_exists(detail) = Conflict, "Id exists";
    /// 409: another resource has these values, and only one may.
    unique_violation(detail) = Conflict, "Unique value taken";
    /// 409: a resource that others refer to, or a reference to one that is gone.
    foreign_key_violation(detail) = Conflict, "Reference broken";
    /// 409: another request with the same `Idempotency-Key` has no answer yet. Add `Retry-After`.
    idempotency_key_in_use(detail) = Conflict, "Idempotency key in use";
    /// 413: the request body is longer than the server takes.
    body_too_large(detail) = PayloadTooLarge, "Body too large";
    /// 422: a value of the right type that breaks a rule. One a field, pointing to it.
    validation_failed(detail) = UnprocessableEntity, "Validation failed";
    /// 422: the `Idempotency-Key` was sent with another request.
    idempotency_key_reused(detail) = UnprocessableEntity, "Idempotency key reused";
    /// 429: so much is kept for requests of this caller with an `Idempotency-Key` that nothing more is, for the time being
    /// (RFC 6585 §4). Add `Retry-After`.
    too_many_idempotency_keys(detail) = TooManyRequests, "Too many idempotency keys";
    /// 500: the store holds a value that the member cannot have; another program wrote it. Give it
    /// [`id`](ErrorObject::id), under which the log has the table, the column and what is wrong with the value.
    unreadable_value(detail) = InternalServerError, "Unreadable value";
    /// 500: the server's fault. Details belong into the log, not into the answer.
    internal = InternalServerError, "Internal server error";
    /// 507: the database has no room for a change, which was not made (RFC 4918 §11.5). See
    /// [`Errors::storage_full`], which adds `Retry-After`.
    storage_full = InsufficientStorage, "No room left";
    /// 504: the database was lost while it committed; nobody knows whether the change was made.
    outcome_unknown(detail) = GatewayTimeout, "Outcome unknown";
    /// 503: the server can't do this now. See [`Errors::unavailable`], which adds `Retry-After`.
    unavailable = ServiceUnavailable, "Service unavailable";
}

impl ErrorObject {
    /// 404: no such resource, or nothing at this URL.
    pub fn not_found() -> ErrorObject {
        ErrorObject::new(Status::NotFound, "resource_not_found", "Resource not found")
    }

    /// 405: the URL exists, the method doesn't. See [`Errors::method_not_allowed`], which adds `Allow`.
    pub fn method_not_allowed() -> ErrorObject {
        ErrorObject::new(Status::MethodNotAllowed, "method_not_allowed", "Method not allowed")
    }

    /// 406: no representation that `Accept` allows.
    pub fn not_acceptable(detail: impl Into<Cow<'static, str>>) -> ErrorObject {
        ErrorObject::new(Status::NotAcceptable, "not_acceptable", "Not acceptable")
            .detail(detail)
            .header("Accept")
    }

    /// 415: the request body's `Content-Type` is not JSON:API, or has parameters that aren't known.
    pub fn unsupported_media_type(detail: impl Into<Cow<'static, str>>) -> ErrorObject {
        ErrorObject::new(Status::UnsupportedMediaType, "unsupported_media_type", "Unsupported media type")
            .detail(detail)
            .header("Content-Type")
    }

    /// 412: the precondition in the named header field does not hold; nothing was changed.
    pub fn precondition_failed(header: &'static str, detail: impl Into<Cow<'static, str>>) -> ErrorObject {
        ErrorObject::new(Status::PreconditionFailed, "precondition_failed", "Precondition failed")
            .detail(detail)
            .header(header)
    }

    /// 428: this change must say which state it is meant for (RFC 6585 §3).
    pub fn precondition_required() -> ErrorObject {
        ErrorObject::new(Status::PreconditionRequired, "precondition_required", "Precondition required")
            .detail("send the entity tag of the representation you have seen in If-Match")
            .header("If-Match")
    }

    /// The plain error for a status, for catchers, which know no more than that.
    ///
    /// The title is the status' reason phrase; the code is that of the catalogue where the status
    /// has just one there, else the name of its class.
    pub fn for_status(status: Status) -> ErrorObject {
        let code = match status.code {
            401 => "unauthorized",
            403 => "forbidden",
            404 => return ErrorObject::not_found(),
            405 => return ErrorObject::method_not_allowed(),
            406 => "not_acceptable",
            409 => "conflict",
            410 => "gone",
            412 => "precondition_failed",
            413 => "body_too_large",
            414 => "uri_too_long",
            415 => "unsupported_media_type",
            422 => "validation_failed",
            428 => return ErrorObject::precondition_required(),
            429 => "too_many_requests",
            500 => return ErrorObject::internal(),
            501 => "not_implemented",
            503 => return ErrorObject::unavailable(),
            507 => return ErrorObject::storage_full(),
            code if code >= 500 => "server_error",
            _ => "bad_request",
        };
        ErrorObject::new(status, code, title(status))
    }
}

/// JSON:API §10.2: the title of an error doesn't change from one occurrence to another.
fn title(status: Status) -> &'static str {
    match status.code {
        406 => "Not acceptable",
        412 => "Precondition failed",
        413 => "Body too large",
        415 => "Unsupported media type",
        422 => "Validation failed",
        _ => status.reason_lossy(),
    }
}

impl Errors {
    /// 405 with the methods that the URL has, such as `GET, HEAD, PATCH, DELETE, OPTIONS`.
    pub fn method_not_allowed(allow: impl Into<Cow<'static, str>>) -> Errors {
        // RFC 9110 §15.5.6: a 405 MUST carry Allow.
        Errors::from(ErrorObject::method_not_allowed()).with_header("Allow", allow)
    }

    /// 503 with `Retry-After`, in seconds (RFC 9110 §10.2.3).
    pub fn unavailable(retry_after: u32) -> Errors {
        Errors::from(ErrorObject::unavailable()).with_header("Retry-After", retry_after.to_string())
    }

    /// 507 with `Retry-After`, in seconds: somebody has to make room first.
    pub fn storage_full(retry_after: u32) -> Errors {
        Errors::from(ErrorObject::storage_full()).with_header("Retry-After", retry_after.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n4_a_code_has_one_title_and_one_status() {
        let catalogue = [
            ErrorObject::not_found(),
            ErrorObject::method_not_allowed(),
            ErrorObject::not_acceptable(""),
            ErrorObject::unsupported_media_type(""),
            ErrorObject::body_too_large(""),
            ErrorObject::precondition_failed("If-Match", ""),
            ErrorObject::precondition_required(),
            ErrorObject::validation_failed(""),
            ErrorObject::internal(),
            ErrorObject::unavailable(),
            ErrorObject::storage_full(),
        ];
        for error in catalogue {
            let plain = ErrorObject::for_status(error.status);
            assert_eq!((plain.code, plain.title, plain.status), (error.code, error.title, error.status));
        }
    }

    #[test]
    fn every_error_status_has_an_error() {
        for code in 400..600 {
            let status = Status::new(code);
            let error = ErrorObject::for_status(status);
            assert_eq!(error.status, status);
            assert!(!error.code.is_empty() && !error.title.is_empty(), "{code}");
        }
    }

    #[test]
    fn a_405_names_the_allowed_methods_and_a_503_the_wait() {
        let refused = Errors::method_not_allowed("GET, HEAD").to_response();
        assert_eq!(refused.headers().get_one("Allow"), Some("GET, HEAD"));
        let busy = Errors::unavailable(2).to_response();
        assert_eq!((busy.status().code, busy.headers().get_one("Retry-After")), (503, Some("2")));
    }
}
