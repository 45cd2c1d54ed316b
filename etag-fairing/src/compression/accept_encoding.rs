//! `Accept-Encoding`, RFC 9110 §12.5.3.

use crate::config::Coding;

/// What a request's `Accept-Encoding` leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// The coding that the client likes best of those that are offered; `None` if it prefers the body as it is.
    pub(crate) coding: Option<Coding>,
    /// Whether the client refuses the body as it is: `identity;q=0`, or `*;q=0`.
    pub(crate) refuses_identity: bool,
}

impl Negotiated {
    /// The coding for a body of this size, where it is known.
    pub(crate) fn coding_for(self, size: Option<usize>, least: u64) -> Option<Coding> {
        let is_worth_it = match size {
            Some(0) => false,
            Some(size) => size as u64 >= least || self.refuses_identity,
            None => true,
        };
        self.coding.filter(|_| is_worth_it)
    }
}

/// Chooses among the codings that are offered, by the lines of `Accept-Encoding`.
///
/// The highest weight wins; of several, the first one that is offered. The body as it is comes last, unless the client
/// gives it a higher weight than all others. Where the client accepts nothing that is offered, it gets the body as it is
/// (RFC 9110 §12.4.1: the field may be disregarded), since the client may have changed something by its request.
pub(crate) fn negotiate<'a>(lines: impl Iterator<Item = &'a str>, offered: &[Coding]) -> Negotiated {
    let mut weights = Weights::default();
    for element in lines.flat_map(|line| line.split(',')) {
        weights.note(element.trim_matches([' ', '\t']));
    }
    let mut best = (0, None);
    for coding in offered {
        let weight = weights.codings[coding.index()].or(weights.others).unwrap_or(0);
        if weight > best.0 {
            best = (weight, Some(*coding));
        }
    }
    let identity = weights.identity.or(weights.others);
    // Where the client doesn't speak of it, it takes the body as it is, but would rather have less.
    let coding = best.1.filter(|_| identity.is_none_or(|identity| best.0 >= identity));
    Negotiated { coding, refuses_identity: identity == Some(0) }
}

/// The weights that a client gives, in thousandths.
#[derive(Default)]
struct Weights {
    codings: [Option<u16>; Coding::NUMBER],
    identity: Option<u16>,
    /// `*`: all that are not named.
    others: Option<u16>,
}

impl Weights {
    /// Notes one element. One that isn't written as the RFC says is left out. Of two for one coding the later one counts.
    fn note(&mut self, element: &str) {
        let (name, weight) = match element.split_once(';') {
            Some((name, parameter)) => (name.trim_end_matches([' ', '\t']), weight(parameter)),
            None => (element, Some(1000)),
        };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let place = if name == "*" {
            &mut self.others
        } else if is("identity") {
            &mut self.identity
        // RFC 9110 §8.4.1.3: x-gzip is gzip.
        } else if is("gzip") || is("x-gzip") {
            &mut self.codings[Coding::Gzip.index()]
        } else if is("br") {
            &mut self.codings[Coding::Brotli.index()]
        } else if is("zstd") {
            &mut self.codings[Coding::Zstd.index()]
        } else {
            return;
        };
        if weight.is_some() {
            *place = weight;
        }
    }
}

