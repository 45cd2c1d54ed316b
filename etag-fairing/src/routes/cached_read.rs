//! Reads that are answered from the memo, and that are remembered there.

use std::io::Cursor;
use std::ptr;
use std::sync::Arc;

use chrono::Utc;
use rocket::Response;
use rocket::http::{Method, Status};

use super::caching::{CachePolicy, names_tables};
use super::call::{Answer, Call};
#[cfg(feature = "compression")]
use super::coded_read::{Origin, coded_response};
use super::following_pages::{far_rows, is_far};
use super::response;
use super::store_errors::read_error;
use super::subject::Subject;
use super::tags::tag_of_body;
use super::totals::Counting;
use crate::admission::HeldBytes;
#[cfg(feature = "compression")]
use crate::compression::CodedForms;
use crate::conditional::{EntityTag, HttpDate};
use crate::config::EtagConfig;
use crate::current;
use crate::document::buffer_pool::{self, SentDocument};
use crate::error::Errors;
use crate::fairing::{Statistics, early_not_modified, mark_remembered, mark_untagged, mark_with_tag};
use crate::kept_body::{BodyReader, HasBody, KeptBody};
use crate::memo::{CallerRef, Flight, KeyRef, Memo, MemoEntry, Recalled, Remembered};
use crate::negotiate::{Extensions, asked_profiles};
use crate::observe::{self, MemoOutcome, Phase};
use crate::plan::{Fetched, Plan, Revision};
use crate::query::Query;
use crate::schema::MemberId;
use crate::store::{Excess, StoreError};

/// A document that answers a read.
pub(super) struct ReadDocument {
    pub(super) body: Vec<u8>,
    /// Its tag, where the route carries tags.
    pub(super) tag: Option<EntityTag>,
    /// The profiles that apply to it.
    pub(super) profile: Option<&'static str>,
    /// When the resource last changed, where it keeps that.
    pub(super) last_modified: Option<HttpDate>,
    /// The memory that it takes.
    pub(super) held: Option<HeldBytes>,
}

impl ReadDocument {
    /// A page of many resources or of linkage, which a profile may apply to (JSON:API §4.3). Its tag is that of its
    /// bytes.
    pub(super) fn of_page(call: &Call<'_>, subject: &Subject<'_>, query: &Query, body: Vec<u8>) -> Self {
        let tag = subject.etag.map(|_| tag_of_body(call.request, &body));
        Self { body, tag, profile: query.profile(), last_modified: None, held: None }
    }
}

/// The memo, where what this route answers is remembered: where it carries tags, and the memo is on.
fn memo<'r>(call: &Call<'r>, subject: &Subject<'r>) -> Option<&'r Memo> {
    subject.etag.and_then(|_| call.state::<Arc<Memo>>()).map(|memo| &**memo)
}

/// The key of this request's answer in the memo.
fn key<'k>(call: &'k Call<'_>, subject: &Subject<'_>, caller: CallerRef<'k>) -> KeyRef<'k> {
    let (uri, endpoint) = (call.request.uri(), subject.endpoint);
    let relationship = endpoint.relationship().map(|own| own.id);
    KeyRef {
        route: (ptr::from_ref(subject.resource) as usize, endpoint.operation() as u8, relationship),
        path: uri.path().as_str(),
        query: uri.query().map(|query| query.as_str()),
        profiles: asked_profiles(call.fields.accept.iter(), Extensions::None),
        caller,
    }
}

/// What stands for the caller, in the memo and elsewhere: what a caller is shown depends on the caller by nothing else.
pub(super) fn caller_key(call: &Call<'_>) -> Vec<u8> {
    let (scopes, hidden) = (call.scopes(), call.hidden());
    let rows = scopes.key().unwrap_or_default();
    // Rows begin with the high byte of a length, which is 0.
    let mut key = Vec::new();
    for resource in hidden.iter() {
        key.push(b'-');
        key.extend_from_slice(&(resource.type_name.len() as u64).to_be_bytes());
        key.extend_from_slice(resource.type_name.as_bytes());
    }
    for (resource, member) in hidden.members.iter() {
        let (sign, place) = match member {
            MemberId::Attribute(id) => (b'~', id.place()),
            MemberId::Relationship(id) => (b'=', id.place()),
        };
        key.push(sign);
        key.extend_from_slice(&(resource.type_name.len() as u64).to_be_bytes());
        key.extend_from_slice(resource.type_name.as_bytes());
        key.extend_from_slice(&(place as u64).to_be_bytes());
    }
    key.extend_from_slice(rows);
    key
}

