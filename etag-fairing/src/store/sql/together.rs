//! A page, or one resource, and all that is shown with it: by one statement.
//!
//! A database that is far away answers one statement sooner than several of which each needs the answer to the one before,
//! and one statement sees one snapshot by itself. Each part of the answer (the page, the resources of each include, linkage)
//! is a table of the statement, and looks up what it needs in those before it, by the index. Its rows have the columns of all
//! parts, and begin with the number of their own; what is another part's is null.
//!
//! What can't be read so is read by [`include`](super::include) and [`linkage_read`](super::linkage_read): the answers are
//! the same.

mod answer;
mod text;

use super::{
    cache::{Shape, Verb},
    edge::{Edge, EdgeKind},
    plan::edge,
    select::{Total, cells},
};
use crate::plan::{Include, Page, Plan, Root, Selection};
use crate::schema::{Description, RelationshipId};

/// A statement with more parts than this is left to the other way.
const MOST_PARTS: usize = 24;

/// PostgreSQL's rows have no more than 1,664.
const MOST_COLUMNS: usize = 1_600;

/// What is read together.
pub(crate) struct Together<'p> {
    plan: &'p Plan,
    /// The first is the root's.
    parts: Vec<Part<'p>>,
}

/// One table of the statement.
struct Part<'p> {
    content: Content<'p>,
    /// Its first column in the rows of the answer.
    first: usize,
    width: usize,
    /// The parts of the includes that begin with its resources.
    children: std::ops::Range<usize>,
}

