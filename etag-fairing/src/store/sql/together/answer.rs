//! What the rows of the statement say.

use std::collections::{BTreeSet, VecDeque};

use super::super::{
    cell::{self, Cells, push_row},
    document::{Demand, Document, EdgeLinks, Step, steps},
    edge::{Edge, EdgeKind},
    include::id_of,
    parameter::Parameter,
    plan::{bounds, end_page},
    room::Room,
    select::{self, cells},
    session::Session,
};
use super::{Content, Part, Together};
use crate::plan::{Fetched, Page, Plan, Root};
use crate::schema::{Description, RelationshipId, ResourceId, Rows};
use crate::store::{Excess, StoreError};

/// The parameters of the statement: limit and offset, or the id.
pub(crate) enum Values<'p> {
    Window([Parameter<'p>; 2]),
    Id([Parameter<'p>; 1]),
}

impl<'p> Values<'p> {
    pub(crate) fn as_slice(&self) -> &[Parameter<'p>] {
        match self {
            Self::Window(values) => values,
            Self::Id(values) => values,
        }
    }
}

impl<'p> Together<'p> {
    /// The text of the statement, which is built once; empty if there is none.
    pub(crate) fn statement(&self, session: &impl Session) -> Result<std::sync::Arc<str>, StoreError> {
        session.text(self.shape(), || session.seen(&self.plan.scopes, |visible| self.text(visible)))
    }

    /// Keeps in mind that the database doesn't take the statement.
    pub(crate) fn forget(&self, session: &impl Session) -> Result<(), StoreError> {
        session.replace_text(self.shape(), "")
    }

    pub(crate) fn values(&self) -> Option<Values<'p>> {
        match &self.plan.root {
            Root::One(id) => Some(Values::Id([Parameter::id(id)])),
            _ => Some(Values::Window(bounds(self.window()?).map(Parameter::from))),
        }
    }

    /// What there is too much of, where the document becomes too large by a row of this part, and how many columns it has.
    pub(crate) fn counts_as(&self, part: i32) -> (Excess, usize) {
        let part = usize::try_from(part).ok().and_then(|part| self.parts.get(part));
        let excess = match part.map(|part| &part.content) {
            Some(Content::One { .. } | Content::Many { .. }) => Excess::Included,
            Some(Content::Linkage { .. }) => Excess::Linkage,
            Some(Content::Root { .. }) | None => Excess::Primary,
        };
        (excess, 1 + part.map_or(0, |part| part.width))
    }

    /// The answer. Without a total that the plan asks for, or `None`, it has to be read in the other way.
    pub(crate) fn answer<'a, R: Cells>(
        &'a self,
        rows: &[R],
        room: &'a Room,
    ) -> Result<Option<Fetched>, StoreError> {
        let mut of_parts: Vec<Vec<&R>> = self.parts.iter().map(|_| Vec::new()).collect();
        for row in rows {
            let part = cell::number(row, 0)?.and_then(|part| usize::try_from(part).ok());
            if let Some(rows) = part.and_then(|part| of_parts.get_mut(part)) {
                rows.push(row);
            }
        }
        let mut fetched = self.root_of(of_parts.first().map_or(&[], Vec::as_slice), room)?;
        let plan: &'a Plan = self.plan;
        let mut document = Document::new(plan, room, std::mem::take(&mut fetched.rows), |_, _| None)?;
        let children = |at: usize| self.parts.get(at).map_or(0..0, |part| part.children.clone());
        let mut waiting: VecDeque<(Step<'a>, usize)> =
            document.first_steps(plan)?.into_iter().zip(children(0)).collect();
        while let Some((step, at)) = waiting.pop_front() {
            let rows = of_parts.get(at).map_or(&[][..], Vec::as_slice);
            let reached = self.follow(&mut document, &step, at, rows)?;
            if !reached.is_empty() {
                let reached: Vec<ResourceId> = reached.into_iter().collect();
                waiting.extend(steps(&step.include.selection, &reached).zip(children(at)));
            }
        }
        for unread in document.unread() {
            if unread.owners.is_empty() {
                continue;
            }
            let Some((at, part, edge)) = self.linkage_of(unread.owner, unread.relationship) else {
                return Ok(None);
            };
            let mut links = EdgeLinks::new(unread.owners.len(), edge);
            let places = Places::of(&unread.owners);
            for row in of_parts.get(at).into_iter().flatten() {
                self.add_link(*row, part, edge, &places, &mut links, room)?;
            }
            document.put_edges(unread, links);
        }
        document.finish(&mut fetched);
        Ok(Some(fetched))
    }

    fn root_of<R: Cells>(&self, rows: &[&R], room: &Room) -> Result<Fetched, StoreError> {
        let plan = self.plan;
        let selection = &plan.selection;
        let mut fetched = Fetched { parent: true, rows: Rows::new(selection.resource), ..Fetched::default() };
        let cells = select::known_cells(selection, |_, _| None);
        let columns = cells.iter().flatten().count();
        for row in rows {
            let before = fetched.rows.text_bytes();
            push_row(*row, 1, &cells, selection.resource.table, &mut fetched.rows)?;
            room.take_row(&fetched.rows, before, Excess::Primary)?;
        }
        if let Root::Collection(listing) = &plan.root {
            end_page(listing, &mut fetched);
            if listing.total {
                let counted = rows.first().map(|row| cell::number(*row, 1 + columns)).transpose()?.flatten();
                let is_first = matches!(listing.page, Page::All | Page::Offset { offset: 0, .. });
                fetched.total = counted.map(i64::unsigned_abs).or((rows.is_empty() && is_first).then_some(0));
            }
        }
        Ok(fetched)
    }

    /// Takes the resources that an edge leads to. If the plan includes more from them, returns the ids of all of them.
    fn follow<'a, R: Cells>(
        &self,
        document: &mut Document<'a>,
        step: &Step<'a>,
        at: usize,
        rows: &[&R],
    ) -> Result<BTreeSet<ResourceId>, StoreError> {
        let Some(part) = self.parts.get(at) else { return Ok(BTreeSet::new()) };
        let room = document.room;
        match document.demand(step)? {
            Demand::Nothing => Ok(BTreeSet::new()),
            Demand::ToOne { mut links, selection, .. } => {
                let resource = selection.resource;
                let first = document.number(resource)?;
                for row in rows {
                    if let Some(id) = id_of(resource, *row, part.first)?
                        && links.contains(&id)
                    {
                        document.add(resource, id, |cells, rows| {
                            push_row(*row, part.first, cells, resource.table, rows)
                        })?;
                    }
                }
                document.sort(resource, first)?;
                if !step.goes_on() {
                    return Ok(BTreeSet::new());
                }
                links.retain(|id| document.has(resource, id));
                Ok(links)
            }
            Demand::ToMany { edge, selection, mut links } => {
                let resource = selection.resource;
                let places = Places::of(&step.owners);
                let begin = part.first + part.before();
                let position_at = begin + cells(selection).flatten().count();
                let first = document.number(resource)?;
                let mut reached = BTreeSet::new();
                for row in rows {
                    let Some(place) = places.of_owner(*row, &edge, part.first)? else { continue };
                    let related_at = if edge.kind == EdgeKind::Join { part.first + 1 } else { begin };
                    let known = cell::known_id(
                        edge.table,
                        edge.target_columns,
                        edge.target.id.kind,
                        *row,
                        related_at,
                    )?;
                    let Some(related) = known else { continue };
                    room.take_link(&related)?;
                    let position = if edge.order.is_some() { cell::number(*row, position_at)? } else { None };
                    links.push(place, &related, position);
                    let id = match edge.kind {
                        EdgeKind::Inverse { .. } => Some(related),
                        EdgeKind::Join if row.is_null(begin)? => None,
                        EdgeKind::Join => id_of(resource, *row, begin)?,
                    };
                    let Some(id) = id else { continue };
                    if step.goes_on() {
                        reached.insert(id.clone());
                    }
                    document.add(resource, id, |cells, rows| {
                        push_row(*row, begin, cells, resource.table, rows)
                    })?;
                }
                document.sort(resource, first)?;
                document.keep(step, links)?;
                Ok(reached)
            }
        }
    }

    fn linkage_of(
        &self,
        owner: &Description,
        relationship: RelationshipId,
    ) -> Option<(usize, &Part<'p>, &Edge)> {
        self.parts.iter().enumerate().find_map(|(at, part)| match &part.content {
            Content::Linkage { owner: of, relationship: it, edge } if of.is(owner) && *it == relationship => {
                Some((at, part, edge))
            }
            _ => None,
        })
    }

    fn add_link(
        &self,
        row: &impl Cells,
        part: &Part<'_>,
        edge: &Edge,
        places: &Places<'_>,
        links: &mut EdgeLinks,
        room: &Room,
    ) -> Result<(), StoreError> {
        let Some(place) = places.of_owner(row, edge, part.first)? else { return Ok(()) };
        let kind = edge.target.id.kind;
        let Some(related) = cell::known_id(edge.table, edge.target_columns, kind, row, part.first + 1)?
        else {
            return Ok(());
        };
        room.take_link(&related)?;
        let position = if edge.order.is_some() { cell::number(row, part.first + 2)? } else { None };
        links.push(place, &related, position);
        Ok(())
    }
}

/// Where owners stand in their list.
struct Places<'o> {
    /// By their ids.
    sorted: Vec<(&'o ResourceId, i64)>,
}

impl<'o> Places<'o> {
    fn of(owners: &'o [ResourceId]) -> Self {
        let mut sorted: Vec<_> = owners.iter().zip(0..).collect();
        if !sorted.is_sorted() {
            sorted.sort_unstable();
        }
        Self { sorted }
    }

    /// The place of the owner whose id is in a column; `None` if it is not in the list.
    fn of_owner(&self, row: &impl Cells, edge: &Edge, column: usize) -> Result<Option<i64>, StoreError> {
        let id = cell::known_id(edge.table, edge.owner_columns, edge.owner_id, row, column)?;
        let found = id.and_then(|id| self.sorted.binary_search_by(|(owner, _)| (*owner).cmp(&id)).ok());
        Ok(found.and_then(|at| self.sorted.get(at)).map(|(_, place)| *place))
    }
}
