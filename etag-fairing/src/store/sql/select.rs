//! Statements that read.

use sea_query::{Asterisk, Expr, ExprTrait, JoinType, NullOrdering, Order, Query, SelectStatement};

use super::{
    Dialect, Listed, Statement, column,
    edge::{Edge, EdgeKind},
    ids::IdColumns,
    link::{Link, TypeIs},
    parameter,
    plan::bounds,
    positions::position,
    schema::kind_of_id,
    visible::Visible,
    visit::Visit,
};
use crate::plan::Selection;
use crate::schema::{Columns, Corrupt, Description, IdKind, Kind, ResourceId, StoredTime, ValueRef};

/// The alias of the rows' own table.
pub(super) const ROWS: &str = "t";

/// The alias of the owner's table.
pub(super) const OWNER: &str = "o";

/// Whether a page comes with the number of all rows, in one more column behind the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    /// It comes without.
    None,
    /// It comes with it.
    Counted,
}

/// The part of a list that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) offset: u64,
    pub(crate) limit: u64,
}

impl Window {
    /// A number of rows, of which there are few different ones, that is not less than those up to the end of the window.
    pub(crate) fn bound(self) -> Option<u64> {
        /// Any more are read in whatever way the database thinks best.
        const MOST: u64 = 1 << 16;
        let bound = Ord::max(self.offset.checked_add(self.limit)?, 16).checked_next_power_of_two()?;
        (bound <= MOST).then_some(bound)
    }
}

/// A value that is read, and what it must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// The column; a composite id has several.
    pub(crate) columns: Columns,
    pub(crate) content: Content,
    /// The type that the row must have, if the column has the ids of several types; else the cell is null.
    pub(crate) only: Option<TypeIs>,
}

impl Cell {
    /// The column, or a value for several.
    fn expr<D: Dialect>(self, dialect: D) -> Expr {
        let Self { columns, content, only } = self;
        match content {
            Content::Id(kind) => IdColumns::at(Some(ROWS), columns, kind).cell(dialect),
            Content::Link(kind) => Link { columns, kind, only }.cell(dialect, ROWS),
            Content::Attribute { .. } => Expr::col((ROWS, columns.first())),
        }
    }
}

/// The values that a column must have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// The resource's id.
    Id(IdKind),
    /// A related resource's id, or null.
    Link(IdKind),
    /// An attribute.
    Attribute {
        /// The kind of its values.
        kind: Kind,
        /// Whether it may be null.
        nullable: bool,
        /// The declared form of a time. Only SQLite needs it, since its columns have no types for times.
        #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
        stored: Option<StoredTime>,
        /// How many digits of a decimal number the column's type declares behind the point. Only SQLite needs it,
        /// since it doesn't keep them.
        #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
        scale: Option<usize>,
        /// Checks that the attribute's type can have a value of this kind; `None` if this is not checked here.
        check: Option<fn(ValueRef<'_>) -> Result<(), Corrupt>>,
    },
}

/// One entry for each cell of [`Rows`](crate::schema::Rows): `None` if no column is read for it.
///
/// To-one linkage is always read: it is in the row, and documents always show it.
pub(crate) fn cells(selection: &Selection) -> impl Iterator<Item = Option<Cell>> {
    let resource = selection.resource;
    let id = Cell { columns: resource.id.columns(), content: Content::Id(resource.id.kind), only: None };
    let attributes = resource.attributes_by_id().map(|(id, attribute)| {
        let stored = resource.stored(id);
        // A column holds 64 bits, or any number of digits, and the field may be smaller.
        let is_number = attribute.kind.is_whole() || attribute.kind.is_decimal();
        let check = (is_number && attribute.nullable).then_some(attribute.check);
        let content = Content::Attribute {
            kind: attribute.kind,
            nullable: attribute.nullable,
            stored,
            scale: None,
            check,
        };
        let wanted = selection.reads_attribute(id);
        wanted.then_some(Cell { columns: Columns::one(attribute.column), content, only: None })
    });
    let links = resource.relationships.iter().map(|relationship| {
        let Link { columns, kind, only } = Link::of(relationship)?;
        Some(Cell { columns, content: Content::Link(kind), only })
    });
    std::iter::once(Some(id)).chain(attributes).chain(links)
}

/// The same, with what a session knows of the columns.
pub(crate) fn known_cells(
    selection: &Selection,
    scale: impl Fn(&str, &str) -> Option<usize>,
) -> Vec<Option<Cell>> {
    let table = selection.resource.table;
    let known = cells(selection).map(|cell| {
        let mut cell = cell?;
        if let Content::Attribute { kind, scale: known, .. } = &mut cell.content
            && kind.is_decimal()
        {
            *known = scale(table, cell.columns.first());
        }
        Some(cell)
    });
    known.collect()
}

