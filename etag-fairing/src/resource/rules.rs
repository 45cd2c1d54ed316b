//! Rules for values: what a resource with `#[jsonapi(validate)]` demands in addition to its types.

use super::JsonApiResource;
use crate::schema::{Corrupt, Record};

/// A rule that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct BrokenRule {
    /// The path to the value: the field of the struct, then the fields and indexes inside it. It is empty for
    /// the struct as a whole.
    pub path: Vec<String>,
    /// What is wrong, for the client.
    pub message: String,
}

/// A struct that has rules for its values.
#[cfg_attr(
    feature = "validation",
    diagnostic::on_unimplemented(
        message = "`{Self}` has `#[jsonapi(validate)]`, but no rules",
        label = "no rules",
        note = "put `#[derive(garde::Validate)]` on `{Self}`, without a context of its own"
    )
)]
#[cfg_attr(
    not(feature = "validation"),
    diagnostic::on_unimplemented(
        message = "`{Self}` has `#[jsonapi(validate)]`, but validation is turned off",
        label = "cannot be validated",
        note = "turn on the feature `validation` of `etag-fairing`"
    )
)]
#[doc(hidden)]
pub trait Rules {
    /// Every rule that is broken.
    fn broken(&self) -> Vec<BrokenRule>;
}

#[cfg(feature = "validation")]
impl<T: garde::Validate<Context = ()>> Rules for T {
    fn broken(&self) -> Vec<BrokenRule> {
        let Err(report) = self.validate() else { return Vec::new() };
        let broken = report.iter().map(|(path, error)| BrokenRule {
            path: segments(&path.to_string()),
            message: error.message().to_owned(),
        });
        broken.collect()
    }
}

/// Splits `languages[0].name` into its parts.
#[cfg(any(test, feature = "validation"))]
fn segments(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']').trim_start_matches("r#"));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The rules of a struct, as function pointers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validation {
    /// Every rule that a record breaks.
    pub(crate) broken: fn(&Record) -> Result<Vec<BrokenRule>, Corrupt>,
    /// The fields of the struct, each with its member name.
    pub(crate) members: &'static [(&'static str, &'static str)],
}

#[doc(hidden)]
pub fn validate<T: JsonApiResource + Rules>(record: &Record) -> Result<Vec<BrokenRule>, Corrupt> {
    Ok(T::from_record(record)?.broken())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_falls_into_its_parts() {
        assert_eq!(super::segments(""), Vec::<String>::new());
        assert_eq!(super::segments("title"), ["title"]);
        assert_eq!(super::segments("r#type"), ["type"]);
        assert_eq!(super::segments("links[10].url"), ["links", "10", "url"]);
    }
}
