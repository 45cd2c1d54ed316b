//! [`Find`]: many resources of one type, by their members.

use std::fmt;
use std::marker::PhantomData;

use super::error::ApiError;
use super::write::WriteTransaction;
use super::{api_error, plan_of};
use crate::api::JsonApi;
use crate::plan::{
    Comparison, Fetched, Field, Filter, Listing, Member, Page, Plan, Root, Selection, SortKey,
};
use crate::resource::hooks::records_of;
use crate::resource::{Condition, JsonApiResource};
use crate::schema::member_path::{MemberPath, PathEnd, PathStep, PathSyntax};
use crate::schema::{Description, ResourceId};

/// Finds resources of one type. It comes from [`JsonApi::find`] or [`WriteTransaction::find`].
///
/// Conditions are written as those of [scopes](crate::resource::Scope), with [`member`](crate::resource::member). A name
/// that the resource doesn't have, or a value that its member can't have, is [`ApiError::Mistake`].
///
/// ```
/// # use etag_fairing::JsonApiResource;
/// use etag_fairing::JsonApi;
/// use etag_fairing::own::ApiError;
/// use etag_fairing::resource::member;
/// # #[derive(Clone, Debug, JsonApiResource)]
/// # #[jsonapi(type = "sessions")]
/// # struct Session { #[jsonapi(id)] id: i64, title: String, room: String }
///
/// async fn first_in_hall(api: &JsonApi) -> Result<Vec<Session>, ApiError> {
///     api.find().matching(member("room").equals("hall")).sorted_by("-title").limit(10).all().await
/// }
/// ```
#[must_use = "nothing is read before `all`, `first`, `ids` or `count` is awaited"]
pub struct Find<'a, T> {
    source: Source<'a>,
    conditions: Vec<Condition>,
    sort: Vec<String>,
    linkage: Vec<String>,
    offset: u64,
    limit: Option<u64>,
    resource: PhantomData<fn() -> T>,
}

/// Where the rows come from.
pub(super) enum Source<'a> {
    /// From one snapshot of what is committed.
    Store(&'a JsonApi),
    /// From a transaction, which locks what it finds.
    Transaction(&'a mut WriteTransaction),
}

impl<T> fmt::Debug for Find<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find").field("conditions", &self.conditions).finish_non_exhaustive()
    }
}

impl<'a, T: JsonApiResource> Find<'a, T> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            conditions: Vec::new(),
            sort: Vec::new(),
            linkage: Vec::new(),
            offset: 0,
            limit: None,
            resource: PhantomData,
        }
    }

    /// Only resources that meet this condition. Of several conditions all must be met.
    pub fn matching(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// In the order of a member: ascending, or descending with a `-` before its name. A path of to-one relationships may
    /// lead to it (`track.name`). Of several members the first one counts first; the id comes last. Nulls come after all
    /// values.
    pub fn sorted_by(mut self, member: impl Into<String>) -> Self {
        self.sort.push(member.into());
        self
    }

    /// Not the first ones, so many.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// So many at most. Without a limit, all are read.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// With the linkage of this to-many relationship, if documents don't show it anyway.
    pub fn with_linkage(mut self, relationship: impl Into<String>) -> Self {
        self.linkage.push(relationship.into());
        self
    }

    /// All of them, in order. In a transaction, their rows are locked.
    ///
    /// # Errors
    /// If the store fails, or if another program has stored a value that the struct cannot have.
    pub async fn all(self) -> Result<Vec<T>, ApiError> {
        let resource = T::description();
        let selection = self.selection()?;
        let listing = self.listing()?;
        let records = match self.source {
            Source::Store(api) => {
                let fetched = read(api, resource, listing, selection).await?;
                records_of(resource, &fetched).map_err(api_error(resource))?
            }
            Source::Transaction(transaction) => {
                let fetched = transaction.find_and_lock(resource, listing, selection).await?;
                let records = records_of(resource, &fetched).map_err(api_error(resource))?;
                transaction.remember::<T>(&records);
                records
            }
        };
        records.iter().map(|record| T::from_record(record).map_err(api_error(resource))).collect()
    }

    /// The first one, if there is any. In a transaction, its row is locked.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn first(self) -> Result<Option<T>, ApiError> {
        Ok(self.limit(1).all().await?.pop())
    }

    /// Their ids, in order. In a transaction too, nothing is locked.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn ids(self) -> Result<Vec<ResourceId>, ApiError> {
        let resource = T::description();
        let listing = self.listing()?;
        let fetched = self.read(listing).await?;
        ids_of(&fetched).map_err(api_error(resource))
    }

    /// How many there are, whatever the limit. In a transaction too, nothing is locked.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count(mut self) -> Result<u64, ApiError> {
        (self.offset, self.limit) = (0, Some(1));
        let listing = self.listing()?.counted();
        Ok(self.read(listing).await?.total.unwrap_or_default())
    }

    /// Whether there is any.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn exists(self) -> Result<bool, ApiError> {
        Ok(!self.limit(1).ids().await?.is_empty())
    }

    /// The ids alone.
    async fn read(self, listing: Listing) -> Result<Fetched, ApiError> {
        let resource = T::description();
        let selection = Selection::identifiers(resource);
        match self.source {
            Source::Store(api) => read(api, resource, listing, selection).await,
            Source::Transaction(transaction) => transaction.fetch(resource, listing, selection).await,
        }
    }

    fn listing(&self) -> Result<Listing, ApiError> {
        let resource = T::description();
        let filters = self.conditions.iter().map(|condition| condition.filter(resource));
        let mut filters = filters.collect::<Result<Vec<_>, _>>().map_err(ApiError::mistake)?;
        let filter = if filters.len() > 1 { Some(Filter::And(filters)) } else { filters.pop() };
        let sort = self.sort.iter().map(|name| sort_key(resource, name)).collect::<Result<_, _>>()?;
        let page = match (self.offset, self.limit) {
            (0, None) => Page::All,
            // The largest number that both databases take.
            (offset, limit) => {
                Page::Offset { offset, limit: limit.unwrap_or(MOST).min(MOST - offset.min(MOST)) }
            }
        };
        Ok(Listing::all().filtered(filter).sorted(sort).paged(page))
    }

    fn selection(&self) -> Result<Selection, ApiError> {
        let resource = T::description();
        self.linkage.iter().try_fold(Selection::whole(resource), |selection, name| {
            match resource.relationship(name) {
                Some((id, relationship)) if relationship.is_to_many() => Ok(selection.with_linkage(id)),
                _ => Err(ApiError::mistake(format_args!(
                    "{} has no to-many relationship {name:?}",
                    resource.type_name
                ))),
            }
        })
    }
}