pub(super) fn rows_of<D: Dialect>(dialect: D, selection: &Selection) -> SelectStatement {
    let mut select = Query::select();
    add_cells(dialect, &mut select, selection);
    select
}

/// Adds the columns of [`cells`].
pub(super) fn add_cells<D: Dialect>(dialect: D, select: &mut SelectStatement, selection: &Selection) {
    select.exprs(exprs(dialect, selection));
}

/// The columns of [`cells`], of the table that is called [`ROWS`].
pub(super) fn exprs<D: Dialect>(dialect: D, selection: &Selection) -> impl Iterator<Item = Expr> {
    cells(selection).flatten().map(move |cell| cell.expr(dialect))
}

fn page<D: Dialect>(
    visible: Visible<'_, D>,
    select: &mut SelectStatement,
    resource: &Description,
    window: Window,
) {
    IdColumns::of(Some(ROWS), resource).in_order(visible.dialect, select, ROWS);
    // Limit and offset are parameters, too.
    select.limit(window.limit).offset(window.offset);
}

/// One resource. Parameters: its id.
pub(crate) fn one<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    id: &ResourceId,
) -> Result<Statement, String> {
    let resource = selection.resource;
    let mut select = rows_of(visible.dialect, selection);
    select
        .from(visible.rows(resource, ROWS, Visit::Few)?)
        .and_where(IdColumns::of(Some(ROWS), resource).is(id));
    Statement::new(visible.dialect, &select)
}

/// A page of a collection. Parameters: limit, offset.
pub(crate) fn collection<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    window: Window,
    total: Total,
) -> Result<Statement, String> {
    let resource = selection.resource;
    let mut select = rows_of(visible.dialect, selection);
    select.from(visible.rows(resource, ROWS, Visit::Few)?);
    if total == Total::Counted {
        select.expr(counted(visible, resource)?);
    }
    match window.bound() {
        Some(bound) if visible.dialect.is_far_away() => {
            bounded_page(visible, select, resource, window, bound)
        }
        _ => {
            page(visible, &mut select, resource, window);
            Statement::new(visible.dialect, &select)
        }
    }
}

/// A page whose limit and offset the database needn't know to find its plan. PostgreSQL expects a tenth of all rows where
/// it doesn't know them, so that it would plan each page anew, by its numbers. Here it finds one plan, and keeps it: there are
/// never more rows than the bound, and the page is no more than all of them. They stay in order, since the outer query does
/// nothing but count them.
fn bounded_page<D: Dialect>(
    visible: Visible<'_, D>,
    mut select: SelectStatement,
    resource: &Description,
    window: Window,
    bound: u64,
) -> Result<Statement, String> {
    IdColumns::of(Some(ROWS), resource).in_order(visible.dialect, &mut select, ROWS);
    let Statement { text, mut values } = Statement::new(visible.dialect, &select)?;
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    values.extend(bounds(window).map(ValueRef::to_owned));
    Ok(Statement {
        text: format!("SELECT p.* FROM ({text} LIMIT {bound}) AS p LIMIT ${limit} OFFSET ${offset}"),
        values,
    })
}

/// The related resource of a to-one relationship, or a row of nulls if there is none. No row if the owner
/// doesn't exist. Parameters: the owner's id.
pub(crate) fn related_one<D: Dialect>(
    visible: Visible<'_, D>,
    owner: &'static Description,
    id: &ResourceId,
    link: Link,
    selection: &Selection,
) -> Result<Statement, String> {
    let target = selection.resource;
    let mut select = rows_of(visible.dialect, selection);
    select
        .from(visible.rows(owner, OWNER, Visit::Few)?)
        .join(JoinType::LeftJoin, visible.rows(target, ROWS, Visit::Few)?, link.leads_to(OWNER, target, ROWS))
        .and_where(IdColumns::of(Some(OWNER), owner).is(id));
    Statement::new(visible.dialect, &select)
}

pub(super) fn at_the_end_of<D: Dialect>(
    visible: Visible<'_, D>,
    select: &mut SelectStatement,
    edge: &Edge,
    owner: &ResourceId,
    visit: Visit,
) -> Result<(), String> {
    select.from(visible.related_rows(edge, ROWS, visit)?);
    match edge.kind {
        EdgeKind::Inverse { .. } => {
            select.and_where(edge.owner(ROWS).is(owner)).and_where_option(edge.is_edge(ROWS));
        }
        // Not a join, since a join table that the user has created may have an edge twice.
        EdgeKind::Join => {
            let targets = Query::select()
                .exprs(edge.related("j").each())
                .from(visible.all_edges(edge, "j"))
                .and_where(edge.owner("j").is(owner))
                .and_where_option(edge.is_edge("j"))
                .to_owned();
            select.and_where(IdColumns::of(Some(ROWS), edge.target).tuple().in_subquery(targets));
        }
    }
    Ok(())
}

