//! One section of the configuration, its layers laid over each other, read key by key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use rocket::data::ByteUnit;
use rocket::figment::error::{Actual, Kind};
use rocket::figment::value::{Dict, Value};
use rocket::figment::{Error, Figment, Profile, Provider};

use super::nearest::nearest;

/// A value, and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) profile: Profile,
    pub(super) path: Vec<String>,
}

impl Entry {
    /// An error about this value, with all that its message needs to name the place.
    pub(super) fn error(&self, figment: &Figment, kind: Kind) -> Error {
        let mut error = Error::from(kind);
        error.profile = Some(self.profile.clone());
        error.metadata = figment.get_metadata(self.value.tag()).cloned();
        error.path = self.path.clone();
        error
    }
}

/// The layers of a figment, the weakest first: `[default]`, the selected profile, `[global]`.
///
/// Figment would merge them itself, but a plain `ROCKET_ETAG=true` would then replace the whole
/// table below it, and two spellings of one key would never meet.
pub(super) fn layers(figment: &Figment) -> Result<Vec<(Profile, Dict)>, Error> {
    let mut data = figment.data()?;
    let mut order = vec![Profile::Default, figment.profile().clone(), Profile::Global];
    order.dedup();
    Ok(order.into_iter().filter_map(|profile| data.remove(&profile).map(|dict| (profile, dict))).collect())
}

/// A section: every key in the strongest layer that has it. Getters read one key each, note what is
/// wrong with it, and answer the default then; [`Table::finish`] reports all that was noted.
pub(super) struct Table<'f> {
    figment: &'f Figment,
    entries: BTreeMap<String, Entry>,
    known: BTreeSet<&'static str>,
    errors: Vec<Error>,
}

impl<'f> Table<'f> {
    pub(super) fn new(figment: &'f Figment) -> Table<'f> {
        Table { figment, entries: BTreeMap::new(), known: BTreeSet::new(), errors: Vec::new() }
    }

    /// The table at a dotted path, from all layers.
    pub(super) fn at(figment: &'f Figment, path: &str) -> Result<Table<'f>, Error> {
        let mut table = Table::new(figment);
        let segments: Vec<String> = path.split('.').map(str::to_owned).collect();
        for (profile, dict) in layers(figment)? {
            let root = Value::from(dict);
            let Some(value) = root.find_ref(path) else { continue };
            let entry = Entry { value: value.clone(), profile, path: segments.clone() };
            match &entry.value {
                Value::Dict(_, dict) => table.lay_over(dict, &entry),
                // Not the text itself: it may be a URL, with a password in it.
                Value::String(..) => {
                    table.note(&entry, Kind::InvalidType(Actual::Other("text".into()), "a table".into()));
                }
                _ => table.note(&entry, Kind::InvalidType(entry.value.to_actual(), "a table".into())),
            }
        }
        Ok(table)
    }

    /// Puts the keys of a stronger table over those already here.
    pub(super) fn lay_over(&mut self, dict: &Dict, at: &Entry) {
        for (key, value) in dict {
            let mut path = at.path.clone();
            path.push(key.clone());
            self.set(key.clone(), Entry { value: value.clone(), profile: at.profile.clone(), path });
        }
    }

    /// Puts one value over what is there under its key.
    pub(super) fn set(&mut self, key: String, entry: Entry) {
        self.entries.insert(key, entry);
    }

    /// Whether nothing was configured.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes that a value can't be used.
    pub(super) fn note(&mut self, entry: &Entry, kind: Kind) {
        self.errors.push(entry.error(self.figment, kind));
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: T,
        expected: impl Display,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> T {
        self.known.insert(key);
        let Some(entry) = self.entries.get(key).cloned() else { return default };
        match parse(&entry.value) {
            Some(value) => value,
            None => {
                self.note(&entry, Kind::InvalidValue(entry.value.to_actual(), expected.to_string()));
                default
            }
        }
    }

    /// A switch: `true`, `yes`, `on`, `1`, or `false`, `no`, `off`, `0`, in any case, since
    /// environment variables have no booleans.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.read(key, default, "`true` or `false`", Value::to_bool_lossy)
    }

    /// A whole number within a range.
    pub(super) fn number(&mut self, key: &'static str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, default, expected, |value| {
            let number = match value {
                Value::Num(_, number) => i64::try_from(number.to_actual_integer()?).ok()?,
                Value::String(_, text) => text.trim().parse().ok()?,
                _ => return None,
            };
            u32::try_from(number).ok().filter(|number| range.contains(number))
        })
    }

