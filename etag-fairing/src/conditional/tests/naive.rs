//! The decision once more, written straight from the table and as slowly as it reads: lines joined, text split
//! character by character, everything copied. Shares nothing with the code under test but [`Decision`].

use super::{Decision, Precondition};

#[derive(Clone, Debug)]
pub(super) enum Current {
    Untagged,
    Tag { weak: bool, opaque: String },
    State(String),
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) if_match: Vec<Vec<u8>>,
    pub(super) if_none_match: Vec<Vec<u8>>,
    /// Each line with the date that it means, if it means one.
    pub(super) if_modified_since: Vec<(&'static str, Option<i64>)>,
    pub(super) if_unmodified_since: Vec<(&'static str, Option<i64>)>,
}

/// One byte, one character, and the lines joined as RFC 9110 §5.3 says.
pub(super) fn join(lines: &[Vec<u8>]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| line.iter().copied().map(char::from).collect()).collect();
    lines.join(", ")
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// `(weak, opaque)` if this text is exactly one entity tag.
fn one_tag(text: &str) -> Option<(bool, String)> {
    let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |quoted| (true, quoted));
    let characters: Vec<char> = quoted.chars().collect();
    if characters.len() < 2 || characters[0] != '"' || characters[characters.len() - 1] != '"' {
        return None;
    }
    let inside = &characters[1..characters.len() - 1];
    let allowed = |c: &char| *c > ' ' && *c != '"' && *c != '\u{7F}';
    inside.iter().all(allowed).then(|| (weak, inside.iter().collect()))
}

/// Every element that is not empty, `None` for a malformed one. An element ends at the first comma that leaves a
/// tag before it, or else at the first comma.
pub(super) fn elements(joined: &str) -> Vec<Option<(bool, String)>> {
    let mut pieces: Vec<String> = joined.split(',').map(str::to_owned).collect();
    let mut found = Vec::new();
    while !pieces.is_empty() {
        if trim(&pieces[0]).is_empty() {
            pieces.remove(0);
            continue;
        }
        let whole =
            (1..=pieces.len()).find_map(|n| one_tag(trim(&pieces[..n].join(","))).map(|tag| (n, tag)));
        match whole {
            Some((n, tag)) => {
                pieces.drain(..n);
                found.push(Some(tag));
            }
            None => {
                pieces.remove(0);
                found.push(None);
            }
        }
    }
    found
}

fn names_state(opaque: &str, state: &str) -> bool {
    opaque == state || opaque.starts_with(&format!("{state}-"))
}

fn if_match_names(request: &Request, current: &Current, accept_weakened: bool, tag: &(bool, String)) -> bool {
    let (weak, opaque) = tag;
    let write = !matches!(request.method, "GET" | "HEAD");
    let equal_and_ours_strong = match current {
        Current::Untagged => false,
        Current::Tag { weak: ours, opaque: current } => !ours && opaque == current,
        Current::State(state) if write => names_state(opaque, state),
        Current::State(state) => opaque == state,
    };
    equal_and_ours_strong && (!weak || accept_weakened)
}

fn if_none_match_names(request: &Request, current: &Current, tag: &(bool, String)) -> bool {
    let write = !matches!(request.method, "GET" | "HEAD");
    match current {
        Current::Untagged => false,
        Current::Tag { opaque, .. } => *opaque == tag.1,
        Current::State(state) if write => names_state(&tag.1, state),
        Current::State(state) => *state == tag.1,
    }
}

fn only_date(lines: &[(&'static str, Option<i64>)]) -> Option<i64> {
    if lines.len() == 1 { lines[0].1 } else { None }
}

/// `exists` is what the target has now, and when it was modified.
pub(super) fn decide(
    request: &Request,
    exists: Option<&(Current, Option<i64>)>,
    accept_weakened: bool,
) -> Decision {
    let read = ["GET", "HEAD"].contains(&request.method);
    let write = ["POST", "PUT", "PATCH", "DELETE"].contains(&request.method);
    if !read && !write {
        return Decision::Proceed;
    }
    if read && exists.is_none() {
        return Decision::Proceed; // to 404
    }
    let modified = exists.and_then(|(_, modified)| *modified);

    // 1, 2
    if !request.if_match.is_empty() {
        let joined = join(&request.if_match);
        let passes = match exists {
            None => false,
            Some(_) if trim(&joined) == "*" => true,
            Some((current, _)) => {
                let tags = elements(&joined);
                tags.iter().all(Option::is_some)
                    && tags.iter().flatten().any(|tag| if_match_names(request, current, accept_weakened, tag))
            }
        };
        if !passes {
            return Decision::Failed(Precondition::IfMatch);
        }
    } else if let (Some(date), Some(modified)) = (only_date(&request.if_unmodified_since), modified) {
        let passes = modified <= date;
        if !passes {
            return Decision::Failed(Precondition::IfUnmodifiedSince);
        }
    }

    // 3, 4
    if !request.if_none_match.is_empty() {
        let joined = join(&request.if_none_match);
        let passes = match exists {
            None => true,
            Some(_) if trim(&joined) == "*" => false,
            Some((current, _)) => {
                elements(&joined).iter().flatten().all(|tag| !if_none_match_names(request, current, tag))
            }
        };
        if !passes {
            return if read { Decision::NotModified } else { Decision::Failed(Precondition::IfNoneMatch) };
        }
    } else if read && let (Some(date), Some(modified)) = (only_date(&request.if_modified_since), modified) {
        let passes = modified > date;
        if !passes {
            return Decision::NotModified;
        }
    }

    // 6
    Decision::Proceed
}
