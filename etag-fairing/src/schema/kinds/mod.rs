//! The kinds of attributes, one file for each: what depends on the kind, and the Rust types of this kind.
//!
//! A new kind needs a variant of [`Kind`], a file here, and a line in [`Kind::traits`].

mod array;
mod boolean;
mod bytes;
mod decimal;
mod duration;
mod float;
mod integer;
mod json;
mod text;
mod times;
mod uuid;

pub use array::ArrayElement;
use array::Nulls;
pub(super) use bytes::BASE64;
pub use decimal::Number;
pub use duration::{InMilliseconds, InSeconds};
pub use json::Json;
pub(crate) use text::TEXT_PATTERN;
pub use text::Text;

#[cfg(feature = "sqlite")]
use super::kind::ColumnTypes;
#[cfg(feature = "postgres")]
use super::kind::PostgresColumn;
use super::kind::{KindTraits, Operators, ValueType};
use super::{Corrupt, Element, Kind, Value, ValueRef};

impl Kind {
    /// All that depends on a kind. No other function matches kinds for that.
    fn traits(self) -> &'static KindTraits {
        match self {
            Self::Bool => &boolean::TRAITS,
            Self::Integer => &integer::TRAITS,
            Self::Float => &float::TRAITS,
            Self::Text => &text::TRAITS,
            Self::Timestamp => &times::TIMESTAMP,
            Self::DateTime => &times::DATE_TIME,
            Self::Date => &times::DATE,
            Self::Time => &times::TIME,
            Self::Uuid => &uuid::TRAITS,
            Self::Json => &json::TRAITS,
            Self::Decimal => &decimal::TEXT,
            Self::DecimalNumber => &decimal::NUMBER,
            Self::Bytes => &bytes::TRAITS,
            Self::Duration => &duration::TRAITS,
            Self::Seconds => &duration::SECONDS,
            Self::Milliseconds => &duration::MILLISECONDS,
            Self::Array(element) => array::traits_of(element, Nulls::Never),
            Self::ArrayWithNulls(element) => array::traits_of(element, Nulls::Maybe),
        }
    }

    /// Writes a stored value as the JSON of this kind.
    ///
    /// # Errors
    /// If the value is not of this kind.
    pub(crate) fn write(self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if value.is_null() {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        (self.traits().write)(value, out)
    }

    /// What its values are in documents, as a JSON Schema; null is not in it.
    pub(crate) fn json_schema(self) -> serde_json::Value {
        (self.traits().json_schema)()
    }

    /// The variant of [`Value`] that its values have.
    pub(crate) fn value_type(self) -> ValueType {
        self.traits().value
    }

    /// The kind that represents all kinds whose values can be compared with each other; `None` if comparing
    /// its values is meaningless.
    pub(crate) fn family(self) -> Option<Self> {
        self.traits().family
    }

    /// The filter operators that it takes.
    pub(crate) fn operators(self) -> Operators {
        self.traits().operators
    }

    /// Whether equal values always have the same [`Value`].
    pub(crate) fn has_one_form(self) -> bool {
        self.traits().has_one_form
    }

    /// The value of an attribute that must not be null and that got no value.
    pub(crate) fn empty(self) -> Value {
        self.traits().empty.to_owned()
    }

    /// Whether a text is in the form in which the crate itself writes a value of this kind.
    pub(crate) fn is_canonical(self, text: &str) -> bool {
        (self.traits().is_canonical)(text)
    }

    /// Whether its values are times.
    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Self::Timestamp | Self::DateTime | Self::Date | Self::Time)
    }

    /// Whether its values are whole numbers of 64 bits, and its columns hold them as they are.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Integer | Self::Seconds | Self::Milliseconds)
    }

    /// Whether its values are exact decimal numbers.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) const fn is_decimal(self) -> bool {
        matches!(self, Self::Decimal | Self::DecimalNumber)
    }

    /// What its elements are, if it is a list.
    pub(crate) const fn element(self) -> Option<Element> {
        match self {
            Self::Array(element) | Self::ArrayWithNulls(element) => Some(element),
            _ => None,
        }
    }

    /// Whether its values are lists in which elements may be null.
    pub(crate) const fn has_nulls(self) -> bool {
        matches!(self, Self::ArrayWithNulls(_))
    }

    /// Its column types in SQLite.
    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite(self) -> &'static ColumnTypes {
        &self.traits().sqlite
    }

    /// Its column types in PostgreSQL.
    #[cfg(feature = "postgres")]
    pub(crate) fn postgres(self) -> &'static PostgresColumn {
        &self.traits().postgres
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::json_text::write_string;

    fn written(kind: Kind, value: ValueRef<'_>) -> Result<String, Corrupt> {
        let mut out = Vec::new();
        kind.write(value, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_lose_the_zeros_of_their_fraction() {
        let timestamp = |text| written(Kind::Timestamp, ValueRef::Text(text)).unwrap();
        assert_eq!(timestamp("2018-03-24T05:30:00.000000Z"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:00.120000Z"), r#""2018-03-24T05:30:00.12Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:10.000000Z"), r#""2018-03-24T05:30:10Z""#);
        assert_eq!(timestamp("2018-03-24 05:30:00"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:00Z"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2024-02-29T23:59:59Z"), r#""2024-02-29T23:59:59Z""#);
        for never in
            ["2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z"]
        {
            assert!(written(Kind::Timestamp, ValueRef::Text(never)).is_err(), "{never}");
        }
        assert_eq!(timestamp("2018-03-24T13:30:00+08:00"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(written(Kind::Time, ValueRef::Text("00:00:00.000000")).unwrap(), r#""00:00:00""#);
        assert!(written(Kind::Timestamp, ValueRef::Text("yesterday")).is_err());
    }

    #[test]
    fn stored_data_of_another_kind_is_an_error() {
        assert!(written(Kind::Integer, ValueRef::Text("1")).is_err());
        assert!(written(Kind::Bool, ValueRef::Integer(2)).is_err());
        assert!(written(Kind::Json, ValueRef::Text("{")).is_err());
        assert!(written(Kind::Json, ValueRef::Text("1} , {")).is_err());
        assert!(written(Kind::Float, ValueRef::Float(f64::INFINITY)).is_err());
    }

    proptest! {
        #[test]
        fn a_string_reads_back_as_it_was(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(back, text);
        }

        #[test]
        fn a_float_reads_back_as_it_was(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let back: f64 = serde_json::from_str(&written(Kind::Float, ValueRef::Float(value)).unwrap()).unwrap();
            prop_assert_eq!(back.to_bits(), value.to_bits());
        }
    }
}
