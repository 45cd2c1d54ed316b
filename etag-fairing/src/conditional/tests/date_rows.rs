//! The table of dates: RFC 9110 §5.6.7, §13.1.3 and §13.1.4.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

/// 2026-11-22T12:00:00Z.
const NOW: i64 = 1_795_348_800;

fn seconds(value: &str) -> Option<i64> {
    seconds_at(value, NOW)
}

fn seconds_at(value: &str, now: i64) -> Option<i64> {
    HttpDate::parse_at(value.as_bytes(), HttpDate::from_unix_seconds(now)).map(HttpDate::unix_seconds)
}

#[test]
fn imf_fixdate_is_accepted() {
    assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
}

#[test]
fn rfc_850_is_accepted() {
    assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
}

#[test]
fn asctime_is_accepted() {
    assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(784_111_777));
    assert_eq!(seconds("Sun Nov 06 08:49:37 1994"), Some(784_111_777));
    assert_eq!(seconds("Wed Nov 16 08:49:37 1994"), Some(784_975_777));
}

#[test]
fn a_year_has_four_digits_and_no_sign() {
    for invalid in [
        "Sat, 01 Jan +10000 00:00:00 GMT",
        "Sat, 01 Jan 10000 00:00:00 GMT",
        "Sat Jan  1 00:00:00 +10000",
        "Fri, 31 Dec -0001 00:00:00 GMT",
        "Fri Dec 31 00:00:00 -0001",
    ] {
        assert_eq!(seconds(invalid), None, "{invalid}");
    }
    assert_eq!(seconds("Sat, 01 Jan 0000 00:00:00 GMT"), Some(-62_167_219_200));
    assert_eq!(seconds("Fri Dec 31 23:59:59 9999"), Some(253_402_300_799));
}

#[test]
fn whitespace_around_a_date_is_ignored() {
    assert_eq!(seconds(" \tSun, 06 Nov 1994 08:49:37 GMT\t "), Some(784_111_777));
}

#[test]
fn two_digit_year_more_than_50_years_ahead_is_past() {
    // Now is 2026-11-22T12:00:00Z. 2076-11-22 is a Sunday, 1976-11-22 a Monday.
    let limit = 3_373_272_000;
    assert_eq!(seconds("Sunday, 22-Nov-76 12:00:00 GMT"), Some(limit));
    assert_eq!(seconds("Sunday, 22-Nov-76 12:00:01 GMT"), None, "2076 is too far, in 1976 it is a Monday");
    assert_eq!(seconds("Monday, 22-Nov-76 12:00:01 GMT"), Some(217_512_001));
    assert_eq!(seconds("Monday, 22-Nov-76 12:00:00 GMT"), None, "not yet too far");
    assert_eq!(seconds("Tuesday, 23-Nov-76 00:00:00 GMT"), Some(217_555_200));
    assert_eq!(seconds("Wednesday, 01-Jan-20 00:00:00 GMT"), Some(1_577_836_800));
    assert_eq!(seconds("Tuesday, 01-Jan-30 00:00:00 GMT"), Some(1_893_456_000));
    assert_eq!(seconds("Friday, 31-Dec-99 23:59:59 GMT"), Some(946_684_799));
}

#[test]
fn two_digit_year_may_lie_in_the_next_century() {
    // At 2099-06-01, `01` is 2101, two years ahead.
    assert_eq!(seconds_at("Saturday, 01-Jan-01 00:00:00 GMT", 4_083_955_200), Some(4_133_980_800));
}

#[test]
fn clock_of_the_request_decides_two_digit_years() {
    let value = b"Sunday, 22-Nov-76 12:00:00 GMT";
    let headers = ConditionalHeaders::from_fields([("If-Modified-Since", &value[..])]);
    let at = |now| headers.clone().received_at(HttpDate::from_unix_seconds(now)).if_modified_since();
    assert_eq!(at(NOW).map(HttpDate::unix_seconds), Some(3_373_272_000));
    assert_eq!(at(NOW - 1), None);
}

#[test]
fn anything_else_is_no_date() {
    for value in [
        "",
        "0",
        "-1",
        "now",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=3",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  6 08:49:37 94",
        "\"Sun, 06 Nov 1994 08:49:37 GMT\"",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Wed, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 1995 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49:-1 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
    ] {
        assert_eq!(seconds(value), None, "{value}");
    }
    assert_eq!(HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GM\xD4"), None);
}

#[test]
fn list_of_dates_is_ignored() {
    let list = format!("{BEFORE_M}, {BEFORE_M}");
    assert_eq!(decide("PATCH", &[("If-Unmodified-Since", &list)]), PROCEED);
    let list = format!("{AT_M}, {AT_M}");
    assert_eq!(decide("GET", &[("If-Modified-Since", &list)]), PROCEED);
}

#[test]
fn two_lines_are_ignored() {
    for second in [BEFORE_M, ""] {
        let fields = [("If-Unmodified-Since", BEFORE_M), ("If-Unmodified-Since", second)];
        assert_eq!(decide("PATCH", &fields), PROCEED);
    }
    assert_eq!(decide("GET", &[("If-Modified-Since", AT_M), ("If-Modified-Since", AT_M)]), PROCEED);
}

#[test]
fn invalid_date_is_ignored_neither_400_nor_412() {
    for method in READS.iter().chain(&WRITES) {
        for field in ["If-Modified-Since", "If-Unmodified-Since"] {
            assert_eq!(
                decide(method, &[(field, "Mon, 22 Mar 2018 08:59:59 GMT")]),
                PROCEED,
                "{method} {field}"
            );
        }
    }
}

#[test]
fn fraction_of_a_second_of_m_is_cut_off() {
    let modified = HttpDate::from(UNIX_EPOCH + Duration::new(M.unsigned_abs(), 999_999_999));
    assert_eq!(modified, HttpDate::from_unix_seconds(M));
    let before_epoch = HttpDate::from(UNIX_EPOCH - Duration::from_millis(500));
    assert_eq!(before_epoch.unix_seconds(), -1);
    assert_eq!(HttpDate::from(UNIX_EPOCH - Duration::from_secs(2)).unix_seconds(), -2);
    let timestamp = chrono::DateTime::from_timestamp(M, 999_000_000).unwrap();
    assert_eq!(HttpDate::from(timestamp).unix_seconds(), M);
}

#[test]
fn date_before_the_epoch_is_valid() {
    for (value, expected) in [
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("Wed Dec 31 23:59:59 1969", -1),
        ("Mon, 01 Jan 1900 00:00:00 GMT", -2_208_988_800),
        ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
    ] {
        assert_eq!(seconds(value), Some(expected), "{value}");
        assert_eq!(decide("GET", &[("If-Modified-Since", value)]), PROCEED, "{value}");
        assert_eq!(decide("PATCH", &[("If-Unmodified-Since", value)]), IF_UNMODIFIED_SINCE_FAILED, "{value}");
    }
}

#[test]
fn future_ims_is_valid() {
    assert_eq!(decide("GET", &[("If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT")]), NOT_MODIFIED);
}

#[test]
fn leap_second_is_valid() {
    assert_eq!(seconds("Sat, 31 Dec 2016 23:59:60 GMT"), Some(1_483_228_800));
    assert_eq!(seconds("Saturday, 31-Dec-16 23:59:60 GMT"), Some(1_483_228_800));
}

#[test]
fn dates_that_http_cannot_write_are_moved_to_one_that_it_can() {
    assert_eq!(HttpDate::from_unix_seconds(i64::MAX).to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(HttpDate::from_unix_seconds(i64::MIN).to_string(), "Sat, 01 Jan 0000 00:00:00 GMT");
}
