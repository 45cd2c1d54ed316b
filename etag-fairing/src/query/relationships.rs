//! The number of relationships in the filters and sort keys of one URL. For each, the database must go through one more table.

use std::mem;

use super::limits::MAX_PATH;
use crate::plan::visit::{Visitor, visit};
use crate::plan::{Filter, Member};
use crate::schema::{Description, RelationshipId};

/// Counts the relationships.
///
/// To-one relationships at the beginning of several paths count once, since their tables are joined once: `track.name` and
/// `track.color` need one. Each relationship of `any` and `has` counts separately.
#[derive(Debug)]
pub(super) struct Relationships {
    most: usize,
    found: usize,
    joined: Vec<Vec<RelationshipId>>,
}

impl Relationships {
    pub(super) fn at_most(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), found: 0, joined: Vec::new() }
    }

    /// For another statement, where tables that are joined in this one must be joined again.
    pub(super) fn in_another_statement(self) -> Self {
        Self { joined: Vec::new(), ..self }
    }

    /// # Errors
    /// In words, if there are too many.
    pub(super) fn count_filter(
        &mut self,
        filter: &Filter,
        resource: &'static Description,
    ) -> Result<(), String> {
        let mut cost = Cost { found: 0, joined: mem::take(&mut self.joined), around: Vec::new() };
        visit(filter, resource, &mut cost);
        self.joined = cost.joined;
        self.count(cost.found)
    }

    /// # Errors
    /// The same.
    pub(super) fn count_member(&mut self, member: &Member) -> Result<(), String> {
        let more = of_path(&member.path, &mut self.joined);
        self.count(more)
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.found = self.found.saturating_add(more);
        if more > 0 && self.found > self.most {
            return Err(format!("filters and sort together may lead over {} relationships", self.most));
        }
        Ok(())
    }
}

/// The relationships that a filter leads over.
struct Cost {
    found: usize,
    /// The paths that are joined already in the filter that is visited now.
    joined: Vec<Vec<RelationshipId>>,
    /// The joined paths of the filters around the current one, the outermost filter first.
    around: Vec<Vec<Vec<RelationshipId>>>,
}

impl Visitor for Cost {
    fn member(&mut self, _: &'static Description, member: &Member) {
        self.found += of_path(&member.path, &mut self.joined);
    }

    fn related(&mut self, _: &'static Description, path: &[RelationshipId], _: RelationshipId) {
        self.found += of_path(path, &mut self.joined) + 1;
    }

    fn enter(&mut self) {
        self.around.push(mem::take(&mut self.joined));
    }

    fn leave(&mut self) {
        self.joined = self.around.pop().unwrap_or_default();
    }
}

/// Paths are no longer than [`MAX_PATH`].
fn of_path(path: &[RelationshipId], joined: &mut Vec<Vec<RelationshipId>>) -> usize {
    let mut new = 0;
    for end in 1..=path.len().min(MAX_PATH) {
        let Some(prefix) = path.get(..end) else { continue };
        if !joined.iter().any(|known| known == prefix) {
            joined.push(prefix.to_vec());
            new += 1;
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::visit::tests::each_variant;
    use crate::store::contract::REVIEWS;

    #[test]
    fn each_relationship_that_a_filter_leads_over_is_counted() {
        // talk, talk.room and talk.sequelOf are joined; talk.speakers, once more to be counted, and talk.reviews are looked
        // at for themselves, and so is the talk of those reviews.
        let count = |most| Relationships::at_most(most).count_filter(&each_variant(), &REVIEWS);
        assert_eq!(count(7), Ok(()));
        assert!(count(6).is_err());
    }
}