/// The answer from the memo, if it has one that still holds and that is for anyone who may use the route.
///
/// That a query is valid depends on its text alone; with the guards and hooks of the route asked already, and of
/// none but those, there is nothing else to find out.
pub(super) async fn read_from_memo<'r>(call: &Call<'r>, subject: &Subject<'r>) -> Option<Answer<'r>> {
    // A catcher or a fairing may have made something else of the request's method.
    if !subject.endpoint.reads() || !matches!(call.request.method(), Method::Get | Method::Head) {
        return None;
    }
    // What the caller sees decides, and the query may lead to more of it.
    if !call.is_for_anyone() {
        return None;
    }
    let memo = memo(call, subject)?;
    let key = key(call, subject, CallerRef::Anyone);
    let looking = observe::time(call.observation, Phase::Memo);
    let entry = memo.get(&key);
    drop(looking);
    let entry = entry?;
    let remembered = entry.answer.as_ref()?;
    let revision = match revision(call, &entry.tables).await {
        Ok(revision) => revision?,
        Err(error) if error.is_want_of_time() => return Some(Err(read_error(call, subject, error))),
        Err(_) => return None,
    };
    if revision != entry.revision {
        return None;
    }
    let found = Found { memo, key: &key, tables: &entry.tables, answer: remembered };
    Some(remembered_response(call, subject, &found).await)
}

/// The current revision of these tables, as far as the store knows.
pub(super) async fn revision(
    call: &Call<'_>,
    tables: &[&'static str],
) -> Result<Option<Revision>, StoreError> {
    let timing = observe::time(call.observation, Phase::Revision);
    let revision = call.store().revision(tables).await;
    drop(timing);
    if let (Some(observation), Ok(Some(revision))) = (call.observation, &revision) {
        observation.revision(*revision);
    }
    revision
}

/// Answers a read: from the memo, or from the store; then remembers it, and for all who ask at the same time.
pub(super) async fn read_through_memo<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    plan: &Plan,
    make: impl FnOnce(&Fetched) -> Result<ReadDocument, Errors> + Send,
) -> Answer<'r> {
    let Some(memo) = memo(call, subject) else {
        let read = fetch(call, subject, plan, make).await?;
        // Nothing else asks for them here.
        let tables = if names_tables(call.config()) { plan.tables() } else { Vec::new() };
        return Ok(fresh_response(call, subject, &tables, read));
    };
    let tables = plan.tables();
    let revision = match revision(call, &tables).await {
        Ok(Some(revision)) => revision,
        // Whoever has waited in vain would wait as long once more.
        Err(error) if error.is_want_of_time() => return Err(read_error(call, subject, error)),
        // If the store is in trouble, reading from it will tell.
        Ok(None) | Err(_) => {
            return Ok(fresh_response(call, subject, &tables, fetch(call, subject, plan, make).await?));
        }
    };
    let caller = (!call.is_for_anyone()).then(|| caller_key(call));
    let caller = caller.as_deref().map_or(CallerRef::Anyone, CallerRef::Scoped);
    // Boxed, as are other futures that are large and seldom awaited.
    let key = key(call, subject, caller);
    let looking = observe::time(call.observation, Phase::Memo);
    let recalled = Box::pin(memo.recall(&key, revision)).await;
    drop(looking);
    match recalled {
        Recalled::Failed(errors) => {
            // The log has the reason under the id of the request that has asked the store.
            if let Some(id) = current::id() {
                log::error!("{}: the answer that another request was making has failed", id.as_str());
            }
            Err(Errors::clone(&errors))
        }
        Recalled::Late => Err(Errors::unavailable(1)),
        Recalled::Known(entry) => match &entry.answer {
            Some(remembered) => {
                let found = Found { memo, key: &key, tables: &entry.tables, answer: remembered };
                remembered_response(call, subject, &found).await
            }
            None => Ok(fresh_response(call, subject, &entry.tables, fetch(call, subject, plan, make).await?)),
        },
        Recalled::Unknown { flight, stale } => {
            if let Some(statistics) = call.state::<Statistics>() {
                if stale { statistics.count_memo_stale() } else { statistics.count_memo_miss() }
            }
            if let Some(observation) = call.observation {
                observation.memo(if stale { MemoOutcome::Stale } else { MemoOutcome::Miss });
            }
            // Boxed, since most reads count nothing.
            let fetched = match Counting::of(call, memo, plan) {
                Some(counting) => Box::pin(counting.rows(subject, (&tables, revision))).await,
                None if is_far(plan) => {
                    Box::pin(far_rows(call, subject, memo, plan, (&tables, revision))).await
                }
                None => rows(call, subject, plan).await,
            };
            let read = match fetched {
                Ok(fetched) => document(call, subject, &fetched, make),
                Err(errors) => Err(errors),
            };
            match remember(memo, flight, (&tables, revision), read)? {
                Made::Remembered(remembered) => {
                    let found = Found { memo, key: &key, tables: &tables, answer: &remembered };
                    made_response(call, subject, &found).await
                }
                Made::ForThisRequest(read) => Ok(fresh_response(call, subject, &tables, read)),
            }
        }
    }
}

