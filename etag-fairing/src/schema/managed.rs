//! Attributes that the store itself updates: the version and the date of the last change.

use chrono::{DateTime, Utc};

use super::sealed::Sealed;
use super::time::{Moment, stored};
use super::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

/// How the store updates an attribute whenever the resource's representation changes.
///
/// The values only increase. This holds even if a resource is deleted and a new one gets the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// A counter, increased by one.
    Count,
    /// A timestamp: the current time, but at least one microsecond after the old value, even if the clock was
    /// set back.
    Moment,
    /// A timestamp that is sent as `Last-Modified`: the current time, but at least in the second after the
    /// old value, so that no two states have the same date (RFC 9110 §8.8.2.2). It is at most one minute
    /// ahead of the clock. If no second is left within this minute, the new state has no date.
    Second,
}

impl Upkeep {
    /// The smallest step between two values, in microseconds.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn step(self) -> i64 {
        if self == Self::Second { 1_000_000 } else { 1 }
    }

    /// The value after a stored value.
    ///
    /// # Errors
    /// If the stored value is not of the attribute's type, or if it is the largest possible one.
    pub fn next(self, stored: ValueRef<'_>) -> Result<Value, Corrupt> {
        if stored.is_null() {
            return self.first(stored, None);
        }
        self.value_of(self.follow(self.rank(stored)?, Utc::now().timestamp_micros())?)
    }

    /// The value of a new resource: `given` (or a default if that is null), if it is larger than `mark`;
    /// otherwise the value after `mark`. `mark` is the highest [`rank`](Self::rank) that a deleted resource
    /// of the table had.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn first(self, given: ValueRef<'_>, mark: Option<i64>) -> Result<Value, Corrupt> {
        let given = match (self, given) {
            (Self::Count, ValueRef::Null) => 1,
            (_, ValueRef::Null) => dated(Utc::now().timestamp_micros()),
            (_, given) => self.rank(given)?,
        };
        match mark {
            Some(mark) if mark >= given => self.value_of(self.follow(mark, given)?),
            _ => self.value_of(given),
        }
    }

    /// The value as a number that increases with it. For a timestamp it counts microseconds since 1970.
    ///
    /// # Errors
    /// If the value is not of the attribute's type.
    pub fn rank(self, value: ValueRef<'_>) -> Result<i64, Corrupt> {
        match (self, value) {
            (Self::Count, ValueRef::Integer(count)) => Ok(count),
            (Self::Count, other) => Err(Corrupt::expected("a version, which is an integer", other)),
            (_, value) => stored::read(Kind::Timestamp, value, None)
                .map(|(moment, _)| moment.unix())
                .ok_or_else(|| stored::unreadable(Kind::Timestamp, value)),
        }
    }

    /// Whether the rank of a date of the last change marks a state without a date: the states before it had
    /// used all seconds that were allowed at that time.
    pub(crate) fn is_dateless(rank: i64) -> bool {
        rank.rem_euclid(1000) == DATELESS
    }

    fn follow(self, rank: i64, now: i64) -> Result<i64, Corrupt> {
        let least = match self {
            Self::Count | Self::Moment => rank.checked_add(1),
            Self::Second => {
                rank.div_euclid(1_000_000).checked_add(1).and_then(|next| next.checked_mul(1_000_000))
            }
        };
        let no_successor = || Corrupt::new("a version has no successor");
        let least = least.ok_or_else(no_successor)?;
        match self {
            Self::Count => Ok(least),
            Self::Moment => Ok(least.max(now)),
            Self::Second if least > now.saturating_add(AHEAD) => {
                let next = rank.checked_add(1).ok_or_else(no_successor)?;
                next.checked_add(DATELESS - next.rem_euclid(1000)).ok_or_else(no_successor)
            }
            Self::Second => Ok(least.max(dated(now))),
        }
    }

    fn value_of(self, rank: i64) -> Result<Value, Corrupt> {
        if self == Self::Count {
            return Ok(Value::Integer(rank));
        }
        Moment::from_unix(rank)
            .map(|moment| Value::Text(moment.canonical(Kind::Timestamp).as_str().into()))
            .ok_or_else(|| Corrupt::new("a timestamp has no successor before the year 10000"))
    }
}

