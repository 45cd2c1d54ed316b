//! Which positions the members of an ordered relationship get, so that as few rows as possible are written.
//!
//! A position is a number in a column. Positions need not be consecutive: a member that leaves leaves a gap. A member
//! without a position comes last, and members with equal positions are in ascending order of ids.

use std::collections::{HashMap, HashSet};

use crate::schema::ResourceId;

/// The linkage of one owner in a relationship that keeps its order by positions
/// ([`Relationship::order`](crate::schema::Relationship::order)), as a store finds it. It says which positions a change
/// gives.
///
/// ```
/// use etag_fairing::{resource::ResourceId, store::Arrangement};
///
/// let id = ResourceId::Integer;
/// let members = vec![(id(1), Some(10)), (id(2), Some(20)), (id(3), Some(30))];
/// let stored = Arrangement { members, hidden: vec![15] };
/// assert_eq!(stored.replaced(&[id(1), id(3), id(2)]), [(id(3), 11)]);
/// assert_eq!(stored.appended(&[id(4)]), [(id(4), 31)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The members that the caller sees, in their order, each with its position.
    pub members: Vec<(ResourceId, Option<i64>)>,
    /// The positions of the members that the caller does not see. They keep them.
    pub hidden: Vec<i64>,
}

/// A member that gets another position than it has, or its first one.
#[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
pub(crate) type ArrangedAt = (ResourceId, i64);

impl Arrangement {
    fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.members.iter().map(|(id, _)| id)
    }

    fn positions(&self) -> impl Iterator<Item = i64> {
        self.members.iter().filter_map(|(_, position)| *position).chain(self.hidden.iter().copied())
    }

    /// Positions that are neither taken nor among these: behind the last one, or before the first one if there is no room.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn aside(&self, wanted: &[i64]) -> impl Iterator<Item = i64> {
        let taken = || self.positions().chain(wanted.iter().copied()).map(i128::from);
        let (first, last) = (taken().min().unwrap_or(0), taken().max().unwrap_or(0));
        let steps = if is_full(last, wanted.len(), 0) { -1 } else { 1 };
        let start = if steps < 0 { first } else { last };
        (1..).map(move |step| narrowed(start + steps * step))
    }

    /// The positions of these members, each named once, which become all that the caller sees, in this order. It places as few of them
    /// as possible, and no list grows beyond what it needs: new positions are the gaps that there are, and numbers after
    /// the last one only if there are too few.
    pub fn replaced(&self, wanted: &[ResourceId]) -> Vec<(ResourceId, i64)> {
        if self.ids().eq(wanted) {
            return Vec::new();
        }
        let slots = Slots::of(self, wanted.len());
        let known: HashMap<&ResourceId, i64> =
            self.members.iter().filter_map(|(id, position)| Some((id, (*position)?))).collect();
        // A member can keep its position if there is a slot for each one before it and each one after it. Of two that
        // keep theirs, there must be enough slots between: the rank, less the place in the list, must not fall.
        let spare = slots.number - count(wanted.len());
        let ranks: Vec<Option<i128>> = (0..)
            .zip(wanted)
            .map(|(place, id)| {
                let lead = slots.rank(*known.get(id)?)? - place;
                (0..=spare).contains(&lead).then_some(lead)
            })
            .collect();
        let kept = longest_rising(&ranks);
        let mut placed = Vec::new();
        let mut next = 0;
        for ((place, id), (lead, kept)) in (0_i128..).zip(wanted).zip(ranks.iter().zip(kept)) {
            let rank = match lead {
                Some(lead) if kept => place + lead,
                _ => next,
            };
            next = rank + 1;
            let position = slots.position(rank);
            if known.get(id) != Some(&position) {
                placed.push((id.clone(), position));
            }
        }
        placed
    }

    /// The position after the last one; `None` if there may be no room for it.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn next(last: Option<i64>) -> Option<i64> {
        let last = last.unwrap_or(0);
        (!is_full(i128::from(last), 1, 0)).then(|| last.saturating_add(1))
    }

    /// The positions of new members, after all that there are. Members without a position get one before them, so that
    /// they stay before them.
    pub fn appended(&self, new: &[ResourceId]) -> Vec<(ResourceId, i64)> {
        if new.is_empty() {
            return Vec::new();
        }
        let placeless = self.members.iter().filter(|(_, position)| position.is_none()).map(|(id, _)| id);
        let added: Vec<&ResourceId> = placeless.chain(new).collect();
        let last = self.positions().max().map_or(0, i128::from);
        if !is_full(last, added.len(), self.members.len() + new.len()) {
            let positions = (last + 1..).map(narrowed);
            return added.into_iter().cloned().zip(positions).collect();
        }
        let all: Vec<ResourceId> = self.ids().chain(new).cloned().collect();
        self.replaced(&all)
    }
}

