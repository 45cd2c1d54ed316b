//! The rows of a resource that a request sees: the scope that an application defines, and the filter made
//! from it.

use std::fmt;
use std::future::Future;
use std::ops::Not;

use rocket::Request;
use serde_json::Value as JsonValue;

use super::guard::Boxed;
use super::hooks::HookError;
use super::member_count::MemberCount;
use crate::plan::{Comparison, Field, Filter, Member, Part, Relation};
use crate::schema::json_text::scalar_of;
use crate::schema::kind::Operators;
use crate::schema::member_path::{
    BrokenPath, MemberPath, PathEnd, PathStep, PathSyntax, is_name_in_json, typed_names,
};
use crate::schema::{Attribute, Description, IdKind, Relationship, RelationshipId, Value};

/// The scope function of a resource, as a function pointer.
pub(crate) type ScopeOf = for<'r, 'a> fn(&'r Request<'a>) -> Boxed<'r, Result<Scope, HookError>>;

/// What a scope function returns: a future of a scope.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a scope is told by an async function, and this one gives `{Self}`",
    label = "not `async`, or not of a `Result<Scope, HookError>`",
    note = "write `async fn own_rows(request: &Request<'_>) -> Result<Scope, HookError>`"
)]
pub trait ScopeAnswer<'r> {
    /// The future in a box.
    fn boxed(self) -> Boxed<'r, Result<Scope, HookError>>;
}

#[diagnostic::do_not_recommend]
impl<'r, F: Future<Output = Result<Scope, HookError>> + Send + 'r> ScopeAnswer<'r> for F {
    fn boxed(self) -> Boxed<'r, Result<Scope, HookError>> {
        Box::pin(self)
    }
}

/// Calls a scope function and puts its future in a box.
#[doc(hidden)]
pub fn scope_of<'r, A: ScopeAnswer<'r>>(answer: A) -> Boxed<'r, Result<Scope, HookError>> {
    answer.boxed()
}

/// The function that returns a resource's scope.
#[derive(Clone, Copy)]
pub(crate) struct ScopeFunction(ScopeOf);

impl ScopeFunction {
    pub(crate) const fn new(function: ScopeOf) -> Self {
        Self(function)
    }

    /// # Errors
    /// If the function refuses.
    pub(crate) async fn ask(&self, request: &Request<'_>) -> Result<Scope, HookError> {
        (self.0)(request).await
    }
}

impl fmt::Debug for ScopeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeFunction")
    }
}

/// The rows of a resource that a request sees and may write. A struct names the function that returns them:
///
/// ```
/// use etag_fairing::JsonApiResource;
/// use etag_fairing::resource::{HookError, Scope, member};
/// use rocket::Request;
///
/// #[derive(Clone, Debug, JsonApiResource)]
/// #[jsonapi(type = "sessions", scope = own_sessions)]
/// struct Session {
///     #[jsonapi(id)]
///     id: i64,
///     title: String,
///     owner: String,
///     public: bool,
/// }
///
/// async fn own_sessions(request: &Request<'_>) -> Result<Scope, HookError> {
///     Ok(match request.headers().get_one("X-User") {
///         Some("admin") => Scope::All,
///         Some(user) => Scope::rows(member("owner").equals(user).or(member("public").equals(true))),
///         None => Scope::rows(member("public").equals(true)),
///     })
/// }
/// ```
///
/// The function is called once per request, and only if the request reaches the resource: by one of its URLs,
/// or by a relationship to it, since linkage shows only rows that the request sees. An error from the
/// function is the answer to the request, at whichever resource the request began. Return [`Scope::None`] for
/// callers who must see nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scope {
    /// Every row.
    All,
    /// No row.
    None,
    /// The rows that meet a condition.
    Rows(Condition),
}

impl Scope {
    /// The rows that meet a condition.
    pub fn rows(condition: Condition) -> Self {
        Self::Rows(condition)
    }

    /// The scope as a filter for a resource; `None` for every row.
    ///
    /// # Errors
    /// If the condition doesn't fit the resource.
    pub(crate) fn filter(&self, resource: &'static Description) -> Result<Option<Filter>, WrongScope> {
        match self {
            Self::All => Ok(None),
            Self::None => Ok(Some(Filter::Or(Vec::new()))),
            Self::Rows(condition) => condition.filter(resource).map(Some),
        }
    }
}

