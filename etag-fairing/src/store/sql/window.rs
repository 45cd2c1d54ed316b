//! Reads a window of what is included: for each owner, a page of the related resources that pass a filter, in an
//! order. One statement reads the windows of all owners.
//!
//! The inner query numbers the related rows of each owner. It has only ids, so that the rows that are sorted and thrown
//! away are short. The outer query reads the rows of the window by their ids.
//!
//! Where the database has `LATERAL`, the inner query of a page is run for each owner, by the index of the owner's column,
//! and ends after the page. It says itself how many rows that are: PostgreSQL would otherwise believe in a part of all
//! related rows, and read the whole table for them.

use sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, WindowStatement};

use super::{
    Dialect, Statement,
    cell::{self, push_row},
    column,
    document::{Document, Step},
    edge::{Edge, EdgeKind},
    filter::condition,
    ids::{IdColumns, list_of_ids},
    order::Order,
    schema::kind_of_id,
    scope::{Names, Scope},
    select::{ROWS, add_cells},
    session::Session,
    visible::Visible,
    visit::Visit,
};
use crate::plan::{Listing, Page, Selection, Window};
use crate::schema::{ResourceId, Value};
use crate::store::{Excess, StoreError};

/// The alias of the edges of a join table, each once.
const EDGES: &str = "d";

/// The alias of the numbered rows.
const NUMBERED: &str = "w";

/// The alias of an owner's numbered rows before the page is taken.
const OF_OWNER: &str = "x";

/// Whether the rows of all owners are numbered by one query, or those of each by one of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owners {
    Together,
    Apart,
}

/// Reads the windows of all owners of a step, adds their rows to the document, and returns one window for each owner.
pub(crate) async fn follow<'p>(
    session: &impl Session,
    document: &mut Document<'p>,
    step: &Step<'p>,
    edge: &Edge,
    selection: &Selection,
    listing: &Listing,
) -> Result<Vec<Window>, StoreError> {
    let (scopes, room, resource) = (document.scopes, document.room, selection.resource);
    let list = list_of_ids(step.owners.iter())?;
    let statement = session
        .seen(scopes, |visible| numbered_page(visible, edge, selection, &list, listing))
        .map_err(StoreError::Internal)?;
    let values: Vec<_> = statement.values.iter().map(|value| Value::as_ref(value).into()).collect();
    let mut found: Vec<Found> = Vec::new();
    found.resize_with(step.owners.len(), Found::default);
    let bounds = Bounds::of(listing)?;
    let first_cell = if listing.total { 3 } else { 2 };
    let first = document.number(resource)?;
    session
        .each_within(&statement.text, &values, room, Excess::Included, |row| {
            let owner = cell::number(row, 0)?.and_then(|owner| usize::try_from(owner).ok());
            let Some(found) = owner.and_then(|owner| found.get_mut(owner)) else { return Ok(()) };
            let number = cell::number(row, 1)?.unwrap_or(0);
            if listing.total {
                found.total = cell::number(row, 2)?.unwrap_or(0).unsigned_abs();
            }
            match bounds.place(number) {
                Place::Within => {}
                Place::After => {
                    found.more = true;
                    return Ok(());
                }
                Place::Before => return Ok(()),
            }
            let kind = resource.id.kind;
            let id = cell::known_id(resource.table, resource.id.columns(), kind, row, first_cell)?;
            let Some(id) = id else { return Ok(()) };
            room.take_link(&id)?;
            found.numbered.push((number, id.clone()));
            document.add(resource, id, |cells, rows| push_row(row, first_cell, cells, resource.table, rows))
        })
        .await?;
    document.sort(resource, first)?;
    Ok(found.into_iter().map(|found| found.window(listing.total)).collect())
}

/// What was read of one owner.
#[derive(Default)]
struct Found {
    /// The related resources with their numbers in the window's order.
    numbered: Vec<(i64, ResourceId)>,
    more: bool,
    total: u64,
}

