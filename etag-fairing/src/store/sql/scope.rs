//! The rows that a condition or an order refers to, and the tables that to-one paths lead to from there.

use std::cell::Cell;

use sea_query::{Expr, ExprTrait, JoinType, SelectStatement};

use super::{
    Dialect, column,
    forms::{self, Compared, Form},
    id_column,
    link::Link,
    operator,
    schema::kind_of_id,
    spelling::{self, Spelled},
    value,
    visible::Visible,
    visit::Visit,
};
use crate::plan::{Field, Member, Relation};
use crate::schema::kind::ValueType;
use crate::schema::{Columns, Description, IdKind, Kind, Relationship, RelationshipId, StoredTime, Value};

/// A table under an alias. Each table at the end of a path is joined once, however many members use it. The
/// paths are to-one, so that the joins neither add nor remove rows.
pub(super) struct Scope<'n> {
    resource: &'static Description,
    alias: String,
    visit: Visit,
    joined: Vec<Joined>,
    names: &'n Names,
}

/// Makes aliases that are unique within a statement.
#[derive(Debug, Default)]
pub(super) struct Names(Cell<usize>);

struct Joined {
    path: Vec<RelationshipId>,
    resource: &'static Description,
    alias: String,
    on: Expr,
}

/// A member in a comparison.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) expression: Expr,
    pub(super) kind: Kind,
    pub(super) class: Class,
    /// Whether it may be null.
    pub(super) nullable: bool,
    /// The form of a time, if it is not our own.
    pub(super) stored: Option<StoredTime>,
    /// The column without conversion and its spelling of UUIDs, if it is not our own.
    pub(super) spelled: Option<(Expr, Spelled)>,
    /// Of an arm of a polymorphic relationship: whether the row has its type, and the id, of whichever type.
    pub(super) arm: Option<Box<(Expr, Operand)>>,
    /// Whether the table has an index of its trigrams, if the database has such.
    pub(super) has_trigrams: bool,
}

/// A composite id in a comparison.
pub(super) struct CompositeOperand {
    /// The columns as they are compared, each with its part.
    pub(super) parts: Vec<Operand>,
    pub(super) kind: IdKind,
    /// The columns without conversion.
    pub(super) columns: Columns,
    /// The alias of their table.
    pub(super) alias: String,
}

/// The values that can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Booleans.
    Bool,
    /// Integers and floats.
    Number,
    /// Text, and all kinds that are written as text.
    Text,
    /// Exact decimal numbers.
    Decimal,
    /// Bytes.
    Bytes,
}

impl Operand {
    /// A whole number that may be null, and that is no member.
    pub(super) fn whole_number(expression: Expr) -> Self {
        let (kind, class) = (Kind::Integer, Class::Number);
        Self {
            expression,
            kind,
            class,
            nullable: true,
            stored: None,
            spelled: None,
            arm: None,
            has_trigrams: false,
        }
    }

    /// A comparison with a value of the same class; `None` if the value is null, since nothing compares with
    /// null.
    pub(super) fn compare<D: Dialect>(&self, dialect: D, relation: Relation, with: &Value) -> Option<Expr> {
        if with.is_null() {
            return None;
        }
        if let (Some((column, spelled)), Value::Text(text)) = (&self.spelled, with) {
            return match (relation, spelled) {
                (Relation::Equal | Relation::NotEqual, _) => {
                    dialect.compare(column.clone(), self.kind, relation, with)
                }
                (_, Spelled::As(spelling)) => {
                    Some(column.clone().binary(operator(relation), spelling.respell(text)))
                }
                (_, Spelled::Any(_)) => {
                    let own = spelling::own(text).into_owned();
                    Some(self.expression.clone().binary(operator(relation), own))
                }
            };
        }
        match self.stored.and_then(|form| forms::compared(form, self.kind, relation, with)) {
            Some(Compared::With(relation, with)) => {
                value(&with).map(|with| self.expression.clone().binary(operator(relation), with))
            }
            Some(Compared::Always) => Some(self.expression.clone().is_not_null()),
            Some(Compared::Never) => Some(Expr::cust("FALSE")),
            None => dialect.compare(self.own(dialect), self.kind, relation, with),
        }
    }

    /// The member in our own form.
    pub(super) fn own<D: Dialect>(&self, dialect: D) -> Expr {
        match (self.stored, &self.spelled) {
            (Some(_), _) => dialect.time(self.expression.clone(), self.kind, self.stored),
            (None, Some((column, Spelled::As(_)))) => dialect.uuid(column.clone()),
            (None, _) => self.expression.clone(),
        }
    }

    /// The column without conversion, to search for a value in all forms that it may have.
    pub(super) fn column(&self) -> Expr {
        self.spelled.as_ref().map_or(&self.expression, |(column, _)| column).clone()
    }