/// The positions that the members which the caller sees may have: those of no hidden member, in ascending order.
struct Slots {
    first: i128,
    /// The positions of the hidden members from `first` on, in ascending order, each once.
    hidden: Vec<i128>,
    number: i128,
}

impl Slots {
    fn of(stored: &Arrangement, wanted: usize) -> Self {
        // A list begins with 1, or where it began.
        let first = stored.positions().min().map_or(1, |least| i128::from(least).min(1));
        let mut hidden: Vec<i128> = stored.hidden.iter().map(|position| i128::from(*position)).collect();
        hidden.sort_unstable();
        hidden.dedup();
        let last = stored.positions().max().map_or(0, i128::from);
        let slots = Self { first, hidden, number: 0 };
        let needed = count(wanted);
        let number = slots.rank_before(last + 1);
        Self { number: number.max(needed), ..slots }
    }

    fn rank_before(&self, position: i128) -> i128 {
        let hidden = self.hidden.partition_point(|hidden| *hidden < position);
        position - self.first - count(hidden)
    }

    /// How many slots are before a position; `None` if it is no slot.
    fn rank(&self, position: i64) -> Option<i128> {
        let position = i128::from(position);
        self.hidden.binary_search(&position).is_err().then(|| self.rank_before(position))
    }

    /// The slot that has so many before it.
    fn position(&self, rank: i128) -> i64 {
        let mut position = self.first + rank;
        for hidden in &self.hidden {
            if *hidden > position {
                break;
            }
            position += 1;
        }
        narrowed(position)
    }
}

fn count(number: usize) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}

fn narrowed(position: i128) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// Whether so many more members may not fit behind the last position, whose column may be as narrow as it allows. If the
/// list is short enough for lower numbers, it gets them.
fn is_full(last: i128, more: usize, all: usize) -> bool {
    let widths = [i128::from(i16::MAX), i128::from(i32::MAX), i128::from(i64::MAX)];
    let width = widths.into_iter().find(|most| last <= *most).unwrap_or(i128::from(i64::MAX));
    last + count(more) > width && count(all) <= width / 2
}

