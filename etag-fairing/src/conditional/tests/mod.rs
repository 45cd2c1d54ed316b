//! The tables of the decision, row by row, and properties that hold for every input.

mod date_rows;
mod decision_rows;
mod field_syntax_rows;
mod naive;
mod properties;

use super::*;

/// 2018-03-22T09:00:00Z, a Thursday: M of the tables.
const M: i64 = 1_521_709_200;
const BEFORE_M: &str = "Thu, 22 Mar 2018 08:59:59 GMT";
const AT_M: &str = "Thu, 22 Mar 2018 09:00:00 GMT";
const AFTER_M: &str = "Thu, 22 Mar 2018 09:00:01 GMT";

const READS: [&str; 2] = ["GET", "HEAD"];
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

const PROCEED: Decision = Decision::Proceed;
const NOT_MODIFIED: Decision = Decision::NotModified;
const IF_MATCH_FAILED: Decision = Decision::Failed(Precondition::IfMatch);
const IF_UNMODIFIED_SINCE_FAILED: Decision = Decision::Failed(Precondition::IfUnmodifiedSince);
const IF_NONE_MATCH_FAILED: Decision = Decision::Failed(Precondition::IfNoneMatch);

fn headers<'h>(fields: &[(&'h str, &'h str)]) -> ConditionalHeaders<'h> {
    ConditionalHeaders::from_fields(fields.iter().map(|&(name, value)| (name, value.as_bytes())))
}

/// The decision where the target exists, its tag is `"T"` and it was last modified at M.
fn decide(method: &str, fields: &[(&str, &str)]) -> Decision {
    decide_on("\"T\"", Some(M), method, fields)
}

fn decide_on(tag: &str, modified: Option<i64>, method: &str, fields: &[(&str, &str)]) -> Decision {
    let tag: EntityTag = tag.parse().unwrap();
    let last_modified = modified.map(HttpDate::from_unix_seconds);
    let selected = Selected { validator: Validator::Tag(&tag), last_modified };
    evaluate(&headers(fields), MethodKind::of(method), Some(&selected), &Options::default())
}

/// The decision where the target has no current representation.
fn decide_on_missing(method: &str, fields: &[(&str, &str)]) -> Decision {
    evaluate(&headers(fields), MethodKind::of(method), None, &Options::default())
}