    /// The operand of a column that may spell UUIDs differently.
    fn spelled<D: Dialect>(self, visible: Visible<'_, D>, table: &str, name: &str) -> Self {
        if self.kind != Kind::Uuid {
            return self;
        }
        let Some(spelled) = visible.forms.spelled(table, name) else { return self };
        let column = self.expression;
        let expression = match spelled {
            Spelled::As(_) => column.clone(),
            Spelled::Any(_) => {
                visible.dialect.by_code_points(visible.dialect.uuid(column.clone()), Kind::Uuid)
            }
        };
        Self { expression, spelled: Some((column, spelled)), ..self }
    }
}

impl Class {
    fn of(kind: Kind) -> Self {
        match kind.value_type() {
            ValueType::Bool => Self::Bool,
            ValueType::Integer | ValueType::Float => Self::Number,
            ValueType::Text => Self::Text,
            ValueType::Decimal => Self::Decimal,
            ValueType::Bytes => Self::Bytes,
        }
    }

    fn of_id(kind: IdKind) -> Self {
        match kind {
            IdKind::Integer { .. } => Self::Number,
            IdKind::Text | IdKind::Uuid | IdKind::Composite(_) => Self::Text,
        }
    }

    /// Whether a value is of this class. A database would convert a value of another class in its own way.
    pub(super) fn has(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Bool, Value::Bool(_))
                | (Self::Number, Value::Integer(_) | Value::Float(_))
                | (Self::Text, Value::Text(_))
                | (Self::Decimal, Value::Decimal(_))
                | (Self::Bytes, Value::Bytes(_))
        )
    }
}

impl Names {
    /// A new alias. The main rows have the alias `t`, edges have `j`, lists have `e`.
    pub(super) fn next(&self) -> String {
        let number = self.0.get();
        self.0.set(number + 1);
        format!("p{number}")
    }
}

impl<'n> Scope<'n> {
    pub(super) fn new(
        resource: &'static Description,
        alias: impl Into<String>,
        visit: Visit,
        names: &'n Names,
    ) -> Self {
        Self { resource, alias: alias.into(), visit, joined: Vec::new(), names }
    }

    /// How often the statement visits the table's rows.
    pub(super) fn visit(&self) -> Visit {
        self.visit
    }