/// Marks the members of a longest subsequence that does not fall.
fn longest_rising(values: &[Option<i128>]) -> Vec<bool> {
    // For each length, the index of the lowest value that ends a subsequence of this length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; values.len()];
    let value = |index: usize| values.get(index).copied().flatten();
    for (index, slot) in before.iter_mut().enumerate() {
        let Some(here) = value(index) else { continue };
        let length = ends.partition_point(|end| value(*end).is_some_and(|end| end <= here));
        *slot = length.checked_sub(1).and_then(|last| ends.get(last).copied());
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut kept = vec![false; values.len()];
    let mut at = ends.last().copied();
    while let Some(index) = at {
        if let Some(kept) = kept.get_mut(index) {
            *kept = true;
        }
        at = before.get(index).copied().flatten();
    }
    kept
}

/// The ids, each once, where it stands first.
pub(crate) fn each_once(ids: &[ResourceId]) -> Vec<ResourceId> {
    let mut seen = HashSet::new();
    ids.iter().filter(|id| seen.insert(*id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(numbers: &[i64]) -> Vec<ResourceId> {
        numbers.iter().copied().map(ResourceId::Integer).collect()
    }

    fn stored(members: &[(i64, Option<i64>)], hidden: &[i64]) -> Arrangement {
        let mut members: Vec<(ResourceId, Option<i64>)> =
            members.iter().map(|(id, position)| (ResourceId::Integer(*id), *position)).collect();
        members.sort_by_key(|(id, position)| (position.is_none(), *position, id.clone()));
        Arrangement { members, hidden: hidden.to_vec() }
    }

    fn placed(placed: &[ArrangedAt]) -> Vec<(i64, i64)> {
        let number = |id: &ResourceId| match id {
            ResourceId::Integer(id) => *id,
            other => panic!("{other} is no number"),
        };
        placed.iter().map(|(id, position)| (number(id), *position)).collect()
    }

    #[test]
    fn as_few_as_possible_are_placed() {
        let three = [(1, Some(1)), (2, Some(2)), (3, Some(3))];
        for (members, hidden, wanted, expected) in [
            (&[][..], &[][..], &[7, 5][..], &[(7, 1), (5, 2)][..]),
            (&three, &[], &[1, 2, 3], &[]),
            (&three, &[], &[3, 1, 2], &[(3, 1), (1, 2), (2, 3)]),
            (&three, &[], &[1, 3], &[]),
            (&three, &[], &[3, 1], &[(3, 1), (1, 2)]),
            (&three, &[], &[1, 2, 3, 4], &[(4, 4)]),
            (&three, &[], &[1, 4, 3], &[(4, 2)]),
            (&three, &[], &[], &[]),
            // What begins with 0 goes on so, and gaps are used.
            (&[(1, Some(0)), (2, Some(1))], &[], &[2, 1], &[(2, 0), (1, 1)]),
            (&[(1, Some(10)), (2, Some(20)), (3, Some(30))], &[], &[3, 1, 2], &[(3, 1)]),
            (&[(1, Some(10)), (2, Some(20)), (3, Some(30))], &[], &[1, 3, 2], &[(3, 11)]),
            // The hidden one between them stays between them.
            (&[(1, Some(1)), (3, Some(3))], &[2], &[3, 1], &[(3, 1), (1, 3)]),
            (&[(1, Some(1)), (3, Some(3))], &[2], &[1, 4, 3], &[(4, 3), (3, 4)]),
            // Without positions, and with equal ones.
            (&[(1, None), (2, None)], &[], &[1, 2], &[]),
            (&[(1, None), (2, None)], &[], &[2, 1], &[(2, 1), (1, 2)]),
            (&[(1, Some(5)), (2, Some(5))], &[], &[2, 1], &[(2, 1)]),
            // The highest number there is.
            (&[(1, Some(1)), (2, Some(i64::MAX))], &[], &[1, 2, 3], &[(2, 2), (3, 3)]),
            (&[(1, Some(i64::MIN)), (2, Some(i64::MAX))], &[], &[2, 1], &[(2, i64::MIN), (1, i64::MIN + 1)]),
        ] {
            let found = stored(members, hidden).replaced(&ids(wanted));
            assert_eq!(placed(&found), expected, "{members:?} {hidden:?} {wanted:?}");
        }
    }

    #[test]
    fn what_is_added_comes_last() {
        for (members, hidden, new, expected) in [
            (&[][..], &[][..], &[7, 5][..], &[(7, 1), (5, 2)][..]),
            (&[(1, Some(4))], &[], &[2], &[(2, 5)]),
            (&[(1, Some(4))], &[9], &[2], &[(2, 10)]),
            (&[(1, Some(4)), (2, None), (3, None)], &[], &[5], &[(2, 5), (3, 6), (5, 7)]),
            (&[(1, Some(i64::from(i32::MAX)))], &[], &[2], &[(1, 1), (2, 2)]),
            (&[(1, Some(i64::from(i16::MAX)))], &[], &[2], &[(1, 1), (2, 2)]),
            (&[(1, Some(4)), (2, None)], &[], &[], &[]),
        ] {
            let found = stored(members, hidden).appended(&ids(new));
            assert_eq!(placed(&found), expected, "{members:?} {hidden:?} {new:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_the_one_that_is_wanted(
            positions in prop::collection::vec(prop::option::weighted(0.9, -3_i64..12), 0..8),
            hidden in prop::collection::btree_set(-3_i64..12, 0..4),
            wanted in Just((0_i64..10).collect::<Vec<_>>()).prop_shuffle(),
            number in 0_usize..10,
        ) {
            let hidden: Vec<i64> = hidden.into_iter().collect();
            let members: Vec<(i64, Option<i64>)> = (0_i64..).zip(positions).collect();
            let stored = stored(&members, &hidden);
            let wanted = ids(&wanted[..number]);
            let placed = stored.replaced(&wanted);
            let mut after: HashMap<ResourceId, Option<i64>> = stored.members.iter().cloned().collect();
            after.retain(|id, _| wanted.contains(id));
            for (id, position) in &placed {
                prop_assert!(wanted.contains(id) && after.get(id) != Some(&Some(*position)));
                after.insert(id.clone(), Some(*position));
            }
            let mut order: Vec<_> = wanted.iter().map(|id| (after[id], id.clone())).collect();
            order.sort_by_key(|(position, id)| (position.is_none(), *position, id.clone()));
            let order: Vec<ResourceId> = order.into_iter().map(|(_, id)| id).collect();
            prop_assert_eq!(&order, &wanted);
            // Each is at a place of its own, unless nothing was to be written.
            if !placed.is_empty() && !wanted.is_empty() {
                let mut taken: Vec<Option<i64>> = after.values().copied().collect();
                taken.sort_unstable();
                taken.dedup();
                prop_assert!(!stored.ids().eq(&wanted) && taken.len() == wanted.len());
                prop_assert!(placed.iter().all(|(_, position)| !hidden.contains(position)));
            }
        }
    }
}
