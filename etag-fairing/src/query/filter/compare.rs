//! One comparison: a path, an operator, a value, made to a typed [`Filter`].

use serde_json::Value as JsonValue;

use super::Fault;
use super::given::{FilterValue, Scalar};
use super::operator::{Operand, Operator, offered};
use crate::plan::{Comparison, Field, Filter, Member, Part, Relation};
use crate::query::limits::{MAX_JSON_PATH, MAX_PATH, MAX_TEXT_BYTES, MAX_WILDCARDS};
use crate::schema::member_path::{
    BrokenPath, MemberPath, PathEnd, PathStep, PathSyntax, is_name_in_json, type_names, typed_names,
};
use crate::schema::unreadable::Unreadable;
use crate::schema::{Attribute, Description, Element, IdKind, Kind, RelationshipId, Value};

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
            PathEnd::Attribute(_, Attribute { kind: Kind::Array(element), .. }) => Some(*element),
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
                let test = match attribute.kind {
                    Kind::Array(element) => SignedComparison::of_list(operator, given, attribute, element)?,
                    _ if !self.0.inside.is_empty() => {
                        SignedComparison::inside(operator, given)?.at(&self.0.inside)
                    }
                    _ => SignedComparison::of_attribute(operator, given, attribute)?,
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
        match operator {
            Operator::Has | Operator::IsEmpty => {
                let any = Self(self.0.clone()).related_to(None);
                let wanted = given.truth()? == (operator == Operator::Has);
                Ok(if wanted { any } else { Filter::Not(Box::new(any)) })
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

/// A comparison, or its opposite.
#[derive(Debug)]
struct SignedComparison {
    comparison: Comparison,
    /// For `ne`, `notin_` and `notlike`: the member has a value for which the comparison doesn't hold. As in SQL, null is not
    /// unequal.
    negated: bool,
    /// For `isnot`: the comparison doesn't hold. This includes null.
    inverted: bool,
    /// The names that lead to what is compared, inside of JSON.
    inside: Vec<String>,
}

impl SignedComparison {
    fn plain(comparison: Comparison) -> Self {
        Self { comparison, negated: false, inverted: false, inside: Vec::new() }
    }

    fn negated_if(condition: bool, comparison: Comparison) -> Self {
        Self { negated: condition, ..Self::plain(comparison) }
    }

    /// The same of what stands there, inside of JSON.
    fn at(self, inside: &[String]) -> Self {
        Self { inside: inside.to_vec(), ..self }
    }

    fn is_null() -> Self {
        Self::plain(Comparison::IsNull)
    }

    /// The opposite, which holds also for null.
    fn inverted_if(self, condition: bool) -> Self {
        Self { inverted: self.inverted != condition, ..self }
    }

    fn of(self, member: Member) -> Filter {
        let not = |filter| Filter::Not(Box::new(filter));
        let compare = |member, comparison| {
            let comparison = match self.inside.as_slice() {
                [] => comparison,
                inside => Comparison::Inside(inside.to_vec(), Box::new(comparison)),
            };
            Filter::Compare { member, comparison }
        };
        match (self.negated, self.inverted) {
            (true, _) => Filter::And(vec![
                not(compare(member.clone(), self.comparison)),
                not(compare(member, Comparison::IsNull)),
            ]),
            (false, true) => not(compare(member, self.comparison)),
            (false, false) => compare(member, self.comparison),
        }
    }

    fn of_attribute(
        operator: Operator,
        given: &FilterValue<'_>,
        attribute: &Attribute,
    ) -> Result<Self, Fault> {
        let value = |scalar: &Scalar<'_>| scalar.value(attribute);
        Ok(match operator {
            Operator::Is | Operator::IsNot => {
                let is = match given.one()?.json(Kind::Bool) {
                    JsonValue::Null => Self::is_null(),
                    JsonValue::String(word) if word == "null" => Self::is_null(),
                    JsonValue::Bool(truth) if attribute.kind == Kind::Bool => {
                        Self::plain(Comparison::Value(Relation::Equal, Value::Bool(truth)))
                    }
                    _ if attribute.kind == Kind::Bool => {
                        return Err(Fault::new("must be null, true or false"));
                    }
                    _ => return Err(Fault::new("must be null")),
                };
                is.inverted_if(operator == Operator::IsNot)
            }
            Operator::Text { part, case_sensitive, negated } => {
                return Self::of_text(part, case_sensitive, negated, given);
            }
            operator => Self::by_value(operator, given, value)?,
        })
    }

    fn of_text(
        part: Part,
        case_sensitive: bool,
        negated: bool,
        given: &FilterValue<'_>,
    ) -> Result<Self, Fault> {
        let text = given.one()?.text()?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(Fault::limit(format!("at most {MAX_TEXT_BYTES} bytes of text to look for")));
        }
        if part == Part::Like && wildcards(&text) > MAX_WILDCARDS {
            return Err(Fault::limit(format!("at most {MAX_WILDCARDS} times % in a pattern")));
        }
        if part == Part::Like && !is_pattern(&text) {
            return Err(Fault::new("must be a pattern: a \\ in it stands before %, _ or \\"));
        }
        Ok(Self::negated_if(negated, Comparison::Text { part, text, case_sensitive }))
    }

    /// Of an attribute that is a list.
    fn of_list(
        operator: Operator,
        given: &FilterValue<'_>,
        attribute: &Attribute,
        element: Element,
    ) -> Result<Self, Fault> {
        let value = |scalar: &Scalar<'_>| scalar.element(attribute, element);
        Ok(match operator {
            Operator::Has => Self::plain(Comparison::HasAny(vec![not_null(given.one()?, value)?])),
            Operator::Any => {
                let values = given.list()?;
                let values = values.iter().map(|scalar| not_null(scalar, value)).collect::<Result<_, _>>()?;
                Self::plain(Comparison::HasAny(values))
            }
            Operator::IsEmpty => Self::negated_if(!given.truth()?, Comparison::IsEmpty),
            _ => Self::is_null().inverted_if(!given.truth()?),
        })
    }

    /// Of what stands inside of JSON, whose type nobody has declared.
    fn inside(operator: Operator, given: &FilterValue<'_>) -> Result<Self, Fault> {
        let null = |scalar: &Scalar<'_>| {
            scalar.is_null()
                || matches!(scalar, Scalar::Text("null"))
                    && matches!(operator, Operator::Is | Operator::IsNot)
        };
        Ok(match operator {
            Operator::Is | Operator::IsNot if null(given.one()?) => {
                Self::is_null().inverted_if(operator == Operator::IsNot)
            }
            Operator::Is | Operator::IsNot => return Err(Fault::new("must be null")),
            Operator::IsNull => Self::is_null().inverted_if(!given.truth()?),
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual)) => {
                let negated = relation == Relation::NotEqual;
                match given.one()? {
                    scalar if null(scalar) => Self::is_null().inverted_if(negated),
                    scalar => Self::negated_if(negated, Comparison::In(scalar.possible()?)),
                }
            }
            Operator::Relation(relation) => {
                Self::plain(Comparison::Value(relation, not_null(given.one()?, |scalar| scalar.likely())?))
            }
            Operator::In | Operator::NotIn => {
                let mut values = Vec::new();
                for scalar in given.list()? {
                    not_null(&scalar, |_| Ok(Value::Null))?;
                    values.extend(scalar.possible()?);
                }
                Self::negated_if(operator == Operator::NotIn, Comparison::In(values))
            }
            Operator::Between => match given.list()?.as_slice() {
                [from, to] => Self::plain(Comparison::Between(
                    not_null(from, |scalar| scalar.likely())?,
                    not_null(to, |scalar| scalar.likely())?,
                )),
                _ => return Err(Fault::new("must be two values, from and to")),
            },
            Operator::Text { part, case_sensitive, negated } => {
                return Self::of_text(part, case_sensitive, negated, given);
            }
            // `Operator::fits` has refused all other operators.
            _ => return Err(Fault::new("can't be compared so")),
        })
    }

    fn of_id(operator: Operator, given: &FilterValue<'_>, kind: IdKind) -> Result<Self, Fault> {
        // An id that no resource can have is no mistake: no resource has it. A number beyond the type's range is a mistake.
        let known = |scalar: &Scalar<'_>| {
            let id = scalar.id()?;
            within(kind, &id)?;
            Ok(kind.parse(&id).map(|id| id.to_value()))
        };
        Ok(match operator {
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual))
                if !given.one()?.is_null() =>
            {
                match known(given.one()?)? {
                    Some(id) => Self::plain(Comparison::Value(relation, id)),
                    None => Self::negated_if(relation == Relation::NotEqual, Comparison::In(Vec::new())),
                }
            }
            Operator::In | Operator::NotIn => {
                let ids: Vec<Option<Value>> =
                    given.list()?.iter().map(known).collect::<Result<_, Fault>>()?;
                let ids = Comparison::In(ids.into_iter().flatten().collect());
                Self::negated_if(operator == Operator::NotIn, ids)
            }
            Operator::Is | Operator::IsNot => match given.one()?.json(Kind::Text) {
                JsonValue::Null => Self::is_null().inverted_if(operator == Operator::IsNot),
                JsonValue::String(word) if word == "null" => {
                    Self::is_null().inverted_if(operator == Operator::IsNot)
                }
                _ => return Err(Fault::new("must be null")),
            },
            operator => Self::by_value(operator, given, |scalar| {
                let id = scalar.id()?;
                within(kind, &id)?;
                match kind {
                    IdKind::Integer { .. } => {
                        id.parse().map(Value::Integer).map_err(|_| Fault::new("must be a whole number"))
                    }
                    _ => Ok(Value::Text(id)),
                }
            })?,
        })
    }

    fn by_value(
        operator: Operator,
        given: &FilterValue<'_>,
        value: impl Fn(&Scalar<'_>) -> Result<Value, Fault>,
    ) -> Result<Self, Fault> {
        Ok(match operator {
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual))
                if given.one()?.is_null() =>
            {
                Self::is_null().inverted_if(relation == Relation::NotEqual)
            }
            Operator::Relation(relation) => {
                Self::plain(Comparison::Value(relation, not_null(given.one()?, &value)?))
            }
            Operator::In | Operator::NotIn => {
                let values = given.list()?;
                let values =
                    values.iter().map(|scalar| not_null(scalar, &value)).collect::<Result<_, _>>()?;
                Self::negated_if(operator == Operator::NotIn, Comparison::In(values))
            }
            Operator::Between => match given.list()?.as_slice() {
                [from, to] => {
                    Self::plain(Comparison::Between(not_null(from, &value)?, not_null(to, &value)?))
                }
                _ => return Err(Fault::new("must be two values, from and to")),
            },
            Operator::IsNull => Self::is_null().inverted_if(!given.truth()?),
            // `Operator::fits` has refused all other operators.
            _ => return Err(Fault::new("can't be compared so")),
        })
    }
}