/// A condition on a row, in terms of member names. Start it with [`member`].
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(String, Test),
    Related(String, Option<Box<Condition>>),
    Count(String, Relation, u32),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    IsNull,
    Value(Relation, JsonValue),
    In(Vec<JsonValue>),
    StartsWith(String),
}

/// A member of a resource by its name in documents: `id`, an attribute (even if clients do not see it), or a
/// relationship. The member may be at the end of a path of to-one relationships, such as `track.owner`, and the path may
/// go on inside of an attribute that holds JSON: `settings.theme`. There, a text, a number and a boolean are values of
/// their own classes; one of another class is neither equal, nor less, nor greater, and what is not there is null.
///
/// A name that the resource doesn't have, or a value that isn't of the attribute's type, is a mistake in the
/// application: the answer is 500 without any data, and the log has the reason.
pub fn member(name: impl Into<String>) -> MemberName {
    MemberName(name.into())
}

/// A member to compare; see [`member`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a member alone is no condition"]
pub struct MemberName(String);

impl MemberName {
    /// The member has this value. For a to-one relationship, the value is the related resource's id.
    pub fn equals(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::Equal, value)
    }

    /// The member has a value, and it is not this one.
    pub fn differs_from(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::NotEqual, value)
    }

    /// The member is less than this value.
    pub fn less_than(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::Less, value)
    }

    /// The member is this value or less.
    pub fn at_most(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::LessOrEqual, value)
    }

    /// The member is greater than this value.
    pub fn greater_than(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::Greater, value)
    }

    /// The member is this value or greater.
    pub fn at_least(self, value: impl Into<JsonValue>) -> Condition {
        self.relates(Relation::GreaterOrEqual, value)
    }

    /// The member has one of these values.
    pub fn is_one_of<V: Into<JsonValue>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        let values = values.into_iter().map(Into::into).collect();
        Condition(Node::Compare(self.0, Test::In(values)))
    }

    /// The member is text that begins with this text. Case matters.
    pub fn starts_with(self, text: impl Into<String>) -> Condition {
        Condition(Node::Compare(self.0, Test::StartsWith(text.into())))
    }

    /// The member is null. For a to-one relationship: there is no related resource.
    pub fn is_null(self) -> Condition {
        Condition(Node::Compare(self.0, Test::IsNull))
    }

    /// The relationship, to-one or to-many, leads to at least one resource that meets this condition.
    pub fn leads_to(self, condition: Condition) -> Condition {
        Condition(Node::Related(self.0, Some(Box::new(condition))))
    }

    /// The relationship, to-one or to-many, leads to at least one resource.
    pub fn leads_somewhere(self) -> Condition {
        Condition(Node::Related(self.0, None))
    }

    /// How many resources the to-many relationship leads to, to be compared with a number. It may be at the end of a path
    /// of to-one relationships; where that leads nowhere, no comparison is true.
    ///
    /// ```
    /// use etag_fairing::resource::{Scope, member};
    ///
    /// // Sessions with a speaker or two.
    /// let some = Scope::rows(member("speakers").count().at_least(1).and(member("speakers").count().less_than(3)));
    /// # let _ = some;
    /// ```
    pub fn count(self) -> MemberCount {
        MemberCount::of(self.0)
    }

    fn relates(self, relation: Relation, value: impl Into<JsonValue>) -> Condition {
        Condition(Node::Compare(self.0, Test::Value(relation, value.into())))
    }
}

impl Condition {
    pub(super) fn counted(name: String, relation: Relation, number: u32) -> Self {
        Self(Node::Count(name, relation, number))
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        // One flat list, so that a long chain doesn't become a deep tree.
        Self(Node::And(match self.0 {
            Node::And(mut all) => {
                all.push(other);
                all
            }
            node => vec![Self(node), other],
        }))
    }