    /// Whole seconds, up to an hour.
    pub(super) fn seconds(&mut self, key: &'static str, default: Duration) -> Duration {
        let default = u32::try_from(default.as_secs()).unwrap_or(u32::MAX);
        Duration::from_secs(self.number(key, default, 1..=3600).into())
    }

    /// An amount of bytes: a number, or text such as `"8 MiB"`.
    pub(super) fn bytes(&mut self, key: &'static str, default: ByteUnit) -> ByteUnit {
        self.read(key, default, "a number of bytes, such as 65536 or \"64 KiB\"", |value| match value {
            Value::Num(_, number) => u64::try_from(number.to_actual_integer()?).ok().map(ByteUnit::Byte),
            Value::String(_, text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// The same, where nothing is a value of its own.
    pub(super) fn optional_bytes(&mut self, key: &'static str) -> Option<ByteUnit> {
        let is_there = self.entries.contains_key(key);
        let bytes = self.bytes(key, ByteUnit::Byte(0));
        is_there.then_some(bytes)
    }

    /// The same, and no less than so many bytes.
    pub(super) fn bytes_from(&mut self, key: &'static str, default: ByteUnit, least: u64) -> ByteUnit {
        let bytes = self.bytes(key, default);
        if bytes.as_u64() < least {
            self.contradiction(key, format!("{key} is at least {}", ByteUnit::Byte(least)));
            return default;
        }
        bytes
    }

    /// A duration, if one is given: `"200 ms"`, `"2 s"`, or whole seconds as a number.
    pub(super) fn optional_duration(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, None, "a duration, such as \"200 ms\" or \"2 s\"", |value| {
            let duration = match value {
                Value::Num(_, number) => {
                    Duration::from_secs(u64::try_from(number.to_actual_integer()?).ok()?)
                }
                Value::String(_, text) => duration(text.trim())?,
                _ => return None,
            };
            (!duration.is_zero()).then_some(Some(duration))
        })
    }

    /// Text that passes a check, put as the check leaves it.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        default: T,
        expected: &str,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        self.read(key, default, expected, |value| match value {
            Value::String(_, text) => check(text),
            Value::Char(_, letter) => check(letter.encode_utf8(&mut [0; 4])),
            _ => None,
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, default: T, choices: &[(&str, T)]) -> T {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.text(key, default, &words.join(" or "), |text| {
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
        })
    }

    /// A list of texts that passes a check, put as the check leaves it.
    #[cfg(feature = "compression")]
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        default: T,
        expected: &str,
        check: impl FnOnce(&[&str]) -> Option<T>,
    ) -> T {
        self.read(key, default, expected, |value| {
            let Value::Array(_, elements) = value else { return None };
            let texts: Option<Vec<&str>> = elements.iter().map(Value::as_str).collect();
            check(&texts?)
        })
    }

    /// Notes that a key which there is elsewhere says nothing here.
    pub(super) fn has_no_effect(&mut self, key: &str, message: String) {
        if let Some(entry) = self.entries.remove(key) {
            self.note(&entry, Kind::Message(message));
        }
    }

    /// Notes that two keys, each fine by itself, don't go together.
    pub(super) fn contradiction(&mut self, key: &str, message: String) {
        match self.entries.get(key).cloned() {
            Some(entry) => self.note(&entry, Kind::Message(message)),
            None => self.errors.push(Error::from(Kind::Message(message))),
        }
    }

    /// Everything that was noted. Which keys there are could not be found out.
    pub(super) fn only_noted(self) -> Result<(), Error> {
        self.errors.into_iter().reduce(Error::chain).map_or(Ok(()), Err)
    }

    /// Everything that was noted, and the keys that nobody asked for.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let known: Vec<&'static str> = self.known.iter().copied().collect();
        let unknown: Vec<(String, Entry)> = self
            .entries
            .iter()
            .filter(|(key, _)| !self.known.contains(key.as_str()))
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect();
        for (key, entry) in unknown {
            let hint = match nearest(&key, &known) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the keys are `{}`", known.join("`, `")),
            };
            self.note(&entry, Kind::Message(format!("unknown key `{key}`: {hint}")));
        }
        self.only_noted()
    }
}

/// `200 ms` or `2 s`; whole seconds without a unit.
fn duration(text: &str) -> Option<Duration> {
    let (number, to_duration): (&str, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s').unwrap_or(text), Duration::from_secs),
    };
    number.trim().parse().ok().map(to_duration)
}

/// A number of figment's that is whole.
trait Whole {
    fn to_actual_integer(&self) -> Option<i128>;
}

impl Whole for rocket::figment::value::Num {
    fn to_actual_integer(&self) -> Option<i128> {
        self.to_i128().or_else(|| self.to_u128().and_then(|number| i128::try_from(number).ok()))
    }
}
