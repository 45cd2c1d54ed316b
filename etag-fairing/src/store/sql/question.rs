//! A statement that reads what somebody sees, with its values.

use std::{borrow::Cow, sync::Arc};

use super::Statement;
use crate::resource::{Value, ValueRef};

/// A statement that reads, with its values.
pub(crate) struct Question<'p, const N: usize> {
    pub(crate) text: Arc<str>,
    values: Values<'p, N>,
}

enum Values<'p, const N: usize> {
    Given([ValueRef<'p>; N]),
    Built(Vec<Value>),
}

impl<'p, const N: usize> Question<'p, N> {
    /// A text of fixed shape, and what it takes, in order.
    pub(crate) fn given(text: Arc<str>, parameters: [ValueRef<'p>; N]) -> Self {
        Self { text, values: Values::Given(parameters) }
    }

    /// A statement that was built for this once.
    pub(crate) fn built(statement: Statement) -> Self {
        Self { text: statement.text.into(), values: Values::Built(statement.values) }
    }

    /// A value for each of its parameters.
    pub(crate) fn values(&self) -> Cow<'_, [ValueRef<'_>]> {
        match &self.values {
            Values::Given(given) => Cow::Borrowed(given),
            Values::Built(built) => built.iter().map(Value::as_ref).collect(),
        }
    }
}
