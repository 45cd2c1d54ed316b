//! `filter[name]=x`, `filter[name][]=x`, `filter[name][operator]=x`, `filter[name][count][operator]=2`.

use super::Fault;
use super::compare::{FilterPath, count_operator};
use super::given::{FilterValue, Scalar};
use crate::plan::Filter;
use crate::schema::Description;
use crate::schema::unreadable::Unreadable;

/// Equal to the value, or to one of several with commas between.
pub(super) fn simple(
    resource: &'static Description,
    path: &str,
    value: &str,
    unreadable: &Unreadable,
) -> Result<Filter, Fault> {
    let target = FilterPath::follow(resource, path, unreadable)?;
    let operator = target.operator(if value.contains(',') { "in" } else { "eq" })?;
    target.compare(operator, &FilterValue::One(Scalar::Text(value)))
}

/// Equal to one of the values; commas in them are just commas.
pub(super) fn list(
    resource: &'static Description,
    path: &str,
    values: &[String],
    unreadable: &Unreadable,
) -> Result<Filter, Fault> {
    let target = FilterPath::follow(resource, path, unreadable)?;
    let operator = target.operator("in")?;
    target.compare(operator, &FilterValue::List(values.iter().map(|value| Scalar::Text(value)).collect()))
}

/// Compared by an operator.
pub(super) fn operator(
    resource: &'static Description,
    path: &str,
    operator: &str,
    value: &str,
    unreadable: &Unreadable,
) -> Result<Filter, Fault> {
    let target = FilterPath::follow(resource, path, unreadable)?;
    let operator = target.operator(operator)?;
    target.compare(operator, &FilterValue::One(Scalar::Text(value)))
}

/// The number of related resources, compared by an operator.
pub(super) fn count(
    resource: &'static Description,
    path: &str,
    operator: &str,
    value: &str,
    unreadable: &Unreadable,
) -> Result<Filter, Fault> {
    let target = FilterPath::follow(resource, path, unreadable)?;
    target.operator("count")?;
    target.count_is(count_operator(operator)?, &FilterValue::One(Scalar::Text(value)))
}
