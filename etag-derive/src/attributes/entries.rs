//! The entries of `#[jsonapi(…)]`: `key`, `key = value`, `key(list)`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, ExprPath, Lit, LitStr, Meta, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseBuffer, ParseStream, Parser},
    punctuated::Punctuated,
    token::Paren,
};

use crate::{errors::Errors, names::nearest};

/// What was written in all `#[jsonapi(…)]` of one struct or field. Whoever knows a key takes it;
/// what is left at the end has no meaning there.
pub(super) struct Entries {
    entries: Vec<Entry>,
    broken: bool,
}

/// Keys that decide what else is asked of a struct or field.
const DECISIVE: [&str; 4] = ["type", "id", "skip", "relationship"];

/// One key and its value.
pub(super) struct Entry {
    pub(super) key: Ident,
    pub(super) value: Value,
}

pub(super) enum Value {
    Flag,
    Assigned(Expr),
    /// What is a type and no expression: `User<'_>`.
    Type(Type),
    List(TokenStream),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // Any word, as `type` is a keyword.
        let key = Ident::parse_any(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            assigned(input)?
        } else if input.peek(Paren) {
            let list;
            parenthesized!(list in input);
            Value::List(list.parse()?)
        } else {
            Value::Flag
        };
        Ok(Self { key, value })
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.key.to_tokens(tokens);
        match &self.value {
            Value::Flag => {}
            Value::Assigned(value) => value.to_tokens(tokens),
            Value::Type(value) => value.to_tokens(tokens),
            Value::List(list) => list.to_tokens(tokens),
        }
    }
}

/// What stands behind `=`. An expression, where it is one: `Pair<A, B>` begins as a comparison, and ends at the comma.
fn assigned(input: ParseStream<'_>) -> syn::Result<Value> {
    let ends = |ahead: &ParseBuffer<'_>| ahead.is_empty() || ahead.peek(Token![,]);
    let ahead = input.fork();
    let is_expression =
        ahead.parse::<Expr>().is_ok_and(|value| !matches!(value, Expr::Binary(_))) && ends(&ahead);
    let ahead = input.fork();
    match is_expression {
        false if ahead.parse::<Type>().is_ok() && ends(&ahead) => Ok(Value::Type(input.parse()?)),
        _ => Ok(Value::Assigned(ungroup(input.parse()?))),
    }
}

/// A literal that came through a `macro_rules!` variable stands in an invisible group.
fn ungroup(mut value: Expr) -> Expr {
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    value
}

