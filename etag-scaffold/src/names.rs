//! Names of tables and columns as names of Rust and of JSON:API.

use std::collections::HashSet;

/// The words of a name, in lower case: `AlbumId`, `album_id` and `album id` are `album` and `id`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index)).copied();
        let after = characters.get(index + 1).copied();
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(char::is_lowercase))
            });
        if starts_word || !is_letter(character) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if is_letter(character) {
            word.extend(character.to_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn is_letter(character: char) -> bool {
    character.is_ascii_alphanumeric() || (!character.is_ascii() && character.is_alphabetic())
}

/// The words as the name of a field. `fallback` is one for names without a letter.
pub(crate) fn field(words: &[String], fallback: &str) -> String {
    let mut name = words.join("_");
    if name.starts_with(|first: char| first.is_numeric()) {
        name.insert(0, '_');
    }
    if is_identifier(&name) {
        return name;
    }
    // A keyword is none with an underscore, and the member's name is the same.
    name.push('_');
    if is_identifier(&name) && name.len() > 1 { name } else { fallback.to_owned() }
}

/// The words as the name of a type.
pub(crate) fn type_name(words: &[String], fallback: &str) -> String {
    let mut name: String = words.iter().map(|word| capitalized(word)).collect();
    if name.starts_with(|first: char| first.is_numeric()) {
        name.insert_str(0, "Table");
    }
    if RESERVED.contains(&name.as_str()) || !is_identifier(&name) {
        name.push_str("Row");
    }
    if is_identifier(&name) && name != "Row" { name } else { fallback.to_owned() }
}

/// Types that the output names by themselves, and what a type can't be called.
const RESERVED: [&str; 24] = [
    "Self",
    "String",
    "Option",
    "Vec",
    "Box",
    "Result",
    "Some",
    "None",
    "Ok",
    "Err",
    "ToOne",
    "ToMany",
    "JsonApiResource",
    "JsonApi",
    "EtagFairing",
    "DatabaseSchema",
    "Build",
    "Rocket",
    "Serialize",
    "Deserialize",
    "Default",
    "Clone",
    "Debug",
    "Send",
];

fn is_identifier(name: &str) -> bool {
    name != "_" && syn::parse_str::<syn::Ident>(name).is_ok()
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The member name that the derive makes of a field's name: camel case.
pub(crate) fn member(field: &str) -> String {
    let mut words = field.split('_').filter(|word| !word.is_empty());
    let first = words.next().map(str::to_lowercase).unwrap_or_default();
    first + &words.map(capitalized).collect::<String>()
}

/// The plural of the last word, as English has it where it is regular.
pub(crate) fn plural(words: &[String]) -> Vec<String> {
    with_last(words, |word| {
        let ends = |end: &str| word.ends_with(end);
        if is_plural(word) {
            word.to_owned()
        } else if ends("y") && !["ay", "ey", "oy", "uy"].iter().any(|end| ends(end)) {
            format!("{}ies", word.strip_suffix('y').unwrap_or(word))
        } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| ends(end)) {
            format!("{word}es")
        } else {
            format!("{word}s")
        }
    })
}

/// The singular of the last word.
pub(crate) fn singular(words: &[String]) -> Vec<String> {
    with_last(words, |word| {
        if !is_plural(word) || matches!(word, "news" | "series" | "species") {
            return word.to_owned();
        }
        if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
            return format!("{stem}y");
        }
        for end in ["sses", "xes", "zes", "ches", "shes", "uses"] {
            if word.ends_with(end) {
                return word.strip_suffix("es").unwrap_or(word).to_owned();
            }
        }
        word.strip_suffix('s').unwrap_or(word).to_owned()
    })
}

fn is_plural(word: &str) -> bool {
    word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) && word.len() > 2
}

fn with_last(words: &[String], change: impl Fn(&str) -> String) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(last) = words.last_mut() {
        *last = change(last);
    }
    words
}

/// The words as a JSON:API type and a URL's segment; `fallback` for what can't stand in a URL.
pub(crate) fn resource_type(words: &[String], fallback: &str) -> String {
    let name = words.join("-");
    if !name.is_empty() && name.is_ascii() { name } else { fallback.to_owned() }
}

/// Names that were given, so that none is given twice.
#[derive(Debug, Default)]
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    /// The name, or the name with a number. `separator` stands before the number. Letters' case doesn't part names.
    pub(crate) fn give(&mut self, name: String, separator: &str) -> String {
        let given = (1..)
            .map(|number| if number == 1 { name.clone() } else { format!("{name}{separator}{number}") })
            .find(|name| !self.0.contains(&key(name)));
        let given = given.unwrap_or(name);
        self.0.insert(key(&given));
        given
    }
}

/// What is the same name as a field and as a member.
fn key(name: &str) -> String {
    name.chars().filter(|character| *character != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str) -> (String, String, String) {
        let words = words(name);
        let kind = resource_type(&plural(&words), "table-1");
        (field(&words, "column_1"), type_name(&singular(&words), "Table1"), kind)
    }

    #[test]
    fn names_of_all_sorts() {
        for (name, field, type_name, kind) in [
            ("Album", "album", "Album", "albums"),
            ("InvoiceLine", "invoice_line", "InvoiceLine", "invoice-lines"),
            ("invoice_line", "invoice_line", "InvoiceLine", "invoice-lines"),
            ("order details", "order_details", "OrderDetail", "order-details"),
            ("categories", "categories", "Category", "categories"),
            ("HTTPServer", "http_server", "HttpServer", "http-servers"),
            ("Address", "address", "Address", "addresses"),
            ("addresses", "addresses", "Address", "addresses"),
            ("status", "status", "Status", "statuses"),
            ("Day", "day", "Day", "days"),
            ("type", "type_", "Type", "types"),
            ("self", "self_", "SelfRow", "selves-or-not"),
            ("2nd", "_2nd", "Table2nd", "2nds"),
            ("strings", "strings", "StringRow", "strings"),
            ("!!!", "column_1", "Table1", "table-1"),
            ("it's \"quoted\"", "it_s_quoted", "ItSQuoted", "it-s-quoteds"),
            ("Größe", "größe", "Größe", "table-1"),
        ] {
            let found = all(name);
            assert_eq!((found.0.as_str(), found.1.as_str()), (field, type_name), "{name}");
            if name != "self" {
                assert_eq!(found.2, kind, "{name}");
            }
        }
    }

    #[test]
    fn each_name_is_given_once() {
        let mut taken = Taken::default();
        assert_eq!(taken.give("name".into(), "_"), "name");
        assert_eq!(taken.give("name".into(), "_"), "name_2");
        assert_eq!(taken.give("name_2".into(), "_"), "name_2_2");
        assert_eq!(taken.give("Name".into(), ""), "Name3");
        assert_eq!(member("name_2"), "name2");
        assert_eq!(member("self_"), "self");
    }
}