    /// At least one of the two conditions.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(Node::Or(match self.0 {
            Node::Or(mut any) => {
                any.push(other);
                any
            }
            node => vec![Self(node), other],
        }))
    }

    /// All of these conditions; true if there are none.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::And(conditions.into_iter().collect()))
    }

    /// At least one of these conditions; false if there are none.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Or(conditions.into_iter().collect()))
    }

    /// The condition as a filter for a resource.
    ///
    /// # Errors
    /// If it doesn't fit the resource.
    pub(crate) fn filter(&self, resource: &'static Description) -> Result<Filter, WrongScope> {
        let each = |conditions: &[Self]| -> Result<Vec<_>, _> {
            conditions.iter().map(|condition| condition.filter(resource)).collect()
        };
        match &self.0 {
            Node::And(conditions) => Ok(Filter::And(each(conditions)?)),
            Node::Or(conditions) => Ok(Filter::Or(each(conditions)?)),
            Node::Not(condition) => Ok(Filter::Not(Box::new(condition.filter(resource)?))),
            Node::Compare(name, test) => {
                let path = follow(resource, name)?;
                let field = match path.end {
                    PathEnd::Id => Field::Id,
                    PathEnd::Attribute(id, _) => Field::Attribute(id),
                    PathEnd::Relationship(id, _) => Field::ToOne(id),
                    PathEnd::OneOf(first)
                        if path.resource.relationship_at(first).is_some_and(Relationship::is_to_many) =>
                    {
                        return Err(WrongScope(format!("{name:?} leads to many, so that it has no value")));
                    }
                    PathEnd::OneOf(first) => {
                        // Only whether it is null is known without the type.
                        let arms = path.resource.arms(first).map(|(arm, _)| Filter::Compare {
                            member: Member::at(path.relationship_ids(), Field::ToOne(arm)),
                            comparison: Comparison::IsNull,
                        });
                        return match test {
                            Test::IsNull => Ok(Filter::And(arms.collect())),
                            Test::Value(..) | Test::In(_) | Test::StartsWith(_) => {
                                Err(no_type(name, &path, first))
                            }
                        };
                    }
                };
                let member = Member::at(path.relationship_ids(), field);
                if path.inside.is_empty() {
                    return Ok(Filter::Compare {
                        member,
                        comparison: Compared::of(&path, name)?.comparison(name, test)?,
                    });
                }
                let inside = |comparison| {
                    let comparison = Comparison::Inside(path.inside.clone(), Box::new(comparison));
                    Filter::Compare { member: member.clone(), comparison }
                };
                Ok(match Compared::of(&path, name)?.comparison(name, test)? {
                    // A value of another class differs, too.
                    Comparison::Value(Relation::NotEqual, value) => {
                        let is = [Comparison::In(vec![value]), Comparison::IsNull].map(inside);
                        Filter::Not(Box::new(Filter::Or(is.into())))
                    }
                    comparison => inside(comparison),
                })
            }
            Node::Related(name, condition) => {
                let path = follow(resource, name)?;
                if let (PathEnd::OneOf(first), None) = (path.end, condition) {
                    let arms = path.resource.arms(first).map(|(relationship, _)| Filter::Related {
                        path: path.relationship_ids(),
                        relationship,
                        filter: None,
                    });
                    return Ok(Filter::Or(arms.collect()));
                }
                if let PathEnd::OneOf(first) = path.end {
                    return Err(no_type(name, &path, first));
                }
                let PathEnd::Relationship(id, relationship) = path.end else {
                    return Err(WrongScope(format!("{name:?} of {} is no relationship", resource.type_name)));
                };
                let filter = match condition {
                    Some(condition) => Some(Box::new(condition.filter(relationship.target())?)),
                    None => None,
                };
                Ok(Filter::Related { path: path.relationship_ids(), relationship: id, filter })
            }
            Node::Count(name, relation, number) => {
                let path = follow(resource, name)?;
                let (relation, number) = (*relation, *number);
                match path.end {
                    PathEnd::Relationship(relationship, found) if found.is_to_many() => {
                        Ok(Filter::Count { path: path.relationship_ids(), relationship, relation, number })
                    }
                    PathEnd::Relationship(..) | PathEnd::OneOf(_) => Err(WrongScope(format!(
                        "{name:?} leads to one resource at most: there is nothing to count; write `leads_somewhere()`"
                    ))),
                    PathEnd::Id | PathEnd::Attribute(..) => {
                        Err(WrongScope(format!("{name:?} of {} is no relationship", resource.type_name)))
                    }
                }
            }
        }
    }
}

impl Not for Condition {
    type Output = Self;

    /// A condition is true or false and never null: a comparison with null is false, and its negation is
    /// true.
    fn not(self) -> Self {
        Self(Node::Not(Box::new(self)))
    }
}

/// Why a scope doesn't fit its resource, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrongScope(String);