/// More than any table has rows.
const MOST: u64 = i64::MAX.unsigned_abs() - 1;

async fn read(
    api: &JsonApi,
    resource: &'static Description,
    listing: Listing,
    selection: Selection,
) -> Result<Fetched, ApiError> {
    api.check_is_here(resource)?;
    let plan = plan_of(Root::Collection(listing), selection);
    api.store().fetch(&plan).await.map_err(ApiError::about(resource))
}

impl WriteTransaction {
    pub(super) async fn fetch(
        &mut self,
        resource: &'static Description,
        listing: Listing,
        selection: Selection,
    ) -> Result<Fetched, ApiError> {
        self.api.check_is_here(resource)?;
        let plan: Plan = plan_of(Root::Collection(listing), selection);
        self.transaction.fetch(&plan).await.map_err(ApiError::about(resource))
    }

    /// Finds rows, locks them, and reads what they are now. Those that have changed in between, so that they don't meet
    /// the condition any more, are left out.
    async fn find_and_lock(
        &mut self,
        resource: &'static Description,
        listing: Listing,
        selection: Selection,
    ) -> Result<Fetched, ApiError> {
        let found = self.fetch(resource, listing.clone(), selection.clone()).await?;
        let ids = ids_of(&found).map_err(api_error(resource))?;
        let must_read_again =
            self.transaction.lock(resource, &ids).await.map_err(ApiError::about(resource))?;
        if ids.is_empty() || !must_read_again {
            return Ok(found);
        }
        let these = Filter::Compare {
            member: Member { path: Vec::new(), field: Field::Id },
            comparison: Comparison::In(ids.iter().map(ResourceId::to_value).collect()),
        };
        let filter = match listing.filter {
            Some(filter) => Filter::And(vec![these, filter]),
            None => these,
        };
        self.fetch(resource, Listing::all().filtered(filter).sorted(listing.sort), selection).await
    }
}

fn ids_of(fetched: &Fetched) -> Result<Vec<ResourceId>, crate::schema::Corrupt> {
    fetched.rows.iter().map(crate::schema::Row::resource_id).collect()
}

fn sort_key(resource: &'static Description, name: &str) -> Result<SortKey, ApiError> {
    let (descending, path) = match name.strip_prefix('-') {
        Some(path) => (true, path),
        None => (false, name),
    };
    let wrong =
        |why: &str| ApiError::mistake(format_args!("{} is sorted by {path:?}, {why}", resource.type_name));
    let path = MemberPath::follow(resource, path, PathSyntax::Application, usize::MAX)
        .map_err(|_| wrong("which is none of its members"))?;
    if path.steps.iter().any(PathStep::is_to_many) {
        return Err(wrong("which leads over many"));
    }
    if !path.inside.is_empty() {
        return Err(wrong("which is inside of JSON"));
    }
    let field = match path.end {
        PathEnd::Id => Field::Id,
        PathEnd::Attribute(id, _) => Field::Attribute(id),
        PathEnd::Relationship(id, relationship) if !relationship.is_to_many() => Field::ToOne(id),
        PathEnd::Relationship(..) => return Err(wrong("which leads to many")),
        PathEnd::OneOf(_) => return Err(wrong("which leads to several types: name one behind it")),
    };
    Ok(SortKey { member: Member::at(path.relationship_ids(), field), descending })
}
