//! The tables that an answer depends on.

use super::visit::{Step, Visitor, steps, steps_over, visit};
use super::{Field, Listing, Member, Plan, Root, Selection};
use crate::schema::{Description, RelationshipId, RelationshipKind};

impl Plan {
    /// The tables that the answer depends on, each once: those that are read, those that lead there, and
    /// those that decide which rows are read and in which order. The answer stays the same as long as none of
    /// these tables changes.
    pub fn tables(&self) -> Vec<&'static str> {
        let mut tables = Tables(Vec::new());
        match &self.root {
            Root::One(_) => {}
            Root::Collection(listing) => tables.listing(self.selection.resource, listing),
            Root::Related { parent, relationship, listing, .. } => {
                tables.add(parent.table);
                tables.steps(steps_over(parent, &[], *relationship));
                tables.listing(self.selection.resource, listing);
            }
        }
        tables.selection(&self.selection);
        // A scope decides which rows of its resource are seen, by whichever relationship they are reached.
        for (resource, filter) in self.scopes.iter() {
            tables.add(resource.table);
            visit(filter, resource, &mut tables);
        }
        tables.0
    }
}

struct Tables(Vec<&'static str>);

impl Tables {
    fn add(&mut self, table: &'static str) {
        if !self.0.contains(&table) {
            self.0.push(table);
        }
    }

    /// The table with the linkage of a relationship.
    fn linkage(&mut self, owner: &'static Description, relationship: RelationshipId) {
        if let Some(relationship) = owner.relationship_at(relationship) {
            self.add(match relationship.kind {
                RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => owner.table,
                RelationshipKind::Inverse { .. } => relationship.target().table,
                RelationshipKind::Through { table, .. } => table,
            });
            // No linkage leads to a row that is deleted softly, and a deletion changes no other table.
            if relationship.target().soft_delete.is_some() {
                self.add(relationship.target().table);
            }
        }
    }

    /// The tables of relationships and of their related resources.
    fn steps(&mut self, steps: impl Iterator<Item = Step>) {
        for step in steps {
            self.linkage(step.owner, step.relationship);
            if let Some(target) = step.target() {
                self.add(target.table);
            }
        }
    }

    fn selection(&mut self, selection: &Selection) {
        let resource = selection.resource;
        self.add(resource.table);
        for relationship in selection.linkage_ids() {
            self.linkage(resource, relationship);
        }
        for relationship in &selection.counts {
            self.steps(steps_over(resource, &[], *relationship));
        }
        for include in &selection.include {
            self.linkage(resource, include.relationship);
            if let Some(window) = &include.window {
                self.listing(include.selection.resource, window);
            }
            self.selection(&include.selection);
        }
    }

    fn listing(&mut self, resource: &'static Description, listing: &Listing) {
        if let Some(filter) = &listing.filter {
            visit(filter, resource, self);
        }
        for key in &listing.sort {
            self.member(resource, &key.member);
        }
    }
}

/// The resource at the end of a path.
fn end_of(resource: &'static Description, path: &[RelationshipId]) -> Option<&'static Description> {
    path.iter().try_fold(resource, |owner, step| Some(owner.relationship_at(*step)?.target()))
}

impl Visitor for Tables {
    fn member(&mut self, resource: &'static Description, member: &Member) {
        // The id of the related resource is in the owner's row.
        self.steps(steps(resource, &member.path));
        if let (Field::ToOne(relationship), Some(owner)) = (member.field, end_of(resource, &member.path)) {
            self.linkage(owner, relationship);
        }
    }

    fn related(
        &mut self,
        resource: &'static Description,
        path: &[RelationshipId],
        relationship: RelationshipId,
    ) {
        self.steps(steps_over(resource, path, relationship));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::visit::tests::each_variant;
    use crate::plan::{Comparison, Field, Filter, Include, Relation, SortKey};
    use crate::schema::AttributeId;
    use crate::schema::{ResourceId, Value};
    use crate::store::contract::{REVIEWS, ROOMS, SPEAKERS, TALKS};

    fn sorted(plan: &Plan) -> Vec<&'static str> {
        let mut tables = plan.tables();
        tables.sort_unstable();
        tables
    }

    fn join_table(of: &Description, place: usize) -> &'static str {
        match of.relationships[place].kind {
            RelationshipKind::Through { table, .. } => table,
            _ => panic!("{} has no join table there", of.rust_name),
        }
    }

    #[test]
    fn a_record_is_made_of_its_own_table_and_the_linkage_that_it_shows() {
        let own = Plan::new(Root::One(ResourceId::Integer(1)), Selection::identifiers(&TALKS));
        assert_eq!(own.tables(), [TALKS.table]);
        let through = (0..TALKS.relationships.len())
            .find(|place| matches!(TALKS.relationships[*place].kind, RelationshipKind::Through { .. }))
            .expect("a join table");
        let mut selection = Selection::identifiers(&TALKS);
        selection.linkage[through] = true;
        let linked = Plan::new(Root::One(ResourceId::Integer(1)), selection);
        assert_eq!(linked.tables(), [TALKS.table, join_table(&TALKS, through)]);
    }

    #[test]
    fn related_rows_are_made_of_owner_edge_and_target() {
        for (id, relationship) in TALKS.relationships_by_id() {
            let target = relationship.target();
            let root = Root::Related {
                parent: &TALKS,
                id: ResourceId::Integer(1),
                relationship: id,
                listing: Listing::all(),
            };
            let tables = Plan::new(root, Selection::identifiers(target)).tables();
            assert!(tables.contains(&TALKS.table) && tables.contains(&target.table), "{tables:?}");
            if let RelationshipKind::Through { table, .. } = relationship.kind {
                assert!(tables.contains(&table), "{tables:?}");
            }
        }
    }

    #[test]
    fn a_list_is_made_of_what_it_includes_filters_and_sorts_by_too() {
        // The first relationship of the reviews leads to the talk.
        let member =
            Member { path: vec![RelationshipId::at(0)], field: Field::Attribute(AttributeId::at(0)) };
        let bare = Plan::new(Root::Collection(Listing::all()), Selection::identifiers(&REVIEWS));
        assert_eq!(bare.tables(), [REVIEWS.table]);
        let with = |filter: Option<Filter>, sort: Vec<SortKey>, include: Vec<Include>| {
            let listing = Listing { filter, sort, ..Listing::all() };
            sorted(&Plan::new(
                Root::Collection(listing),
                Selection { include, ..Selection::identifiers(&REVIEWS) },
            ))
        };
        let mut both = [REVIEWS.table, TALKS.table];
        both.sort_unstable();
        let comparison = Comparison::Value(Relation::Equal, Value::Text("x".into()));
        let filter = Filter::Not(Box::new(Filter::Compare { member: member.clone(), comparison }));
        assert_eq!(with(Some(filter), Vec::new(), Vec::new()), both);
        let related = Filter::Related { path: Vec::new(), relationship: RelationshipId::at(0), filter: None };
        assert_eq!(with(Some(related), Vec::new(), Vec::new()), both);
        assert_eq!(with(None, vec![SortKey { member, descending: true }], Vec::new()), both);
        let include = Include::new(RelationshipId::at(0), Selection::identifiers(&TALKS));
        assert_eq!(with(None, Vec::new(), vec![include]), both);
    }

    #[test]
    fn a_window_looks_at_the_tables_of_its_filter_and_of_its_sort() {
        // From the talks to their reviews, by the room of the review's talk.
        let member = Member {
            path: vec![RelationshipId::at(0), RelationshipId::at(0)],
            field: Field::Attribute(AttributeId::at(0)),
        };
        let filter = Filter::Compare { member: member.clone(), comparison: Comparison::IsNull };
        let windows = [
            Listing::all().filtered(filter),
            Listing::all().sorted(vec![SortKey { member, descending: false }]),
        ];
        let mut expected = vec![TALKS.table, REVIEWS.table, ROOMS.table];
        expected.sort_unstable();
        for window in windows {
            let include =
                Include::new(RelationshipId::at(3), Selection::identifiers(&REVIEWS)).within(window);
            let selection = Selection::identifiers(&TALKS).including(vec![include]);
            assert_eq!(sorted(&Plan::new(Root::One(ResourceId::Integer(1)), selection)), expected);
        }
    }

    #[test]
    fn a_filter_looks_at_the_tables_of_all_that_it_names() {
        let listing = Listing { filter: Some(each_variant()), ..Listing::all() };
        let plan = Plan::new(Root::Collection(listing), Selection::identifiers(&REVIEWS));
        let mut expected =
            vec![REVIEWS.table, TALKS.table, ROOMS.table, SPEAKERS.table, join_table(&TALKS, 2)];
        expected.sort_unstable();
        assert_eq!(sorted(&plan), expected);
    }
}
