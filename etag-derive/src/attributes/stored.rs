//! `#[jsonapi(stored = "…")]`: the form in which a column holds times or durations.

use syn::LitStr;

use crate::errors::Errors;

/// A form of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Text { date: bool, separator: Option<char>, seconds: bool, fraction: u8, zone: &'static str },
    Unix { per_second: i64 },
}

/// What `stored` says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Times(Stored),
    /// It counts the seconds of a duration.
    Seconds,
    Milliseconds,
}

impl Form {
    pub(super) fn read(form: &LitStr, errors: &mut Errors) -> Option<Self> {
        let parsed = match form.value().as_str() {
            "seconds" => Some(Self::Seconds),
            "milliseconds" => Some(Self::Milliseconds),
            form => parse(form).map(Self::Times),
        };
        if parsed.is_none() {
            errors.at(
                form,
                format!(
                    "`{}` is no form of times or durations: write `unix seconds`, `unix milliseconds` or `unix microseconds`, or \
                     what the text looks like, of `YYYY-MM-DD`, a space or `T`, `hh:mm` or `hh:mm:ss`, `.` and one to \
                     nine `f`, and `Z` or `+00:00`, such as `YYYY-MM-DD hh:mm:ss.ffffff`; for a duration `seconds` or \
                     `milliseconds`",
                    form.value()
                ),
            );
        }
        parsed
    }
}

fn parse(form: &str) -> Option<Stored> {
    match form {
        "unix seconds" => return Some(Stored::Unix { per_second: 1 }),
        "unix milliseconds" => return Some(Stored::Unix { per_second: 1_000 }),
        "unix microseconds" => return Some(Stored::Unix { per_second: 1_000_000 }),
        _ => {}
    }
    let (date, rest) = match form.strip_prefix("YYYY-MM-DD") {
        Some("") => {
            let (seconds, fraction, zone) = (false, 0, "Unsaid");
            return Some(Stored::Text { date: true, separator: None, seconds, fraction, zone });
        }
        Some(rest) => (true, rest),
        None => (false, form),
    };
    let (separator, time) = match date {
        true => (rest.chars().next().filter(|separator| [' ', 'T'].contains(separator))?, rest.get(1..)?),
        // Nothing stands there.
        false => ('T', rest),
    };
    let rest = time.strip_prefix("hh:mm")?;
    let (seconds, rest) = match rest.strip_prefix(":ss") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (fraction, rest) = match rest.strip_prefix('.').filter(|_| seconds) {
        Some(digits) => {
            let rest = digits.trim_start_matches('f');
            (u8::try_from(digits.len() - rest.len()).ok().filter(|number| (1..=9).contains(number))?, rest)
        }
        None => (0, rest),
    };
    let zone = match rest {
        "" => "Unsaid",
        "Z" => "Z",
        "+00:00" => "Offset",
        _ => return None,
    };
    Some(Stored::Text { date, separator: Some(separator), seconds, fraction, zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_what_they_look_like() {
        let text = |date, separator, seconds, fraction, zone| {
            Some(Stored::Text { date, separator, seconds, fraction, zone })
        };
        for (form, stored) in [
            ("YYYY-MM-DD hh:mm:ss", text(true, Some(' '), true, 0, "Unsaid")),
            ("YYYY-MM-DD hh:mm", text(true, Some(' '), false, 0, "Unsaid")),
            ("YYYY-MM-DDThh:mm:ss.fffZ", text(true, Some('T'), true, 3, "Z")),
            ("YYYY-MM-DD hh:mm:ss.fffffffff+00:00", text(true, Some(' '), true, 9, "Offset")),
            ("YYYY-MM-DD", text(true, None, false, 0, "Unsaid")),
            ("hh:mm:ss", text(false, Some('T'), true, 0, "Unsaid")),
            ("unix milliseconds", Some(Stored::Unix { per_second: 1_000 })),
            ("", None),
            ("YYYY-MM-DDZ", None),
            ("YYYY-MM-DD HH:MM:SS", None),
            ("YYYY-MM-DD  hh:mm:ss", None),
            ("YYYY-MM-DD hh:mm.fff", None),
            ("YYYY-MM-DD hh:mm:ss.", None),
            ("YYYY-MM-DD hh:mm:ss.ffffffffff", None),
            ("YYYY-MM-DD hh:mm:ss+02:00", None),
            ("seconds", None),
        ] {
            assert_eq!(parse(form), stored, "{form}");
        }
    }
}
