//! Statements whose form depends on a client's filter, sort and page. They are built each time, with their
//! values.

use sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::{
    Dialect, Statement, column,
    edge::Edge,
    filter::condition,
    ids::IdColumns,
    link::Link,
    order::{Order, Side},
    positions::position_of_row,
    scope::{Names, Scope},
    select::{OWNER, ROWS, Total, at_the_end_of, rows_of},
    visible::Visible,
    visit::Visit,
};
use crate::plan::{Filter, Listing, Page, Selection};
use crate::schema::{Description, ResourceId};

/// The resources that are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// The resources of a collection.
    Collection,
    /// The related resources of an owner's to-many relationship.
    Related(&'a Edge, &'a ResourceId),
}

impl Source<'_> {
    /// How often a client's filter visits the rows.
    fn visit(self) -> Visit {
        match self {
            Self::Collection => Visit::All,
            // The related resources may be few rows of a large table.
            Self::Related(..) => Visit::Once,
        }
    }
}

/// Whether the listing has one of the fixed shapes that [`select`](super::select) builds once.
pub(crate) fn is_plain(listing: &Listing) -> bool {
    listing.filter.is_none()
        && listing.sort.is_empty()
        && !matches!(listing.page, Page::Between { .. })
        && !is_far(&listing.page)
}

/// From here on it is worth a statement of its own form to skip rows by ids alone. The tests of stores have few rows.
const FAR: u64 = if cfg!(test) { 1 } else { 1_000 };

/// Whether so many rows are skipped that it matters how.
fn is_far(page: &Page) -> bool {
    matches!(page, Page::Offset { offset, .. } if *offset >= FAR)
}

/// Whether the page is read from its end: the last rows before a place.
pub(crate) fn is_backwards(page: &Page) -> bool {
    matches!(page, Page::Between { after: None, before: Some(_), .. })
}

/// Whether the listing is in the order of the relationship itself. Then the statement of its page reads the position of
/// each row behind the other columns.
pub(crate) fn is_by_position(source: Source<'_>, listing: &Listing) -> bool {
    listing.sort.is_empty() && matches!(source, Source::Related(Edge { order: Some(_), .. }, _))
}

/// A page and one more row, which shows whether there is a next page.
pub(crate) fn page<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    source: Source<'_>,
    listing: &Listing,
    total: Total,
) -> Result<Statement, String> {
    if is_far(&listing.page)
        && visible.dialect.skips_faster_by_ids(&listing.sort)
        && !is_by_position(source, listing)
    {
        return far_page(visible, selection, source, listing, total);
    }
    let names = Names::default();
    let mut scope = Scope::new(selection.resource, ROWS, source.visit(), &names);
    let mut select = rows_of(visible.dialect, selection);
    let position = match source {
        Source::Related(edge, owner) if is_by_position(source, listing) => {
            position_of_row(visible.dialect, edge, owner)
        }
        _ => None,
    };
    let order = match position {
        Some(position) => {
            select.expr(position.clone());
            Order::by_position(visible, &mut scope, position)?
        }
        None => Order::of(visible, &mut scope, &listing.sort)?,
    };
    if total == Total::Counted {
        select.expr(counted(visible, selection.resource, source, listing)?);
    }
    match &listing.page {
        Page::All => {}
        Page::Offset { offset, limit } => {
            select.limit(limit.saturating_add(1)).offset(*offset);
        }
        Page::Between { after, before, limit } => {
            for (place, side) in [(after, Side::Behind), (before, Side::Before)] {
                if let Some(place) = place {
                    select.and_where(order.beyond(visible.dialect, place, side)?);
                }
            }
            select.limit(limit.saturating_add(1));
        }
    }
    order.apply(&mut select, is_backwards(&listing.page));
    Statement::new(visible.dialect, &listed(visible, select, scope, source, listing.filter.as_ref())?)
}