/// A page of related resources. Parameters: the owner's id, limit, offset.
pub(crate) fn related_page<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    selection: &Selection,
    owner: &ResourceId,
    window: Window,
) -> Result<Statement, String> {
    let mut select = rows_of(visible.dialect, selection);
    at_the_end_of(visible, &mut select, edge, owner, Visit::Few)?;
    page(visible, &mut select, selection.resource, window);
    Statement::new(visible.dialect, &select)
}

/// The number of rows in a collection. No parameters.
pub(crate) fn count<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
) -> Result<Statement, String> {
    Statement::new(visible.dialect, &count_of(visible, resource)?)
}

/// The same as a value of each row of a page. It is counted once.
fn counted<D: Dialect>(visible: Visible<'_, D>, resource: &'static Description) -> Result<Expr, String> {
    Ok(count_of(visible, resource)?.into())
}

fn count_of<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
) -> Result<SelectStatement, String> {
    let mut select = Query::select();
    // Rows are counted and not ids, since SQLite counts rows without reading each.
    select.expr(Expr::col(Asterisk).count()).from(visible.rows(resource, ROWS, Visit::Few)?);
    Ok(select)
}

/// The number of related resources. Parameters: the owner's id.
pub(crate) fn count_related<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    owner: &ResourceId,
) -> Result<Statement, String> {
    let mut select = Query::select();
    select.expr(column(ROWS, edge.target.id.column).count());
    at_the_end_of(visible, &mut select, edge, owner, Visit::Few)?;
    Statement::new(visible.dialect, &select)
}

/// Returns a row if the resource exists. Parameters: its id.
pub(crate) fn exists<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<Statement, String> {
    let mut select = Query::select();
    select
        .column((ROWS, resource.id.column))
        .from(visible.rows(resource, ROWS, Visit::Few)?)
        .and_where(IdColumns::of(Some(ROWS), resource).is(id));
    Statement::new(visible.dialect, &select)
}

/// The linkage of one relationship for many owners: the owner's place in the list and the related id, in
/// the relationship's order. Parameters: the list of owners' ids.
pub(crate) fn linkage<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    list: &str,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let related = edge.related("j");
    let mut select = Query::select();
    select
        .column(("e", "key"))
        .expr(related.cell(dialect))
        .from(dialect.list(list, kind_of_id(edge.owner_id)))
        .join(JoinType::InnerJoin, visible.edges(edge, "j")?, edge.owner("j").is_element(dialect))
        // A null in a join table that the user has created links to nothing.
        .and_where(related.is_not_null())
        .and_where_option(edge.is_edge("j"))
        .order_by(("e", "key"), Order::Asc);
    if let Some(position) = position(dialect, edge, "j") {
        select.order_by_expr_with_nulls(position, Order::Asc, NullOrdering::Last);
    }
    related.in_order(dialect, &mut select, "j");
    Statement::new(dialect, &select)
}

/// Returns a row if a related resource in the list (or not in the list) belongs to the owner. Parameters: the
/// owner's id, the list.
pub(crate) fn held<D: Dialect>(dialect: D, edge: &Edge, which: Listed) -> String {
    dialect.text(
        Query::select()
            .column((ROWS, edge.target_columns.first()))
            .from_as(edge.table, ROWS)
            .and_where(edge.owner(ROWS).is_parameter())
            .and_where_option(edge.is_edge(ROWS))
            .and_where(edge.related(ROWS).is_listed(dialect, "", which)),
    )
}

/// The highest id, if ids are numbers.
#[cfg(feature = "sqlite")]
pub(crate) fn newest<D: Dialect>(dialect: D, resource: &Description) -> String {
    dialect.text(Query::select().expr(Expr::col(resource.id.column).max()).from(resource.table))
}

/// Returns the row if it has this version. Parameters: the id, the version.
pub(crate) fn with_version<D: Dialect>(dialect: D, resource: &Description, version: &'static str) -> String {
    dialect.text(
        Query::select()
            .column(resource.id.column)
            .from(resource.table)
            .and_where(IdColumns::of(None, resource).is_parameter())
            .and_where(Expr::col(version).eq(parameter())),
    )
}