enum Content<'p> {
    Root {
        /// Whether its last column is the total.
        total: Total,
    },
    /// The resources of a to-one relationship.
    One { include: &'p Include, from: usize },
    /// The edges of a to-many relationship: the owner's id, the related id if it has a table of its own, the related
    /// resource, and the position if there is one.
    Many { include: &'p Include, from: usize, edge: Edge },
    /// Linkage alone: the owner's id, the related id, and the position if there is one.
    Linkage { owner: &'static Description, relationship: RelationshipId, edge: Edge },
}

impl<'p> Part<'p> {
    /// What is read of its resources.
    fn selection<'s>(&self, plan: &'s Plan) -> Option<&'s Selection>
    where
        'p: 's,
    {
        match &self.content {
            Content::Root { .. } => Some(&plan.selection),
            Content::One { include, .. } | Content::Many { include, .. } => Some(&include.selection),
            Content::Linkage { .. } => None,
        }
    }

    /// How many columns stand before those of the resource.
    fn before(&self) -> usize {
        match &self.content {
            Content::Root { .. } | Content::One { .. } => 0,
            Content::Many { edge, .. } if edge.kind == EdgeKind::Join => 2,
            Content::Many { .. } => 1,
            Content::Linkage { .. } => 2,
        }
    }
}

impl<'p> Together<'p> {
    /// `None` if one statement is not enough.
    pub(crate) fn of(plan: &'p Plan) -> Option<Self> {
        // What a scope lets through depends on values, which statements that are made of others don't have.
        if plan.counts() || !plan.scopes.is_empty() {
            return None;
        }
        let total = match &plan.root {
            Root::One(_) => Total::None,
            Root::Collection(listing) if listing.total => Total::Counted,
            Root::Collection(_) => Total::None,
            Root::Related { .. } => return None,
        };
        if let Root::Collection(listing) = &plan.root
            && !(super::listing::is_plain(listing) && matches!(listing.page, Page::Offset { .. }))
        {
            return None;
        }
        let mut together = Self { plan, parts: Vec::new() };
        together.add(&plan.selection, Content::Root { total })?;
        let mut at = 0;
        while let Some(selection) = together.parts.get(at).and_then(|part| part.selection(plan)) {
            let first = together.parts.len();
            for include in &selection.include {
                together.add_include(selection, include, at)?;
            }
            let end = together.parts.len();
            if let Some(part) = together.parts.get_mut(at) {
                part.children = first..end;
            }
            at += 1;
        }
        for at in 0..together.parts.len() {
            together.add_linkage(at)?;
        }
        let columns = together.parts.last().map_or(0, |last| last.first + last.width);
        (together.parts.len() <= MOST_PARTS && columns <= MOST_COLUMNS).then_some(together)
    }

    fn add_include(&mut self, owner: &'p Selection, include: &'p Include, from: usize) -> Option<()> {
        let relationship = owner.resource.relationship_at(include.relationship)?;
        if include.window.is_some() || !relationship.target().is(include.selection.resource) {
            return None;
        }
        let content = if relationship.is_to_many() {
            let edge = edge(owner.resource, include.relationship).ok()?;
            Content::Many { include, from, edge }
        } else {
            Content::One { include, from }
        };
        self.add(&include.selection, content)
    }

    /// The linkage of a part's resources that no include tells.
    fn add_linkage(&mut self, at: usize) -> Option<()> {
        let Some(selection) = self.parts.get(at).and_then(|part| part.selection(self.plan)) else {
            return Some(());
        };
        let owner = selection.resource;
        // Once for all resources of a type, however they are reached.
        if self.ways_to(owner).any(|way| way < at) {
            return Some(());
        }
        for (relationship, found) in owner.relationships_by_id() {
            if !selection.reads_linkage(relationship) || !found.is_to_many() {
                continue;
            }
            let tells =
                |way: &Selection| way.include.iter().any(|include| include.relationship == relationship);
            let is_told = self
                .ways_to(owner)
                .all(|way| self.parts.get(way).and_then(|way| way.selection(self.plan)).is_some_and(tells));
            if !is_told {
                let edge = edge(owner, relationship).ok()?;
                self.push(
                    2 + usize::from(edge.order.is_some()),
                    Content::Linkage { owner, relationship, edge },
                );
            }
        }
        Some(())
    }

    /// The parts with resources of this type.
    fn ways_to(&self, resource: &'static Description) -> impl Iterator<Item = usize> {
        let is_way =
            move |part: &Part<'_>| part.selection(self.plan).is_some_and(|it| it.resource.is(resource));
        self.parts.iter().enumerate().filter(move |(_, part)| is_way(part)).map(|(at, _)| at)
    }

    fn add(&mut self, selection: &Selection, content: Content<'p>) -> Option<()> {
        // Sets of ids are sets of single values.
        if !selection.resource.key().is_empty() {
            return None;
        }
        let resource = cells(selection).flatten().count();
        let more = match &content {
            Content::Root { total } => usize::from(*total == Total::Counted),
            Content::Many { edge, .. } => {
                1 + usize::from(edge.kind == EdgeKind::Join) + usize::from(edge.order.is_some())
            }
            Content::One { .. } | Content::Linkage { .. } => 0,
        };
        self.push(resource + more, content);
        (self.parts.len() <= MOST_PARTS).then_some(())
    }

    fn push(&mut self, width: usize, content: Content<'p>) {
        // Before the first one stands the number of the part.
        let first = self.parts.last().map_or(1, |last| last.first + last.width);
        self.parts.push(Part { content, first, width, children: 0..0 });
    }

    /// All that the text depends on.
    fn shape(&self) -> Shape {
        fn describe(selection: &Selection, bits: &mut Vec<bool>) {
            bits.extend_from_slice(&selection.attributes);
            bits.extend_from_slice(&selection.linkage);
            // Which relationships are included is in the order in which they are.
            for include in &selection.include {
                bits.push(true);
                let place = include.relationship.place();
                bits.extend(
                    (0..usize::BITS - place.leading_zeros()).flat_map(|bit| [true, place >> bit & 1 == 1]),
                );
                bits.push(false);
                describe(&include.selection, bits);
            }
            bits.push(false);
        }
        let mut bits = Vec::with_capacity(64);
        describe(&self.plan.selection, &mut bits);
        let verb = match &self.plan.root {
            Root::One(_) => Verb::OneTogether,
            _ => Verb::CollectionTogether,
        };
        Shape::new(verb, self.plan.selection.resource).columns(bits).variant(self.variant())
    }
}
