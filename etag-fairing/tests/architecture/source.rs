//! The modules of the crate and the paths in them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// A module, in a file of its own or inside of one.
#[derive(Default)]
pub(crate) struct Module {
    /// The file, below `src`.
    pub(crate) file: String,
    /// The names of what it defines.
    pub(crate) items: HashSet<String>,
    /// Its code, without what is left out.
    pub(crate) code: Vec<Item>,
    /// What it imports or re-exports, each name with its path.
    pub(crate) imports: HashMap<String, Vec<String>>,
    /// What it imports or re-exports as a whole.
    pub(crate) globs: Vec<Vec<String>>,
    /// Every path that its code names. A re-export names nothing: it is followed where somebody uses it.
    pub(crate) paths: Vec<Vec<String>>,
}

/// All modules of the crate but tests and the guide, by their paths from the root.
pub(crate) fn read() -> HashMap<Vec<String>, Module> {
    let mut modules = HashMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read_file(&source, Path::new("lib.rs"), &[], &mut modules);
    modules
}

fn read_file(source: &Path, file: &Path, path: &[String], modules: &mut HashMap<Vec<String>, Module>) {
    let text = fs::read_to_string(source.join(file)).expect("a file of the crate");
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    read_items(source, file, path, &parsed.items, modules);
}

fn read_items(
    source: &Path,
    file: &Path,
    path: &[String],
    items: &[Item],
    modules: &mut HashMap<Vec<String>, Module>,
) {
    let mut module = Module { file: file.to_string_lossy().replace('\\', "/"), ..Module::default() };
    for item in items.iter().filter(|item| !is_left_out(attributes(item))) {
        module.code.push(item.clone());
        match item {
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                let child = [path, std::slice::from_ref(&name)].concat();
                match &inner.content {
                    Some((_, items)) => read_items(source, file, &child, items, modules),
                    None => read_file(source, &child_file(source, file, &name), &child, modules),
                }
            }
            Item::Use(using) => {
                let reexport = !matches!(using.vis, Visibility::Inherited);
                read_use(&using.tree, &mut Vec::new(), reexport, &mut module);
            }
            item => {
                module.items.extend(name(item));
                Paths(&mut module.paths).visit_item(item);
            }
        }
    }
    modules.insert(path.to_vec(), module);
}

fn child_file(source: &Path, file: &Path, name: &str) -> PathBuf {
    let stem = file.file_stem().expect("a file has a name").to_string_lossy();
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = if matches!(&*stem, "lib" | "mod") { folder.to_owned() } else { folder.join(&*stem) };
    let flat = folder.join(format!("{name}.rs"));
    if source.join(&flat).exists() { flat } else { folder.join(name).join("mod.rs") }
}

pub(crate) fn read_use(tree: &UseTree, path: &mut Vec<String>, reexport: bool, module: &mut Module) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            read_use(&inner.tree, path, reexport, module);
            path.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| read_use(tree, path, reexport, module));
        }
        UseTree::Glob(_) => {
            module.globs.push(path.clone());
            if !reexport {
                module.paths.push(path.clone());
            }
        }
        UseTree::Name(_) | UseTree::Rename(_) => {
            let (name, known_as) = match tree {
                UseTree::Rename(renamed) => (renamed.ident.to_string(), renamed.rename.to_string()),
                UseTree::Name(named) => (named.ident.to_string(), named.ident.to_string()),
                _ => return,
            };
            let mut whole = path.clone();
            let known_as = if name == "self" {
                whole.last().cloned().unwrap_or(known_as)
            } else {
                whole.push(name);
                known_as
            };
            if !reexport {
                module.paths.push(whole.clone());
            }
            module.imports.insert(known_as, whole);
        }
    }
}

/// Whether it is compiled for tests or for documentation alone.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let text = list.tokens.to_string();
        text == "test" || text.starts_with("all (test") || text.starts_with("all (doc")
    })
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

pub(crate) fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects the paths of more than one segment.
struct Paths<'a>(&'a mut Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    // A `use` inside of a function.
    fn visit_item_use(&mut self, using: &'ast syn::ItemUse) {
        let mut inner = Module::default();
        read_use(&using.tree, &mut Vec::new(), false, &mut inner);
        self.0.append(&mut inner.paths);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_left_out(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        paths_in(call.tokens.clone(), self.0);
        visit::visit_macro(self, call);
    }

    // `pub(in super::super)` names a module and nothing of it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    // Documentation is made of attributes.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The paths in the tokens of a macro call.
fn paths_in(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() && colons < 2 => colons += 1,
            other => {
                end(&mut path, paths);
                colons = 0;
                match other {
                    TokenTree::Group(group) => paths_in(group.stream(), paths),
                    TokenTree::Ident(name) => path.push(name.to_string()),
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
        }
    }
    end(&mut path, paths);
}

fn end(path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let path = std::mem::take(path);
    if path.len() > 1 {
        paths.push(path);
    }
}
