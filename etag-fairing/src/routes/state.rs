//! The state of a resource: what its tags begin with, and when it last changed.

use super::call::Exchange;
use super::conditions::Conditions;
use super::store_errors::Refusal;
use crate::conditional::{HttpDate, StateTag, Validator};
use crate::document::buffer_pool;
use crate::document::read::ResourceObject;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::schema::{Corrupt, ResourceId, Row, Upkeep, Value};
use crate::store::StoreError;

/// The last second that HTTP can tell, 9999-12-31T23:59:59Z.
const END: i64 = 253_402_300_799;

impl Exchange<'_> {
    /// Whether the state tag is the digest of the representation, and not the version.
    pub(super) fn state_is_digest(&self) -> bool {
        self.resource.version.is_none()
    }

    /// What to read for a write that judges preconditions, and needs nothing else.
    pub(super) fn state_plan(&self, id: ResourceId, conditions: &Conditions<'_>) -> Plan {
        if conditions.need_tag() && self.state_is_digest() {
            return self.whole(id);
        }
        let mut selection = Selection::identifiers(self.resource);
        let version = self.resource.version.filter(|_| conditions.need_tag());
        let date = self.resource.last_modified.filter(|_| conditions.need_date());
        for place in version.into_iter().chain(date) {
            if let Some(read) = selection.attributes.get_mut(place) {
                *read = true;
            }
        }
        self.plan(Root::One(id), selection)
    }

    /// S of the version in a row, if the resource has one.
    ///
    /// It says which way the representation is written, too: a version says nothing of a release that writes it in
    /// another.
    pub(super) fn version_tag(&self, row: Row<'_>) -> Result<Option<StateTag>, Corrupt> {
        let version = |(place, _): &(usize, Upkeep)| Some(*place) == self.resource.version;
        let Some((place, upkeep)) = self.resource.kept().find(version) else { return Ok(None) };
        let rank = upkeep.rank(row.attribute(place))?;
        // No digit of a digest, so that no version passes for one.
        let letter = if upkeep == Upkeep::Count { 'v' } else { 't' };
        let shape = self.api.registry().shape(self.resource);
        Ok(Some(StateTag::of_version(format!("{letter}{rank}.{shape}"))))
    }

    /// The date of the last change, if the resource keeps one.
    fn last_change(&self, fetched: &Fetched) -> Result<Option<HttpDate>, Corrupt> {
        let (Some(place), Some(row)) = (self.resource.last_modified, fetched.rows.get(0)) else {
            return Ok(None);
        };
        let rank = Upkeep::Second.rank(row.attribute(place))?;
        // One that has no date was never told of one: whatever date a client has, this state is later.
        let second = if Upkeep::is_dateless(rank) { END } else { rank.div_euclid(1_000_000) };
        Ok(Some(HttpDate::from_unix_seconds(second)))
    }

    /// When the representation at the resource's own URL last changed.
    ///
    /// Not told where scopes hide rows or guards hide linkage: the date of the row says nothing of what its linkage shows to this caller.
    pub(super) fn last_modified(&self, fetched: &Fetched) -> Result<Option<HttpDate>, Corrupt> {
        match self.etag.is_some() && self.sees_all() {
            true => self.last_change(fetched),
            false => Ok(None),
        }
    }

    /// Judges a write's preconditions on the state that its transaction sees.
    pub(super) fn check_state(
        &self,
        conditions: &Conditions<'_>,
        id: &ResourceId,
        current: &Fetched,
    ) -> Result<(), Refusal> {
        let row = current.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
        let state = match conditions.need_tag() {
            true => Some(match self.version_tag(row)? {
                Some(state) => state,
                None => {
                    let representation = self.representation(id, current)?;
                    let state = self.state_tag(&representation);
                    buffer_pool::give(representation);
                    state
                }
            }),
            false => None,
        };
        let validator = state.as_ref().map_or(Validator::Untagged, Validator::State);
        let date = if conditions.need_date() { self.last_change(current)? } else { None };
        Ok(conditions.check(validator, date, &self.writer().href(self.resource, id))?)
    }

    /// The version that the row must still have when it is written.
    ///
    /// Hooks may write the row themselves before that; then its lock alone keeps others away.
    pub(super) fn version_to_keep(&self, conditions: &Conditions<'_>, current: &Fetched) -> Option<Value> {
        let place = self.resource.version?;
        let row = current.rows.get(0)?;
        let compared = self.etag.is_some() && conditions.name_states() && self.hooks().is_none();
        compared.then(|| row.attribute(place).to_owned()).filter(|version| !version.is_null())
    }

    /// The answer to a write that was refused; `sent` is the resource object of the request, if it has one.
    pub(super) async fn refused(
        &self,
        refusal: Refusal,
        conditions: &Conditions<'_>,
        id: &ResourceId,
        sent: Option<&ResourceObject<'_>>,
    ) -> Errors {
        if matches!(refusal, Refusal::Store(StoreError::VersionChanged)) {
            // Somebody else was first: what there is now has another tag, or is gone.
            let current = self.store().fetch(&self.state_plan(id.clone(), conditions)).await;
            let judged =
                current.map_err(Refusal::from).and_then(|now| self.check_state(conditions, id, &now));
            if let Err(refusal) = judged {
                return refusal.answer(self.resource, sent);
            }
        }
        refusal.answer(self.resource, sent)
    }
}
