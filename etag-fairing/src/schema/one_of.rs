//! Relationship fields that may lead to resources of several types.

use std::any::TypeId;
use std::{fmt, marker::PhantomData};

use super::{ResourceId, ToOne};

/// A polymorphic to-one relationship: to one resource of one of several types, or to nothing.
///
/// `T` is a tuple of two to eight resources: `ToOneOf<(Photo, Video)>`. The owner's table has a column for the id
/// (`<field>_id` unless `#[jsonapi(column = "…")]` says otherwise) and one for the type (`<field>_type`, or
/// `#[jsonapi(type_column = "…")]`), as in Rails, Django and Laravel.
///
/// ```no_run
/// # mod app {
/// # use etag_fairing::{JsonApiResource, ToMany};
/// # #[derive(JsonApiResource)] #[jsonapi(type = "videos")]
/// # pub struct Video { #[jsonapi(id)] id: i64 }
/// use etag_fairing::{ToOne, ToOneOf};
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "photos")]
/// pub struct Photo {
///     #[jsonapi(id)]
///     id: i64,
///     #[jsonapi(relationship, inverse = "subject")]
///     comments: ToMany<Comment>,
/// }
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "comments")]
/// pub struct Comment {
///     #[jsonapi(id)]
///     id: i64,
///     #[jsonapi(relationship)]
///     subject: ToOneOf<(Photo, Video)>, // columns subject_type, subject_id
/// }
///
/// # fn main() {
/// # let id = etag_fairing::resource::ResourceId::Integer(1);
/// let subject: ToOneOf<(Photo, Video)> = ToOneOf::of(ToOne::<Photo>::to(id));
/// assert!(subject.id_of::<Photo>().is_some() && subject.id_of::<Video>().is_none());
/// # }
/// # }
/// ```
pub struct ToOneOf<T> {
    related: Option<(usize, ResourceId)>,
    targets: PhantomData<fn() -> T>,
}

/// A tuple of two to eight resources that a [`ToOneOf`] may lead to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of two to eight resources",
    label = "write the types of a polymorphic relationship as a tuple: `ToOneOf<(Photo, Video)>`"
)]
pub trait Targets: 'static {
    /// Where a type stands in the tuple.
    #[doc(hidden)]
    fn place_of(target: TypeId) -> Option<usize>;
}

/// A resource that is one of the tuple `T`, at this place.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is none of the resources `{T}` that the relationship may lead to",
    label = "the types of a `ToOneOf` stand in its tuple"
)]
pub trait Among<T, const PLACE: usize> {}

impl<T> ToOneOf<T> {
    /// A relationship to this resource, or to nothing if this is empty.
    pub fn of<R, const PLACE: usize>(related: ToOne<R>) -> Self
    where
        R: Among<T, PLACE>,
    {
        Self { related: related.id().map(|id| (PLACE, id.clone())), targets: PhantomData }
    }

    /// An empty relationship.
    pub fn empty() -> Self {
        Self { related: None, targets: PhantomData }
    }

    /// The id of the related resource, of whichever type, if there is one.
    pub fn id(&self) -> Option<&ResourceId> {
        self.related.as_ref().map(|(_, id)| id)
    }

    /// The place of the related resource's type in the tuple, from 0 on.
    pub fn place(&self) -> Option<usize> {
        self.related.as_ref().map(|(place, _)| *place)
    }

    /// The id of the related resource, if it is an `R`.
    pub fn id_of<R: 'static>(&self) -> Option<&ResourceId>
    where
        T: Targets,
    {
        let place = T::place_of(TypeId::of::<R>())?;
        self.related.as_ref().filter(|(known, _)| *known == place).map(|(_, id)| id)
    }

    /// The relationship, if the related resource is an `R`.
    pub fn to_one<R: 'static>(&self) -> Option<ToOne<R>>
    where
        T: Targets,
    {
        self.id_of::<R>().map(|id| ToOne::to(id.clone()))
    }

    pub(super) fn at(related: Option<(usize, ResourceId)>) -> Self {
        Self { related, targets: PhantomData }
    }
}

// Implemented by hand, since a derive would demand the same traits of `T`, of which no value is stored.
impl<T> Clone for ToOneOf<T> {
    fn clone(&self) -> Self {
        Self::at(self.related.clone())
    }
}

impl<T> fmt::Debug for ToOneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToOneOf").field(&self.related).finish()
    }
}

impl<T> Default for ToOneOf<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T> PartialEq for ToOneOf<T> {
    fn eq(&self, other: &Self) -> bool {
        self.related == other.related
    }
}

macro_rules! tuple {
    ($($name:ident),+) => {
        impl<$($name: 'static),+> Targets for ($($name,)+) {
            fn place_of(target: TypeId) -> Option<usize> {
                [$(TypeId::of::<$name>()),+].iter().position(|known| *known == target)
            }
        }
    };
}

tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
tuple!(A, B, C, D, E, F, G);
tuple!(A, B, C, D, E, F, G, H);

macro_rules! among {
    ($tuple:tt: $($name:ident $place:literal),+) => {
        $(among!(@ $tuple, $name, $place);)+
    };
    (@ ($($all:ident),+), $name:ident, $place:literal) => {
        impl<$($all),+> Among<($($all,)+), $place> for $name {}
    };
}

among!((A, B): A 0, B 1);
among!((A, B, C): A 0, B 1, C 2);
among!((A, B, C, D): A 0, B 1, C 2, D 3);
among!((A, B, C, D, E): A 0, B 1, C 2, D 3, E 4);
among!((A, B, C, D, E, F): A 0, B 1, C 2, D 3, E 4, F 5);
among!((A, B, C, D, E, F, G): A 0, B 1, C 2, D 3, E 4, F 5, G 6);
among!((A, B, C, D, E, F, G, H): A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