impl Found {
    fn window(mut self, is_counted: bool) -> Window {
        self.numbered.sort_unstable_by_key(|(number, _)| *number);
        Window::new(self.numbered.into_iter().map(|(_, id)| id).collect())
            .followed_by_more(self.more)
            .counted(is_counted.then_some(self.total))
    }
}

/// The rows of a page by their numbers, which begin with 1.
#[derive(Clone, Copy)]
struct Bounds {
    /// The rows up to this number are before the page.
    before: i64,
    /// The rows up to this number are before its end.
    last: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Within,
    After,
}

impl Bounds {
    fn of(listing: &Listing) -> Result<Self, StoreError> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        match &listing.page {
            Page::All => Ok(Self { before: 0, last: i64::MAX }),
            Page::Offset { offset, limit } => {
                Ok(Self { before: count(*offset), last: count(offset.saturating_add(*limit)) })
            }
            page @ Page::Between { .. } => {
                Err(StoreError::Internal(format!("a window has no page like {page:?}")))
            }
        }
    }

    fn place(self, number: i64) -> Place {
        if number <= self.before {
            Place::Before
        } else if number <= self.last {
            Place::Within
        } else {
            Place::After
        }
    }

    /// The condition on the rows to read: those of the page, and one more row, which shows that there are more.
    fn condition(self, alias: &str, is_counted: bool) -> Option<Expr> {
        let number = || column(alias, "n");
        let until = (self.last < i64::MAX).then(|| number().lte(self.last + 1));
        if self.before == 0 {
            return until;
        }
        // A page after the end has no rows. The first row tells the count.
        let from = if is_counted {
            number().gt(self.before).or(number().eq(1_i64))
        } else {
            number().gt(self.before)
        };
        Some(match until {
            Some(until) => from.and(until),
            None => from,
        })
    }
}

/// The windows of many owners: the owner's place in the list, the number in the window's order, perhaps the number of
/// all rows that pass the filter, and the related resource; in any order.
pub(crate) fn numbered_page<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    selection: &Selection,
    list: &str,
    listing: &Listing,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let target = edge.target;
    let bounds = Bounds::of(listing).map_err(|error| error.to_string())?;
    let mut select = Query::select();
    let owners =
        if dialect.has_lateral() && bounds.last < i64::MAX { Owners::Apart } else { Owners::Together };
    match owners {
        Owners::Together => select.column((NUMBERED, "k")),
        Owners::Apart => select.column(("e", "key")),
    };
    select.column((NUMBERED, "n"));
    if listing.total {
        select.column((NUMBERED, "total"));
    }
    add_cells(dialect, &mut select, selection);
    let rows = numbered(visible, edge, list, listing, owners)?;
    match owners {
        Owners::Together => {
            select.from_subquery(rows, NUMBERED).and_where_option(bounds.condition(NUMBERED, listing.total));
        }
        Owners::Apart => {
            let mut page = Query::select();
            page.column((OF_OWNER, "n"));
            if listing.total {
                page.column((OF_OWNER, "total"));
            }
            for (place, _) in IdColumns::of(Some(ROWS), target).each().enumerate() {
                page.column((Alias::new(OF_OWNER), id_alias(place)));
            }
            page.from_subquery(rows, OF_OWNER)
                .and_where_option(bounds.condition(OF_OWNER, listing.total))
                .limit(u64::try_from(bounds.last + 1).unwrap_or(u64::MAX));
            select.from(dialect.list(list, kind_of_id(edge.owner_id))).join_lateral(
                JoinType::InnerJoin,
                page,
                NUMBERED,
                Expr::cust("TRUE"),
            );
        }
    }
    select.cross_join(visible.rows(target, ROWS, Visit::Few)?);
    for (place, own) in IdColumns::of(Some(ROWS), target).each().enumerate() {
        select.and_where(own.eq(id_of(NUMBERED, place)));
    }
    Statement::new(dialect, &select)
}

