//! Troubles of a store as answers: precise where a client can do something, silent where only we can.

use std::fmt;
use std::time::Duration;

use rocket::Request;
use rocket::data::ByteUnit;

use super::call::Call;
use super::subject::Subject;
use crate::current;
use crate::document::read::ResourceObject;
use crate::error::{ErrorObject, Errors};
use crate::fairing::Statistics;
use crate::pending::{Ended, RequestKind};
use crate::resource::HookError;
use crate::resource::endpoint::Endpoint;
use crate::schema::{Corrupt, Description, Relationship, RelationshipKind};
use crate::store::{Constraint, Excess, StoreError};

/// Why a write was refused: an answer already, or the store's trouble, which needs the request to be told.
pub(crate) enum Refusal {
    Answer(Errors),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Errors> for Refusal {
    fn from(errors: Errors) -> Self {
        Self::Answer(errors)
    }
}

impl From<Corrupt> for Refusal {
    fn from(corrupt: Corrupt) -> Self {
        Self::Store(corrupt.into())
    }
}

impl From<HookError> for Refusal {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(errors) => Self::Answer(errors),
            HookError::Store(
                error @ (StoreError::Busy { .. } | StoreError::ReadTimedOut { .. } | StoreError::StorageFull),
            ) => Self::Store(error),
            // Of another resource perhaps, so that no member of this one is to blame.
            HookError::Store(StoreError::Constraint(constraint)) => {
                log::warn!("what a hook wrote: {constraint:?}");
                let detail = "a rule of the store stands against what this change brings with it";
                Self::Answer(ErrorObject::foreign_key_violation(detail).into())
            }
            HookError::Store(error) => Self::Store(StoreError::Internal(format!("in a hook: {error}"))),
        }
    }
}

impl Refusal {
    /// The errors to answer with; `sent` is the resource object of the request, if it has one.
    pub(crate) fn into_errors(self, resource: &Description, sent: Option<&ResourceObject<'_>>) -> Errors {
        match self {
            Self::Answer(errors) => errors,
            Self::Store(error) => errors_of(error, resource, sent),
        }
    }
}

impl Refusal {
    /// The errors to answer with, if the trouble is about no resource.
    pub(crate) fn into_errors_of_none(self) -> Errors {
        match self {
            Self::Answer(errors) => errors,
            Self::Store(error) => errors_without_resource(error).unwrap_or_else(internal),
        }
    }
}

/// 500 without a word of why; the log has it under the error's id.
pub(crate) fn internal(error: impl fmt::Display) -> Errors {
    match logged_under(&error) {
        Some(id) => ErrorObject::internal().id(id).into(),
        None => ErrorObject::internal().into(),
    }
}

/// 500 that names the member whose stored value is none that it can have, where it is known; the log has more.
pub(crate) fn corrupt(corrupt: Corrupt) -> Errors {
    let Some(at) = corrupt.member() else { return internal(corrupt) };
    let id = logged_under(&corrupt);
    let error = ErrorObject::unreadable_value(format!(
        "what the store holds for {} of {} {} is no value of it; leave it out with fields[{}], or mend it",
        at.member, at.type_name, at.id, at.type_name
    ))
    .meta("type", at.type_name)
    .meta("id", at.id.as_str())
    .meta("member", at.member);
    match id {
        Some(id) => error.id(id),
        None => error,
    }
    .into()
}

/// Logs what the client isn't told, under the id that the error has: that of the request, which is written into each error
/// for itself, or else one that is made here.
pub(super) fn logged_under(error: &impl fmt::Display) -> Option<String> {
    if let Some(id) = current::id() {
        log::error!("{}: {error}", id.as_str());
        return None;
    }
    let id = uuid::Uuid::now_v7().to_string();
    log::error!("{id}: {error}");
    Some(id)
}

/// The errors of a read that the store could not give.
pub(super) fn read_error(call: &Call<'_>, subject: &Subject<'_>, error: StoreError) -> Errors {
    match error {
        StoreError::ReadTimedOut { limit } => {
            report_slow_read(call.request, subject, limit);
            Errors::unavailable(AFTER_A_SLOW_READ)
        }
        StoreError::DocumentTooLarge { by, most } => too_large(by, most, &remedy(subject, by)),
        error => errors_of(error, subject.resource, None),
    }
}

