//! The one function that visits all members and relationships in a filter. The guards, the cache and the
//! estimate of a filter's cost use it, so that none of them misses a part of the filter.
//!
//! All matches here are exhaustive: a new comparison that names a member does not compile until the member is
//! visited here.

use super::{Comparison, Field, Filter, Member};
use crate::schema::{Description, RelationshipId};

/// Receives the members and relationships of a filter, from left to right.
pub(crate) trait Visitor {
    /// A member of a resource, at the end of a path.
    fn member(&mut self, resource: &'static Description, member: &Member);

    /// A relationship of the resource at the end of a path. The filter demands at least one related resource.
    fn related(
        &mut self,
        resource: &'static Description,
        path: &[RelationshipId],
        relationship: RelationshipId,
    );

    /// The next calls are about the related resources, until [`leave`](Self::leave).
    fn enter(&mut self) {}

    /// The end of the calls about the related resources.
    fn leave(&mut self) {}
}

/// Visits all members and relationships in a filter of this resource.
pub(crate) fn visit(filter: &Filter, resource: &'static Description, visitor: &mut impl Visitor) {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            for filter in filters {
                visit(filter, resource, visitor);
            }
        }
        Filter::Not(filter) => visit(filter, resource, visitor),
        Filter::Compare { member, comparison } => {
            visitor.member(resource, member);
            match comparison {
                Comparison::Member(_, other) => visitor.member(resource, other),
                Comparison::IsNull
                | Comparison::Value(..)
                | Comparison::In(_)
                | Comparison::Between(..)
                | Comparison::HasAny(_)
                | Comparison::IsEmpty
                // It names no other member.
                | Comparison::Inside(..)
                | Comparison::Text { .. } => {}
            }
        }
        Filter::Related { path, relationship, filter } => {
            visitor.related(resource, path, *relationship);
            let target = steps_over(resource, path, *relationship).last().and_then(Step::target);
            if let (Some(target), Some(filter)) = (target, filter) {
                visitor.enter();
                visit(filter, target, visitor);
                visitor.leave();
            }
        }
        Filter::Count { path, relationship, .. } => visitor.related(resource, path, *relationship),
    }
}

/// A relationship that is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The resource that the relationship belongs to.
    pub(crate) owner: &'static Description,
    pub(crate) relationship: RelationshipId,
}

impl Step {
    /// The related resource.
    pub(crate) fn target(self) -> Option<&'static Description> {
        self.owner.relationship_at(self.relationship).map(|relationship| relationship.target())
    }
}

/// The relationships of a path, each with its owner.
pub(crate) fn steps(resource: &'static Description, path: &[RelationshipId]) -> impl Iterator<Item = Step> {
    let mut here = Some(resource);
    path.iter().map_while(move |relationship| {
        let step = Step { owner: here?, relationship: *relationship };
        here = step.target();
        Some(step)
    })
}

/// The relationships of a path and the one at its end, each with its owner.
pub(crate) fn steps_over(
    resource: &'static Description,
    path: &[RelationshipId],
    relationship: RelationshipId,
) -> impl Iterator<Item = Step> {
    let end = steps(resource, path).last().map_or(Some(resource), Step::target);
    steps(resource, path).chain(end.map(|owner| Step { owner, relationship }))
}