/// How far a date may be ahead of the clock, in microseconds.
const AHEAD: i64 = 60_000_000;

/// The last three digits, in microseconds, of a state without a date. No other value that we write ends with
/// them.
const DATELESS: i64 = 999;

/// The current time for a state with a date. It is one microsecond earlier if it would mark a state without a
/// date.
fn dated(now: i64) -> i64 {
    if Upkeep::is_dateless(now) { now - 1 } else { now }
}

/// A type that can be a `#[jsonapi(version)]`: `i64` or `u64`, which count, or `DateTime<Utc>`. With the feature `time`
/// it may also be `time::OffsetDateTime`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a version",
    label = "not a version",
    note = "write `i64` or `u64`, which count the changes, or a timestamp: `DateTime<Utc>`, or `time::OffsetDateTime`"
)]
pub trait VersionType: Sealed + AttributeType<Field = Self> {
    /// The version of a new resource, unless a deleted resource of the table had a higher one.
    fn first() -> Self;
}

impl VersionType for i64 {
    fn first() -> Self {
        1
    }
}

impl VersionType for u64 {
    fn first() -> Self {
        1
    }
}

impl VersionType for DateTime<Utc> {
    fn first() -> Self {
        now()
    }
}

/// A type that can be a `#[jsonapi(last_modified)]`: `DateTime<Utc>`, or with the feature `time` `time::OffsetDateTime`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the date of the last change",
    label = "not a timestamp",
    note = "write `DateTime<Utc>`, or `time::OffsetDateTime`"
)]
pub trait LastModifiedType: Sealed + AttributeType<Field = Self> {
    /// The current time.
    fn now() -> Self;
}

impl LastModifiedType for DateTime<Utc> {
    fn now() -> Self {
        now()
    }
}

/// A type that can have the time of a soft deletion: `Option<DateTime<Utc>>`, or with the feature `time`
/// `Option<time::OffsetDateTime>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the time of a deletion",
    label = "not a timestamp that may be null",
    note = "write `Option<DateTime<Utc>>` or `Option<time::OffsetDateTime>`, or leave the field out: `soft_delete` needs the column alone"
)]
pub trait DeletionType: Sealed {}

impl DeletionType for Option<DateTime<Utc>> {}

#[cfg(feature = "time")]
mod of_time_crate {
    use time::OffsetDateTime;

    use super::{DeletionType, LastModifiedType, VersionType};

