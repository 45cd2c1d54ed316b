//! Where pages far in have ended, so that those that follow begin there.
//!
//! To skip rows a database reads them. Whoever goes through a long list by page number has it read once more with each page. The
//! end of a page is a place in the order, and what lies behind that is found by an index. It is only of use while the tables
//! are as they were: the revision says so.
//!
//! The memory is small, whatever clients ask for: so many places, each no larger than so much. Who is pushed out of it by
//! others reads by number, as if there were none.

use std::sync::{Mutex, PoisonError};

use crate::plan::{Place, Revision};
use crate::schema::{RelationshipId, ResourceId, Value};

/// How many places are remembered.
const MOST: usize = 256;

/// The largest key, in bytes, and the largest place.
const LARGEST: usize = 2048;

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListRef<'a> {
    /// The resource by the address of its description, and the relationship.
    pub(crate) source: (usize, Option<RelationshipId>),
    /// The path below which the resource is mounted: each may have a store of its own.
    pub(crate) base: &'a str,
    /// What else decides about the place.
    pub(crate) key: &'a [u8],
}

/// The places.
#[derive(Debug, Default)]
pub(crate) struct PageEnds(Mutex<Ends>);

#[derive(Debug, Default)]
struct Ends {
    known: Vec<End>,
    /// Which one the next takes the place of.
    oldest: usize,
}

#[derive(Debug)]
struct End {
    source: (usize, Option<RelationshipId>),
    base: Box<str>,
    key: Box<[u8]>,
    /// It was read before the rows.
    revision: Revision,
    place: Place,
}

impl End {
    fn is_of(&self, list: &ListRef<'_>) -> bool {
        self.source == list.source && *self.key == *list.key && *self.base == *list.base
    }
}

impl PageEnds {
    /// The place, if it is that of this revision.
    pub(crate) fn find(&self, list: &ListRef<'_>, revision: Revision) -> Option<Place> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = ends.known.iter().find(|end| end.revision == revision && end.is_of(list))?;
        Some(end.place.clone())
    }

    /// Remembers a place in the stead of the oldest one, or of that of an earlier revision.
    pub(crate) fn remember(&self, list: &ListRef<'_>, revision: Revision, place: Place) {
        if list.key.len() + list.base.len() > LARGEST || size(&place) > LARGEST {
            return;
        }
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ends { known, oldest } = &mut *ends;
        if let Some(end) = known.iter_mut().find(|end| end.is_of(list)) {
            (end.revision, end.place) = (revision, place);
            return;
        }
        let end = End { source: list.source, base: list.base.into(), key: list.key.into(), revision, place };
        if known.len() < MOST {
            known.push(end);
        } else if let Some(replaced) = known.get_mut(*oldest) {
            *replaced = end;
            *oldest = (*oldest + 1) % MOST;
        }
    }
}

/// The bytes of texts in it.
fn size(place: &Place) -> usize {
    let of_value = |value: &Value| match value {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => 0,
    };
    let of_id = match &place.id {
        ResourceId::Integer(_) => 0,
        id => of_value(&id.to_value()),
    };
    of_id + place.keys.iter().map(of_value).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        Place { keys: vec![Value::Text(text.into())], id: ResourceId::Integer(1) }
    }

    fn list<'a>(base: &'a str, key: &'a [u8]) -> ListRef<'a> {
        ListRef { source: (1, None), base, key }
    }

    #[test]
    fn a_place_is_that_of_its_list_and_its_revision() {
        let ends = PageEnds::default();
        let (first, second) = (Revision::new(1), Revision::new(2));
        ends.remember(&list("/", b"a"), first, place("x"));
        assert_eq!(ends.find(&list("/", b"a"), first), Some(place("x")));
        assert_eq!(ends.find(&list("/", b"a"), second), None);
        assert_eq!(ends.find(&list("/", b"b"), first), None);
        assert_eq!(ends.find(&list("/v2", b"a"), first), None);
        assert_eq!(ends.find(&ListRef { source: (2, None), ..list("/", b"a") }, first), None);
        ends.remember(&list("/", b"a"), second, place("y"));
        assert_eq!(ends.find(&list("/", b"a"), first), None);
        assert_eq!(ends.find(&list("/", b"a"), second), Some(place("y")));
    }

    #[test]
    fn whatever_is_asked_for_it_stays_small() {
        let (ends, revision) = (PageEnds::default(), Revision::new(1));
        for number in 0..10_000_u32 {
            ends.remember(&list("/", &number.to_be_bytes()), revision, place("x"));
        }
        let known = |ends: &PageEnds| ends.0.lock().expect("no panic").known.len();
        assert_eq!(known(&ends), MOST);
        assert!(ends.find(&list("/", &9_999_u32.to_be_bytes()), revision).is_some());
        let large = "x".repeat(LARGEST + 1);
        ends.remember(&list("/", b"large"), revision, place(&large));
        ends.remember(&list("/", large.as_bytes()), revision, place("x"));
        assert!(ends.find(&list("/", b"large"), revision).is_none());
        assert!(ends.find(&list("/", large.as_bytes()), revision).is_none());
    }
}