/// Answers a read with what was just read, and remembers it nowhere.
pub(super) fn answer_unremembered<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    plan: &Plan,
    read: ReadDocument,
) -> Response<'r> {
    fresh_response(call, subject, &plan.tables(), read)
}

pub(super) async fn fetch(
    call: &Call<'_>,
    subject: &Subject<'_>,
    plan: &Plan,
    make: impl FnOnce(&Fetched) -> Result<ReadDocument, Errors> + Send,
) -> Result<ReadDocument, Errors> {
    let fetched = rows(call, subject, plan).await?;
    document(call, subject, &fetched, make)
}

/// What the store answers to a plan.
pub(super) async fn rows(call: &Call<'_>, subject: &Subject<'_>, plan: &Plan) -> Result<Fetched, Errors> {
    let reading = observe::time(call.observation, Phase::Store);
    let fetched = call.store().fetch(plan).await;
    drop(reading);
    fetched.map_err(|error| read_error(call, subject, error))
}

/// The document of what was read.
fn document(
    call: &Call<'_>,
    subject: &Subject<'_>,
    fetched: &Fetched,
    make: impl FnOnce(&Fetched) -> Result<ReadDocument, Errors>,
) -> Result<ReadDocument, Errors> {
    let writing = observe::time(call.observation, Phase::Document);
    let read = make(fetched);
    drop(writing);
    let mut read = read?;
    // What was read is bounded; what is written of it may be longer, where text has many escapes.
    let most = usize::try_from(call.config().max_document.as_u64()).unwrap_or(usize::MAX);
    if read.body.len() > most {
        let error = StoreError::DocumentTooLarge { by: Excess::Primary, most };
        return Err(read_error(call, subject, error));
    }
    read.held = call.api.state.admission.hold(read.body.len())?;
    Ok(read)
}

/// An answer that was just made.
enum Made {
    Remembered(Arc<Remembered>),
    ForThisRequest(ReadDocument),
}

fn remember(
    memo: &Memo,
    flight: Flight<'_>,
    (tables, revision): (&[&'static str], Revision),
    read: Result<ReadDocument, Errors>,
) -> Result<Made, Errors> {
    let entry = |answer| MemoEntry { tables: tables.into(), revision, answer, total: None, coded_weight: 0 };
    match read {
        Ok(ReadDocument { body, tag: Some(tag), profile, last_modified, held }) if memo.takes(body.len()) => {
            let remembered = Arc::new(Remembered {
                tag,
                profile,
                last_modified,
                body: KeptBody::of(&body),
                held,
                #[cfg(feature = "compression")]
                coded: CodedForms::default(),
            });
            buffer_pool::give(body);
            flight.land(entry(Some(Arc::clone(&remembered))));
            Ok(Made::Remembered(remembered))
        }
        // Those who wait need not wait for each other.
        Ok(read) => {
            flight.land(entry(None));
            Ok(Made::ForThisRequest(read))
        }
        Err(errors) => {
            match errors.status().code {
                // Who has waited until here would wait as long again, one behind the other.
                500.. => flight.fail(&errors),
                _ => flight.land(entry(None)),
            }
            Err(errors)
        }
    }
}

/// What the memo has for a request.
#[cfg_attr(
    not(feature = "compression"),
    allow(dead_code, reason = "the memo is told of coded forms with the feature")
)]
pub(super) struct Found<'a> {
    pub(super) memo: &'a Memo,
    pub(super) key: &'a KeyRef<'a>,
    pub(super) tables: &'a [&'static str],
    pub(super) answer: &'a Arc<Remembered>,
}

