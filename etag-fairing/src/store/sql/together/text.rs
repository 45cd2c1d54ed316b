//! The text of the statement.

use std::fmt::Write;

use sea_query::{BinOper, Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::super::{
    Dialect, Statement,
    edge::{Edge, EdgeKind},
    ids::IdColumns,
    plan::with_next,
    positions::position,
    schema::kind_of_id,
    select::{self, ROWS, Total, Window, add_cells, cells, rows_of},
    visible::Visible,
    visit::Visit,
};
use super::{Content, Part, Together};
use crate::plan::{Root, Selection};
use crate::schema::{IdKind, RelationshipId};

impl Together<'_> {
    /// The window of a page.
    pub(super) fn window(&self) -> Option<Window> {
        match &self.plan.root {
            Root::Collection(listing) => Some(with_next(listing)),
            Root::One(_) | Root::Related { .. } => None,
        }
    }

    fn total(&self) -> Total {
        match self.parts.first().map(|part| &part.content) {
            Some(Content::Root { total }) => *total,
            _ => Total::None,
        }
    }

    /// Which of several texts it is, beside what is selected.
    pub(super) fn variant(&self) -> u64 {
        let bound = self.window().and_then(Window::bound).unwrap_or_default();
        bound << 1 | u64::from(self.total() == Total::Counted)
    }

    /// The text. Parameters: limit and offset, or the id. It is empty if there is none.
    pub(super) fn text<D: Dialect>(&self, visible: Visible<'_, D>) -> Result<String, String> {
        let mut text = String::from("WITH ");
        for (at, part) in self.parts.iter().enumerate() {
            let Statement { text: part_text, values } = self.part(visible, part)?;
            // The parameters are those of the first part.
            if at > 0 && !values.is_empty() {
                return Ok(String::new());
            }
            if at > 0 {
                text.push_str(", ");
            }
            let _ = write!(text, "etag_p{at} (");
            for column in 0..part.width {
                let _ = write!(text, "{}c{column}", if column > 0 { ", " } else { "" });
            }
            let not = if self.is_asked_again(at) { "" } else { "NOT " };
            let _ = write!(text, ") AS {not}MATERIALIZED ({part_text})");
        }
        // For the types of the columns alone: a null has that of what stands above it. The planner leaves this out.
        text.push_str(" SELECT 0 AS part");
        for at in 0..self.parts.len() {
            let _ = write!(text, ", etag_p{at}.*");
        }
        text.push_str(" FROM etag_p0");
        for at in 1..self.parts.len() {
            let _ = write!(text, ", etag_p{at}");
        }
        text.push_str(" WHERE FALSE");
        for own in 0..self.parts.len() {
            let _ = write!(text, " UNION ALL SELECT {own}");
            for (at, part) in self.parts.iter().enumerate() {
                if at == own {
                    let _ = write!(text, ", etag_p{at}.*");
                } else {
                    text.push_str(&", NULL".repeat(part.width));
                }
            }
            let _ = write!(text, " FROM etag_p{own}");
        }
        Ok(text)
    }

    /// Whether other parts look something up in this one, which is then read once.
    fn is_asked_again(&self, at: usize) -> bool {
        let Some(part) = self.parts.get(at) else { return false };
        let has_linkage = |resource| {
            self.parts
                .iter()
                .any(|part| matches!(&part.content, Content::Linkage { owner, .. } if owner.is(resource)))
        };
        match &part.content {
            Content::Root { .. } => true,
            Content::One { .. } => !part.children.is_empty(),
            Content::Many { include, .. } => {
                !part.children.is_empty() || has_linkage(include.selection.resource)
            }
            Content::Linkage { .. } => false,
        }
    }

    fn part<D: Dialect>(&self, visible: Visible<'_, D>, part: &Part<'_>) -> Result<Statement, String> {
        let dialect = visible.dialect;
        let select = match &part.content {
            Content::Root { total } => return self.root(visible, *total),
            Content::One { include, from, .. } => {
                let target = include.selection.resource;
                let mut select = rows_of(dialect, &include.selection);
                let ids = self.links_of(*from, include.relationship)?;
                select.from(visible.rows(target, ROWS, Visit::Few)?).and_where(is_any(
                    IdColumns::of(Some(ROWS), target),
                    target.id.kind,
                    &ids,
                ));
                select
            }
            Content::Many { include, from, edge, .. } => {
                let owners = self.ids_of(*from)?;
                edges(visible, edge, &include.selection, &owners)?
            }
            Content::Linkage { owner, edge, .. } => {
                let mut owners = Vec::new();
                for way in self.ways_to(owner) {
                    owners.push(match self.parts.get(way).map(|part| &part.content) {
                        Some(Content::One { include, from, .. }) => {
                            self.links_of(*from, include.relationship)?
                        }
                        _ => self.ids_of(way)?,
                    });
                }
                let owners = match owners.as_slice() {
                    [one] => one.clone(),
                    several => format!("({})", several.join(") UNION ALL (")),
                };
                linkage(visible, edge, &owners)?
            }
        };
        Statement::new(dialect, &select)
    }

    fn root<D: Dialect>(&self, visible: Visible<'_, D>, total: Total) -> Result<Statement, String> {
        let selection = &self.plan.selection;
        match (&self.plan.root, self.window()) {
            (Root::One(id), _) => select::one(visible, selection, id),
            (_, Some(window)) => select::collection(visible, selection, window, total),
            (_, None) => Err("a list of related resources is not read with all that is shown with it".into()),
        }
    }

    /// A query for the ids of a part's resources.
    fn ids_of(&self, at: usize) -> Result<String, String> {
        self.parts.get(at).map(|part| self.column(at, part.before())).ok_or_else(missing)
    }

    /// A query for the ids that a to-one relationship of a part's resources leads to.
    fn links_of(&self, at: usize, relationship: RelationshipId) -> Result<String, String> {
        let part = self.parts.get(at).ok_or_else(missing)?;
        let selection = part.selection(self.plan).ok_or_else(missing)?;
        let place = 1 + selection.resource.attributes.len() + relationship.place();
        let column = cells(selection).take(place).flatten().count();
        Ok(self.column(at, part.before() + column))
    }

    fn column(&self, at: usize, column: usize) -> String {
        // The row that shows that there is a next page is not on the page. It is the last one: what is made once is read in the
        // order in which it was made.
        let limit = if at == 0 && self.window().is_some() { " LIMIT $1 - 1" } else { "" };
        format!("SELECT c{column} FROM etag_p{at}{limit}")
    }
}

