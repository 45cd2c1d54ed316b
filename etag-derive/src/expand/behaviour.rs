//! What the struct does with requests.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Type, ext::IdentExt};

use super::at;
use crate::attributes::{Resource, Role};

/// What the struct does with requests: its guards, its scope, its rules and its hooks.
pub(super) fn behaviour(resource: &Resource) -> TokenStream {
    let container = &resource.container;
    // One function a type, so that it is asked once, whichever operations lead to it. The lifetimes of the type are
    // those of the request, and are inferred in there.
    let mut kinds: Vec<&Type> = Vec::new();
    let mut name_of = |guard| {
        guard_name(kinds.iter().position(|known| *known == guard).unwrap_or_else(|| {
            kinds.push(guard);
            kinds.len() - 1
        }))
    };
    let guards: Vec<_> = container
        .guards
        .iter()
        .map(|(operation, guard)| {
            let name = name_of(guard);
            let type_name = quote_spanned!(at(guard)=> ::core::any::type_name::<#guard>);
            quote! {
                .guarded(::etag_fairing::__private::Operation::#operation, #name)
                .naming_guard(::etag_fairing::__private::Operation::#operation, #type_name)
            }
        })
        .collect();
    let (mut readers, mut writers) = (Vec::new(), Vec::new());
    for (index, (_, attribute)) in resource.attributes().enumerate() {
        for (guard, guarded) in [(&attribute.readers, &mut readers), (&attribute.writers, &mut writers)] {
            if let Some(guard) = guard.as_deref() {
                let name = name_of(guard);
                let id = quote!(::etag_fairing::__private::AttributeId::at(#index));
                guarded.push(quote!((::etag_fairing::__private::MemberId::Attribute(#id), #name)));
            }
        }
    }
    let mut place = 0_usize;
    for (_, relationship) in resource.relationships() {
        let places = place..place + relationship.arms();
        place = places.end;
        for (guard, guarded) in [(&relationship.readers, &mut readers), (&relationship.writers, &mut writers)]
        {
            if let Some(guard) = guard.as_deref() {
                let name = name_of(guard);
                // Each arm of a polymorphic relationship is for those for whom the relationship is.
                for place in places.clone() {
                    let id = quote!(::etag_fairing::__private::RelationshipId::at(#place));
                    guarded.push(quote!((::etag_fairing::__private::MemberId::Relationship(#id), #name)));
                }
            }
        }
    }
    let guarding = (!(readers.is_empty() && writers.is_empty()))
        .then(|| quote!(.guarding_members(&[#(#readers),*], &[#(#writers),*])));
    let kinds = kinds.into_iter().enumerate().map(|(number, guard)| {
        let name = guard_name(number);
        let ask = quote_spanned!(at(guard)=> ::etag_fairing::__private::guard::<#guard>(request));
        quote!(const #name: ::etag_fairing::__private::Guard = |request| #ask;)
    });
    let scoped = container.scope.as_ref().map(|function| {
        let asked = quote_spanned!(at(function)=> ::etag_fairing::__private::scope_of(#function(request)));
        quote!(.scoped(|request| #asked))
    });
    let needing_keys = container.idempotent.then(|| quote!(.needing_keys()));
    let leaving = container.may_leave.then(|| quote!(.letting_rows_leave()));
    let ident = &resource.ident;
    let validated = container.validate.as_ref().map(|key| {
        let members = resource.fields.iter().filter_map(|field| {
            let member = match &field.role {
                Role::Attribute(attribute) => &attribute.name.text,
                Role::Relationship(relationship) => &relationship.name.text,
                Role::Id { .. } | Role::Skipped { .. } | Role::Broken => return None,
            };
            let name = field.ident.unraw().to_string();
            Some(quote!((#name, #member)))
        });
        let rules = quote_spanned!(key.span()=> ::etag_fairing::__private::validate::<#ident>);
        quote!(.validated(#rules, &[#(#members),*]))
    });
    let hooked = container.hooks.as_ref().map(|key| {
        let hooks = quote_spanned!(key.span()=> ::etag_fairing::__private::HookTable::of::<#ident>());
        quote!(.hooked(#hooks))
    });
    let cached = container.caching.controls.iter().map(|(operation, control)| {
        let (text, is_shared) = (&control.text, control.is_shared);
        let reach = if is_shared { quote!(Shared) } else { quote!(Private) };
        quote! {
            .cached(
                ::etag_fairing::__private::Operation::#operation,
                #text,
                ::etag_fairing::__private::Reach::#reach,
            )
        }
    });
    let varying = container.caching.vary.as_ref().map(|fields| quote!(.varying(#fields)));
    quote! {
        #(#kinds)*
        static BEHAVIOUR: ::etag_fairing::__private::Behaviour =
            ::etag_fairing::__private::Behaviour::NONE
                #(#guards)* #guarding #scoped #leaving #needing_keys #validated #hooked #(#cached)* #varying;
        &BEHAVIOUR
    }
}

/// The constant with the guard of this number.
fn guard_name(number: usize) -> Ident {
    format_ident!("__GUARD_{number}")
}
