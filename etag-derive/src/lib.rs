//! `#[derive(JsonApiResource)]` for etag-fairing.

mod attributes;
mod errors;
mod expand;
mod names;

use proc_macro::TokenStream;

/// Makes a struct a JSON:API resource.
#[proc_macro_derive(JsonApiResource, attributes(jsonapi))]
pub fn derive_json_api_resource(input: TokenStream) -> TokenStream {
    expand::expand(input.into()).into()
}
