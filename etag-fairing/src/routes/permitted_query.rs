//! The query of a URL, of what its caller may see.

use super::call::Call;
use super::permission::{ask_for_query, included, named_by};
use crate::error::Errors;
use crate::negotiate::asks_for_profile;
use crate::query::{CURSOR_PROFILE, Context, Parameters, Query, Target};
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
    let cursor_profile = asks_for_profile(call.request.headers().get("Accept"), CURSOR_PROFILE);
    let (registry, config) = (call.api.registry(), call.config());
    let unreadable = &call.hidden().members;
    let context = Context { resource, target, registry, config, cursor_profile, unreadable };
    let query = if call.api.state.behaviours.restrict(MemberAccess::Read) {
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
    Ok((parameters, query))
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
