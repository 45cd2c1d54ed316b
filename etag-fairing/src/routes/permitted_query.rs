//! The query of a URL, of what its caller may see.

use super::call::Call;
use super::permission::{ask_for_query, included, named_by};
use crate::config::EtagConfig;
use crate::error::Errors;
use crate::negotiate::{Extensions, Profiles, asked_profiles};
use crate::query::{Context, ItemTags, Parameters, Query, Target};
use crate::resource::Behaviour;
use crate::resource::guard::MemberAccess;
use crate::schema::{Description, Operation};

/// What the URL's query asks for, from the resource that the URL gives.
///
/// # Errors
/// 400, with each parameter that this URL doesn't take; 403 for one that leads to what a guard forbids.
pub(super) async fn permitted_query(
    call: &Call<'_>,
    resource: &'static Description,
    target: Target,
) -> Result<(Parameters, Query), Errors> {
    let parameters = Parameters::parse(call.request.uri().query().map(|query| query.as_str()))?;
    let profiles = asked_profiles(call.fields.accept.iter(), Extensions::None);
    let cursor_profile = profiles.cursor_pagination;
    let (registry, config) = (call.api.registry(), call.config());
    let unreadable = &call.hidden().members;
    let context = Context { resource, target, registry, config, cursor_profile, unreadable };
    let mut query = if call.api.state.behaviours.restrict(MemberAccess::Read) {
        Box::pin(readable_query(call, &parameters, &context)).await?
    } else {
        Query::parse(&parameters, &context)?
    };
    let reached = ask_for_query(call, (resource, target), &parameters, &query).await?;
    let asks = |behaviour: &Behaviour| behaviour.guards.has(Operation::List) || behaviour.hooks.is_some();
    if reached.iter().any(|reached| asks(call.behaviour_of(reached))) {
        call.must_ask_each_time();
    }
    call.ask_row_scopes(&reached).await?;
    call.ask_linkage(included(resource, &query)).await?;
    query.item_tags = item_tags(call, resource, target, &query, profiles);
    Ok((parameters, query))
}

/// The same for a resource at its own URL. What a struct says of tags in documents doesn't count for the representation there
/// without parameters: that has its tag in `ETag`, and no representation can hold the digest of itself.
pub(super) async fn own_query(
    call: &Call<'_>,
    resource: &'static Description,
) -> Result<(Parameters, Query), Errors> {
    let (parameters, mut query) = permitted_query(call, resource, Target::Single).await?;
    if !query.changes_representation() {
        query.item_tags = None;
    }
    Ok((parameters, query))
}

/// Which resource objects of the document have their entity tag in `meta`; `None` where no resource that it may show has one.
fn item_tags(
    call: &Call<'_>,
    resource: &'static Description,
    target: Target,
    query: &Query,
    profiles: Profiles,
) -> Option<ItemTags> {
    if !profiles.concurrency && !call.api.registry().tags_items() {
        return None;
    }
    if !call.state::<EtagConfig>().is_some_and(|config| config.enabled) {
        return None;
    }
    let primary = match target {
        Target::Single | Target::Many | Target::InOrder => Some(resource),
        // Resource identifiers, or no document.
        Target::Linkage(_) | Target::Nothing => None,
    };
    let tags = if profiles.concurrency { ItemTags::All } else { ItemTags::Declared };
    primary.into_iter().chain(included(resource, query)).any(|shown| tags.cover(shown)).then_some(tags)
}

/// The query, which names no member that the caller may not read: such a one is refused as a name that no member has.
async fn readable_query(
    call: &Call<'_>,
    parameters: &Parameters,
    context: &Context<'_>,
) -> Result<Query, Errors> {
    let query = Query::parse(parameters, context);
    let named: Vec<&'static Description> = match &query {
        Ok(query) => named_by(context.resource, context.target, query),
        // What is wrong may be said of a member that the caller may not read.
        Err(_) => call.api.registry().resources().collect(),
    };
    let hides_more = call.guarded.ask_readers(call.request, &call.api.state.behaviours, &named).await?;
    if hides_more {
        Query::parse(parameters, &Context { unreadable: &call.hidden().members, ..*context })
    } else {
        query
    }
}
