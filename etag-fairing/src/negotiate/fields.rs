//! The fields of a request that decide how it is answered, found in one pass.

use std::borrow::Cow;

use rocket::Request;

/// The lines of one field, in the order received.
#[derive(Clone, Debug)]
pub(crate) enum FieldLines<'r> {
    /// Nearly all requests have each field once at most.
    One(Option<&'r str>),
    Several(Vec<&'r str>),
}

impl<'r> FieldLines<'r> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'r str> {
        let lines = match self {
            Self::One(line) => line.as_slice(),
            Self::Several(lines) => lines,
        };
        lines.iter().copied()
    }

    fn push(&mut self, line: &'r str) {
        match self {
            Self::One(None) => *self = Self::One(Some(line)),
            Self::One(Some(first)) => *self = Self::Several(vec![first, line]),
            Self::Several(lines) => lines.push(line),
        }
    }
}

impl Default for FieldLines<'_> {
    fn default() -> Self {
        Self::One(None)
    }
}

/// The fields that each read of a generated route asks for.
///
/// Rocket hashes a name letter by letter. Clients send few fields, so that to read all of their names once costs less than
/// to look for one of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFields<'r> {
    pub(crate) accept: FieldLines<'r>,
    pub(crate) accept_encoding: FieldLines<'r>,
    pub(crate) content_type: FieldLines<'r>,
    /// Whether there is an `If-None-Match`.
    pub(crate) has_if_none_match: bool,
}

impl<'r> RequestFields<'r> {
    pub(crate) fn of(request: &'r Request<'_>) -> Self {
        let mut fields = Self::default();
        for header in request.headers().iter() {
            match header.value {
                Cow::Borrowed(line) => fields.push(header.name.as_str(), line),
                // Rocket gives out what it has. If it ever makes values for this, they are asked for by name.
                Cow::Owned(_) => return Self::by_name(request),
            }
        }
        fields
    }

    fn by_name(request: &'r Request<'_>) -> Self {
        let mut fields = Self::default();
        for name in ["Accept", "Accept-Encoding", "Content-Type", "If-None-Match"] {
            for line in request.headers().get(name) {
                fields.push(name, line);
            }
        }
        fields
    }

    fn push(&mut self, name: &str, line: &'r str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("Accept") {
            self.accept.push(line);
        } else if is("Accept-Encoding") {
            self.accept_encoding.push(line);
        } else if is("Content-Type") {
            self.content_type.push(line);
        } else if is("If-None-Match") {
            self.has_if_none_match = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::Client;

    use super::*;

    #[test]
    fn one_pass_finds_what_a_look_up_by_name_finds() {
        let client = Client::untracked(rocket::build()).expect("a rocket");
        let sent = [
            ("ACCEPT", "text/html"),
            ("X-Accept", "no"),
            ("accept-encoding", "gzip"),
            ("Accept", "*/*;q=0.1"),
            ("Accept", ""),
            ("Content-Type", "text/plain"),
            ("Accept-Encoding", "br, identity"),
        ];
        for number in 0..=sent.len() {
            let mut request = client.get("/");
            for (name, value) in sent.iter().take(number) {
                request.add_header(Header::new(*name, *value));
            }
            let (request, lines) =
                (request.inner(), |lines: &FieldLines<'_>| lines.iter().collect::<Vec<_>>().join("|"));
            let named = |name: &str| request.headers().get(name).collect::<Vec<_>>().join("|");
            for fields in [RequestFields::of(request), RequestFields::by_name(request)] {
                assert_eq!(lines(&fields.accept), named("Accept"));
                assert_eq!(lines(&fields.accept_encoding), named("Accept-Encoding"));
                assert_eq!(lines(&fields.content_type), named("Content-Type"));
                assert!(!fields.has_if_none_match);
            }
        }
        let conditional = client.get("/").header(Header::new("if-none-match", "\"a\""));
        assert!(RequestFields::of(conditional.inner()).has_if_none_match);
        assert!(RequestFields::by_name(conditional.inner()).has_if_none_match);
    }
}