    /// In microseconds, as it is stored.
    fn now() -> OffsetDateTime {
        let now = i128::from(super::now().timestamp_micros()) * 1000;
        OffsetDateTime::from_unix_timestamp_nanos(now).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    impl VersionType for OffsetDateTime {
        fn first() -> Self {
            now()
        }
    }

    impl LastModifiedType for OffsetDateTime {
        fn now() -> Self {
            now()
        }
    }

    impl DeletionType for Option<OffsetDateTime> {}
}

/// The index of the attribute with the time of the deletion.
#[doc(hidden)]
pub const fn deletion_at<T: DeletionType>(place: usize) -> usize {
    place
}

/// The current time in microseconds, as it is stored.
fn now() -> DateTime<Utc> {
    let now = Utc::now();
    let dated = DateTime::from_timestamp_micros(dated(now.timestamp_micros()));
    dated.unwrap_or(now)
}

/// The first version, for a description's default.
#[doc(hidden)]
pub fn first_version<T: VersionType>() -> Result<Value, Mismatch> {
    T::to_value(&T::first())
}

/// The first date of the last change, for a description's default.
#[doc(hidden)]
pub fn first_modified<T: LastModifiedType>() -> Result<Value, Mismatch> {
    T::to_value(&T::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value {
        Value::Text(value.into())
    }

    #[test]
    fn a_counter_counts() {
        assert_eq!(Upkeep::Count.next(ValueRef::Integer(7)), Ok(Value::Integer(8)));
        assert!(Upkeep::Count.next(ValueRef::Integer(i64::MAX)).is_err());
        assert!(Upkeep::Count.next(ValueRef::Text("7")).is_err());
    }

    #[test]
    fn a_timestamp_rises_though_the_clock_went_back() {
        let later = "2999-12-31T23:59:59.999999Z";
        let next = text("3000-01-01T00:00:00.000000Z");
        assert_eq!(Upkeep::Moment.next(ValueRef::Text(later)), Ok(next.clone()));
        // A date is at most one minute ahead of the clock. After that only the microseconds rise, and they
        // mark a state without a date.
        assert_eq!(Upkeep::Second.next(ValueRef::Text(later)), Ok(text("3000-01-01T00:00:00.000999Z")));
        let early = ValueRef::Text("2999-12-31 23:59:58");
        assert_eq!(Upkeep::Moment.next(early), Ok(text("2999-12-31T23:59:58.000001Z")));
        assert_eq!(Upkeep::Second.next(early), Ok(text("2999-12-31T23:59:58.000999Z")));
        assert!(Upkeep::Second.next(ValueRef::Text("9999-12-31T23:59:59.999999Z")).is_err());
    }

    #[test]
    fn a_date_is_ahead_by_a_minute_at_most() {
        let begun = Utc::now().timestamp_micros();
        let mut rank = begun;
        let (mut dates, mut dateless) = (std::collections::HashSet::new(), 0);
        for _ in 0..500 {
            let value = Upkeep::Second.value_of(rank).expect("a timestamp");
            let next = Upkeep::Second.next(value.as_ref()).expect("a successor");
            let next = Upkeep::Second.rank(next.as_ref()).expect("a timestamp");
            assert!(next > rank, "it rises");
            rank = next;
            if Upkeep::is_dateless(rank) {
                dateless += 1;
            } else {
                assert!(dates.insert(rank.div_euclid(1_000_000)), "no two states have one date");
            }
        }
        assert!((59..=70).contains(&dates.len()) && dateless > 400, "{} {dateless}", dates.len());
        assert!(rank <= Utc::now().timestamp_micros() + AHEAD + 1_000_000);
        // When the clock has come closer, a state has a date again, in a new second.
        let next = Upkeep::Second.follow(rank, rank).expect("a successor");
        assert!(!Upkeep::is_dateless(next) && next.div_euclid(1_000_000) > rank.div_euclid(1_000_000));
    }

    #[test]
    fn a_timestamp_is_this_moment_if_that_is_later() {
        let before = now();
        let Ok(Value::Text(next)) = Upkeep::Second.next(ValueRef::Text("2018-03-24T13:30:00Z")) else {
            panic!("a timestamp has a successor")
        };
        let next = DateTime::<Utc>::from_value(ValueRef::Text(&next)).expect("a timestamp");
        assert!(before <= next && next <= now(), "{next}");
    }

    #[test]
    fn a_new_beginning_goes_on_where_the_end_was() {
        let given = ValueRef::Integer(1);
        assert_eq!(Upkeep::Count.first(given, None), Ok(Value::Integer(1)));
        assert_eq!(Upkeep::Count.first(given, Some(0)), Ok(Value::Integer(1)));
        assert_eq!(Upkeep::Count.first(given, Some(1)), Ok(Value::Integer(2)));
        let given = ValueRef::Text("2018-03-24T13:30:00Z");
        let mark = Upkeep::Second.rank(ValueRef::Text("2018-03-24T13:30:00.5Z")).ok();
        assert_eq!(Upkeep::Second.first(given, mark), Ok(text("2018-03-24T13:30:01.000000Z")));
    }
}
