//! What somebody may have meant: the nearest of the names there are.

use rocket::figment::{Figment, Provider};

/// The nearest of `names`, if one is near enough to be worth a suggestion.
pub(crate) fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    names
        .iter()
        .map(|name| (distance(&plain(written), &plain(name)), *name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

/// The keys of any layer at the top level that look like `section` but are none of `accepted`, each
/// with the place that it comes from.
pub(super) fn misspellings(figment: &Figment, section: &str, accepted: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Ok(layers) = figment.data() else { return found };
    for (profile, dict) in &layers {
        for (key, value) in dict {
            if !accepted.contains(&key.as_str()) && distance(&plain(key), &plain(section)) <= 1 {
                let source = figment.get_metadata(value.tag()).map(|metadata| match &metadata.source {
                    Some(source) => format!(" in {source}"),
                    None => format!(" in {}", metadata.name),
                });
                found.push((key.clone(), format!("profile {profile}{}", source.unwrap_or_default())));
            }
        }
    }
    found
}

/// A name without what people vary: case, dashes, underscores.
fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many letters must be put in, taken out or replaced to turn one into the other (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((b, diagonal), above) in other.iter().zip(&row).zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        let count = |a: &str, b: &str| distance(&plain(a), &plain(b));
        assert_eq!(count("etag", "etag"), 0);
        assert_eq!(count("", "etag"), 4);
        assert_eq!(count("etags", "etag"), 1);
        assert_eq!(count("E-Tag", "e_tag"), 0);
        assert_eq!(count("kitten", "sitting"), 3);
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let names = ["enabled", "strength", "max_body"];
        assert_eq!(nearest("strenght", &names), Some("strength"));
        assert_eq!(nearest("maxBody", &names), Some("max_body"));
        assert_eq!(nearest("colour", &names), None);
    }
}