/// The relationships that lead to a member, each with its owner. The last one may be the member itself: its
/// related id is in the owner's row, but the id tells which resource is related.
pub(crate) fn steps_to(resource: &'static Description, member: &Member) -> impl Iterator<Item = Step> {
    let Member { path, field } = member;
    let own = match field {
        Field::ToOne(relationship) => Some(*relationship),
        Field::Id | Field::Attribute(_) => None,
    };
    let end = own.and_then(|own| steps_over(resource, path, own).last());
    steps(resource, path).chain(end)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::plan::{Part, Relation};
    use crate::schema::{AttributeId, Value};
    use crate::store::contract::REVIEWS;

    fn compare(path: &[RelationshipId], field: Field, comparison: Comparison) -> Filter {
        Filter::Compare { member: Member { path: path.to_vec(), field }, comparison }
    }

    /// A filter of reviews with each variant. It follows the to-one relationship `talk` (0 of the reviews),
    /// and from there the talk's to-one relationships to its room (0) and its sequel (1). The talk's speakers
    /// (2) and reviews (3) are to-many.
    pub(crate) fn each_variant() -> Filter {
        let text = || Value::Text("x".into());
        let room = Member { path: vec![RelationshipId::at(0), RelationshipId::at(0)], field: Field::Id };
        let any =
            |relationship| Filter::Related { path: vec![RelationshipId::at(0)], relationship, filter: None };
        Filter::And(vec![
            Filter::Or(vec![
                compare(&[], Field::Id, Comparison::IsNull),
                compare(
                    &[],
                    Field::Attribute(AttributeId::at(0)),
                    Comparison::Value(Relation::Equal, text()),
                ),
            ]),
            Filter::Not(Box::new(compare(
                &[],
                Field::ToOne(RelationshipId::at(0)),
                Comparison::In(vec![Value::Integer(1)]),
            ))),
            compare(
                &[RelationshipId::at(0)],
                Field::Attribute(AttributeId::at(0)),
                Comparison::Member(Relation::Less, room),
            ),
            compare(
                &[RelationshipId::at(0), RelationshipId::at(1)],
                Field::Attribute(AttributeId::at(0)),
                Comparison::Between(text(), text()),
            ),
            any(RelationshipId::at(2)),
            Filter::Count {
                path: vec![RelationshipId::at(0)],
                relationship: RelationshipId::at(2),
                relation: Relation::Less,
                number: 3,
            },
            Filter::Related {
                path: vec![RelationshipId::at(0)],
                relationship: RelationshipId::at(3),
                filter: Some(Box::new(compare(
                    &[RelationshipId::at(0)],
                    Field::ToOne(RelationshipId::at(1)),
                    Comparison::Text { part: Part::Anywhere, text: "x".into(), case_sensitive: false },
                ))),
            },
        ])
    }

    #[derive(Default)]
    struct Names {
        depth: usize,
        names: Vec<String>,
    }

    impl Names {
        fn push(&mut self, steps: impl Iterator<Item = Step>, end: &str) {
            let steps =
                steps.map(|step| step.owner.relationship_at(step.relationship).unwrap().name.to_owned());
            let path: Vec<String> = steps.chain((!end.is_empty()).then(|| end.into())).collect();
            self.names.push(format!("{}{}", ">".repeat(self.depth), path.join(".")));
        }
    }

    impl Visitor for Names {
        fn member(&mut self, resource: &'static Description, member: &Member) {
            let end = match member.field {
                Field::Id => "id",
                Field::Attribute(_) => "attribute",
                Field::ToOne(_) => "",
            };
            self.push(steps_to(resource, member), end);
        }

        fn related(
            &mut self,
            resource: &'static Description,
            path: &[RelationshipId],
            relationship: RelationshipId,
        ) {
            self.push(steps_over(resource, path, relationship), "");
        }

        fn enter(&mut self) {
            self.depth += 1;
        }

        fn leave(&mut self) {
            self.depth -= 1;
        }
    }

    #[test]
    fn each_member_and_each_relationship_of_a_filter_is_visited() {
        let mut names = Names::default();
        visit(&each_variant(), &REVIEWS, &mut names);
        assert_eq!(
            names.names,
            [
                "id",
                "attribute",
                "talk",
                "talk.attribute",
                "talk.room.id",
                "talk.sequelOf.attribute",
                "talk.speakers",
                "talk.speakers",
                "talk.reviews",
                ">talk.sequelOf",
            ]
        );
        assert_eq!(names.depth, 0);
    }
}
