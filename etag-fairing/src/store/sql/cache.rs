//! The texts of statements with a fixed shape. Each is built once.

use std::{collections::HashMap, sync::Arc};

use crate::schema::{Description, RelationshipId};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    One,
    OneLocked,
    #[cfg(feature = "postgres")]
    Lock,
    #[cfg(feature = "postgres")]
    LockLinks,
    #[cfg(feature = "postgres")]
    Owners,
    Collection,
    #[cfg(feature = "postgres")]
    CollectionTogether,
    #[cfg(feature = "postgres")]
    OneTogether,
    RelatedOne,
    RelatedPage,
    Count,
    CountRelated,
    CountLinks,
    Exists,
    Linkage,
    IncludeOne,
    IncludeMany,
    Insert,
    InsertWithId,
    #[cfg(feature = "postgres")]
    InsertRows,
    #[cfg(feature = "postgres")]
    InsertReturning,
    Update,
    #[cfg(feature = "postgres")]
    UpdateReturning,
    Delete,
    #[cfg(feature = "postgres")]
    DeleteReturning,
    Link,
    Members,
    Last,
    Place,
    AdoptPlaced,
    Unlink,
    UnlinkOthers,
    Adopt,
    Release,
    ReleaseOthers,
    Held,
    HeldOthers,
}

/// Everything that a statement's text depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    verb: Verb,
    /// The address of the description, which is a static and so has an address of its own.
    description: usize,
    relationship: Option<RelationshipId>,
    columns: Vec<bool>,
    variant: u64,
}

impl Shape {
    /// A statement about a resource.
    pub(crate) fn new(verb: Verb, description: &'static Description) -> Self {
        let description = std::ptr::from_ref(description) as usize;
        Self { verb, description, relationship: None, columns: Vec::new(), variant: 0 }
    }

    /// A statement about a relationship of the resource.
    pub(crate) fn relationship(mut self, relationship: RelationshipId) -> Self {
        self.relationship = Some(relationship);
        self
    }

    /// A statement that names only some columns.
    pub(crate) fn columns(mut self, columns: Vec<bool>) -> Self {
        self.columns = columns;
        self
    }

    /// One of several forms of the statement.
    pub(crate) fn variant(mut self, variant: u64) -> Self {
        self.variant = variant;
        self
    }
}

/// Texts by their shape. Their number is limited, since clients cause new shapes by sparse fieldsets
/// (JSON:API §7.4).
#[derive(Debug, Default)]
pub(crate) struct Texts(HashMap<Shape, Arc<str>>);

const LIMIT: usize = 1024;

impl Texts {
    /// Replaces the text of this shape.
    #[cfg(feature = "postgres")]
    pub(crate) fn replace(&mut self, shape: Shape, text: &str) {
        self.0.insert(shape, text.into());
    }

    /// The text of this shape. It is built now if it isn't in the cache.
    pub(crate) fn get<E>(
        &mut self,
        shape: Shape,
        build: impl FnOnce() -> Result<String, E>,
    ) -> Result<Arc<str>, E> {
        if let Some(text) = self.0.get(&shape) {
            return Ok(text.clone());
        }
        let text: Arc<str> = build()?.into();
        if self.0.len() >= LIMIT {
            self.0.clear();
        }
        self.0.insert(shape, text.clone());
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::TALKS;

    #[test]
    fn texts_are_built_once_and_bounded() {
        let mut texts = Texts::default();
        let shape = || Shape::new(Verb::One, &TALKS).columns(vec![true, false]);
        let first = texts.get(shape(), || Ok::<_, ()>("first".into())).unwrap();
        let second = texts.get(shape(), || Err(())).unwrap();
        assert_eq!((&*first, &*second), ("first", "first"));
        for relationship in (0..2 * LIMIT).map(RelationshipId::at) {
            let shape = Shape::new(Verb::Linkage, &TALKS).relationship(relationship);
            assert!(texts.get(shape, || Ok::<_, ()>(String::new())).is_ok());
        }
        assert!(texts.0.len() <= LIMIT);
    }
}
