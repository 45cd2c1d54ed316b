//! What `docs/architecture.md` and `CONTRIBUTING.md` name is there: each file, and each item after it.
//!
//! They write them as `` `folder/file.rs`: `item`, `Type::function` ``. Files are those of `src`, or of the
//! repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use crate::arrows::ROOMS;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace").to_owned()
}

fn read(document: &str) -> String {
    fs::read_to_string(repository().join(document)).expect("the document")
}

fn document() -> String {
    read("docs/architecture.md")
}

/// The rows of the table below a heading.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, below) = document.split_once(heading).unwrap_or_else(|| panic!("there is no `{heading}`"));
    let section = below.split("\n## ").next().unwrap_or(below);
    section.lines().filter(|line| line.starts_with("| ")).skip(1).collect()
}

/// Each file that the document names, with the items that follow it.
fn named(document: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut file = None;
    let mut between = "";
    for (place, part) in document.split('`').enumerate() {
        if place % 2 == 0 {
            between = part;
        } else if part.ends_with(".rs") {
            named.entry(part).or_default();
            file = Some(part);
        } else if let Some(known) = file.filter(|_| matches!(between, ": " | ", ")) {
            named.entry(known).or_default().insert(part);
        } else {
            file = None;
        }
    }
    named
}

fn path_of(file: &str) -> Option<PathBuf> {
    let of_crate = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    [of_crate, repository().join(file)].into_iter().find(|path| path.is_file())
}

/// The names that a file defines.
#[derive(Default)]
struct Defined(BTreeSet<String>);

impl<'ast> Visit<'ast> for Defined {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.0.extend(crate::source::name(item));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.0.insert(module.ident.to_string());
        visit::visit_item_mod(self, module);
    }

    // A type may be defined elsewhere, and do here what is named.
    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if let syn::Type::Path(of) = &*block.self_ty {
            self.0.extend(of.path.segments.last().map(|it| it.ident.to_string()));
        }
        visit::visit_item_impl(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.0.insert(signature.ident.to_string());
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.0.insert(variant.ident.to_string());
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.0.insert(item.ident.to_string());
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.0.extend(field.ident.as_ref().map(ToString::to_string));
    }
}

fn defined(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).expect("a source file");
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut defined = Defined::default();
    defined.visit_file(&file);
    // What a macro makes of the words that it is given.
    let words = file.items.iter().filter_map(|item| match item {
        syn::Item::Macro(call) if call.ident.is_none() => Some(call.mac.tokens.to_string()),
        _ => None,
    });
    for words in words {
        let names = words.split(|it: char| !it.is_alphanumeric() && it != '_').map(str::to_owned);
        defined.0.extend(names);
    }
    defined.0
}

#[test]
fn every_file_and_item_that_the_documents_name_exists() {
    let documents = document() + &read("CONTRIBUTING.md");
    let mut wrong = Vec::new();
    for (file, items) in named(&documents) {
        let Some(path) = path_of(file) else {
            wrong.push(format!("there is no file {file}"));
            continue;
        };
        let defined = defined(&path);
        for item in items {
            if !item.split("::").all(|name| defined.contains(name)) {
                wrong.push(format!("{file} defines no {item}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "docs/architecture.md or CONTRIBUTING.md names what is gone:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn each_rule_has_a_file_and_an_item() {
    let document = document();
    let rules = rows(&document, "\n## Where a rule stands\n");
    assert!(rules.len() >= 30, "{} rules", rules.len());
    for rule in rules {
        let items: usize = named(rule).values().map(BTreeSet::len).sum();
        assert!(items > 0, "no file with an item: {rule}");
    }
    for walk in ["304 from the memo", "A list on SQLite", "A PATCH on SQLite", "A PATCH on PostgreSQL"] {
        let (_, below) = document.split_once(&format!("\n### {walk}\n")).expect("each walk has a heading");
        let walk = below.split("\n#").next().unwrap_or(below);
        assert!(named(walk).len() > 4, "too few files: {walk}");
    }
}

#[test]
fn the_picture_has_every_room() {
    let document = document();
    let (_, below) = document.split_once("```text\n").expect("a picture");
    let picture = below.split("```").next().unwrap_or(below);
    // A room's line begins with its name; the next words say what it is.
    let drawn: Vec<&str> = picture
        .lines()
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(|room| room.trim_end_matches('/').trim_end_matches(".rs"))
        .collect();
    let rooms: Vec<&str> = ROOMS.iter().copied().filter(|room| !matches!(*room, "lib" | "nowhere")).collect();
    assert_eq!(drawn, rooms);
}
