//! The model as Rust.

use std::fmt::Write as _;

use crate::catalogue::{Catalogue, Database};
use crate::model::{Enum, Field, Model, Struct};

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The structs, and a function that mounts them.
    Resources,
    /// A whole program.
    Program,
}

/// The database's structs as Rust.
pub(crate) fn print(catalogue: &Catalogue, form: Form) -> String {
    let model = Model::of(catalogue);
    let mut out = String::new();
    head(catalogue, &model, form, &mut out);
    for remark in &model.remarks {
        comment(&mut out, "//", remark);
    }
    if !model.remarks.is_empty() {
        out.push('\n');
    }
    uses(&model, form, &mut out);
    for found in &model.enums {
        print_enum(found, &mut out);
    }
    for found in &model.structs {
        print_struct(found, form, &mut out);
    }
    mount(&model, form, &mut out);
    out
}

fn head(catalogue: &Catalogue, model: &Model, form: Form, out: &mut String) {
    let has = |word: &str| {
        model.structs.iter().flat_map(|made| &made.fields).any(|field| field.rust_type.contains(word))
    };
    let features: Vec<&str> =
        [(catalogue.database == Database::Postgres, "\"postgres\""), (has("rust_decimal::"), "\"decimal\"")]
            .into_iter()
            .filter_map(|(is_needed, feature)| is_needed.then_some(feature))
            .collect();
    let feature = match features.is_empty() {
        true => String::new(),
        false => format!(", features = [{}]", features.join(", ")),
    };
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("0.1", |(version, _)| version);
    out.push_str(
        "//! Made by etag-scaffold from a database. From now on it is yours: read it, and change it.\n//!\n",
    );
    out.push_str("//! Cargo.toml:\n//!\n//! ```toml\n//! [dependencies]\n");
    let _ = writeln!(out, "//! etag-fairing = {{ version = \"{version}\"{feature} }}");
    out.push_str("//! rocket = { version = \"0.5.2\", default-features = false, features = [\"http2\"] }\n");
    for (word, line) in [
        (
            "chrono::",
            "chrono = { version = \"0.4\", default-features = false, features = [\"std\", \"clock\"] }",
        ),
        (
            "rust_decimal::",
            "rust_decimal = { version = \"1\", default-features = false, features = [\"std\"] }",
        ),
        ("uuid::", "uuid = \"1\""),
        ("serde_json::", "serde_json = \"1\""),
    ] {
        if has(word) {
            let _ = writeln!(out, "//! {line}");
        }
    }
    if !model.enums.is_empty() {
        out.push_str("//! serde = { version = \"1\", features = [\"derive\"] }\n");
    }
    out.push_str(
        "//! ```\n//!\n//! Rocket.toml, where the launch makes and changes no table:\n//!\n//! ```toml\n",
    );
    out.push_str("//! [default]\n//! ETAG = true\n//! [default.databases.api]\n");
    let _ = writeln!(out, "//! url = {:?}", plain(&catalogue.url));
    out.push_str("//! schema = \"check\"\n//! ```\n");
    if form == Form::Program {
        out.push_str("//!\n//! `cargo run`, and then: curl http://127.0.0.1:8000/api/…\n");
    }
    out.push('\n');
}

fn uses(model: &Model, form: Form, out: &mut String) {
    let has = |word: &str| {
        model.structs.iter().flat_map(|made| &made.fields).any(|field| field.rust_type.starts_with(word))
    };
    let mut names = Vec::new();
    if form == Form::Program {
        names.extend(["DatabaseSchema", "EtagFairing", "JsonApi"]);
    }
    // The trait has `routes`, and the derive is called like it.
    if !model.structs.is_empty() {
        names.push("JsonApiResource");
    }
    names.extend(has("ToMany").then_some("ToMany"));
    names.extend(has("ToOne").then_some("ToOne"));
    match names.as_slice() {
        [] => {}
        [name] => drop(writeln!(out, "use etag_fairing::{name};")),
        names => drop(writeln!(out, "use etag_fairing::{{{}}};", names.join(", "))),
    }
    out.push_str("use rocket::{Build, Rocket};\n");
    if !model.enums.is_empty() {
        out.push_str("use serde::{Deserialize, Serialize};\n");
    }
    out.push('\n');
}

fn print_enum(found: &Enum, out: &mut String) {
    comment(out, "///", &format!("The enum {:?}.", found.of));
    let _ = writeln!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]\npub enum {} {{",
        found.name
    );
    for (variant, label) in &found.variants {
        let _ = writeln!(out, "    #[serde(rename = {label:?})]\n    {variant},");
    }
    out.push_str("}\n\n");
}

fn print_struct(found: &Struct, _: Form, out: &mut String) {
    comment(out, "///", &format!("The table {:?}.", found.table));
    for remark in &found.remarks {
        comment(out, "//", remark);
    }
    let table = match found.resource_type.replace('-', "_") == found.table {
        true => String::new(),
        false => format!(", table = {:?}", found.table),
    };
    let key = match found.key.is_empty() {
        true => String::new(),
        false => format!(", id({})", found.key.join(", ")),
    };
    let _ = writeln!(
        out,
        "#[derive(Clone, Debug, JsonApiResource)]\n#[jsonapi(type = {:?}{table}{key}, etag)]\npub struct {} {{",
        found.resource_type, found.name
    );
    for field in &found.fields {
        print_field(field, out);
    }
    out.push_str("}\n\n");
}