/// The same of a page far in. Rows that are skipped are read nevertheless; an index has their ids and the order, and is far
/// smaller than the table. So the ids of the page come first, and then its rows.
fn far_page<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    source: Source<'_>,
    listing: &Listing,
    total: Total,
) -> Result<Statement, String> {
    let resource = selection.resource;
    let (offset, limit) = match listing.page {
        Page::Offset { offset, limit } => (offset, limit.saturating_add(1)),
        Page::All | Page::Between { .. } => return Err("a page without an offset is not far in".into()),
    };
    let ids = IdColumns::of(Some(ROWS), resource);
    let names = Names::default();
    let mut scope = Scope::new(resource, ROWS, source.visit(), &names);
    let mut found = Query::select();
    found.exprs(ids.each()).limit(limit).offset(offset);
    Order::of(visible, &mut scope, &listing.sort)?.apply(&mut found, false);
    let found = listed(visible, found, scope, source, listing.filter.as_ref())?;

    let mut scope = Scope::new(resource, ROWS, Visit::Few, &names);
    let mut select = rows_of(visible.dialect, selection);
    let order = Order::of(visible, &mut scope, &listing.sort)?;
    order.apply(&mut select, false);
    if total == Total::Counted {
        select.expr(counted(visible, resource, source, listing)?);
    }
    select
        .from(visible.rows(resource, ROWS, Visit::Few)?)
        .and_where(ids.tuple().in_subquery(found))
        // The ids of a view may not be unique.
        .limit(limit);
    scope.join(visible, &mut select)?;
    Statement::new(visible.dialect, &select)
}

/// The number of all rows that the filter lets through.
pub(crate) fn total<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
    source: Source<'_>,
    listing: &Listing,
) -> Result<Statement, String> {
    Statement::new(visible.dialect, &count_of(visible, resource, source, listing)?)
}

/// The same as a value of each row of a page. It is counted once.
fn counted<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
    source: Source<'_>,
    listing: &Listing,
) -> Result<Expr, String> {
    Ok(count_of(visible, resource, source, listing)?.into())
}

fn count_of<D: Dialect>(
    visible: Visible<'_, D>,
    resource: &'static Description,
    source: Source<'_>,
    listing: &Listing,
) -> Result<SelectStatement, String> {
    let names = Names::default();
    let scope = Scope::new(resource, ROWS, source.visit(), &names);
    let mut select = Query::select();
    select.expr(column(ROWS, resource.id.column).count());
    listed(visible, select, scope, source, listing.filter.as_ref())
}

fn listed<D: Dialect>(
    visible: Visible<'_, D>,
    mut select: SelectStatement,
    mut scope: Scope<'_>,
    source: Source<'_>,
    filter: Option<&Filter>,
) -> Result<SelectStatement, String> {
    match source {
        Source::Collection => {
            let (_, resource) = scope.reach(&[])?;
            select.from(visible.rows(resource, ROWS, scope.visit())?);
        }
        Source::Related(edge, owner) => at_the_end_of(visible, &mut select, edge, owner, scope.visit())?,
    }
    if let Some(filter) = filter {
        let condition = condition(visible, &mut scope, filter)?;
        select.and_where(condition);
    }
    scope.join(visible, &mut select)?;
    Ok(select)
}

/// The related resource of a to-one relationship, if the filter lets it through; otherwise a row of nulls. No
/// row if the owner doesn't exist.
pub(crate) fn related_one<D: Dialect>(
    visible: Visible<'_, D>,
    owner: &'static Description,
    id: &ResourceId,
    link: Link,
    selection: &Selection,
    filter: &Filter,
) -> Result<Statement, String> {
    let target = selection.resource;
    let names = Names::default();
    let alias = names.next();
    let mut scope = Scope::new(target, alias.as_str(), Visit::Once, &names);
    let condition = condition(visible, &mut scope, filter)?;
    let mut passed = Query::select();
    passed.exprs(IdColumns::of(Some(&alias), target).each()).from(visible.rows(
        target,
        &alias,
        Visit::Once,
    )?);
    scope.join(visible, &mut passed)?;
    passed.and_where(link.leads_to(OWNER, target, &alias)).and_where(condition);

    let own = IdColumns::of(Some(ROWS), target).tuple();
    let joined = link.leads_to(OWNER, target, ROWS).and(own.in_subquery(passed));
    let mut select = rows_of(visible.dialect, selection);
    select
        .from(visible.rows(owner, OWNER, Visit::Few)?)
        .join(JoinType::LeftJoin, visible.rows(target, ROWS, Visit::Few)?, joined)
        .and_where(IdColumns::of(Some(OWNER), owner).is(id));
    Statement::new(visible.dialect, &select)
}
