//! The variants of an enum, as serde knows them.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Visitor};
use serde::{Deserializer, Serialize};

/// The texts that a type of serde's can be, in the enum's order; `None` if they are no closed set: it is no enum, or one
/// of its variants takes any text (`#[serde(other)]`), or has a value of its own.
pub(crate) fn of<T: Serialize + DeserializeOwned>() -> Option<Vec<&'static str>> {
    let Err(Asked::Enum(names)) = T::deserialize(Question) else { return None };
    // No variant has such a name, so that an enum that takes it takes anything.
    if read::<T>("\u{0}no variant\u{0}").is_some() {
        return None;
    }
    let mut variants = Vec::with_capacity(names.len());
    for name in names {
        let written = serde_json::to_value(read::<T>(name)?).ok()?;
        // An alias is written by its variant's own name.
        if written.as_str() == Some(name) {
            variants.push(*name);
        }
    }
    (!variants.is_empty()).then_some(variants)
}

fn read<T: DeserializeOwned>(name: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<de::value::Error>::new(name)).ok()
}

/// The list of these names, for a message: `"draft", "accepted" or "rejected"`.
pub(crate) fn in_words(variants: &[&str]) -> String {
    let quoted: Vec<String> = variants.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// A deserializer that has no value to give, and remembers what it was asked for.
struct Question;

/// What a type has asked for.
#[derive(Debug)]
enum Asked {
    /// An enum of these variants.
    Enum(&'static [&'static str]),
    /// Anything else.
    Other,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no value here")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Other
    }
}

impl<'de> Deserializer<'de> for Question {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::Other)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked::Enum(variants))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum State {
        Draft,
        #[serde(alias = "reviewed")]
        InReview,
        #[serde(rename = "Done!")]
        Done,
    }

    #[derive(Serialize, Deserialize)]
    enum Open {
        Known,
        #[serde(other)]
        Unknown,
    }

    #[derive(Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
    }

    #[test]
    fn a_closed_set_is_known() {
        assert_eq!(of::<State>(), Some(vec!["draft", "in-review", "Done!"]));
        assert_eq!(of::<Open>(), None);
        assert_eq!(of::<Shape>(), None);
        assert_eq!(of::<String>(), None);
        assert_eq!(of::<i64>(), None);
    }

    #[test]
    fn names_are_listed_in_words() {
        assert_eq!(in_words(&["a"]), r#""a""#);
        assert_eq!(in_words(&["a", "b"]), r#""a" or "b""#);
        assert_eq!(in_words(&["a", "b", "c"]), r#""a", "b" or "c""#);
    }
}
