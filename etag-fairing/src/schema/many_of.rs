//! Relationship fields that lead to many resources of several types.

use std::any::TypeId;
use std::{fmt, marker::PhantomData};

use super::{Among, ResourceId, Targets, ToMany};

/// A polymorphic to-many relationship: to any number of resources, each of one of several types.
///
/// `T` is a tuple of two to eight resources: `ToManyOf<(Photo, Video)>`. The linkage is in a join table
/// (`#[jsonapi(through = "…")]`) with a column for the owner's id, one for the type and one for the id of the related
/// resource (`<field>_type` and `<field>_id`, unless `type_column` and `target_column` say otherwise), as in Laravel's
/// `morphedByMany`. Each of the related resources may lead back over the same table.
///
/// ```no_run
/// # mod app {
/// # use etag_fairing::JsonApiResource;
/// use etag_fairing::{ToMany, ToManyOf};
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "tags")]
/// pub struct Tag {
///     #[jsonapi(id)]
///     id: i64,
///     #[jsonapi(relationship, through = "taggables")]
///     taggable: ToManyOf<(Photo, Video)>, // columns tag_id, taggable_type, taggable_id
/// }
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "photos")]
/// pub struct Photo {
///     #[jsonapi(id)]
///     id: i64,
///     #[jsonapi(relationship, through = "taggables", type_column = "taggable_type", owner_column = "taggable_id")]
///     tags: ToMany<Tag>,
/// }
/// # #[derive(JsonApiResource)] #[jsonapi(type = "videos")]
/// # pub struct Video { #[jsonapi(id)] id: i64 }
///
/// # fn main() {
/// # use etag_fairing::resource::ResourceId;
/// let tagged: ToManyOf<(Photo, Video)> = ToManyOf::empty().with(ToMany::<Photo>::to(vec![ResourceId::Integer(1)]));
/// assert_eq!(tagged.ids_of::<Photo>().map(|ids| ids.len()), Some(1));
/// assert_eq!(tagged.ids_of::<Video>().map(|ids| ids.len()), Some(0));
/// # }
/// # }
/// ```
pub struct ToManyOf<T> {
    /// The place of each related resource's type in the tuple, and its id.
    related: Option<Vec<(usize, ResourceId)>>,
    targets: PhantomData<fn() -> T>,
}

impl<T> ToManyOf<T> {
    /// A relationship to nothing.
    pub fn empty() -> Self {
        Self { related: Some(Vec::new()), targets: PhantomData }
    }

    /// A relationship whose linkage was not read.
    pub fn unread() -> Self {
        Self { related: None, targets: PhantomData }
    }

    /// The same, with these resources too. If the linkage of either was not read, neither is that of the outcome.
    #[must_use]
    pub fn with<R, const PLACE: usize>(mut self, related: ToMany<R>) -> Self
    where
        R: Among<T, PLACE>,
    {
        self.related = self.related.zip(related.ids()).map(|(mut known, ids)| {
            known.extend(ids.iter().map(|id| (PLACE, id.clone())));
            known
        });
        self
    }

    /// The related resources, each by the place of its type in the tuple, from 0 on, and its id; `None` if the linkage was
    /// not read.
    pub fn related(&self) -> Option<impl ExactSizeIterator<Item = (usize, &ResourceId)>> {
        self.related.as_ref().map(|related| related.iter().map(|(place, id)| (*place, id)))
    }

    /// The ids of those related resources that are of the type `R`; `None` if the linkage was not read, or if `R` is none of
    /// the types.
    pub fn ids_of<R: 'static>(&self) -> Option<Vec<&ResourceId>>
    where
        T: Targets,
    {
        let place = T::place_of(TypeId::of::<R>())?;
        let related = self.related.as_ref()?;
        Some(related.iter().filter(|(known, _)| *known == place).map(|(_, id)| id).collect())
    }

    /// The relationship to those related resources that are of the type `R`.
    pub fn to_many<R: 'static>(&self) -> ToMany<R>
    where
        T: Targets,
    {
        self.ids_of::<R>().map_or_else(ToMany::unread, |ids| ToMany::to(ids.into_iter().cloned().collect()))
    }

    pub(super) fn at(related: Option<Vec<(usize, ResourceId)>>) -> Self {
        Self { related, targets: PhantomData }
    }

    /// The ids of those whose type stands at this place of the tuple.
    pub(super) fn ids_at(&self, place: usize) -> Option<Vec<ResourceId>> {
        let related = self.related.as_ref()?;
        Some(related.iter().filter(|(known, _)| *known == place).map(|(_, id)| id.clone()).collect())
    }
}

// Implemented by hand, since a derive would demand the same traits of `T`, of which no value is stored.
impl<T> Clone for ToManyOf<T> {
    fn clone(&self) -> Self {
        Self::at(self.related.clone())
    }
}

impl<T> fmt::Debug for ToManyOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToManyOf").field(&self.related).finish()
    }
}

impl<T> Default for ToManyOf<T> {
    fn default() -> Self {
        Self::unread()
    }
}

impl<T> PartialEq for ToManyOf<T> {
    fn eq(&self, other: &Self) -> bool {
        self.related == other.related
    }
}
