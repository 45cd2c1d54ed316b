//! What the derive gives for a struct with mistakes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

/// An impl for a struct with mistakes: without it, every use of the struct would be one more error.
///
/// Its functions never run, since the compile errors beside it end the build.
pub(crate) fn stand_in(input: &DeriveInput) -> TokenStream {
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let bounds = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
        generics.make_where_clause().predicates.push(bounds);
    }
    let ident = &input.ident;
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let never = quote!(::core::unreachable!("a struct with mistakes does not compile"));
    quote! {
        #[automatically_derived]
        impl #parameters ::etag_fairing::__private::JsonApiResource for #ident #arguments #conditions {
            fn description() -> &'static ::etag_fairing::__private::Description {
                #never
            }
            fn behaviour() -> &'static ::etag_fairing::__private::Behaviour {
                #never
            }
            fn from_record(
                _: &::etag_fairing::__private::Record,
            ) -> ::core::result::Result<Self, ::etag_fairing::__private::Corrupt> {
                #never
            }
            fn to_record(
                &self,
            ) -> ::core::result::Result<
                ::etag_fairing::__private::Record,
                ::etag_fairing::__private::Mismatch,
            > {
                #never
            }
            fn routes() -> ::etag_fairing::__private::Routes {
                #never
            }
        }
    }
}
