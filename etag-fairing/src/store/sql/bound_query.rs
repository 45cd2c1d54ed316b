//! A statement that reads, with the values of its parameters.

use std::{borrow::Cow, sync::Arc};

use super::{Statement, parameter::Parameter};
use crate::schema::Value;

pub(crate) struct BoundQuery<'p, const N: usize> {
    pub(crate) text: Arc<str>,
    values: Values<'p, N>,
}

enum Values<'p, const N: usize> {
    Given([Parameter<'p>; N]),
    Built(Vec<Value>),
}

impl<'p, const N: usize> BoundQuery<'p, N> {
    /// A statement with a cached text, and the values of its parameters in order.
    pub(crate) fn given(text: Arc<str>, parameters: [impl Into<Parameter<'p>>; N]) -> Self {
        Self { text, values: Values::Given(parameters.map(Into::into)) }
    }

    /// A statement that was built for one use.
    pub(crate) fn built(statement: Statement) -> Self {
        Self { text: statement.text.into(), values: Values::Built(statement.values) }
    }

    /// A value for each of its parameters.
    pub(crate) fn values(&self) -> Cow<'_, [Parameter<'_>]> {
        match &self.values {
            Values::Given(given) => Cow::Borrowed(given),
            Values::Built(built) => built.iter().map(|value| value.as_ref().into()).collect(),
        }
    }
}
