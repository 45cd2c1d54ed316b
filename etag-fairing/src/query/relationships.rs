//! The relationships that the filters and the order of one URL lead over: each is a table more for the database to go
//! through.

use super::limits::MAX_PATH;
use crate::plan::{Comparison, Filter, Member};

/// How many there are, counted as they come.
///
/// To-one relationships at the beginning of several paths count once, since they are joined once: `track.name` and
/// `track.color` are one. What `any` and `has` lead to is looked at for itself, each time.
#[derive(Debug)]
pub(super) struct Relationships {
    most: usize,
    found: usize,
    joined: Vec<Vec<usize>>,
}

impl Relationships {
    pub(super) fn at_most(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), found: 0, joined: Vec::new() }
    }

    /// # Errors
    /// In words, if these are too many.
    pub(super) fn count_filter(&mut self, filter: &Filter) -> Result<(), String> {
        let more = of_filter(filter, &mut self.joined);
        self.count(more)
    }

    /// # Errors
    /// The same.
    pub(super) fn count_member(&mut self, member: &Member) -> Result<(), String> {
        let more = of_path(&member.path, &mut self.joined);
        self.count(more)
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.found = self.found.saturating_add(more);
        match more > 0 && self.found > self.most {
            true => Err(format!("filters and sort together may lead over {} relationships", self.most)),
            false => Ok(()),
        }
    }
}

fn of_filter(filter: &Filter, joined: &mut Vec<Vec<usize>>) -> usize {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            filters.iter().map(|filter| of_filter(filter, joined)).sum()
        }
        Filter::Not(filter) => of_filter(filter, joined),
        Filter::Compare { member, comparison } => {
            let other = match comparison {
                Comparison::Member(_, other) => of_path(&other.path, joined),
                _ => 0,
            };
            of_path(&member.path, joined) + other
        }
        Filter::Related { path, filter, .. } => {
            let there = filter.as_deref().map_or(0, |filter| of_filter(filter, &mut Vec::new()));
            of_path(path, joined) + 1 + there
        }
    }
}

/// Paths are no longer than [`MAX_PATH`].
fn of_path(path: &[usize], joined: &mut Vec<Vec<usize>>) -> usize {
    let mut new = 0;
    for end in 1..=path.len().min(MAX_PATH) {
        let Some(prefix) = path.get(..end) else { continue };
        if !joined.iter().any(|known| known == prefix) {
            joined.push(prefix.to_vec());
            new += 1;
        }
    }
    new
}
