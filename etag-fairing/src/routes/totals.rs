//! Totals that are counted once a change.
//!
//! A total costs a look at each row that the filter lets through, however small the page is. It is the same on every page of
//! a list and in every order, and stays so until one of its tables changes. So the memo has it apart from the answers, by
//! what is counted: whose rows, the filter, and the scopes of the caller.
//!
//! What is shown is of one state all the same. A remembered total is of the tables' state at its revision; if that is the
//! current revision before the rows are read and after it, the rows are of that state, too. If not, rows and total are read
//! again, together.

use std::ptr;

use super::cached_read::{revision, rows};
use super::call::Call;
use super::following_pages::{far_rows, is_far};
use super::store_errors::read_error;
use super::subject::Subject;
use crate::error::Errors;
use crate::memo::{CallerRef, KeyRef, Memo, MemoEntry, Recalled, TOTAL};
use crate::negotiate::Profiles;
use crate::plan::{Fetched, Plan, Revision};

/// The read of a listing that asks for its total.
pub(super) struct Counting<'a, 'r> {
    call: &'a Call<'r>,
    memo: &'a Memo,
    plan: &'a Plan,
    /// What the total alone depends on.
    counted: Plan,
}

impl<'a, 'r> Counting<'a, 'r> {
    /// `None` if the plan doesn't ask for a total.
    pub(super) fn of(call: &'a Call<'r>, memo: &'a Memo, plan: &'a Plan) -> Option<Self> {
        Some(Self { call, memo, plan, counted: plan.counting()? })
    }

    /// The page and its total. `known` are the tables of the whole plan and their revision.
    pub(super) async fn rows(
        self,
        subject: &Subject<'_>,
        known: (&[&'static str], Revision),
    ) -> Result<Fetched, Errors> {
        let Self { call, memo, plan, counted } = self;
        let tables = counted.tables();
        let is_known = known.0.len() == tables.len() && known.0.iter().all(|table| tables.contains(table));
        let current = if is_known {
            known.1
        } else {
            match revision(call, &tables).await {
                Ok(Some(revision)) => revision,
                Err(error) if error.is_want_of_time() => return Err(read_error(call, subject, error)),
                // If the store is in trouble, reading from it will tell.
                Ok(None) | Err(_) => return rows(call, subject, plan).await,
            }
        };
        let bytes = counted.count_key();
        let (resource, relationship) = counted.source();
        let key = KeyRef {
            route: (ptr::from_ref(resource) as usize, TOTAL, relationship),
            // Below each path the resource may have a store of its own.
            path: call.request.route().map_or("", |route| route.uri.base()),
            query: None,
            profiles: Profiles::default(),
            caller: CallerRef::Scoped(&bytes),
        };
        match memo.recall(&key, current).await {
            Recalled::Failed(errors) => Err(Errors::clone(&errors)),
            Recalled::Late => Err(Errors::unavailable(1)),
            Recalled::Known(entry) => {
                if let Some(total) = entry.total {
                    let uncounted = plan.uncounted();
                    let fetched = match is_far(&uncounted) {
                        true => far_rows(call, subject, memo, &uncounted, (&tables, current)).await?,
                        false => rows(call, subject, &uncounted).await?,
                    };
                    if matches!(revision(call, &tables).await, Ok(Some(now)) if now == current) {
                        return Ok(Fetched { total: Some(total), ..fetched });
                    }
                }
                rows(call, subject, plan).await
            }
            Recalled::Unknown { flight, .. } => {
                let fetched = rows(call, subject, plan).await;
                match &fetched {
                    Ok(Fetched { total, .. }) => flight.land(MemoEntry {
                        tables: tables.into(),
                        revision: current,
                        answer: None,
                        total: *total,
                        coded_weight: 0,
                    }),
                    // Who has waited until here would wait as long again, one behind the other.
                    Err(errors) if errors.status().code >= 500 => flight.fail(errors),
                    // It may be the page that is refused: another one may not be.
                    Err(_) => drop(flight),
                }
                fetched
            }
        }
    }
}
