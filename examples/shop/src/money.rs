//! [`Money`]: an exact amount that is never negative.

use etag_fairing::resource::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};
use rust_decimal::Decimal;

/// An amount of whole cents, zero or more. No document, no database and no code of the shop can make another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(Decimal);

impl Money {
    /// The amount, if it is one.
    fn of(amount: Decimal) -> Result<Self, Mismatch> {
        // 0.10 has two digits after the point, 0.1 has one, and 0.100 is the same amount.
        if amount >= Decimal::ZERO && amount.normalize().scale() <= 2 {
            Ok(Self(amount))
        } else {
            Err(Mismatch::new("an amount such as \"12.50\": not negative, and of whole cents"))
        }
    }

    /// So many cents.
    pub(crate) fn cents(cents: u32) -> Self {
        Self(Decimal::new(cents.into(), 2))
    }

    /// Both together; `None` if the sum has more than 28 digits.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left; `None` if it is not enough.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|left| *left >= Decimal::ZERO).map(Self)
    }

    /// So many times the amount; `None` if it has more than 28 digits.
    pub(crate) fn times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(count.into()).map(Self)
    }
}

impl AttributeType for Money {
    type Field = Self;

    const KIND: Kind = Decimal::KIND;

    fn from_json(json: &serde_json::Value) -> Result<Self, Mismatch> {
        Self::of(Decimal::from_json(json)?)
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        let amount = Decimal::from_value(value)?;
        Self::of(amount).map_err(|_| Corrupt::new(format!("{amount} is no amount of money")))
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Decimal::to_value(&field.0)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
