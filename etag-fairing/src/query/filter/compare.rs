//! One comparison: a path, an operator, a value, made to a typed [`Filter`].

use serde_json::Value as JsonValue;

use super::Fault;
use super::comparison::SignedComparison;
use super::given::{FilterValue, Scalar};
use super::operator::{Operand, Operator, offered};
use crate::plan::{Comparison, Field, Filter, Member, Relation};
use crate::query::limits::{MAX_JSON_PATH, MAX_PATH};
use crate::schema::member_path::{
    BrokenPath, MemberPath, PathEnd, PathStep, PathSyntax, is_name_in_json, type_names, typed_names,
};
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, Element, IdKind, Kind, Relationship, RelationshipId};

/// A path that filters may take.
#[derive(Debug)]
pub(super) struct FilterPath(MemberPath);

impl FilterPath {
    pub(super) fn follow(
        resource: &'static Description,
        path: &str,
        unreadable: &Unreadable,
    ) -> Result<Self, Fault> {
        let syntax = PathSyntax::ClientWithUnderscores(unreadable);
        let followed = MemberPath::follow(resource, path, syntax, MAX_PATH);
        let followed = followed.map_err(|broken| match broken {
            BrokenPath::TooLong => Fault::limit(format!("at most {MAX_PATH} relationships in a path")),
            BrokenPath::NoMember { .. } | BrokenPath::NoType { .. } | BrokenPath::NoRelationship { .. } => {
                Fault::new(broken.detail(path))
            }
        })?;
        match followed.end {
            PathEnd::Attribute(_, attribute) if !attribute.filter => {
                Err(Fault::new(format!("{path:?} can't be filtered by")))
            }
            _ if followed.inside.len() > MAX_JSON_PATH => {
                Err(Fault::limit(format!("at most {MAX_JSON_PATH} names in a path inside of JSON")))
            }
            _ if !followed.inside.iter().all(|name| is_name_in_json(name)) => {
                Err(Fault::new(format!("{path:?} has a name that can't be looked for inside of JSON")))
            }
            _ => Ok(Self(followed)),
        }
    }