/// A column of the id in a subquery.
fn id_of(subquery: &'static str, place: usize) -> Expr {
    Expr::col((Alias::new(subquery), id_alias(place)))
}

/// The name of a column of the id in a subquery.
fn id_alias(place: usize) -> Alias {
    Alias::new(format!("id{place}"))
}

/// The ids of all related rows that pass the filter, numbered for each owner: of all owners in the list, or of the one
/// whose id is `e.value`.
fn numbered<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    list: &str,
    listing: &Listing,
    owners: Owners,
) -> Result<SelectStatement, String> {
    let target = edge.target;
    let (owner, visit) = match edge.kind {
        EdgeKind::Inverse { .. } => (("e", "key"), Visit::Once),
        // Several owners may lead to one row.
        EdgeKind::Join => ((EDGES, "k"), Visit::Again),
    };
    let names = Names::default();
    let mut scope = Scope::new(target, ROWS, visit, &names);
    let order = match edge.order.filter(|_| listing.sort.is_empty()) {
        Some(position) => {
            let position = match edge.kind {
                EdgeKind::Inverse { .. } => column(ROWS, position),
                EdgeKind::Join => column(EDGES, "position"),
            };
            Order::by_position(visible, &mut scope, position)?
        }
        None => Order::of(visible, &mut scope, &listing.sort)?,
    };
    let filter = listing.filter.as_ref().map(|filter| condition(visible, &mut scope, filter)).transpose()?;
    let of_owner = || match owners {
        Owners::Together => WindowStatement::partition_by(owner),
        Owners::Apart => WindowStatement::new(),
    };
    let mut window = of_owner();
    order.apply(&mut window, false);
    let mut select = Query::select();
    if owners == Owners::Together {
        select.expr_as(column(owner.0, owner.1), "k");
    }
    select.expr_window_as(Func::cust("ROW_NUMBER"), window, "n");
    let own = IdColumns::of(Some(ROWS), target);
    for (place, column) in own.each().enumerate() {
        select.expr_as(column, id_alias(place));
    }
    if listing.total {
        select.expr_window_as(Expr::cust("COUNT(*)"), of_owner(), "total");
    }
    let listed = || visible.dialect.list(list, kind_of_id(edge.owner_id));
    match edge.kind {
        EdgeKind::Inverse { .. } => {
            let rows = visible.related_rows(edge, ROWS, visit)?;
            match owners {
                Owners::Together => select.from(listed()).cross_join(rows),
                Owners::Apart => select.from(rows),
            };
            select
                .and_where(edge.owner(ROWS).is_element(visible.dialect))
                .and_where_option(edge.is_edge(ROWS));
        }
        EdgeKind::Join => {
            // A join table that the user has created may have an edge twice. A window has it once.
            let mut edges = Query::select();
            if let Some(position) = edge.order {
                edges.expr_as(column("j", position).min(), "position");
            }
            let all = visible.all_edges(edge, "j");
            match owners {
                Owners::Together => edges
                    .expr_as(column("e", "key"), "k")
                    .from(listed())
                    .cross_join(all)
                    .add_group_by([column("e", "key")]),
                Owners::Apart => edges.from(all),
            };
            edges.and_where(edge.owner("j").is_element(visible.dialect)).and_where_option(edge.is_edge("j"));
            for (place, related) in edge.related("j").each().enumerate() {
                edges.expr_as(related.clone(), id_alias(place)).add_group_by([related]);
            }
            select.from_subquery(edges, EDGES).cross_join(visible.rows(target, ROWS, visit)?);
            for (place, column) in own.each().enumerate() {
                select.and_where(column.eq(id_of(EDGES, place)));
            }
        }
    }
    scope.join(visible, &mut select)?;
    select.and_where_option(filter);
    Ok(select)
}