/// Refuses a whole number beyond the range of this kind of id: its author must have meant something else.
fn within(kind: IdKind, id: &str) -> Result<(), Fault> {
    let IdKind::Integer { min, max } = kind else { return Ok(()) };
    let digits = id.strip_prefix('-').unwrap_or(id);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_within = id.parse::<i64>().is_ok_and(|id| (min..=max).contains(&id));
    if is_whole && !is_within {
        return Err(Fault::new(format!("must be a whole number from {min} to {max}")));
    }
    Ok(())
}

fn not_null(
    scalar: &Scalar<'_>,
    value: impl Fn(&Scalar<'_>) -> Result<Value, Fault>,
) -> Result<Value, Fault> {
    if scalar.is_null() {
        return Err(Fault::new("null compares with nothing: use is_null"));
    }
    value(scalar)
}

/// How often `%` stands in a pattern. Several in a row count once.
fn wildcards(text: &str) -> usize {
    let mut number = 0;
    let mut letters = text.chars();
    let mut last = None;
    while let Some(letter) = letters.next() {
        let any = letter == '%';
        number += usize::from(any && last != Some('%'));
        if letter == '\\' {
            letters.next();
        }
        last = Some(letter);
    }
    number
}

/// Whether each `\` stands before `%`, `_` or `\`. Databases differ in what it means before other characters, and PostgreSQL
/// refuses it at the end.
fn is_pattern(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && !matches!(letters.next(), Some('%' | '_' | '\\')) {
            return false;
        }
    }
    true
}