impl Entries {
    /// Reads the entries, each key at most once, each of `keys`. `elsewhere` are keys of the other place
    /// (the struct for a field, a field for the struct), which is called `other`.
    pub(super) fn read(
        attributes: &[Attribute],
        keys: &[&str],
        elsewhere: &[&str],
        other: &str,
        errors: &mut Errors,
    ) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut broken = false;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("jsonapi")) {
            let Meta::List(list) = &attribute.meta else {
                errors.at(attribute, "write `#[jsonapi(…)]`, with what you want to say in parentheses");
                continue;
            };
            let parsed = match list.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated) {
                Ok(parsed) => parsed,
                Err(error) => {
                    errors.push(error);
                    broken = true;
                    continue;
                }
            };
            for entry in parsed {
                let key = entry.key.to_string();
                if elsewhere.contains(&key.as_str()) && !keys.contains(&key.as_str()) {
                    errors.at(&entry.key, format!("`{key}` belongs on {other}"));
                } else if !keys.contains(&key.as_str()) {
                    errors.at(&entry.key, unknown("key", &key, keys));
                    broken |= nearest(&key, keys).is_some_and(|meant| DECISIVE.contains(&meant));
                } else if entries.iter().any(|earlier| earlier.key == entry.key) {
                    errors.at(&entry.key, format!("`{key}` is given twice: remove one of them"));
                } else {
                    entries.push(entry);
                }
            }
        }
        Self { entries, broken }
    }

    /// Whether something could not be read that decides what else there is to say.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Takes the entry, whatever its value.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Whether `key` was written and not taken yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// What nobody took.
    pub(super) fn rest(self) -> Vec<Entry> {
        self.entries
    }

    /// Takes `key`; the key itself, for where it stands.
    pub(super) fn flag(&mut self, key: &str, errors: &mut Errors) -> Option<Ident> {
        let entry = self.take(key)?;
        if !matches!(entry.value, Value::Flag) {
            errors.at(&entry, format!("`{key}` takes no value: write `{key}`"));
        }
        Some(entry.key)
    }

    /// Takes `key = "text"`; the text is not empty and has no NUL.
    pub(super) fn text(&mut self, key: &str, errors: &mut Errors) -> Option<LitStr> {
        let entry = self.take(key)?;
        let Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = &entry.value else {
            errors.at(&entry, format!("`{key}` takes a text: write `{key} = \"…\"`"));
            return None;
        };
        if text.value().is_empty() {
            errors.at(text, format!("`{key}` is empty: write a name"));
            return None;
        }
        if text.value().contains('\0') {
            errors.at(text, format!("`{key}` has the character U+0000: remove it"));
            return None;
        }
        Some(text.clone())
    }

    /// Takes `key("text", "text")`: at least two texts, each once; with the key, for where it stands.
    pub(super) fn texts(&mut self, key: &str, errors: &mut Errors) -> Option<(Ident, Vec<LitStr>)> {
        let entry = self.take(key)?;
        let texts = match &entry.value {
            Value::List(list) => {
                Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(list.clone()).unwrap_or_default()
            }
            _ => Punctuated::new(),
        };
        let texts: Vec<LitStr> = texts.into_iter().collect();
        let is_name = |text: &LitStr| !text.value().is_empty() && !text.value().contains('\0');
        if texts.len() < 2 || !texts.iter().all(is_name) {
            errors.at(
                &entry,
                format!(
                    "`{key}` names a column for each part of an id that is made of several: write \
                     `{key}(\"…\", \"…\")`, in the order of the parts"
                ),
            );
            return None;
        }
        for (place, text) in texts.iter().enumerate() {
            if texts.iter().take(place).any(|earlier| earlier.value().eq_ignore_ascii_case(&text.value())) {
                errors.at(
                    text,
                    format!("`{}` is named twice: each part has a column of its own", text.value()),
                );
            }
        }
        Some((entry.key, texts))
    }

    /// Takes `key = true` or `key = false`; the key too, for where it stands.
    pub(super) fn truth(&mut self, key: &str, errors: &mut Errors) -> Option<(Ident, bool)> {
        let entry = self.take(key)?;
        match &entry.value {
            Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Bool(truth), .. })) => {
                Some((entry.key, truth.value()))
            }
            _ => {
                errors.at(&entry, format!("write `{key} = true` or `{key} = false`"));
                None
            }
        }
    }

    /// Takes `key`, `key = "path"` or `key = path`: `Some(None)` is the bare key.
    pub(super) fn function(&mut self, key: &str, errors: &mut Errors) -> Option<Option<ExprPath>> {
        let entry = self.take(key)?;
        if matches!(entry.value, Value::Flag) {
            return Some(None);
        }
        let path = function_of(&entry.value);
        if path.is_none() {
            errors.at(
                &entry,
                format!(
                    "`{key}` takes a function that makes the value: write `{key} = \"path::to::function\"`, \
                     or `{key}` alone for `Default::default()`"
                ),
            );
        }
        // A bare key in place of what was wrong, so that nothing else is said about it.
        Some(path)
    }
}

/// The message for a word that is not among the known ones.
pub(super) fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    match nearest(written, known) {
        Some(meant) => format!("unknown {what} `{written}`: did you mean `{meant}`?"),
        None => format!("unknown {what} `{written}`: write one of {}", listed(known)),
    }
}

/// `a`, `b`, `c`
pub(super) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The names in a list such as `(read, update)`.
pub(super) fn names_of(list: TokenStream) -> syn::Result<Vec<Ident>> {
    let names = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(list)?;
    Ok(names.into_iter().collect())
}

/// The entries in a list such as `(update = Editor, delete = Admin)`.
pub(super) fn entries_of(list: TokenStream) -> syn::Result<Vec<Entry>> {
    let entries = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(list)?;
    Ok(entries.into_iter().collect())
}

/// The type in `key = Type` or `key = "Type"`.
pub(super) fn type_of(value: &Value) -> Option<Type> {
    match value {
        Value::Type(named) => Some(named.clone()),
        Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.parse().ok(),
        Value::Assigned(named @ (Expr::Path(_) | Expr::Reference(_) | Expr::Tuple(_))) => {
            syn::parse2(named.to_token_stream()).ok()
        }
        _ => None,
    }
}

/// The function in `key = path` or `key = "path"`.
pub(super) fn function_of(value: &Value) -> Option<ExprPath> {
    match value {
        Value::Assigned(Expr::Path(path)) => Some(path.clone()),
        Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.parse().ok(),
        _ => None,
    }
}
