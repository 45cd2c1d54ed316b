//! Values of `Cache-Control` in answers (RFC 9111 §5.2.2, RFC 5861, RFC 8246): read, judged, and written in one form.

use std::str::Chars;

use crate::names::nearest;

/// What a directive takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing.
    Nothing,
    /// A number of seconds.
    Seconds,
    /// Nothing, or the names of fields.
    Fields,
}

/// The directives of answers.
const DIRECTIVES: [(&str, Takes); 12] = [
    ("public", Takes::Nothing),
    ("private", Takes::Fields),
    ("no-cache", Takes::Fields),
    ("no-store", Takes::Nothing),
    ("max-age", Takes::Seconds),
    ("s-maxage", Takes::Seconds),
    ("stale-while-revalidate", Takes::Seconds),
    ("stale-if-error", Takes::Seconds),
    ("must-revalidate", Takes::Nothing),
    ("proxy-revalidate", Takes::Nothing),
    ("must-understand", Takes::Nothing),
    ("immutable", Takes::Nothing),
];

/// One that is allowed with all others.
const NO_TRANSFORM: &str = "no-transform";

/// The directives that only a request has.
const OF_REQUESTS: [&str; 3] = ["max-stale", "min-fresh", "only-if-cached"];

/// RFC 9111 §1.2.2: caches count at least as far, and need not count further.
const MOST_SECONDS: u64 = 1 << 31;

/// A value that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CacheControl {
    /// As it is sent.
    pub(crate) text: String,
    /// Whether a cache that several people share may keep the answer.
    pub(crate) is_shared: bool,
}

/// One directive as it was written.
struct Directive {
    name: &'static str,
    value: Option<String>,
}

impl CacheControl {
    /// # Errors
    /// What is wrong with the value, and what to write.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut directives: Vec<Directive> = Vec::new();
        for element in elements(text)? {
            let directive = directive(&element)?;
            if directives.iter().any(|earlier| earlier.name == directive.name) {
                return Err(format!("`{}` is given twice: remove one of them", directive.name));
            }
            directives.push(directive);
        }
        if directives.is_empty() {
            return Err(
                "`cache_control` says nothing: write directives such as \"public, max-age=60\"".into()
            );
        }
        judge(&Directives(&directives))?;
        let has = |name| Directives(&directives).has(name);
        // A cache that understands `must-understand` may keep the answer in spite of `no-store`.
        let is_kept = !has("no-store") || has("must-understand");
        let is_shared = is_kept && !Directives(&directives).all("private");
        let written: Vec<String> = directives
            .iter()
            .map(|directive| match &directive.value {
                Some(value) => format!("{}={value}", directive.name),
                None => directive.name.to_owned(),
            })
            .collect();
        Ok(Self { text: written.join(", "), is_shared })
    }
}

/// The elements of a list, parted by commas outside of quotes. RFC 9110 §5.6.1: empty ones don't count.
fn elements(text: &str) -> Result<Vec<String>, String> {
    let mut elements = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        if !matches!(character, ' '..='~') {
            return Err(format!(
                "the character {character:?} cannot stand in a field: write printable ASCII"
            ));
        }
        quoted ^= character == '"';
        match elements.last_mut() {
            Some(last) if quoted || character != ',' => last.push(character),
            _ => elements.push(String::new()),
        }
    }
    if quoted {
        return Err("a quote is not closed".into());
    }
    Ok(elements.iter().map(|element| element.trim().to_owned()).filter(|it| !it.is_empty()).collect())
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    let mut characters: Chars<'_> = text.chars();
    !text.is_empty() && characters.all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

