//! Reads that are answered from the memo, and that are remembered there.

use std::io::Cursor;
use std::sync::Arc;

use chrono::Utc;
use rocket::Response;
use rocket::http::{Method, Status};

use super::answer;
use super::call::{Answer, Exchange};
use crate::admission::HeldBytes;
use crate::conditional::{EntityTag, HttpDate};
use crate::config::EtagConfig;
use crate::document::buffer_pool::SentDocument;
use crate::error::Errors;
use crate::fairing::{Statistics, early_not_modified, mark_untagged, mark_with_tag};
use crate::memo::{CallerRef, Entry, Flight, Memo, Recalled, Remembered};
use crate::plan::{Fetched, Plan, Revision};
use crate::schema::Operation;
use crate::store::{Excess, StoreError};

/// A document that answers a read.
pub(super) struct Made {
    pub(super) body: Vec<u8>,
    /// Its tag, where the route carries tags.
    pub(super) tag: Option<EntityTag>,
    /// The profile that applies to it.
    pub(super) profile: Option<&'static str>,
    /// When the resource last changed, where it keeps that.
    pub(super) last_modified: Option<HttpDate>,
    /// The memory that it takes.
    pub(super) held: Option<HeldBytes>,
}

impl<'r> Exchange<'r> {
    /// The memo, where what this route answers is remembered: where it carries tags, and the memo is on.
    fn memo(&self) -> Option<&'r Memo> {
        self.etag.and_then(|_| self.request.rocket().state())
    }

    /// The answer from the memo, if it has one that still holds and that is for anyone who may use the route.
    ///
    /// That a query is valid depends on its text alone; with the guards and hooks of the route asked already, and of
    /// none but those, there is nothing else to find out.
    pub(super) async fn recalled(&self) -> Option<Answer<'r>> {
        let reads = [Operation::List, Operation::Read, Operation::Related, Operation::Relationship]
            .contains(&self.operation());
        // A catcher or a fairing may have made something else of the request's method.
        if !reads || !matches!(self.request.method(), Method::Get | Method::Head) {
            return None;
        }
        // What the caller sees decides, and the query may lead to more of it.
        if !self.is_for_anyone() {
            return None;
        }
        let entry = self.memo()?.get(&self.key(CallerRef::Anyone))?;
        let remembered = entry.answer.as_ref()?;
        let revision = match self.store().revision(&entry.tables).await {
            Ok(revision) => revision?,
            Err(error) if error.is_want_of_time() => return Some(Err(self.trouble(error))),
            Err(_) => return None,
        };
        (revision == entry.revision).then(|| Ok(self.remembered(remembered)))
    }

    /// Answers a read: from the memo, or from the store; then remembers it, and for all who ask at the same time.
    pub(super) async fn answer(
        &self,
        plan: &Plan,
        make: impl FnOnce(&Fetched) -> Result<Made, Errors> + Send,
    ) -> Answer<'r> {
        let Some(memo) = self.memo() else {
            return self.fetch(plan, make).await.map(|made| self.response(made));
        };
        let tables = plan.tables();
        let revision = match self.store().revision(&tables).await {
            Ok(Some(revision)) => revision,
            // Whoever has waited in vain would wait as long once more.
            Err(error) if error.is_want_of_time() => return Err(self.trouble(error)),
            // If the store is in trouble, reading from it will tell.
            Ok(None) | Err(_) => return self.fetch(plan, make).await.map(|made| self.response(made)),
        };
        let key = (!self.is_for_anyone()).then(|| self.caller());
        let caller = key.as_deref().map_or(CallerRef::Anyone, CallerRef::Scoped);
        // Boxed, as are other futures that are large and seldom awaited.
        let recalled = Box::pin(memo.recall(&self.key(caller), revision)).await;
        match recalled {
            Recalled::Failed(errors) => Err(Errors::clone(&errors)),
            Recalled::Late => Err(Errors::unavailable(1)),
            Recalled::Known(entry) => match &entry.answer {
                Some(remembered) => Ok(self.remembered(remembered)),
                None => self.fetch(plan, make).await.map(|made| self.response(made)),
            },
            Recalled::Unknown { flight, stale } => {
                if let Some(statistics) = self.statistics() {
                    statistics.count_memo_miss(stale);
                }
                let made = self.fetch(plan, make).await;
                self.remember(memo, flight, tables, revision, made)
            }
        }
    }

    async fn fetch(
        &self,
        plan: &Plan,
        make: impl FnOnce(&Fetched) -> Result<Made, Errors> + Send,
    ) -> Result<Made, Errors> {
        let fetched = self.store().fetch(plan).await.map_err(|error| self.trouble(error))?;
        let mut made = make(&fetched)?;
        // What was read is bounded; what is written of it may be longer, where text has many escapes.
        let most = usize::try_from(self.config().max_document.as_u64()).unwrap_or(usize::MAX);
        if made.body.len() > most {
            return Err(self.trouble(StoreError::DocumentTooLarge { by: Excess::Primary, most }));
        }
        made.held = self.api.admission.hold(made.body.len())?;
        Ok(made)
    }

    fn remember(
        &self,
        memo: &Memo,
        flight: Flight<'_>,
        tables: Vec<&'static str>,
        revision: Revision,
        made: Result<Made, Errors>,
    ) -> Answer<'r> {
        let tables = tables.into_boxed_slice();
        match made {
            Ok(Made { body, tag: Some(tag), profile, last_modified, held }) if memo.takes(body.len()) => {
                let remembered =
                    Arc::new(Remembered { tag, profile, last_modified, body: body.into_boxed_slice(), held });
                flight.land(Entry { tables, revision, answer: Some(Arc::clone(&remembered)) });
                Ok(self.with_body(&remembered))
            }
            // Those who wait need not wait for each other.
            Ok(made) => {
                flight.land(Entry { tables, revision, answer: None });
                Ok(self.response(made))
            }
            Err(errors) => {
                match errors.status().code {
                    // Who has waited until here would wait as long again, one behind the other.
                    500.. => flight.fail(&errors),
                    _ => flight.land(Entry { tables, revision, answer: None }),
                }
                Err(errors)
            }
        }
    }

    /// The answer that the memo has: 304 where that is all that the client needs.
    fn remembered(&self, remembered: &Arc<Remembered>) -> Response<'r> {
        if let Some(statistics) = self.statistics() {
            statistics.count_memo_hit();
        }
        let early = self.etag.and_then(|config| {
            early_not_modified(
                self.request,
                config,
                &remembered.tag,
                remembered.last_modified,
                remembered.body.len(),
            )
        });
        match early {
            Some(mut response) => {
                response.set_raw_header("Vary", "Accept");
                response
            }
            None => self.with_body(remembered),
        }
    }

    /// 200, with the memo's body as it lies there. The fairing sets the tag, and answers preconditions.
    fn with_body(&self, remembered: &Arc<Remembered>) -> Response<'r> {
        mark_with_tag(self.request, remembered.tag.clone());
        let body = Cursor::new(Body(Arc::clone(remembered)));
        let response = answer::of_body(Status::Ok, remembered.body.len(), body, remembered.profile);
        dated(response, remembered.last_modified)
    }

    fn response(&self, made: Made) -> Response<'r> {
        let tagged = made.tag.is_some();
        if let Some(tag) = made.tag {
            mark_with_tag(self.request, tag);
        }
        let (size, body) = (made.body.len(), Cursor::new(SentDocument::new(made.body, made.held)));
        let mut response = answer::of_body(Status::Ok, size, body, made.profile);
        match (tagged, self.request.rocket().state::<EtagConfig>()) {
            (true, _) => {}
            // The fairing sees what fairings before it have set.
            (false, Some(_)) => mark_untagged(self.request),
            (false, None) => {
                if let Some(default) = EtagConfig::default().cache_control {
                    response.set_raw_header("Cache-Control", default);
                }
            }
        }
        dated(response, made.last_modified)
    }

    fn statistics(&self) -> Option<&'r Statistics> {
        self.request.rocket().state()
    }
}

/// Tells when the resource last changed.
///
/// RFC 9110 §8.8.2.1: not what lies ahead of this answer's `Date`. After several changes within a second it does, for
/// as many seconds.
fn dated(mut response: Response<'_>, last_modified: Option<HttpDate>) -> Response<'_> {
    if let Some(date) = last_modified.filter(|date| *date <= HttpDate::from(Utc::now())) {
        response.set_raw_header("Last-Modified", date.to_string());
    }
    response
}

/// A remembered body, to be read without a copy.
struct Body(Arc<Remembered>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0.body
    }
}
