//! The query of a URL, of what its caller may see.

use super::call::Call;
use super::permission::{ask_for_query, included};
use crate::error::Errors;
use crate::negotiate::asks_for_profile;
use crate::query::{CURSOR_PROFILE, Context, Parameters, Query, Target};
use crate::resource::Behaviour;
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
    let context = Context { resource, target, registry, config, cursor_profile };
    let query = Query::parse(&parameters, &context)?;
    let reached = ask_for_query(call, resource, &parameters, &query).await?;
    let asks = |behaviour: &Behaviour| behaviour.guards.has(Operation::List) || behaviour.hooks.is_some();
    if reached.iter().any(|reached| asks(call.behaviour_of(reached))) {
        call.must_ask_each_time();
    }
    call.ask_row_scopes(&reached).await?;
    call.ask_linkage(included(resource, &query)).await?;
    Ok((parameters, query))
}