impl fmt::Display for WrongScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Follows a path in a scope.
fn follow(resource: &'static Description, name: &str) -> Result<MemberPath, WrongScope> {
    let path = MemberPath::follow(resource, name, PathSyntax::Application, usize::MAX);
    let path = path.map_err(|broken| match broken {
        BrokenPath::NoMember { resource, name: segment, .. }
        | BrokenPath::NoRelationship { resource, name: segment } => {
            WrongScope(format!("{} has no member {segment:?} (in {name:?})", resource.type_name))
        }
        BrokenPath::TooLong | BrokenPath::NoType { .. } => WrongScope(broken.detail(name)),
    })?;
    if let Some(wrong) = path.inside.iter().find(|name| !is_name_in_json(name)) {
        return Err(WrongScope(format!("{wrong:?} can't be looked for inside of JSON (in {name:?})")));
    }
    let mut owner = resource;
    for PathStep { relationship, .. } in &path.steps {
        if relationship.is_to_many() {
            return Err(WrongScope(format!(
                "{0:?} of {1} leads to many, so that no path goes through it (in {name:?}): write \
                 `member({0:?}).leads_to(…)`",
                relationship.name, owner.type_name
            )));
        }
        owner = relationship.target();
    }
    Ok(path)
}

fn no_type(name: &str, path: &MemberPath, first: RelationshipId) -> WrongScope {
    WrongScope(format!(
        "{name:?} leads to several types: name one of them, as in {}",
        typed_names(path.resource, first)
    ))
}

/// The values that a member can be compared with.
enum Compared {
    Id(IdKind),
    Attribute(&'static Attribute),
    /// What stands inside of JSON, whose type nobody has declared.
    InsideJson,
}

impl Compared {
    fn of(path: &MemberPath, name: &str) -> Result<Self, WrongScope> {
        match path.end {
            PathEnd::Id => Ok(Self::Id(path.resource.id.kind)),
            PathEnd::Attribute(..) if !path.inside.is_empty() => Ok(Self::InsideJson),
            PathEnd::Attribute(_, attribute) => Ok(Self::Attribute(attribute)),
            PathEnd::Relationship(_, relationship) if !relationship.is_to_many() => {
                Ok(Self::Id(relationship.target().id.kind))
            }
            PathEnd::OneOf(first) => Err(no_type(name, path, first)),
            PathEnd::Relationship(..) => {
                Err(WrongScope(format!("{name:?} leads to many, so that it has no value")))
            }
        }
    }

    fn comparison(&self, name: &str, test: &Test) -> Result<Comparison, WrongScope> {
        Ok(match test {
            Test::IsNull => Comparison::IsNull,
            Test::Value(relation, _)
                if matches!(self, Self::Id(IdKind::Composite(_)))
                    && !matches!(relation, Relation::Equal | Relation::NotEqual) =>
            {
                return Err(WrongScope(format!(
                    "{name:?} is made of several values, which are only equal or not"
                )));
            }
            Test::Value(relation, value) => Comparison::Value(*relation, self.value(name, value)?),
            Test::In(values) => {
                let values = values.iter().map(|value| self.value(name, value));
                Comparison::In(values.collect::<Result<_, _>>()?)
            }
            Test::StartsWith(text) => {
                let is_text = match self {
                    Self::Id(kind) => matches!(kind, IdKind::Text | IdKind::Uuid),
                    Self::Attribute(attribute) => attribute.kind.operators() == Operators::Text,
                    Self::InsideJson => true,
                };
                if !is_text {
                    return Err(WrongScope(format!("{name:?} is no text")));
                }
                Comparison::Text { part: Part::Start, text: text.clone(), case_sensitive: true }
            }
        })
    }

    fn value(&self, name: &str, given: &JsonValue) -> Result<Value, WrongScope> {
        if given.is_null() {
            return Err(WrongScope(format!("{name:?} is compared with null: write `is_null()`")));
        }
        let value = match (self, given) {
            (Self::Id(kind), JsonValue::String(id)) => kind.parse(id).map(|id| id.to_value()),
            (Self::Id(kind), JsonValue::Number(id)) => kind.parse(&id.to_string()).map(|id| id.to_value()),
            (Self::Id(_), _) => None,
            (Self::InsideJson, given) => scalar_of(given),
            (Self::Attribute(attribute), given) => match (attribute.parse)(given) {
                Ok(value) => Some(value).filter(|value| !value.is_null()),
                Err(mismatch) => {
                    return Err(WrongScope(format!("{name:?} is compared with {given}, which {mismatch}")));
                }
            },
        };
        value.ok_or_else(|| WrongScope(format!("{name:?} is compared with {given}, which it can never be")))
    }
}
