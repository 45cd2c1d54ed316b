//! What can be told of a type by how it is written.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, parse::Parse};

/// The other end of a relationship field.
#[derive(Clone)]
pub(super) struct Related {
    pub(super) many: bool,
    pub(super) target: Type,
    /// The further types of a polymorphic relationship.
    pub(super) others: Vec<Type>,
}

impl Related {
    pub(super) fn in_words(&self) -> &'static str {
        if self.many { "a to-many relationship" } else { "a to-one relationship" }
    }

    pub(super) fn is_polymorphic(&self) -> bool {
        !self.others.is_empty()
    }
}

/// `ToOne<T>`, `ToMany<T>`, `ToOneOf<(T, U)>` or `ToManyOf<(T, U)>`, by whatever path.
pub(super) fn related(ty: &Type) -> Option<Related> {
    let (name, target) = generic_of_one(ty)?;
    let many = match name.to_string().as_str() {
        "ToOne" => false,
        "ToMany" => true,
        of_several @ ("ToOneOf" | "ToManyOf") => {
            let many = of_several == "ToManyOf";
            let Type::Tuple(tuple) = ungroup(target) else { return None };
            let mut targets = tuple.elems.iter().cloned();
            let target = targets.next().filter(|_| (2..=8).contains(&tuple.elems.len()))?;
            return Some(Related { many, target, others: targets.collect() });
        }
        _ => return None,
    };
    Some(Related { many, target: target.clone(), others: Vec::new() })
}

/// The name of a relationship type that the types stand in which are no tuple of two to eight.
pub(super) fn related_to_no_tuple(ty: &Type) -> Option<&Ident> {
    let (name, _) = generic_of_one(ty)?;
    (related(ty).is_none() && matches!(name.to_string().as_str(), "ToOneOf" | "ToManyOf")).then_some(name)
}

/// The `T` of `Option<T>`, by whatever path.
pub(crate) fn in_option(ty: &Type) -> Option<&Type> {
    generic_of_one(ty).filter(|(name, _)| *name == "Option").map(|(_, inner)| inner)
}

/// The `T` of `Vec<T>`, by whatever path.
pub(crate) fn in_list(ty: &Type) -> Option<&Type> {
    generic_of_one(ty).filter(|(name, _)| *name == "Vec").map(|(_, inner)| inner)
}

/// The name and the argument of a type such as `a::Name<T>`.
pub(super) fn generic_of_one(ty: &Type) -> Option<(&Ident, &Type)> {
    let Type::Path(path) = ungroup(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some((&last.ident, inner)),
        _ => None,
    }
}

/// The last name of a path: `Speaker` of `crate::people::Speaker`.
pub(super) fn last_name(ty: &Type) -> Option<&Ident> {
    match ungroup(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// A type that came through a `macro_rules!` variable stands in an invisible group; or in parentheses.
fn ungroup(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// A type or path with the struct's name for `Self`, which has no meaning in a static.
pub(super) fn without_self<T: Parse + ToTokens + Clone>(named: &T, owner: &Ident) -> T {
    syn::parse2(replace_self(named.to_token_stream(), owner)).unwrap_or_else(|_| named.clone())
}

/// A type whose named lifetimes are to be inferred: those of a request have no name where the type is used.
pub(super) fn without_lifetimes(named: &Type) -> Type {
    let tokens = infer_lifetimes(named.to_token_stream());
    syn::parse2(tokens).unwrap_or_else(|_| named.clone())
}

fn infer_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut of_lifetime = false;
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(name) if std::mem::take(&mut of_lifetime) && name != "static" => {
                Ident::new("_", name.span()).into()
            }
            TokenTree::Group(group) => {
                let mut inferred = Group::new(group.delimiter(), infer_lifetimes(group.stream()));
                inferred.set_span(group.span());
                TokenTree::Group(inferred)
            }
            other => {
                of_lifetime = matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '\'');
                other
            }
        })
        .collect()
}

fn replace_self(tokens: TokenStream, owner: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(word) if word == "Self" => {
                let mut name = owner.clone();
                name.set_span(word.span());
                name.into()
            }
            TokenTree::Group(group) => {
                let mut replaced = Group::new(group.delimiter(), replace_self(group.stream(), owner));
                replaced.set_span(group.span());
                TokenTree::Group(replaced)
            }
            other => other,
        })
        .collect()
}
