//! What caches are told about an answer: `Cache-Control` and `Vary`, which tables it is made of, and which ones a write has
//! changed.

use rocket::http::Header;
use rocket::{Request, Response};

use super::call::{Answer, Call};
use super::subject::Subject;
use crate::config::{EtagConfig, JsonApiConfig, SurrogateKeys};
use crate::plan::Revision;
use crate::resource::caching::{OF_CALLER, Reach, VARY, groups, is_private, resource_key, table_key};
use crate::resource::endpoint::Endpoint;

/// What caches are told about the answer to a read.
#[derive(Clone, Copy)]
pub(super) struct CachePolicy<'r> {
    /// `Cache-Control`; `None` for what the configuration says.
    pub(super) control: Option<&'r str>,
    vary: &'r str,
    /// Whether every client gets this answer.
    is_for_all: bool,
    coding: CodingPolicy,
}

impl<'r> CachePolicy<'r> {
    /// The policy for the answer to a read, as far as the request was looked at by now: before it is answered, that is all.
    pub(super) fn of(call: &Call<'r>, subject: &Subject<'r>) -> Self {
        let own = subject.behaviour.caching.of(subject.endpoint.operation());
        if !call.guarded.was_asked() && call.is_for_anyone() {
            return Self {
                control: own.map(|own| own.text),
                vary: VARY,
                is_for_all: true,
                coding: CodingPolicy::Plain,
            };
        }
        let control = match own {
            Some(own) if own.reach == Reach::Private => Some(own.text),
            None if is_private(configured(call.request)) => None,
            // Where a struct says `public`, its own answers are for everybody. This one has more in it.
            _ => Some(OF_CALLER),
        };
        // By the guard of the struct alone, or by those of others as well.
        let by_itself = subject.endpoint.relationship().is_none() && call.is_for_anyone();
        let vary = match by_itself {
            true => subject.behaviour.caching.vary_by_caller(),
            false => &call.api.state.caching.vary_by_caller,
        };
        Self { control, vary, is_for_all: false, coding: CodingPolicy::Plain }
    }

    /// The same policy for an answer that is sent in one coding or another.
    #[cfg(feature = "compression")]
    pub(super) fn in_codings(self) -> Self {
        Self { coding: CodingPolicy::Coded, ..self }
    }

    /// Sets the fields of a response: those of this policy, and the keys of the tables that it is made of.
    pub(super) fn set(
        &self,
        response: &mut Response<'r>,
        call: &Call<'r>,
        subject: &Subject<'r>,
        tables: &[&'static str],
    ) {
        if let Some(control) = self.control {
            response.set_raw_header("Cache-Control", control);
        }
        match (self.coding, self.is_for_all) {
            (CodingPolicy::Plain, _) => drop(response.set_raw_header("Vary", self.vary)),
            // What most say, without a field line more.
            (CodingPolicy::Coded, true) => drop(response.set_raw_header("Vary", VARY_IN_CODINGS)),
            (CodingPolicy::Coded, false) => {
                response.set_raw_header("Vary", self.vary);
                response.adjoin_raw_header("Vary", "Accept-Encoding");
            }
        }
        let config = call.config();
        // A cache that keeps answers of one caller has no business with the names of tables.
        if self.is_for_all && names_tables(config) {
            set_keys(response, call, subject, tables);
        }
    }
}

/// Whether an answer depends on which content codings the client accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CodingPolicy {
    Plain,
    #[cfg_attr(
        not(feature = "compression"),
        allow(dead_code, reason = "nothing is coded without the feature")
    )]
    Coded,
}

/// [`VARY`] of an answer that is sent in one coding or another.
const VARY_IN_CODINGS: &str = "Accept, Accept-Encoding";

/// The `Cache-Control` of the configuration.
fn configured<'r>(request: &'r Request<'_>) -> &'r str {
    let config = request.rocket().state::<EtagConfig>();
    config.map_or(OF_CALLER, |config| config.cache_control.as_deref().unwrap_or_default())
}

/// Whether caches are told the tables.
pub(super) fn names_tables(config: &JsonApiConfig) -> bool {
    config.cache_groups || config.surrogate_keys.is_some()
}

fn set_keys(response: &mut Response<'_>, call: &Call<'_>, subject: &Subject<'_>, tables: &[&'static str]) {
    let config = call.config();
    if config.cache_groups {
        response.set_raw_header("Cache-Groups", groups(tables));
    }
    if let Some(field) = config.surrogate_keys {
        let mut keys = table_keys(tables, field);
        if subject.endpoint != Endpoint::List
            && let Ok(id) = subject.id(config)
        {
            keys = keys + field.separator() + &resource_key(subject.resource, &id);
        }
        response.set_raw_header(field.field(), keys);
    }
}

fn table_keys(tables: &[&str], field: SurrogateKeys) -> String {
    tables.iter().map(|table| table_key(table)).collect::<Vec<_>>().join(field.separator())
}

/// The tables as they are before a write, to find out which of them it changes.
///
/// Not what the write says that it changes, but what the store has counted: cascades, hooks and triggers change tables, too.
pub(super) struct TablesBefore(Option<Vec<Option<Revision>>>);

impl TablesBefore {
    /// `None` if caches are told nothing of writes.
    pub(super) async fn of(call: &Call<'_>, subject: &Subject<'_>) -> Option<Self> {
        if subject.endpoint.reads() || !names_tables(call.config()) {
            return None;
        }
        Some(Self(Box::pin(call.store().revisions(&call.api.state.caching.tables)).await.ok()))
    }

    /// Adds the tables that have changed since to the answer of the write.
    ///
    /// A write that others have made at the same time may be among them, which costs a cache an answer that it could have
    /// kept. Where the store doesn't know, every table may have changed.
    pub(super) async fn tell<'r>(self, call: &Call<'r>, answer: Answer<'r>) -> Answer<'r> {
        // What the client is to blame for has changed nothing. Of a write that failed nobody may know what has become of it.
        if answer.as_ref().is_err_and(|errors| errors.status().code < 500) {
            return answer;
        }
        let tables = &call.api.state.caching.tables;
        let after = Box::pin(call.store().revisions(tables)).await.ok();
        let changed: Vec<&str> = match (self.0, after) {
            (Some(before), Some(after)) => {
                let pairs = before.iter().zip(&after);
                let stays = |(before, after): (&Option<Revision>, &Option<Revision>)| {
                    before.is_some() && before == after
                };
                let each = tables.iter().zip(pairs);
                each.filter(|(_, pair)| !stays(*pair)).map(|(table, _)| *table).collect()
            }
            _ => tables.clone(),
        };
        if changed.is_empty() {
            return answer;
        }
        let config = call.config();
        let mut fields = Vec::new();
        if config.cache_groups {
            fields.push(("Cache-Group-Invalidation", groups(&changed)));
        }
        if let Some(field) = config.surrogate_keys {
            fields.push((field.purge_field(), table_keys(&changed, field)));
        }
        match answer {
            Ok(mut response) => {
                for (name, value) in fields {
                    response.set_header(Header::new(name, value));
                }
                Ok(response)
            }
            Err(errors) => {
                Err(fields.into_iter().fold(errors, |errors, (name, value)| errors.with_header(name, value)))
            }
        }
    }
}