fn print_field(field: &Field, out: &mut String) {
    for remark in &field.remarks {
        comment(out, "    //", remark);
    }
    if !field.entries.is_empty() {
        let _ = writeln!(out, "    #[jsonapi({})]", field.entries.join(", "));
    }
    let _ = writeln!(out, "    pub {}: {},", field.name, field.rust_type);
}

fn mount(model: &Model, form: Form, out: &mut String) {
    out.push_str("/// Mounts all of them at `/api`.\npub fn mount(rocket: Rocket<Build>) -> Rocket<Build> {\n    rocket\n");
    for found in &model.structs {
        let _ = writeln!(out, "        .mount(\"/api\", {}::routes())", found.name);
    }
    out.push_str("}\n");
    if form == Form::Program {
        out.push_str(PROGRAM);
    }
}

const PROGRAM: &str = r#"
/// Serves them, or prints the schema of the database: `cargo run -- schema`.
#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rocket = mount(rocket::build().attach(JsonApi::fairing()).attach(EtagFairing::new()));
    if let Some(printed) = DatabaseSchema::command(&rocket, std::env::args().skip(1)).await {
        print!("{}", printed?);
        return Ok(());
    }
    rocket.launch().await?;
    Ok(())
}
"#;

/// Writes a comment in one line.
fn comment(out: &mut String, begin: &str, text: &str) {
    let _ = writeln!(out, "{begin} {}", plain(text));
}

/// A text without what would end a line, or turn the order of what is shown: a name may have anything in it.
fn plain(text: &str) -> String {
    let is_plain = |character: &char| {
        !character.is_control() && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if is_plain(&character) { character } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{Column, ForeignKey, Holds, Table, TableKind};
    use crate::names::member;

    fn name() -> impl Strategy<Value = String> {
        let words = [
            "id", "Id", "type", "self", "Self", "links", "order", "name", "Name", "name_2", "name 2", "a",
            "A", "_", "__a", "user_id", "userId", "String", "Option", "r#if", "if", "ⓐ", "x²", "日本", "été",
            "e\u{301}", "2", "\"", "\\", "//", "*/", "\n", "\u{202e}", "",
        ];
        prop_oneof![3 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
    }

    fn holds() -> impl Strategy<Value = Holds> {
        prop_oneof![
            3 => Just(Holds::Big),
            1 => Just(Holds::Text),
            1 => Just(Holds::Nothing),
            1 => Just(Holds::Decimal),
            1 => (name(), prop::collection::vec(name(), 0..4)).prop_map(|(name, labels)| Holds::Enum(name, labels)),
        ]
    }

    fn column() -> impl Strategy<Value = Column> {
        (name(), holds(), any::<bool>(), prop::option::of(name())).prop_map(
            |(name, holds, is_not_null, default)| Column {
                declared: name.clone(),
                name,
                holds,
                is_not_null,
                default,
                is_generated: false,
                is_identity: false,
            },
        )
    }

    prop_compose! {
        fn table()(
            name in name(),
            mut columns in prop::collection::vec(column(), 1..7),
            key in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            references in prop::collection::vec((any::<prop::sample::Index>(), self::name()), 0..4),
        ) -> Table {
            let mut seen = HashSet::new();
            columns.retain(|column| seen.insert(column.name.clone()));
            let named = |index: &prop::sample::Index| index.get(&columns).name.clone();
            let mut key: Vec<String> = key.iter().map(named).collect();
            key.dedup();
            let foreign_keys = references
                .iter()
                .map(|(column, table)| ForeignKey { columns: vec![named(column)], table: table.clone(), targets: Vec::new() })
                .collect();
            Table { name, kind: TableKind::Table, key, uniques: Vec::new(), foreign_keys, makes_ids: true, columns }
        }
    }

    proptest! {
        /// Whatever names a database has: it is Rust, and no two things in one place have one name.
        #[test]
        fn any_names_make_rust(mut tables in prop::collection::vec(table(), 1..7), on_sqlite in any::<bool>()) {
            let mut seen = HashSet::new();
            tables.retain(|table| seen.insert(table.name.clone()));
            let database = if on_sqlite { Database::Sqlite } else { Database::Postgres };
            let catalogue = Catalogue { database, url: "sqlite:\n\"x".to_owned(), tables };
            let text = print(&catalogue, Form::Program);
            prop_assert!(syn::parse_file(&text).is_ok(), "{}", text);
            prop_assert_eq!(&text, &print(&catalogue, Form::Program));
            let model = Model::of(&catalogue);
            let (mut types, mut kinds) = (HashSet::new(), HashSet::new());
            for found in &model.enums {
                prop_assert!(types.insert(&found.name), "{}", text);
                let variants: HashSet<_> = found.variants.iter().map(|(variant, _)| variant).collect();
                prop_assert_eq!(variants.len(), found.variants.len(), "{}", text);
            }
            for found in &model.structs {
                prop_assert!(types.insert(&found.name) && kinds.insert(&found.resource_type), "{}", text);
                let mut members = HashSet::new();
                for field in &found.fields {
                    let name = member(&field.name);
                    let is_id = field.entries.first().is_some_and(|entry| entry == "id");
                    prop_assert!(is_id || !matches!(name.as_str(), "" | "id" | "type"), "{}", text);
                    prop_assert!(members.insert(name), "{}", text);
                }
            }
        }
    }
}