fn missing() -> String {
    "a part of a statement refers to one that there isn't".into()
}

/// Whether an id is one of those that a query finds. They are found first, once, and then looked up by the index.
fn is_any(id: IdColumns<'_>, kind: IdKind, query: &str) -> Expr {
    let type_name = kind_of_id(kind).postgres().parameter;
    let set = Expr::cust(format!("(CAST(ARRAY({query}) AS {type_name}[]))"));
    id.tuple().binary(BinOper::Custom("= ANY"), set)
}

fn edges<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    selection: &Selection,
    owners: &str,
) -> Result<SelectStatement, String> {
    let dialect = visible.dialect;
    let table = match edge.kind {
        EdgeKind::Join => "j",
        EdgeKind::Inverse { .. } => ROWS,
    };
    let related = edge.related(table);
    let mut select = Query::select();
    select.expr(edge.owner(table).cell(dialect));
    if edge.kind == EdgeKind::Join {
        select.expr(related.cell(dialect));
    }
    add_cells(dialect, &mut select, selection);
    if let Some(position) = position(dialect, edge, table) {
        select.expr(position);
    }
    select
        .from(visible.edges(edge, table)?)
        .and_where(is_any(edge.owner(table), edge.owner_id, owners))
        .and_where_option(edge.is_edge(table));
    if edge.kind == EdgeKind::Join {
        // A join table that the user has created may have nulls, and ids of rows that no longer exist.
        let on = IdColumns::of(Some(ROWS), edge.target).equals(related);
        select
            .join(JoinType::LeftJoin, visible.rows(edge.target, ROWS, Visit::Few)?, on)
            .and_where(related.is_not_null());
    }
    Ok(select)
}

fn linkage<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    owners: &str,
) -> Result<SelectStatement, String> {
    let dialect = visible.dialect;
    let related = edge.related("j");
    let mut select = Query::select();
    select.expr(edge.owner("j").cell(dialect)).expr(related.cell(dialect));
    if let Some(position) = position(dialect, edge, "j") {
        select.expr(position);
    }
    select
        .from(visible.edges(edge, "j")?)
        .and_where(is_any(edge.owner("j"), edge.owner_id, owners))
        .and_where(related.is_not_null())
        .and_where_option(edge.is_edge("j"));
    Ok(select)
}
