//! What the store knows about the tables after they were prepared.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock};

use super::references::References;
use super::rules::Rules;
use crate::schema::{Columns, Description};
use crate::store::sql::abilities::Limits;
use crate::store::sql::edge::{Edge, EdgeKind};
use crate::store::sql::referrer::Referrer;
use crate::store::sql::schema::reachable;
use crate::store::sql::versions::Versions;

/// What the store knows about the tables after they were prepared.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// All references, if the store has to follow them when a row is deleted; otherwise empty.
    pub(super) referrers: Arc<[Referrer]>,
    /// The columns that the store itself sets.
    pub(super) versions: Arc<Versions>,
    /// Whether the changes of any table are counted.
    pub(super) counts: bool,
    /// The constraints of the tables.
    pub(super) rules: Rules,
    /// The writes that are impossible.
    pub(super) limits: Arc<Limits>,
    pub(super) views: HashSet<&'static str>,
    /// Tables whose rows are after a statement as the statement leaves them: no trigger but ours and no rule changes them.
    pub(super) plain: RwLock<HashSet<&'static str>>,
    /// The foreign keys of the tables.
    pub(super) references: References,
    /// Tables and columns that have to-many linkage of another resource.
    watched: HashSet<(&'static str, Columns)>,
    /// Those of them whose linkage has an order of its own.
    ordered: HashSet<(&'static str, Columns)>,
    /// Join tables, each seen from a table at one of its ends.
    joins: Vec<(&'static str, Edge)>,
    pub(super) sequences: HashMap<&'static str, Sequence>,
}

/// Statements that move a table's sequence past ids that the sequence did not make.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Moves the sequence past all ids in the table.
    pub(super) behind_all: String,
    /// Moves the sequence past one id, which is the parameter.
    pub(super) behind_one: String,
    /// The ids that clients may choose, so that the sequence can still continue after them.
    pub(super) clients: RangeInclusive<i64>,
    /// The ids that it may make.
    pub(super) makes: RangeInclusive<i64>,
}

impl Known {
    /// Whether rows of the table can be locked. In general, rows of a view cannot.
    pub(super) fn can_lock(&self, table: &str) -> bool {
        !self.views.contains(table)
    }

    /// Whether a statement returns the rows of the table as they are after it.
    pub(super) fn is_plain(&self, table: &str) -> bool {
        self.plain.read().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    /// Notes that a statement has changed nothing, against all that is known of the table: somebody has made a trigger since.
    pub(super) fn is_no_longer_plain(&self, table: &str) {
        if self.plain.write().unwrap_or_else(PoisonError::into_inner).remove(table) {
            log::warn!(
                "a trigger or a rule that came after the launch keeps rows of `{table}` as they are: writes to it take more \
                 statements from now on; other nodes learn of it when they are started again"
            );
        }
    }

    /// Whether a change of the columns changes the representation of the row that it refers to.
    pub(super) fn is_watched(&self, table: &'static str, columns: Columns) -> bool {
        self.watched.contains(&(table, columns))
    }

    /// Whether a change of the columns gives the row a position in the linkage of the row that it refers to.
    pub(super) fn is_ordered(&self, table: &'static str, columns: Columns) -> bool {
        self.ordered.contains(&(table, columns))
    }

    /// The join tables that refer to a table.
    pub(super) fn joins_of(&self, table: &str) -> impl Iterator<Item = &Edge> {
        self.joins.iter().filter(move |(near, _)| *near == table).map(|(_, edge)| edge)
    }

    /// The sequence that makes a table's ids.
    pub(super) fn sequence(&self, table: &str) -> Option<&Sequence> {
        self.sequences.get(table)
    }

    pub(super) fn of(resources: &[&'static Description]) -> Self {
        let mut known = Self::default();
        let resources = reachable(resources);
        let edges = || {
            resources.iter().flat_map(|resource| {
                let edges = resource.relationships.iter().map(|found| Edge::of(resource, found));
                edges.filter_map(|edge| edge.ok().flatten().map(|edge| (*resource, edge)))
            })
        };
        known.watched = edges().map(|(_, edge)| (edge.table, edge.owner_columns)).collect();
        let ordered = edges().filter(|(_, edge)| edge.order.is_some());
        known.ordered = ordered.map(|(_, edge)| (edge.table, edge.owner_columns)).collect();
        for (owner, edge) in edges().filter(|(_, edge)| edge.kind == EdgeKind::Join) {
            let (far_table, back) = (edge.target.table, edge.seen_from_the_other_end(owner));
            if known.is_watched(edge.table, edge.target_columns) {
                known.joins.push((owner.table, edge));
            }
            known.joins.push((far_table, back));
        }
        known
    }
}