/// The weight in `q=0.5`, in thousandths (RFC 9110 §12.4.2).
fn weight(parameter: &str) -> Option<u16> {
    let parameter = parameter.trim_matches([' ', '\t']);
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = decimals.bytes().chain(*b"000").take(3);
    let thousandths = thousandths.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Coding::{Brotli, Gzip, Zstd};

    const ALL: [Coding; 3] = [Brotli, Zstd, Gzip];

    fn chosen(lines: &[&str]) -> (Option<Coding>, bool) {
        let Negotiated { coding, refuses_identity } = negotiate(lines.iter().copied(), &ALL);
        (coding, refuses_identity)
    }

    #[test]
    fn what_a_client_likes_best() {
        for (lines, coding, refuses_identity) in [
            (&[][..], None, false),
            (&[""], None, false),
            (&["gzip"], Some(Gzip), false),
            (&["x-gzip"], Some(Gzip), false),
            (&["GZip"], Some(Gzip), false),
            (&["gzip, deflate, br, zstd"], Some(Brotli), false),
            (&["gzip, deflate, zstd"], Some(Zstd), false),
            (&["deflate"], None, false),
            (&["gzip;q=1.0, br;q=0.9"], Some(Gzip), false),
            (&["gzip;q=0.5, br;q=0.5"], Some(Brotli), false),
            (&["gzip;q=0"], None, false),
            (&["gzip;q=0, br;q=0.001"], Some(Brotli), false),
            (&["gzip;q=0.0, *"], Some(Brotli), false),
            (&["br;q=0, zstd;q=0.000, *;q=0.1"], Some(Gzip), false),
            (&["*"], Some(Brotli), false),
            (&["*;q=0"], None, true),
            (&["*;q=0, gzip"], Some(Gzip), true),
            (&["*;q=0, identity"], None, false),
            (&["identity"], None, false),
            (&["identity;q=0"], None, true),
            (&["identity;q=0, gzip;q=0.1"], Some(Gzip), true),
            (&["identity, gzip;q=0.5"], None, false),
            (&["identity;q=0.5, gzip;q=0.5"], Some(Gzip), false),
            (&["gzip;q=0.5, *;q=0.8, br;q=0, zstd;q=0"], None, false),
            // Several lines are one list (RFC 9110 §5.3).
            (&["gzip;q=0.5", "br;q=0.4"], Some(Gzip), false),
            // White space around elements and weights, and empty elements (RFC 9110 §5.6.1).
            (&[", ,\tgzip\t; q=0.5 ,, br ;q=0.4,"], Some(Gzip), false),
            (&["gzip;Q=0.5, br;q=0.4"], Some(Gzip), false),
            // What is not written as the RFC says counts as not there.
            (&["gzip;q=2"], None, false),
            (&["gzip;q=1.001"], None, false),
            (&["gzip;q=0.5555"], None, false),
            (&["gzip;q=-1"], None, false),
            (&["gzip;q="], None, false),
            (&["gzip;q=.5"], None, false),
            (&["gzip;level=9"], None, false),
            (&["gzip q=1"], None, false),
            (&["gzip;q=0.;"], None, false),
            (&["gzip;q=0., br;q=1."], Some(Brotli), false),
            (&["gzip, gzip;q=0"], None, false),
            (&["*;q=x, gzip"], Some(Gzip), false),
        ] {
            assert_eq!(chosen(lines), (coding, refuses_identity), "{lines:?}");
        }
    }

    #[test]
    fn only_what_is_offered_is_chosen() {
        let of = |line, offered: &[Coding]| negotiate([line].into_iter(), offered).coding;
        assert_eq!(of("br, gzip", &[Gzip]), Some(Gzip));
        assert_eq!(of("br", &[Gzip]), None);
        assert_eq!(of("br, gzip", &[Gzip, Brotli]), Some(Gzip));
        assert_eq!(of("*", &[Gzip, Brotli]), Some(Gzip));
    }

    #[test]
    fn small_bodies_stay_as_they_are_unless_that_is_refused() {
        let likes = Negotiated { coding: Some(Gzip), refuses_identity: false };
        let insists = Negotiated { refuses_identity: true, ..likes };
        for (negotiated, size, coding) in [
            (likes, Some(9), None),
            (likes, Some(10), Some(Gzip)),
            (likes, None, Some(Gzip)),
            (insists, Some(9), Some(Gzip)),
            (insists, Some(0), None),
            (Negotiated::default(), Some(10), None),
        ] {
            assert_eq!(negotiated.coding_for(size, 10), coding, "{negotiated:?} {size:?}");
        }
    }

    /// The rules of RFC 9110 §12.5.3, as they stand there, without any haste: every representation gets a weight, and the
    /// best one is sent.
    fn by_the_book(elements: &[(&str, Option<u32>)]) -> (Option<Coding>, bool) {
        let weight_of = |names: &[&str]| {
            let named = elements.iter().rev().find(|(name, _)| names.contains(name));
            let any = || elements.iter().rev().find(|(name, _)| *name == "*");
            named.or_else(any).map(|(_, weight)| weight.unwrap_or(1000))
        };
        let identity = weight_of(&["identity"]);
        let mut representations = vec![
            (weight_of(&["br"]).unwrap_or(0), 3, Some(Brotli)),
            (weight_of(&["zstd"]).unwrap_or(0), 2, Some(Zstd)),
            (weight_of(&["gzip", "x-gzip"]).unwrap_or(0), 1, Some(Gzip)),
        ];
        representations.retain(|(weight, _, _)| *weight > 0);
        if identity != Some(0) {
            representations.push((identity.unwrap_or(0), 0, None));
        }
        let best = representations.into_iter().max_by_key(|(weight, rank, _)| (*weight, *rank));
        (best.and_then(|(_, _, coding)| coding), identity == Some(0))
    }

    proptest! {
        #[test]
        fn any_field_is_judged_by_the_book(
            elements in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        "br", "gzip", "x-gzip", "zstd", "identity", "*", "deflate", "compress", "dcb",
                    ]),
                    prop::option::of(0_u32..=1000),
                ),
                0..6,
            ),
            upper in any::<bool>(),
            separator in prop::sample::select(vec![",", ", ", " ,\t", ",,"]),
            lines in 1_usize..3,
        ) {
            let text = |(name, weight): &(&str, Option<u32>)| {
                let name = if upper { name.to_uppercase() } else { (*name).to_owned() };
                match weight {
                    None => name,
                    Some(1000) => format!("{name};q=1"),
                    Some(weight) => format!("{name}; q=0.{weight:03}"),
                }
            };
            let lines: Vec<String> = elements
                .chunks(elements.len().div_ceil(lines).max(1))
                .map(|part| part.iter().map(text).collect::<Vec<_>>().join(separator))
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(chosen(&lines), by_the_book(&elements), "{:?}", lines);
        }

        #[test]
        fn no_field_is_too_odd(line in "[a-z*;=,.0-9q\t \"é-]{0,60}") {
            let _ = chosen(&[&line]);
        }
    }
}