/// The parameter with which a client asks for less.
fn remedy(subject: &Subject<'_>, by: Excess) -> String {
    let (target, is_list) = match subject.endpoint {
        Endpoint::List => (subject.resource, true),
        Endpoint::Related(own) | Endpoint::Relationship(own) => (own.target(), own.is_to_many()),
        _ => (subject.resource, false),
    };
    match by {
        Excess::Included => "include".into(),
        Excess::Primary | Excess::Linkage if is_list => "page[size]".into(),
        Excess::Primary | Excess::Linkage => format!("fields[{}]", target.type_name),
    }
}

/// The errors of a request that was ended before it had an answer.
pub(super) fn ended(request: &Request<'_>, kind: RequestKind, why: Ended) -> Errors {
    match (kind, why) {
        (RequestKind::Write, _) => ErrorObject::outcome_unknown(
            "the server stops: the change was made as a whole, or not at all; read the resource before you try again",
        )
        .into(),
        (RequestKind::Read, Ended::Stopping) => Errors::unavailable(1),
        (RequestKind::Read, Ended::ClientGone) => {
            if let Some(statistics) = request.rocket().state::<Statistics>() {
                statistics.count_read_abandoned();
            }
            // Nobody gets it.
            Errors::unavailable(1)
        }
    }
}

/// Counts a read that took too long, and logs what was asked for: the names of the parameters, since their values
/// may be what nobody else should read.
fn report_slow_read(request: &Request<'_>, subject: &Subject<'_>, limit: Duration) {
    if let Some(statistics) = request.rocket().state::<Statistics>() {
        statistics.count_read_timed_out();
    }
    log::warn!(
        "a read of `{}` ({:?}) took longer than read_timeout ({limit:?}) and was ended; its parameters: {}{}",
        subject.resource.type_name,
        subject.endpoint.operation(),
        parameter_names(request),
        current::named(),
    );
}

/// The names of the query parameters, as they were sent; `none` if there are none.
fn parameter_names(request: &Request<'_>) -> String {
    /// A log line is for people.
    const MOST: usize = 20;
    let query = request.uri().query().map_or("", |query| query.as_str());
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let names: Vec<_> = names.filter(|name| !name.is_empty()).take(MOST).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// When to try again after a read took too long: at once would only take as long again.
const AFTER_A_SLOW_READ: u32 = 5;

/// When to try again where there was no room: somebody has to make some.
const AFTER_A_FULL_DISK: u32 = 30;

/// JSON:API §10.2: with the parameter that asks for less.
fn too_large(by: Excess, most: usize, parameter: &str) -> Errors {
    let what = match by {
        Excess::Primary => "the resources that are asked for",
        Excess::Included => "what is to be included",
        Excess::Linkage => "the linkage",
    };
    let most = ByteUnit::from(most);
    ErrorObject::limit_exceeded(format!(
        "{what} would make a document of more than {most}, which is as much as one may have here (max_document): ask for \
         smaller pages with page[size], for less with include, or for fewer members with fields[…]"
    ))
    .parameter(parameter)
    .into()
}

/// The errors of what is about no resource.
///
/// # Errors
/// The error, if it is about a resource.
fn errors_without_resource(error: StoreError) -> Result<Errors, StoreError> {
    Ok(match error {
        StoreError::Busy { retry_after } => {
            let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX).max(1);
            Errors::unavailable(seconds)
        }
        StoreError::Conflict => Errors::unavailable(1),
        StoreError::ReadTimedOut { .. } => Errors::unavailable(AFTER_A_SLOW_READ),
        StoreError::StorageFull => {
            log::error!("the database has no room left: changes are answered with 507 until somebody makes some");
            Errors::storage_full(AFTER_A_FULL_DISK)
        }
        StoreError::OutcomeUnknown => ErrorObject::outcome_unknown(
            "the connection to the database was lost: the change was made as a whole, or not at all; read the \
             resource before you try again",
        )
        .into(),
        StoreError::NotFound => ErrorObject::not_found().into(),
        // Whoever asked for the comparison tells the tag, too.
        StoreError::VersionChanged => ErrorObject::precondition_failed(
            "If-Match",
            "the resource is not in the state that you have seen; nothing was changed",
        )
        .into(),
        StoreError::TooManyIncluded => ErrorObject::limit_exceeded(
            "too many resources to include; include less, or ask for smaller pages",
        )
        .parameter("include")
        .into(),
        StoreError::Corrupt(found) => corrupt(found),
        error => return Err(error),
    })
}