fn directive(element: &str) -> Result<Directive, String> {
    let (name, value) = match element.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (element, None),
    };
    if name.trim_end() != name || value.is_some_and(|value| value.trim_start() != value) {
        return Err(format!("`{element}` has a space beside its `=`: remove it"));
    }
    if name.contains(' ')
        && let Some((first, rest)) = element.split_once(' ')
        && is_token(first)
    {
        return Err(format!("directives are parted by commas: write `{first}, {}`", rest.trim_start()));
    }
    if !is_token(name) {
        return Err(format!(
            "`{name}` cannot be a directive: its characters are those of a token (RFC 9110 §5.6.2)"
        ));
    }
    let written = name;
    let name = name.to_ascii_lowercase();
    if OF_REQUESTS.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` is a directive of requests, and means nothing in an answer: remove it"
        ));
    }
    let known = || DIRECTIVES.iter().copied().chain([(NO_TRANSFORM, Takes::Nothing)]);
    let Some((name, takes)) = known().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = known().map(|(name, _)| name).collect();
        return Err(match nearest(written, &names) {
            Some(meant) => format!("unknown directive `{written}`: did you mean `{meant}`?"),
            None => format!("unknown directive `{written}`: write some of `{}`", names.join("`, `")),
        });
    };
    let value = match (takes, value) {
        (Takes::Nothing, None) | (Takes::Fields, None) => None,
        (Takes::Nothing, Some(_)) => return Err(format!("`{name}` takes no value: write `{name}`")),
        (Takes::Seconds, value) => Some(seconds(name, value.unwrap_or_default())?),
        (Takes::Fields, Some(value)) => Some(fields(name, value)?),
    };
    Ok(Directive { name, value })
}

/// RFC 9111 §5.2.2.1: a sender writes the number without quotes.
fn seconds(name: &str, value: &str) -> Result<String, String> {
    let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u64>() {
        Ok(seconds) if plain && seconds <= MOST_SECONDS => Ok(seconds.to_string()),
        _ if plain => {
            Err(format!("`{name}={value}` is longer than caches count: write at most {MOST_SECONDS}"))
        }
        _ => Err(format!(
            "`{name}` takes a whole number of seconds, without quotes and unit: write `{name}=60`"
        )),
    }
}

/// RFC 9111 §5.2.2.4, §5.2.2.7: names of fields, in quotes, even if it is one alone.
fn fields(name: &str, value: &str) -> Result<String, String> {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let names = inner.map(|inner| inner.split(',').map(str::trim).collect::<Vec<_>>());
    match names {
        Some(names) if names.iter().all(|name| is_token(name)) => Ok(format!("\"{}\"", names.join(", "))),
        _ => Err(format!(
            "`{name}` stands alone, or takes the names of fields in quotes: write `{name}` or `{name}=\"Set-Cookie\"`"
        )),
    }
}

/// The directives of one value.
struct Directives<'d>(&'d [Directive]);

impl Directives<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|directive| directive.name == name)
    }

    /// Whether it is there for the whole answer, and not for some fields of it.
    fn all(&self, name: &str) -> bool {
        self.0.iter().any(|directive| directive.name == name && directive.value.is_none())
    }

    /// Whether it is there with more than no time.
    fn lasts(&self, name: &str) -> bool {
        self.0.iter().any(|it| it.name == name && it.value.as_deref().is_some_and(|value| value != "0"))
    }
}