    /// The resource at the other end, where the path ends in a relationship.
    pub(super) fn related(&self) -> Option<&'static Description> {
        match self.0.end {
            PathEnd::Relationship(_, relationship) => Some(relationship.target()),
            _ => None,
        }
    }

    /// Whether it ends in a polymorphic relationship, which doesn't lead to one resource.
    pub(super) fn is_polymorphic(&self) -> bool {
        matches!(self.0.end, PathEnd::OneOf(..))
    }

    /// What the elements are, if the member is a list.
    pub(super) fn element(&self) -> Option<Element> {
        match self.0.end {
            PathEnd::Attribute(_, attribute) => attribute.kind.element(),
            _ => None,
        }
    }

    fn operand(&self) -> Operand {
        match self.0.end {
            PathEnd::Attribute(..) if !self.0.inside.is_empty() => Operand::InsideJson,
            PathEnd::Id => Operand::Id(self.0.resource.id.kind),
            PathEnd::Attribute(_, attribute) => Operand::Attribute(attribute.kind),
            PathEnd::Relationship(_, relationship) if relationship.is_to_many() => Operand::ToMany,
            PathEnd::Relationship(..) => Operand::ToOne,
            PathEnd::OneOf(..) => Operand::OneOf,
        }
    }

    /// The operator of this name, if it can be used here.
    pub(super) fn operator(&self, name: &str) -> Result<Operator, Fault> {
        match Operator::named(name) {
            Some(operator) if operator.fits(self.operand()) => Ok(operator),
            Some(_) => {
                let offered = offered(self.operand());
                Err(Fault::new(match self.0.end {
                    PathEnd::OneOf(id) => format!(
                        "{name:?} can't be used here, since an id alone doesn't tell its type: name the type, as in \
                         {}; or use {offered}",
                        typed_names(self.0.resource, id)
                    ),
                    _ => format!("{name:?} can't be used here: {offered}"),
                }))
            }
            None => Err(Fault::new(format!("there is no operator {name:?}: {}", offered(self.operand())))),
        }
    }

    /// Whether the relationship leads to a resource that the filter lets through, or to any at all.
    pub(super) fn related_to(self, filter: Option<Filter>) -> Filter {
        let relationship = match self.0.end {
            PathEnd::Relationship(relationship, _) => relationship,
            PathEnd::OneOf(first) => {
                let arms = self.0.resource.arms(first).map(|(relationship, _)| {
                    through(&self.0.steps, |path| Filter::Related { path, relationship, filter: None })
                });
                return Filter::Or(arms.collect());
            }
            PathEnd::Id | PathEnd::Attribute(..) => return Filter::Or(Vec::new()),
        };
        let filter = filter.map(Box::new);
        through(&self.0.steps, |path| Filter::Related { path, relationship, filter })
    }

    /// Compares with a value.
    pub(super) fn compare(self, operator: Operator, given: &FilterValue<'_>) -> Result<Filter, Fault> {
        match self.0.end {
            PathEnd::Id => {
                let kind = self.0.resource.id.kind;
                let test = SignedComparison::of_id(operator, given, kind)?;
                Ok(through(&self.0.steps, |path| test.of(Member::at(path, Field::Id))))
            }
            PathEnd::Attribute(id, attribute) => {
                let test = match attribute.kind.element() {
                    Some(element) => SignedComparison::of_list(operator, given, attribute, element)?,
                    None if !self.0.inside.is_empty() => {
                        SignedComparison::inside(operator, given)?.at(&self.0.inside)
                    }
                    None => SignedComparison::of_attribute(operator, given, attribute)?,
                };
                Ok(through(&self.0.steps, |path| test.of(Member { path, field: Field::Attribute(id) })))
            }
            PathEnd::OneOf(first) => self.compare_type(operator, given, first),
            PathEnd::Relationship(relationship, description) => match (operator, description.is_to_many()) {
                (Operator::Any | Operator::Has, _) => {
                    let any = self.related_to(None);
                    Ok(if given.truth()? { any } else { Filter::Not(Box::new(any)) })
                }
                (Operator::IsEmpty, _) => {
                    let any = self.related_to(None);
                    Ok(if given.truth()? { Filter::Not(Box::new(any)) } else { any })
                }
                (Operator::Count, _) => self.counted(given),
                (operator, false) => {
                    let test = SignedComparison::of_id(operator, given, description.target().id.kind)?;
                    let field = Field::ToOne(relationship);
                    Ok(through(&self.0.steps, |path| test.of(Member { path, field })))
                }
                (operator, true) => {
                    let test = SignedComparison::of_id(operator, given, description.target().id.kind)?;
                    Ok(self.related_to(Some(test.of(Member { path: Vec::new(), field: Field::Id }))))
                }
            },
        }
    }

    /// Whether a polymorphic relationship is null, or leads to one of these types.
    fn compare_type(
        self,
        operator: Operator,
        given: &FilterValue<'_>,
        first: RelationshipId,
    ) -> Result<Filter, Fault> {
        let resource = self.0.resource;
        let all_null = |path: Vec<RelationshipId>, arms: &[RelationshipId]| {
            let is_null = |arm: &RelationshipId| Filter::Compare {
                member: Member { path: path.clone(), field: Field::ToOne(*arm) },
                comparison: Comparison::IsNull,
            };
            Filter::And(arms.iter().map(is_null).collect())
        };
        let leads_to_many = resource.relationship_at(first).is_some_and(Relationship::is_to_many);
        match operator {
            Operator::Has | Operator::IsEmpty => {
                let any = Self(self.0.clone()).related_to(None);
                let wanted = given.truth()? == (operator == Operator::Has);
                Ok(if wanted { any } else { Filter::Not(Box::new(any)) })
            }
            Operator::IsNull if leads_to_many => {
                let any = Self(self.0.clone()).related_to(None);
                Ok(if given.truth()? { Filter::Not(Box::new(any)) } else { any })
            }
            Operator::IsNull => {
                let is_null = given.truth()?;
                let arms: Vec<RelationshipId> = resource.arms(first).map(|(arm, _)| arm).collect();
                Ok(through(&self.0.steps, |path| match all_null(path, &arms) {
                    null if is_null => null,
                    null => Filter::Not(Box::new(null)),
                }))
            }
            _ => {
                let mut arms = Vec::new();
                for name in given.names()? {
                    let Some((arm, _)) = resource.arm(first, &name) else {
                        return Err(Fault::new(format!(
                            "it leads to {}, not to {name:?}",
                            type_names(resource, first)
                        )));
                    };
                    arms.push(arm);
                }
                if leads_to_many {
                    let leads = |path: Vec<RelationshipId>, relationship| Filter::Related {
                        path,
                        relationship,
                        filter: None,
                    };
                    let ways = arms.iter().map(|arm| through(&self.0.steps, |path| leads(path, *arm)));
                    return Ok(Filter::Or(ways.collect()));
                }
                Ok(through(&self.0.steps, |path| Filter::Not(Box::new(all_null(path, &arms)))))
            }
        }
    }

    /// Whether the to-many relationship leads to so many resources: a number, or operators with a number each, all of
    /// which must hold.
    fn counted(self, given: &FilterValue<'_>) -> Result<Filter, Fault> {
        let scalar = given.one()?;
        let Scalar::Json(JsonValue::Object(operators)) = scalar else {
            return self.count_is(Operator::Relation(Relation::Equal), given);
        };
        let mut all = Vec::with_capacity(operators.len());
        for (name, json) in operators {
            let operator = count_operator(name).map_err(|fault| fault.at(&format!("/{name}")))?;
            let value = FilterValue::json(json);
            let steps = Self(self.0.clone());
            all.push(steps.count_is(operator, &value).map_err(|fault| fault.at(&format!("/{name}")))?);
        }
        match (all.pop(), all.is_empty()) {
            (None, _) => Err(Fault::new("must be a number, or an object such as {\"ge\":2}")),
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                all.push(last);
                Ok(Filter::And(all))
            }
        }
    }

    /// Compares the number of related resources by one operator.
    pub(super) fn count_is(self, operator: Operator, given: &FilterValue<'_>) -> Result<Filter, Fault> {
        let PathEnd::Relationship(relationship, _) = self.0.end else { return Ok(Filter::Or(Vec::new())) };
        let is = |relation, scalar: &Scalar<'_>| Ok::<_, Fault>((relation, scalar.count()?));
        let tests = match operator {
            Operator::Between => match given.list()?.as_slice() {
                [low, high] => vec![is(Relation::GreaterOrEqual, low)?, is(Relation::LessOrEqual, high)?],
                _ => return Err(Fault::new("must be two values")),
            },
            Operator::Relation(relation) => vec![is(relation, given.one()?)?],
            _ => return Err(Fault::new(COUNT_OPERATORS)),
        };
        let test = |path: &[RelationshipId], (relation, number)| Filter::Count {
            path: path.to_vec(),
            relationship,
            relation,
            number,
        };
        Ok(through(&self.0.steps, |path| {
            let mut all: Vec<Filter> = tests.iter().map(|one| test(&path, *one)).collect();
            match (all.pop(), all.is_empty()) {
                (Some(one), true) => one,
                (last, _) => {
                    all.extend(last);
                    Filter::And(all)
                }
            }
        }))
    }

    /// Compares with another member of the same resource.
    pub(super) fn compare_with(self, operator: Operator, other: Self) -> Result<Filter, Fault> {
        let Operator::Relation(relation) = operator else {
            return Err(Fault::new("two fields can be compared by eq, ne, gt, ge, lt and le").at("/op"));
        };
        let (Some(left), Some(right)) = (self.family(), other.family()) else {
            return Err(Fault::new("has nothing to compare with another field").at("/field"));
        };
        if left != right {
            return Err(Fault::new("the two fields hold different kinds of values").at("/field"));
        }
        let (Some(member), Some(other)) = (self.member(), other.member()) else {
            return Err(Fault::new(
                "fields of many related resources can't be compared with each other: use any",
            )
            .at("/field"));
        };
        Ok(Filter::Compare { member, comparison: Comparison::Member(relation, other) })
    }

    fn family(&self) -> Option<Kind> {
        let of_id = |kind| match kind {
            IdKind::Integer { .. } => Some(Kind::Integer),
            IdKind::Text => Some(Kind::Text),
            IdKind::Uuid => Some(Kind::Uuid),
            // Nothing else has several values.
            IdKind::Composite(_) => None,
        };
        match self.0.end {
            PathEnd::Id => of_id(self.0.resource.id.kind),
            PathEnd::Attribute(..) if !self.0.inside.is_empty() => None,
            PathEnd::Attribute(_, attribute) => attribute.kind.family(),
            PathEnd::OneOf(..) => None,
            PathEnd::Relationship(_, relationship) if relationship.is_to_many() => None,
            PathEnd::Relationship(_, relationship) => of_id(relationship.target().id.kind),
        }
    }

    fn member(self) -> Option<Member> {
        if self.0.steps.iter().any(PathStep::is_to_many) {
            return None;
        }
        let path = self.0.relationship_ids();
        match self.0.end {
            PathEnd::Id => Some(Member::at(path, Field::Id)),
            PathEnd::Attribute(id, _) => Some(Member { path, field: Field::Attribute(id) }),
            PathEnd::Relationship(id, relationship) if !relationship.is_to_many() => {
                Some(Member { path, field: Field::ToOne(id) })
            }
            PathEnd::Relationship(..) | PathEnd::OneOf(..) => None,
        }
    }
}

/// What is wrong with another operator behind `count`.
const COUNT_OPERATORS: &str = "a number of resources is compared by eq, ne, gt, ge, lt, le or between";

/// The operator of this name, if numbers of related resources are compared by it.
pub(super) fn count_operator(name: &str) -> Result<Operator, Fault> {
    match Operator::named(name) {
        Some(operator @ (Operator::Relation(_) | Operator::Between)) => Ok(operator),
        _ => Err(Fault::new(COUNT_OPERATORS)),
    }
}

/// A path over to-many relationships means: any of the related resources.
fn through(steps: &[PathStep], leaf: impl FnOnce(Vec<RelationshipId>) -> Filter) -> Filter {
    let ids = |steps: &[PathStep]| steps.iter().map(|step| step.id).collect();
    let many = steps.iter().position(PathStep::is_to_many);
    match many.and_then(|many| Some((steps.get(..many)?, steps.get(many)?, steps.get(many + 1..)?))) {
        Some((before, step, behind)) => Filter::Related {
            path: ids(before),
            relationship: step.id,
            filter: Some(Box::new(through(behind, leaf))),
        },
        None => leaf(ids(steps)),
    }
}