fn errors_of(error: StoreError, resource: &Description, sent: Option<&ResourceObject<'_>>) -> Errors {
    let error = match errors_without_resource(error) {
        Ok(errors) => return errors,
        Err(error) => error,
    };
    match error {
        StoreError::IdExists if !resource.key().is_empty() => {
            let names: Vec<&str> = resource.key().iter().filter_map(|part| part.name(resource)).collect();
            let (type_name, members) = (resource.type_name, names.join(" and "));
            ErrorObject::id_exists(format!("there is one of {type_name} with this {members} already"))
                .at(sent.zip(names.first()).map(|(sent, name)| sent.pointer_of(name)))
                .into()
        }
        StoreError::IdExists => {
            // JSON:API §8.1.2.6: a 409 says enough to tell what it conflicts with.
            let id = sent.and_then(|sent| sent.id.as_deref()).unwrap_or_default();
            ErrorObject::id_exists(format!(
                "there is one of {} with the id {id:?} already",
                resource.type_name
            ))
            .at(sent.map(ResourceObject::pointer_to_id))
            .into()
        }
        StoreError::RelatedNotFound { relationship, id } => {
            let Some(relationship) = resource.relationship_at(relationship) else {
                return internal("a store named a relationship that the resource doesn't have");
            };
            let target = relationship.target().type_name;
            let error =
                ErrorObject::related_not_found(format!("there is no resource of type {target} with id {id}"));
            error.at(sent.map(|sent| sent.pointer_to(relationship, &id))).into()
        }
        StoreError::DocumentTooLarge { by, most } => {
            let parameter = match by {
                Excess::Included => "include".into(),
                Excess::Primary | Excess::Linkage => format!("fields[{}]", resource.type_name),
            };
            too_large(by, most, &parameter)
        }
        StoreError::Constraint(constraint) => broken(constraint, resource, sent),
        error => internal(error),
    }
}

fn broken(constraint: Constraint, resource: &Description, sent: Option<&ResourceObject<'_>>) -> Errors {
    let pointer = |error: ErrorObject, column: &str| match (member(resource, column), sent) {
        (Some(name), Some(sent)) => error.pointer(sent.pointer_of(name)),
        _ => error,
    };
    let members = |columns: &[String]| -> Vec<&'static str> {
        columns.iter().filter_map(|column| member(resource, column)).collect()
    };
    let first = |error: ErrorObject, columns: &[String]| match columns.first() {
        Some(column) => pointer(error, column),
        None => error,
    };
    let type_name = resource.type_name;
    let is_id = |column: &str| column.eq_ignore_ascii_case(resource.id.column);
    match constraint.seen_from(resource.table) {
        Constraint::Unique { columns } => {
            let names = members(&columns);
            let detail = if names.is_empty() {
                format!("there is one of {type_name} with these values already")
            } else {
                format!("there is one of {type_name} with this {} already", names.join(" and "))
            };
            first(ErrorObject::unique_violation(detail), &columns).into()
        }
        Constraint::Exclusion { columns } => {
            let names = members(&columns);
            let values = if names.is_empty() { "these values".into() } else { names.join(" and ") };
            let detail =
                format!("another one of {type_name} stands against {values}: only one of both may be there");
            first(ErrorObject::unique_violation(detail), &columns).into()
        }
        // The id of a new row may have the name of the column that others refer to it with.
        Constraint::NotNull { column }
            if !(is_id(&column) && sent.is_some_and(|sent| sent.id.is_none()))
                && is_let_go(resource, resource.table, &column, sent) =>
        {
            must_stay(resource)
        }
        Constraint::NotNull { column } => match member(resource, &column) {
            Some(name) => {
                pointer(ErrorObject::validation_failed(format!("{name} must have a value")), &column).into()
            }
            None if is_id(&column) => {
                log::warn!(
                    "the table `{}` makes no ids: give its column `{column}` a default, or let clients choose \
                     (`client_ids`)",
                    resource.table
                );
                ErrorObject::validation_failed(format!(
                    "the database makes no ids for {type_name}: a new one can only be made with an id, where clients \
                     may choose it"
                ))
                .at(sent.map(ResourceObject::pointer))
                .into()
            }
            // Names that no document has are the operator's to know.
            None => {
                log::warn!(
                    "the table `{}` must have a value in its column `{column}`, which is no member of `{}`: give it a \
                     default, or a member",
                    resource.table,
                    resource.rust_name
                );
                ErrorObject::validation_failed(format!(
                    "the database asks of {type_name} for a value that is none of their members, so that this cannot \
                     be stored; the server's log says which"
                ))
                .into()
            }
        },
        Constraint::Value { column } => {
            let name = member(resource, &column).unwrap_or("a value");
            let detail = format!("{name} is not a value that can be stored");
            pointer(ErrorObject::validation_failed(detail), &column).into()
        }
        Constraint::Digits { column, most } => {
            let name = member(resource, &column).unwrap_or("a value");
            let detail = format!("{name} must be a decimal number of at most {most}");
            pointer(ErrorObject::validation_failed(detail), &column).into()
        }
        Constraint::ForeignKey => {
            ErrorObject::foreign_key_violation("other resources refer to this one, or it to one that is gone")
                .into()
        }
        Constraint::CheckOf { columns, .. } => {
            let names = members(&columns);
            let values = if names.is_empty() { "these values".into() } else { names.join(" and ") };
            let detail = format!("a rule of {type_name} stands against {values}");
            first(ErrorObject::validation_failed(detail), &columns).into()
        }
        Constraint::Check { .. } => {
            ErrorObject::validation_failed(format!("a rule of {type_name} stands against these values"))
                .into()
        }
        Constraint::In { table, constraint } => beside(&table, *constraint, resource, sent),
    }
}