/// # Errors
/// If directives don't go together, or one alone doesn't say how long.
fn judge(directives: &Directives<'_>) -> Result<(), String> {
    let has = |name| directives.has(name);
    if has("public") && directives.all("private") {
        return Err("`public` and `private` contradict each other: remove one of them".into());
    }
    // RFC 9111 §5.2.2.3: who understands `must-understand` ignores the `no-store` that stands there for all others.
    if has("must-understand") && !has("no-store") {
        return Err("`must-understand` needs `no-store` beside it, for caches that don't know it".into());
    }
    if has("no-store") && !has("must-understand") {
        let lasting =
            ["public", "max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "immutable"];
        if let Some(name) = lasting.into_iter().find(|name| directives.lasts(name) || directives.all(name)) {
            return Err(format!(
                "nothing is kept with `no-store`, so that `{name}` means nothing: remove one of them"
            ));
        }
        return Ok(());
    }
    if directives.all("private")
        && let Some(name) = ["s-maxage", "proxy-revalidate"].into_iter().find(|name| has(name))
    {
        return Err(format!(
            "`{name}` is for shared caches, which keep nothing that is `private`: remove one of them"
        ));
    }
    if directives.all("no-cache") {
        let lasting = ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"];
        let lasting = lasting.into_iter().find(|name| directives.lasts(name));
        if let Some(name) = lasting.or(has("immutable").then_some("immutable")) {
            return Err(format!(
                "with `no-cache` a cache asks each time, so that `{name}` means nothing: remove one of them"
            ));
        }
        return Ok(());
    }
    if has("must-revalidate")
        && let Some(name) =
            ["stale-while-revalidate", "stale-if-error"].into_iter().find(|name| directives.lasts(name))
    {
        return Err(format!("`must-revalidate` forbids what `{name}` allows: remove one of them"));
    }
    if !has("max-age") && !has("s-maxage") {
        // RFC 9111 §4.2.2
        return Err(
            "how long the answer is kept is left to each cache: add `max-age=60`, `no-cache` or `no-store`"
                .into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::CacheControl;

    const SHARED: bool = true;
    const OWN: bool = false;

    #[test]
    fn what_makes_sense_is_sent_in_one_form() {
        for (written, sent, is_shared) in [
            ("no-store", "no-store", OWN),
            ("private, no-store", "private, no-store", OWN),
            ("no-cache, no-store, must-revalidate", "no-cache, no-store, must-revalidate", OWN),
            ("no-store, max-age=0", "no-store, max-age=0", OWN),
            ("private, no-cache", "private, no-cache", OWN),
            ("private,max-age=60", "private, max-age=60", OWN),
            ("no-cache", "no-cache", SHARED),
            ("public, no-cache", "public, no-cache", SHARED),
            ("public, max-age=0, must-revalidate", "public, max-age=0, must-revalidate", SHARED),
            ("no-cache, max-age=0", "no-cache, max-age=0", SHARED),
            ("max-age=60", "max-age=60", SHARED),
            ("s-maxage=60", "s-maxage=60", SHARED),
            ("s-maxage=600, max-age=0", "s-maxage=600, max-age=0", SHARED),
            (
                "public, max-age=60, stale-while-revalidate=600",
                "public, max-age=60, stale-while-revalidate=600",
                SHARED,
            ),
            ("max-age=60, stale-if-error=86400", "max-age=60, stale-if-error=86400", SHARED),
            ("max-age=31536000, immutable", "max-age=31536000, immutable", SHARED),
            ("max-age=60, no-transform", "max-age=60, no-transform", SHARED),
            ("PUBLIC , Max-Age=60", "public, max-age=60", SHARED),
            (",, public,, max-age=060,", "public, max-age=60", SHARED),
            ("max-age=2147483648", "max-age=2147483648", SHARED),
            // For some fields alone it is for the whole neither private nor asked each time.
            (r#"private="Set-Cookie", max-age=60"#, r#"private="Set-Cookie", max-age=60"#, SHARED),
            (r#"public, no-cache="A,B", max-age=60"#, r#"public, no-cache="A, B", max-age=60"#, SHARED),
            ("must-understand, no-store, max-age=60", "must-understand, no-store, max-age=60", SHARED),
            ("proxy-revalidate, max-age=60", "proxy-revalidate, max-age=60", SHARED),
        ] {
            let read = CacheControl::parse(written);
            assert_eq!(read, Ok(CacheControl { text: sent.to_owned(), is_shared }), "{written}");
            assert_eq!(CacheControl::parse(sent).map(|again| again.text).as_deref(), Ok(sent), "{written}");
        }
    }

    #[test]
    fn what_makes_none_is_refused_with_advice() {
        for (written, advice) in [
            ("", "says nothing"),
            (" , ", "says nothing"),
            ("public", "add `max-age=60`, `no-cache` or `no-store`"),
            ("private", "add `max-age=60`"),
            ("must-revalidate", "add `max-age=60`"),
            ("max-age", "write `max-age=60`"),
            ("max-age=", "write `max-age=60`"),
            ("max-age=\"60\"", "without quotes"),
            ("max-age=1m", "without quotes and unit"),
            ("max-age=-1", "a whole number of seconds"),
            ("max-age=+1", "a whole number of seconds"),
            ("max-age=1.5", "a whole number of seconds"),
            ("max-age=2147483649", "at most 2147483648"),
            ("max-age=99999999999999999999999", "at most 2147483648"),
            ("max-age = 60", "a space beside its `=`"),
            ("max-age= 60", "a space beside its `=`"),
            ("max_age=60", "did you mean `max-age`?"),
            ("maxage=60", "did you mean `max-age`?"),
            ("s-max-age=60", "did you mean `s-maxage`?"),
            ("pubic, max-age=60", "did you mean `public`?"),
            ("nocache", "did you mean `no-cache`?"),
            ("stale-while-revalidat=1, max-age=1", "did you mean `stale-while-revalidate`?"),
            ("forever", "write some of `public`, `private`"),
            ("public max-age=60", "write `public, max-age=60`"),
            ("public; max-age=60", "cannot be a directive"),
            ("max-stale=5", "a directive of requests"),
            ("only-if-cached", "a directive of requests"),
            ("public=1, max-age=60", "`public` takes no value"),
            ("no-store=1", "`no-store` takes no value"),
            ("private=Set-Cookie, max-age=60", "in quotes"),
            ("no-cache=\"\"", "in quotes"),
            ("private=\"a b\", max-age=1", "in quotes"),
            ("private=\"a", "a quote is not closed"),
            ("public, max-age=60, max-age=70", "`max-age` is given twice"),
            ("public, private, max-age=60", "contradict each other"),
            ("no-store, max-age=60", "`max-age` means nothing"),
            ("no-store, public", "`public` means nothing"),
            ("no-store, stale-if-error=60", "`stale-if-error` means nothing"),
            ("no-cache, max-age=60", "`max-age` means nothing"),
            ("no-cache, stale-while-revalidate=60", "`stale-while-revalidate` means nothing"),
            ("no-cache, immutable", "`immutable` means nothing"),
            ("private, s-maxage=60", "`s-maxage` is for shared caches"),
            ("private, max-age=1, proxy-revalidate", "`proxy-revalidate` is for shared caches"),
            ("max-age=60, must-revalidate, stale-while-revalidate=60", "`must-revalidate` forbids"),
            ("must-understand, max-age=60", "needs `no-store`"),
            ("stale-while-revalidate=60", "add `max-age=60`"),
            ("immutable", "add `max-age=60`"),
            ("max-age=60\r\nX-Evil: 1", "printable ASCII"),
            ("max-age=60, caf\u{e9}", "printable ASCII"),
        ] {
            let refused = CacheControl::parse(written).expect_err(written);
            assert!(refused.contains(advice), "{written}: {refused}");
        }
    }
}
