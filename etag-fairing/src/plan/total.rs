//! The total of a listing, which is the same on each of its pages.

use super::bytes::PlanBytes;
use super::{Listing, Plan, Root, Selection};
use crate::schema::{Description, RelationshipId};

impl Plan {
    /// A plan that depends on no more than the total of this plan's listing does: the rows and the filter, without a page,
    /// an order or anything to show. `None` if this plan doesn't ask for its total.
    pub(crate) fn counting(&self) -> Option<Self> {
        let listing = self.listing().filter(|listing| listing.total)?;
        let bare = Listing::all().filtered(listing.filter.clone()).counted();
        let root = match &self.root {
            Root::One(_) => return None,
            Root::Collection(_) => Root::Collection(bare),
            Root::Related { parent, id, relationship, .. } => {
                Root::Related { parent, id: id.clone(), relationship: *relationship, listing: bare }
            }
        };
        Some(Self::new(root, Selection::identifiers(self.selection.resource)).scoped(self.scopes.clone()))
    }

    /// The same plan without its total.
    pub(crate) fn uncounted(&self) -> Self {
        let mut plan = self.clone();
        if let Root::Collection(listing) | Root::Related { listing, .. } = &mut plan.root {
            listing.total = false;
        }
        plan
    }

    /// Whose rows the plan begins with: a collection's resource, or an owner and its relationship.
    pub(crate) fn source(&self) -> (&'static Description, Option<RelationshipId>) {
        match &self.root {
            Root::One(_) | Root::Collection(_) => (self.selection.resource, None),
            Root::Related { parent, relationship, .. } => (parent, Some(*relationship)),
        }
    }

    /// The rest of what a total depends on beside the [source](Self::source) and what is stored, as bytes: equal bytes for
    /// equal plans, and different ones for different plans.
    pub(crate) fn count_key(&self) -> Vec<u8> {
        let mut bytes = PlanBytes::default();
        if let Root::Related { id, .. } = &self.root {
            bytes.sign(b'@');
            bytes.value(&id.to_value());
        }
        if let Some(filter) = self.listing().and_then(|listing| listing.filter.as_ref()) {
            bytes.sign(b'?');
            bytes.filter(filter);
        }
        if let Some(scopes) = self.scopes.key() {
            bytes.sign(b'$');
            bytes.bytes(scopes);
        }
        bytes.into_vec()
    }

    /// Whether the plan asks for the number of all resources of a collection.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_counted(&self) -> bool {
        matches!(&self.root, Root::Collection(listing) if listing.total)
    }

    fn listing(&self) -> Option<&Listing> {
        match &self.root {
            Root::One(_) => None,
            Root::Collection(listing) | Root::Related { listing, .. } => Some(listing),
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::plan::visit::tests::each_variant;
    use crate::plan::{Comparison, Field, Filter, Member, Page, Relation, Scopes, SortKey};
    use crate::schema::{AttributeId, ResourceId, Value};
    use crate::store::contract::{REVIEWS, ROOMS, TALKS};

    fn titled(title: &str) -> Filter {
        Filter::Compare { member: title_of(), comparison: equal(title) }
    }

    fn title_of() -> Member {
        Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(0)) }
    }

    fn equal(title: &str) -> Comparison {
        Comparison::Value(Relation::Equal, Value::Text(title.into()))
    }

    fn list(listing: Listing) -> Plan {
        Plan::new(Root::Collection(listing), Selection::whole(&TALKS))
    }

    fn related(id: i64, place: usize, listing: Listing) -> Plan {
        let relationship = RelationshipId::at(place);
        let root = Root::Related { parent: &TALKS, id: ResourceId::Integer(id), relationship, listing };
        let target = TALKS.relationship_at(relationship).expect("a relationship").target();
        Plan::new(root, Selection::whole(target))
    }

    #[test]
    fn the_pages_and_orders_of_a_filter_have_one_total() {
        let listing = || Listing::all().filtered(titled("a")).counted();
        let key = |plan: &Plan| plan.counting().expect("a count").count_key();
        let expected = key(&list(listing()));
        let sort = vec![SortKey { member: title_of(), descending: true }];
        for page in [0, 7] {
            let page = Page::Offset { offset: page, limit: 3 };
            assert_eq!(key(&list(listing().paged(page).sorted(sort.clone()))), expected);
        }
        assert!(list(Listing::all()).counting().is_none(), "it doesn't ask for its total");
        assert!(Plan::new(Root::One(ResourceId::Integer(1)), Selection::whole(&TALKS)).counting().is_none());
    }

    #[test]
    fn what_is_counted_differently_has_another_key() {
        let all = || Listing::all().counted();
        let mut plans = vec![list(all())];
        for title in ["a", "b"] {
            plans.push(list(all().filtered(titled(title))));
            plans.push(list(all()).scoped(Scopes::new([(*TALKS, titled(title))])));
            plans.push(list(all()).scoped(Scopes::new([(*ROOMS, titled(title))])));
            plans.push(list(all().filtered(titled(title))).scoped(Scopes::new([(*TALKS, titled("a"))])));
            plans.push(list(all().filtered(Filter::Not(Box::new(titled(title))))));
        }
        plans.push(list(all()).scoped(Scopes::WITH_DELETED));
        for id in [1, 2] {
            plans.push(related(id, 3, all()));
            plans.push(related(id, 2, all()));
            plans.push(related(id, 3, all().filtered(titled("a"))));
        }
        let mut keys: Vec<_> = plans
            .iter()
            .map(|plan| {
                let counting = plan.counting().expect("a count");
                let (resource, relationship) = counting.source();
                (
                    std::ptr::from_ref(resource) as usize,
                    relationship.map(RelationshipId::place),
                    counting.count_key(),
                )
            })
            .collect();
        let number = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), number);
    }

    #[test]
    fn a_total_depends_on_the_tables_of_the_filter_and_not_on_what_is_shown() {
        let sort = vec![SortKey {
            member: Member { path: vec![RelationshipId::at(0)], field: Field::Attribute(AttributeId::at(0)) },
            descending: false,
        }];
        let plan = |listing: Listing| {
            let selection = Selection::whole(&REVIEWS).with_all_linkage();
            Plan::new(Root::Collection(listing.counted()), selection)
        };
        let bare = plan(Listing::all().sorted(sort));
        assert_eq!(bare.counting().expect("a count").tables(), [REVIEWS.table]);
        let filtered = plan(Listing::all().filtered(each_variant()));
        assert!(filtered.counting().expect("a count").tables().contains(&ROOMS.table));
        assert!(filtered.uncounted().counting().is_none());
    }
}
