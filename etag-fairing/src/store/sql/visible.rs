//! The tables in statements that read: a resource's table, or a subquery of the rows and links that the
//! caller sees.
//!
//! Such statements get table names only from here, so that none of them forgets the scopes.

use sea_query::{
    Alias, CaseStatement, Expr, ExprTrait, IntoIden, IntoTableRef, Query, SelectStatement, TableRef,
};

use super::{
    Dialect, change, column,
    edge::{Edge, EdgeKind},
    filter::condition,
    forms::Forms,
    ids::IdColumns,
    link::Link,
    scope::{Names, Scope},
    visit::{Question, Step, Visit},
};
use crate::plan::{Limit, Scopes};
use crate::schema::Description;

/// The alias of the table with a scope, inside its subquery.
const TABLE: &str = "s";
/// The alias of the table that one of its rows refers to, also for a join table.
const TARGET: &str = "v";

/// What a caller sees, in a dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visible<'s, D> {
    pub(crate) dialect: D,
    pub(crate) scopes: &'s Scopes,
    pub(crate) forms: &'s Forms,
}

static EVERYTHING: Scopes = Scopes::NONE;
static OWN: Forms = Forms::NONE;

impl<'s, D: Dialect> Visible<'s, D> {
    /// The rows that the scopes let through.
    pub(crate) fn new(dialect: D, scopes: &'s Scopes) -> Self {
        Self { dialect, scopes, forms: &OWN }
    }

    /// The same, with the forms of the columns' values.
    pub(crate) fn holding(self, forms: &'s Forms) -> Self {
        Self { forms, ..self }
    }

    /// All rows that are not deleted. A scope's own filter uses it, since it looks at all of them.
    pub(crate) fn everything(dialect: D) -> Self {
        Self { dialect, scopes: &EVERYTHING, forms: &OWN }
    }

    /// The rows of a resource. `visit` is how often the statement visits them. It is a subquery with the same
    /// columns if some rows are hidden, or if some refer to hidden rows.
    pub(super) fn rows(
        self,
        resource: &'static Description,
        alias: &str,
        visit: Visit,
    ) -> Result<TableRef, String> {
        self.rows_with(resource, None, alias, visit)
    }

    /// The related resources of a to-many relationship, with the column of its order, if it is in their table.
    pub(super) fn related_rows(self, edge: &Edge, alias: &str, visit: Visit) -> Result<TableRef, String> {
        let order = edge.order.filter(|_| edge.kind != EdgeKind::Join);
        self.rows_with(edge.target, order, alias, visit)
    }

    /// The rows, with one more column that is no member's.
    fn rows_with(
        self,
        resource: &'static Description,
        more: Option<&'static str>,
        alias: &str,
        visit: Visit,
    ) -> Result<TableRef, String> {
        let own = self.scopes.limit(resource);
        if !self.scopes.changes_rows_of(resource) {
            return Ok(named(resource.table, alias));
        }
        let visit = visit.of_scope();
        let mut select = Query::select();
        select.column((TABLE, resource.id.column)).from_as(resource.table, TABLE);
        let links = resource.relationships.iter().filter_map(|it| Some((Link::of(it)?, it.target())));
        let links: Vec<_> = links.collect();
        let mut known = vec![resource.id.column];
        for name in change::columns(resource).chain(more) {
            if known.contains(&name) {
                continue;
            }
            known.push(name);
            // Several members may share the column. The link is hidden if one of them hides it.
            // That of a composite id stays: the id itself shows it.
            let is_key = resource.key().iter().any(|part| part.column == name);
            let hides = links.iter().filter(|(link, _)| link.columns.has(name) && !is_key);
            let mut shown = None;
            for (link, target, limit) in
                hides.filter_map(|(link, target)| Some((link, *target, self.scopes.limit(target)?)))
            {
                let there = self.is_there(target, limit, link.ids(TABLE), visit)?;
                let there = match link.only {
                    None => there,
                    Some(only) => only.is_not(TABLE).or(there),
                };
                shown = Some(match shown {
                    None => there,
                    Some(shown) => there.and(shown),
                });
            }
            match shown {
                None => select.column((TABLE, name)),
                Some(shown) => select.expr_as(CaseStatement::new().case(shown, column(TABLE, name)), name),
            };
        }
        if let Some(limit) = own {
            self.keep_to(&mut select, resource, limit, TABLE, visit)?;
        }
        Ok(TableRef::SubQuery(select.into(), Alias::new(alias).into_iden()))
    }

    /// The edges of a to-many relationship that lead to rows the caller sees, for a few owners. The scope of
    /// the owners is not checked.
    pub(super) fn edges(self, edge: &Edge, alias: &str) -> Result<TableRef, String> {
        match (edge.kind, self.scopes.limit(edge.target)) {
            (EdgeKind::Inverse { .. }, _) => self.related_rows(edge, alias, Visit::Few),
            (EdgeKind::Join, None) => Ok(named(edge.table, alias)),
            (EdgeKind::Join, Some(limit)) => {
                let there = self.is_there(edge.target, limit, edge.related(TABLE), Visit::Few)?;
                let mut select = Query::select();
                select
                    .exprs(edge.owner(TABLE).each())
                    .exprs(edge.related(TABLE).each())
                    .columns(edge.only.map(|only| (TABLE, only.column)))
                    .columns(edge.order.map(|name| (TABLE, name)))
                    .from_as(edge.table, TABLE)
                    .and_where(there);
                Ok(TableRef::SubQuery(select.into(), Alias::new(alias).into_iden()))
            }
        }
    }

    /// All edges of a join table, for a statement that gets the rows at the other end from
    /// [`rows`](Self::rows).
    pub(super) fn all_edges(self, edge: &Edge, alias: &str) -> TableRef {
        named(edge.table, alias)
    }

    /// Limits a statement to the rows of a resource that are seen. `alias` is the alias of its table.
    fn keep_to(
        self,
        select: &mut SelectStatement,
        resource: &'static Description,
        limit: Limit<'_>,
        alias: &'static str,
        visit: Visit,
    ) -> Result<(), String> {
        let deletion = limit.deletion.and_then(|deletion| resource.attribute_at(deletion));
        select.and_where_option(deletion.map(|deletion| column(alias, deletion.column).is_null()));
        if let Some(filter) = limit.filter {
            let names = Names::default();
            let mut scope = Scope::new(resource, alias, visit, &names);
            let everything = Visible::everything(self.dialect).holding(self.forms);
            let condition = condition(everything, &mut scope, filter)?;
            scope.join(everything, select)?;
            select.and_where(condition);
        }
        Ok(())
    }

    /// Whether there is a row with this id that is seen. `visit` is how often the statement
    /// visits the row that has the id.
    fn is_there(
        self,
        target: &'static Description,
        limit: Limit<'_>,
        id: IdColumns<'_>,
        visit: Visit,
    ) -> Result<Expr, String> {
        let visit = visit.behind(Step::One, Question::ForTheRow);
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_as(target.table, TARGET);
        select.and_where(IdColumns::of(Some(TARGET), target).equals(id));
        self.keep_to(&mut select, target, limit, TARGET, visit)?;
        Ok(self.dialect.exists(select))
    }
}

fn named(table: &'static str, alias: &str) -> TableRef {
    table.into_table_ref().alias(Alias::new(alias).into_iden())
}
