//! The public surface, as `public-api.txt` lists it.
//!
//! It is read from the sources, so that the list is the same with every toolchain. Missing are implementations of auto
//! traits, and what a macro makes but for the words that the macro is given. What is hidden from the documentation is
//! for the derive's output and no part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Field, Fields, ImplItem, Item, ItemImpl, Meta, TraitItem, Type, Visibility};

use crate::graph::{Modules, absolute, resolve};
use crate::source::{self, Module};

/// The module that defines an item, and the item's name there.
type Definition = (Vec<String>, String);

struct Surface<'a> {
    modules: &'a Modules,
    /// Under which path each item is public: the shortest of them.
    paths: BTreeMap<Definition, Vec<String>>,
    /// Modules that are being walked, against circles.
    walked: BTreeSet<(Vec<String>, Vec<String>)>,
    lines: BTreeSet<String>,
}

impl Surface<'_> {
    /// Finds what is public below a module, which is public itself under this path.
    fn walk(&mut self, here: &[String], public: &[String]) {
        if !self.walked.insert((here.to_vec(), public.to_vec())) {
            return;
        }
        let Some(module) = self.modules.get(here) else { return };
        for item in module.code.iter().filter(|item| !is_hidden(source::attributes(item))) {
            match item {
                Item::Mod(inner) if is_public(&inner.vis) => {
                    let name = inner.ident.to_string();
                    self.walk(&below(here, &name), &below(public, &name));
                }
                Item::Use(using) if is_public(&using.vis) => {
                    let mut uses = Module::default();
                    source::read_use(&using.tree, &mut Vec::new(), true, &mut uses);
                    for glob in &uses.globs {
                        if let Some(module) = absolute(self.modules, here, glob) {
                            self.walk(&module, public);
                        }
                    }
                    for (name, path) in &uses.imports {
                        let found = absolute(self.modules, here, path);
                        match found.and_then(|path| resolve(self.modules, &path, 0)) {
                            Some((module, None)) => self.walk(&module, &below(public, name)),
                            Some((module, Some(item))) => self.name((module, item), below(public, name)),
                            None => {
                                let known_as = below(public, name).join("::");
                                self.lines.insert(format!("{known_as} = {}", path.join("::")));
                            }
                        }
                    }
                }
                item => {
                    if let (Some(name), true) = (source::name(item), visibility(item).is_some_and(is_public))
                    {
                        let public = below(public, &name);
                        self.name((here.to_vec(), name), public);
                    }
                }
            }
        }
    }

    fn name(&mut self, item: Definition, path: Vec<String>) {
        let known = self.paths.entry(item).or_insert_with(|| path.clone());
        let (shorter, longer) = if (path.len(), &path) < (known.len(), &*known) {
            (path, known.clone())
        } else {
            (known.clone(), path)
        };
        if shorter != longer {
            self.lines.insert(format!("{} = {}", longer.join("::"), shorter.join("::")));
            *known = shorter;
        }
    }

    /// Lists what the public items are made of.
    fn describe(&mut self) {
        let paths = self.paths.clone();
        for ((module, name), path) in &paths {
            let Some(module) = self.modules.get(module) else { continue };
            for item in module.code.iter().filter(|item| source::name(item).as_ref() == Some(name)) {
                self.describe_item(&path.join("::"), item);
            }
        }
        for (here, module) in self.modules {
            for item in &module.code {
                match item {
                    Item::Impl(block) if !is_hidden(&block.attrs) => self.describe_impl(here, block),
                    Item::Macro(call) if call.ident.is_none() && self.implements(&call.mac.path) => {
                        let words = text(&without_literals(call.mac.tokens.clone()));
                        for entry in words.split_terminator(';') {
                            self.lines.insert(format!("{}! {}", text(&call.mac.path), entry.trim()));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether the macro is one of the crate that implements something.
    fn implements(&self, path: &syn::Path) -> bool {
        self.modules.values().flat_map(|module| &module.code).any(|item| match item {
            Item::Macro(it) => {
                it.ident.as_ref().is_some_and(|name| path.is_ident(name))
                    && it.mac.tokens.to_string().contains("impl ")
            }
            _ => false,
        })
    }

    fn list(&mut self, attributes: &[Attribute], word: &str, path: &str, rest: impl ToTokens) {
        let attributes: Vec<String> = attributes.iter().filter(|it| is_kept(it)).map(text).collect();
        let (rest, attributes) = (text(&rest), attributes.join(" "));
        let gap = if rest.starts_with(['(', '<', ':', ',']) || rest.is_empty() { "" } else { " " };
        let line = format!("{path}{gap}{rest} [{word}] {attributes}");
        self.lines.insert(line.trim_end().to_owned());
    }

    fn describe_item(&mut self, path: &str, item: &Item) {
        match item {
            Item::Const(it) => {
                let ty = &it.ty;
                self.list(&it.attrs, "const", path, quote::quote!(: #ty));
            }
            Item::Static(it) => {
                let ty = &it.ty;
                self.list(&it.attrs, "static", path, quote::quote!(: #ty));
            }
            Item::Fn(it) => self.describe_fn(&it.attrs, "fn", path, &it.sig),
            Item::Type(it) => {
                let (generics, ty) = (&it.generics, &it.ty);
                self.list(&it.attrs, "type", path, quote::quote!(#generics = #ty));
            }
            Item::Struct(it) => {
                let (generics, bounds) = (&it.generics, &it.generics.where_clause);
                let shown = |field: &Field| is_public(&field.vis) && !is_hidden(&field.attrs);
                let word = if it.fields.iter().all(shown) { "struct" } else { "struct with private fields" };
                self.list(&it.attrs, word, path, quote::quote!(#generics #bounds));
                self.describe_fields(path, &it.fields, shown);
            }
            Item::Enum(it) => {
                let (generics, bounds) = (&it.generics, &it.generics.where_clause);
                self.list(&it.attrs, "enum", path, quote::quote!(#generics #bounds));
                for variant in it.variants.iter().filter(|variant| !is_hidden(&variant.attrs)) {
                    let path = format!("{path}::{}", variant.ident);
                    self.list(&variant.attrs, "variant", &path, TokenStream::new());
                    self.describe_fields(&path, &variant.fields, |_| true);
                }
            }
            Item::Trait(it) => {
                let (generics, above, bounds) = (&it.generics, &it.supertraits, &it.generics.where_clause);
                self.list(&it.attrs, "trait", path, quote::quote!(#generics: #above #bounds));
                it.items.iter().for_each(|item| self.describe_trait_item(path, item));
            }
            _ => {}
        }
    }

    fn describe_trait_item(&mut self, path: &str, item: &TraitItem) {
        match item {
            TraitItem::Fn(it) if !is_hidden(&it.attrs) => {
                let word = if it.default.is_some() { "provided fn" } else { "required fn" };
                self.describe_fn(&it.attrs, word, &format!("{path}::{}", it.sig.ident), &it.sig);
            }
            TraitItem::Type(it) if !is_hidden(&it.attrs) => {
                let (generics, bounds) = (&it.generics, &it.bounds);
                let path = format!("{path}::{}", it.ident);
                self.list(&it.attrs, "required type", &path, quote::quote!(#generics: #bounds));
            }
            TraitItem::Const(it) if !is_hidden(&it.attrs) => {
                let word = if it.default.is_some() { "provided const" } else { "required const" };
                let ty = &it.ty;
                self.list(&it.attrs, word, &format!("{path}::{}", it.ident), quote::quote!(: #ty));
            }
            _ => {}
        }
    }

    fn describe_fields(&mut self, path: &str, fields: &Fields, shown: impl Fn(&Field) -> bool) {
        for (place, field) in fields.iter().enumerate().filter(|(_, field)| shown(field)) {
            let name = field.ident.as_ref().map_or(place.to_string(), ToString::to_string);
            let ty = &field.ty;
            self.list(&field.attrs, "field", &format!("{path}::{name}"), quote::quote!(: #ty));
        }
    }

    fn describe_fn(&mut self, attributes: &[Attribute], word: &str, path: &str, signature: &syn::Signature) {
        let syn::Signature { constness, asyncness, generics, inputs, output, .. } = signature;
        let bounds = &generics.where_clause;
        let word = format!("{} {word}", text(&quote::quote!(#constness #asyncness)));
        self.list(attributes, word.trim(), path, quote::quote!(#generics (#inputs) #output #bounds));
    }

    fn describe_impl(&mut self, here: &[String], block: &ItemImpl) {
        let find = |path: &syn::Path| {
            let written: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
            // A name that is not imported may be one of the module's own.
            let own = || (written.len() == 1).then(|| below(here, &written[0]));
            let found = absolute(self.modules, here, &written).or_else(own)?;
            let (module, name) = resolve(self.modules, &found, 0)?;
            Some((module, name?))
        };
        let of = match &*block.self_ty {
            Type::Path(ty) => find(&ty.path),
            _ => None,
        };
        let is_own =
            |it: &Definition| self.modules.get(&it.0).is_some_and(|module| module.items.contains(&it.1));
        let public = of.as_ref().and_then(|of| self.paths.get(of)).map(|path| path.join("::"));
        let (generics, ty, bounds) = (&block.generics, &block.self_ty, &block.generics.where_clause);
        if let Some((of_trait, _)) = &block.trait_ {
            let trait_is_public = find(of_trait).is_some_and(|it| self.paths.contains_key(&it));
            let foreign = trait_is_public && !of.as_ref().is_some_and(is_own);
            if public.is_some() || foreign {
                let name = public.unwrap_or_else(|| text(ty));
                let types = block.items.iter().filter(|item| matches!(item, ImplItem::Type(_)));
                let line = quote::quote!(impl #generics #of_trait for #ty #bounds { #(#types)* });
                self.list(&block.attrs, "impl", &name, quote::quote!(: #line));
            }
            return;
        }
        let Some(path) = public else { return };
        let head = if generics.params.is_empty() {
            TokenStream::new()
        } else {
            quote::quote!(in impl #generics #ty #bounds)
        };
        for item in &block.items {
            match item {
                ImplItem::Fn(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                    let word = format!("fn {}", text(&head));
                    self.describe_fn(&it.attrs, word.trim(), &format!("{path}::{}", it.sig.ident), &it.sig);
                }
                ImplItem::Const(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                    let ty = &it.ty;
                    self.list(&it.attrs, "const", &format!("{path}::{}", it.ident), quote::quote!(: #ty));
                }
                _ => {}
            }
        }
    }
}

fn below(path: &[String], name: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(name.to_owned());
    path
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn visibility(item: &Item) -> Option<&Visibility> {
    match item {
        Item::Const(item) => Some(&item.vis),
        Item::Enum(item) => Some(&item.vis),
        Item::Fn(item) => Some(&item.vis),
        Item::Static(item) => Some(&item.vis),
        Item::Struct(item) => Some(&item.vis),
        Item::Trait(item) => Some(&item.vis),
        Item::Type(item) => Some(&item.vis),
        _ => None,
    }
}

/// Whether it is `#[doc(hidden)]`.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

/// Whether an attribute matters to users.
fn is_kept(attribute: &Attribute) -> bool {
    ["async_trait", "cfg", "deprecated", "derive", "must_use", "non_exhaustive"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

/// The words of a macro call without its texts and documentation.
fn without_literals(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Literal(_) => None,
            TokenTree::Punct(mark) if mark.as_char() == '#' => None,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => None,
            token => Some(token),
        })
        .collect()
}

/// Code on one line, without the paths of modules: where in the crate an item stands is no part of the surface.
fn text(code: &(impl ToTokens + ?Sized)) -> String {
    let mut text = String::new();
    let spaced = code.to_token_stream().to_string();
    for word in spaced.split_whitespace() {
        text.push_str(word);
        text.push(' ');
    }
    for (from, to) in [
        (" ::", "::"),
        (":: ", "::"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("# [", "#["),
        ("[ ", "["),
        (" ]", "]"),
        (" ,", ","),
        (" :", ":"),
        (" ;", ";"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (",)", ")"),
        ("{}", ""),
        ("{ }", ""),
        ("=(", "= ("),
        (":(", ": ("),
        (",(", ", ("),
        ("->(", "-> ("),
        // How a function binds what it is given is its own affair.
        ("(mut ", "("),
        (", mut ", ", "),
    ] {
        text = text.replace(from, to);
    }
    let mut short = String::new();
    for word in text.trim().split_inclusive([' ', '(', '<', '&', '[']) {
        let inner = word.strip_prefix("crate::").or(word.strip_prefix("super::"));
        short.push_str(inner.map_or(word, |inner| inner.rsplit("::").next().unwrap_or(inner)));
    }
    short
}

fn surface() -> String {
    let modules = source::read();
    let mut surface = Surface {
        modules: &modules,
        paths: BTreeMap::new(),
        walked: BTreeSet::new(),
        lines: BTreeSet::new(),
    };
    surface.walk(&[], &["etag_fairing".to_owned()]);
    surface.describe();
    let lines: Vec<String> = surface.lines.into_iter().collect();
    lines.join("\n") + "\n"
}

#[test]
fn the_public_surface_is_what_the_list_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("public-api.txt");
    let now = surface();
    assert!(now.lines().count() > 300, "the sources have been read");
    if env::var_os("UPDATE_PUBLIC_API").is_some() {
        fs::write(&path, &now).expect("the list can be written");
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (listed.lines().collect(), now.lines().collect());
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    let new = after.difference(&before).map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    assert!(
        changes.is_empty(),
        "the public surface has changed. If that is meant, tell users in CHANGELOG.md, renew public-api.txt by \
         `UPDATE_PUBLIC_API=1 cargo test --workspace --test architecture`, and commit it:\n{}",
        changes.join("\n")
    );
}