    /// Makes aliases for other tables of the statement.
    pub(super) fn names(&self) -> &'n Names {
        self.names
    }

    /// Joins the tables on a path and returns the one at its end.
    pub(super) fn reach(
        &mut self,
        path: &[RelationshipId],
    ) -> Result<(String, &'static Description), String> {
        let (mut alias, mut resource) = (self.alias.clone(), self.resource);
        for (end, step) in (1..).zip(path) {
            let prefix = path.get(..end).unwrap_or(path);
            if let Some(joined) = self.joined.iter().find(|joined| joined.path == prefix) {
                (alias, resource) = (joined.alias.clone(), joined.resource);
                continue;
            }
            let (relationship, link) = to_one(resource, *step)?;
            let target = relationship.target();
            let name = self.names.next();
            let on = link.leads_to(&alias, target, &name);
            self.joined.push(Joined { path: prefix.to_vec(), resource: target, alias: name.clone(), on });
            (alias, resource) = (name, target);
        }
        Ok((alias, resource))
    }

    /// A member as it is compared.
    pub(super) fn operand<D: Dialect>(
        &mut self,
        visible: Visible<'_, D>,
        member: &Member,
    ) -> Result<Operand, String> {
        let dialect = visible.dialect;
        let (table, resource) = self.reach(&member.path)?;
        let outer = !member.path.is_empty();
        match member.field {
            Field::Id => {
                let kind = resource.id.kind;
                let expression = id_column(dialect, &table, resource.id.column, kind);
                let operand = Operand {
                    expression,
                    kind: kind_of_id(kind),
                    class: Class::of_id(kind),
                    nullable: outer,
                    stored: None,
                    spelled: None,
                    arm: None,
                    has_trigrams: false,
                };
                Ok(operand.spelled(visible, resource.table, resource.id.column))
            }
            Field::ToOne(id) => {
                let (relationship, link) = to_one(resource, id)?;
                let target = relationship.target();
                let kind = target.id.kind;
                let in_order = |id: Expr| match kind {
                    IdKind::Integer { .. } => id,
                    IdKind::Text | IdKind::Uuid | IdKind::Composite(_) => {
                        dialect.by_code_points(id, kind_of_id(kind))
                    }
                };
                let expression = in_order(link.tuple(&table));
                let hides = visible.scopes.limits(target);
                let nullable = outer || hides || link.only.is_some() || !relationship.is_required();
                let operand = Operand {
                    expression,
                    kind: kind_of_id(kind),
                    class: Class::of_id(kind),
                    nullable,
                    stored: None,
                    spelled: None,
                    arm: None,
                    has_trigrams: false,
                };
                let Some(only) = link.only else {
                    return Ok(operand.spelled(visible, resource.table, link.columns.first()));
                };
                let id = in_order(column(&table, link.columns.first()));
                let arm =
                    Some(Box::new((only.of(&table), Self::spelled_id(visible, resource, link, kind, id))));
                Ok(Operand { arm, ..operand.spelled(visible, resource.table, link.columns.first()) })
            }
            Field::Attribute(id) => {
                let attribute = resource
                    .attribute_at(id)
                    .ok_or_else(|| format!("`{}` has no attribute {}", resource.rust_name, id.place()))?;
                let class = Class::of(attribute.kind);
                let mut expression = column(&table, attribute.column);
                if attribute.kind == Kind::Json {
                    expression = dialect.json_text(expression);
                }
                let form = if attribute.kind.is_time() {
                    visible.forms.of(resource.table, attribute.column).map(|known| known.form)
                } else {
                    None
                };
                let mut nullable = outer || attribute.nullable;
                let mut stored = None;
                match form {
                    Some(Form::Declared(form)) => stored = Some(form),
                    // A value that is no time counts as null.
                    Some(Form::Any(_)) => {
                        expression = dialect.time(expression, attribute.kind, None);
                        nullable = true;
                    }
                    None => {}
                }
                if class == Class::Decimal {
                    expression =
                        dialect.decimal(expression, visible.forms.scale(resource.table, attribute.column));
                    // What is no number counts as null.
                    nullable |= dialect.decimals_may_be_null();
                }
                let is_list = attribute.kind.element().is_some();
                if class == Class::Text && !is_list && stored.is_none_or(|form| !form.is_number()) {
                    expression = dialect.by_code_points(expression, attribute.kind);
                }
                let operand = Operand {
                    expression,
                    kind: attribute.kind,
                    class,
                    nullable,
                    stored,
                    spelled: None,
                    arm: None,
                    has_trigrams: resource.has_trigrams(id),
                };
                Ok(operand.spelled(visible, resource.table, attribute.column))
            }
        }
    }

    /// Whether a member is a composite id: of the row at the end of its path, or of what that refers to.
    pub(super) fn is_composite(&mut self, member: &Member) -> Result<bool, String> {
        Ok(match member.field {
            Field::Attribute(_) => false,
            Field::Id if member.path.is_empty() => !self.resource.key().is_empty(),
            Field::Id => !self.reach(&member.path)?.1.key().is_empty(),
            Field::ToOne(id) => {
                let (_, resource) = self.reach(&member.path)?;
                !to_one(resource, id)?.1.kind.parts().is_empty()
            }
        })
    }

    /// A composite id as it is compared.
    pub(super) fn composite<D: Dialect>(
        &mut self,
        visible: Visible<'_, D>,
        member: &Member,
    ) -> Result<CompositeOperand, String> {
        let (alias, resource) = self.reach(&member.path)?;
        let outer = !member.path.is_empty();
        let (columns, kind, nullable) = match member.field {
            Field::ToOne(id) => {
                let (relationship, link) = to_one(resource, id)?;
                let hides = visible.scopes.limits(relationship.target());
                (link.columns, link.kind, outer || hides || !relationship.is_required())
            }
            Field::Id | Field::Attribute(_) => (resource.id.columns(), resource.id.kind, outer),
        };
        let parts = columns.names().zip(kind.parts()).map(|(name, part)| {
            let kind = part.kind();
            let expression = id_column(visible.dialect, &alias, name, kind);
            let (kind, class) = (kind_of_id(kind), Class::of_id(kind));
            let operand = Operand {
                expression,
                kind,
                class,
                nullable,
                stored: None,
                spelled: None,
                arm: None,
                has_trigrams: false,
            };
            operand.spelled(visible, resource.table, name)
        });
        let parts = parts.collect();
        Ok(CompositeOperand { parts, kind, columns, alias })
    }

    /// The column with the ids of an arm, of whichever type.
    fn spelled_id<D: Dialect>(
        visible: Visible<'_, D>,
        resource: &'static Description,
        link: Link,
        kind: IdKind,
        expression: Expr,
    ) -> Operand {
        let operand = Operand {
            expression,
            kind: kind_of_id(kind),
            class: Class::of_id(kind),
            nullable: true,
            stored: None,
            spelled: None,
            arm: None,
            has_trigrams: false,
        };
        operand.spelled(visible, resource.table, link.columns.first())
    }

    /// Joins the tables at the ends of paths to the rows.
    pub(super) fn join<D: Dialect>(
        self,
        visible: Visible<'_, D>,
        select: &mut SelectStatement,
    ) -> Result<(), String> {
        let visit = self.visit.at_the_end_of_a_path();
        for joined in self.joined {
            let rows = visible.rows(joined.resource, &joined.alias, visit)?;
            select.join(JoinType::LeftJoin, rows, joined.on);
        }
        Ok(())
    }
}

fn to_one(
    resource: &'static Description,
    id: RelationshipId,
) -> Result<(&'static Relationship, Link), String> {
    resource
        .relationship_at(id)
        .and_then(|relationship| Link::of(relationship).map(|link| (relationship, link)))
        .ok_or_else(|| format!("`{}` has no to-one relationship {}", resource.rust_name, id.place()))
}