/// The answer that the memo has: 304 where that is all that the client needs.
#[cfg_attr(not(feature = "compression"), allow(clippy::unused_async, reason = "what is coded is waited for"))]
async fn remembered_response<'r>(call: &Call<'r>, subject: &Subject<'r>, found: &Found<'_>) -> Answer<'r> {
    if let Some(statistics) = call.state::<Statistics>() {
        statistics.count_memo_hit();
    }
    if let Some(observation) = call.observation {
        observation.memo(MemoOutcome::Hit);
    }
    let policy = CachePolicy::of(call, subject);
    #[cfg(feature = "compression")]
    let policy = match coded_response(call, subject, found, policy, Origin::Memo).await {
        Ok(answer) => return answer,
        Err(policy) => policy,
    };
    let remembered = found.answer;
    let (tag, size) = (&remembered.tag, remembered.body.len());
    let early = subject.etag.and_then(|config| {
        early_not_modified((call.request, &call.fields), config, tag, remembered.last_modified, size)
    });
    Ok(match early {
        Some(mut response) => {
            policy.set(&mut response, call, subject, found.tables);
            response
        }
        None => {
            mark_remembered(call.request, remembered.tag.clone());
            remembered_body(call, subject, found, &policy)
        }
    })
}

/// The answer that was made for this request, and that the memo has now.
#[cfg_attr(not(feature = "compression"), allow(clippy::unused_async, reason = "what is coded is waited for"))]
async fn made_response<'r>(call: &Call<'r>, subject: &Subject<'r>, found: &Found<'_>) -> Answer<'r> {
    let policy = CachePolicy::of(call, subject);
    #[cfg(feature = "compression")]
    let policy = match coded_response(call, subject, found, policy, Origin::Made).await {
        Ok(answer) => return answer,
        Err(policy) => policy,
    };
    mark_with_tag(call.request, found.answer.tag.clone());
    Ok(remembered_body(call, subject, found, &policy))
}

/// 200, with the memo's body as it lies there. The fairing sets the tag, and answers preconditions.
fn remembered_body<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    found: &Found<'_>,
    policy: &CachePolicy<'r>,
) -> Response<'r> {
    let remembered = found.answer;
    let body = BodyReader::new(RememberedBody(Arc::clone(remembered)));
    let mut response = response::of_body(Status::Ok, remembered.body.len(), body, remembered.profile);
    policy.set(&mut response, call, subject, found.tables);
    dated(response, remembered.last_modified)
}

/// 200, with what was just read.
fn fresh_response<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    tables: &[&'static str],
    read: ReadDocument,
) -> Response<'r> {
    let request = call.request;
    let is_tagged = read.tag.is_some();
    if let Some(tag) = read.tag {
        mark_with_tag(request, tag);
    }
    let (size, body) = (read.body.len(), Cursor::new(SentDocument::new(read.body, read.held)));
    let mut response = response::of_body(Status::Ok, size, body, read.profile);
    if !is_tagged {
        // The fairing, where there is one, sees what fairings before it have set.
        if request.rocket().state::<EtagConfig>().is_some() {
            mark_untagged(request);
        } else if let Some(default) = EtagConfig::default().cache_control {
            response.set_raw_header("Cache-Control", default);
        }
    }
    CachePolicy::of(call, subject).set(&mut response, call, subject, tables);
    dated(response, read.last_modified)
}

/// Tells when the resource last changed.
///
/// RFC 9110 §8.8.2.1: not what lies ahead of this answer's `Date`. After several changes within a second it does, for
/// as many seconds.
pub(super) fn dated(mut response: Response<'_>, last_modified: Option<HttpDate>) -> Response<'_> {
    if let Some(date) = last_modified.filter(|date| *date <= HttpDate::from(Utc::now())) {
        response.set_raw_header("Last-Modified", date.to_string());
    }
    response
}

/// A remembered body, to be read without a copy.
struct RememberedBody(Arc<Remembered>);

impl HasBody for RememberedBody {
    fn body(&self) -> Option<&KeptBody> {
        Some(&self.0.body)
    }
}
