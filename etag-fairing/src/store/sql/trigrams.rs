//! Which reads look into texts of which tables have an index of trigrams.

use crate::plan::{Comparison, Field, Filter, Listing, Member, Part, Plan, Root};
use crate::schema::{Description, Relationship, RelationshipId};

use super::pattern::Pattern;

/// Whether the plan's list looks for something in such texts.
///
/// How such a list is best read depends on what is looked for: of what is in many texts, a page is full after a few rows in
/// the order of the list; what is in few has to be found by the index. A plan that a database makes once for all values
/// is the first one, and reads the whole table for the second.
pub(in crate::store) fn looks_into_them(plan: &Plan) -> bool {
    let listing = match &plan.root {
        Root::One(_) => return false,
        Root::Collection(listing) | Root::Related { listing, .. } => listing,
    };
    let Listing { filter: Some(filter), .. } = listing else { return false };
    looks(plan.selection.resource, filter)
}

fn looks(resource: &'static Description, filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(|filter| looks(resource, filter)),
        Filter::Not(filter) => looks(resource, filter),
        Filter::Compare { member, comparison: Comparison::Text { part, text, .. } } => {
            has_trigrams(resource, member) && has_trigram(*part, text)
        }
        Filter::Related { path, relationship, filter: Some(filter) } => {
            let owner = end_of(resource, path).and_then(|owner| owner.relationship_at(*relationship));
            owner.is_some_and(|relationship| looks(relationship.target(), filter))
        }
        Filter::Compare { .. } | Filter::Related { .. } | Filter::Count { .. } => false,
    }
}

fn has_trigram(part: Part, text: &str) -> bool {
    text.len() >= 3 && Pattern::of_part(part, text).has_trigram()
}

fn has_trigrams(resource: &'static Description, member: &Member) -> bool {
    let Field::Attribute(attribute) = member.field else { return false };
    end_of(resource, &member.path).is_some_and(|resource| resource.has_trigrams(attribute))
}

fn end_of(resource: &'static Description, path: &[RelationshipId]) -> Option<&'static Description> {
    path.iter().try_fold(resource, |owner, step| owner.relationship_at(*step).map(Relationship::target))
}