/// A constraint of another table than the resource's own.
fn beside(
    table: &str,
    constraint: Constraint,
    resource: &Description,
    sent: Option<&ResourceObject<'_>>,
) -> Errors {
    let type_name = resource.type_name;
    match constraint {
        Constraint::NotNull { column } if is_let_go(resource, table, &column, sent) => must_stay(resource),
        constraint => {
            log::warn!(
                "a change of `{}` broke a rule of the table `{table}`: {constraint:?}",
                resource.rust_name
            );
            match constraint {
                Constraint::NotNull { .. } | Constraint::ForeignKey => ErrorObject::foreign_key_violation(
                    format!("what refers to this one of {type_name} stands against the change"),
                ),
                Constraint::Unique { .. } | Constraint::Exclusion { .. } => ErrorObject::unique_violation(
                    format!("what goes with this one of {type_name} is there already, and only one may be"),
                ),
                _ => ErrorObject::validation_failed(format!(
                    "a rule of what goes with this one of {type_name} stands against the change"
                )),
            }
            .into()
        }
    }
}

/// Whether the column is that of the other end of one of the inverse relationships, which would have become empty.
fn is_let_go(resource: &Description, table: &str, column: &str, sent: Option<&ResourceObject<'_>>) -> bool {
    let is_other_end = |relationship: &&Relationship| match relationship.kind {
        RelationshipKind::Inverse { of } => {
            let target = relationship.target();
            // A struct's store may tell of the column alone.
            (target.table.eq_ignore_ascii_case(table) || table == resource.table)
                && target.relationship(of).is_some_and(|(_, end)| end.is_kept_in(column))
        }
        _ => false,
    };
    // A column of the resource's own may be both ends, where it is related to its like.
    let is_sent = || {
        let name = member(resource, column);
        name.zip(sent).is_some_and(|(name, sent)| sent.has_field(name))
    };
    resource.relationships.iter().any(|relationship| is_other_end(&relationship)) && !is_sent()
}

fn must_stay(resource: &Description) -> Errors {
    ErrorObject::foreign_key_violation(format!(
        "what is related must stay with one of {}, so it cannot be let go; move it to another one instead",
        resource.type_name
    ))
    .into()
}

/// The member that is kept in a column.
fn member(resource: &Description, column: &str) -> Option<&'static str> {
    let attribute =
        resource.attributes.iter().find(|attribute| attribute.column.eq_ignore_ascii_case(column));
    attribute.map(|attribute| attribute.name).or_else(|| {
        let mut relationships = resource.relationships.iter();
        relationships
            .find(|relationship| relationship.is_kept_in(column))
            .map(|relationship| relationship.name)
    })
}
