//! `from_record` and `to_record`: the struct from and to what a store has.

use proc_macro2::TokenStream;
use quote::quote;

use super::{as_id, carrier_name, default_value};
use crate::attributes::{DefaultValue, Deletion, Field, Resource, Role};

pub(super) fn from_record(resource: &Resource) -> TokenStream {
    let mut attributes = 0_usize..;
    let mut relationships = 0_usize..;
    let fields = resource.fields.iter().map(|Field { ident, ty, role, .. }| {
        let value = match role {
            Role::Id { .. } => {
                let id_type = as_id(ty);
                quote!(::etag_fairing::__private::read_id(record, #id_type::from_id)?)
            }
            Role::Attribute(attribute) => {
                let index = attributes.next().unwrap_or_default();
                let carrier = carrier_name(index);
                let column = &attribute.column.text;
                quote!(#carrier.read(record, #index, #column)?)
            }
            Role::Relationship(relationship) => {
                let index = relationships.next();
                let name = &relationship.name.text;
                let arms = relationship.arms();
                if arms > 1 {
                    relationships.nth(arms - 2);
                    let read =
                        if relationship.is_to_many() { quote!(read_many_of) } else { quote!(read_one_of) };
                    return quote!(
                        #ident: ::etag_fairing::__private::#read(record, #index, #arms, #name)?
                    );
                }
                let read = if relationship.is_to_many() { quote!(read_to_many) } else { quote!(read_to_one) };
                quote!(::etag_fairing::__private::#read(record, #index, #name)?)
            }
            Role::Skipped { default: Some(function) } => {
                default_value(ty, &DefaultValue::Function(function.clone()))
            }
            Role::Skipped { default: None } | Role::Broken => default_value(ty, &DefaultValue::OfType),
        };
        quote!(#ident: #value)
    });
    quote!(::core::result::Result::Ok(Self { #(#fields),* }))
}

pub(super) fn to_record(resource: &Resource) -> TokenStream {
    let id = resource.fields.iter().filter(|field| matches!(field.role, Role::Id { .. })).map(|field| {
        let (ident, id_type) = (&field.ident, as_id(&field.ty));
        quote!(#id_type::to_id(&self.#ident))
    });
    let attributes = resource.attributes().enumerate().map(|(index, (field, _))| {
        let (ident, carrier) = (&field.ident, carrier_name(index));
        quote!(#carrier.write(&self.#ident)?)
    });
    // Only a deletion says that a resource is deleted.
    let deletion = match resource.deletion {
        Some(Deletion::Own { .. }) => Some(quote!(::etag_fairing::__private::Value::Null)),
        Some(Deletion::Field(_)) | None => None,
    };
    let attributes = attributes.chain(deletion);
    let linkage = resource.relationships().flat_map(|(field, relationship)| {
        let ident = &field.ident;
        (0..relationship.arms()).map(move |place| {
            if relationship.arms() > 1 {
                let write =
                    if relationship.is_to_many() { quote!(write_many_of) } else { quote!(write_one_of) };
                return quote!(::etag_fairing::__private::#write(&self.#ident, #place));
            }
            let write = if relationship.is_to_many() { quote!(write_to_many) } else { quote!(write_to_one) };
            quote!(::etag_fairing::__private::#write(&self.#ident))
        })
    });
    let (function, first) = match &resource.container.key {
        None => (quote!(record), quote!(#(#id)*)),
        Some(_) => (
            quote!(composite_record),
            quote!(<Self as ::etag_fairing::__private::JsonApiResource>::description()),
        ),
    };
    quote! {
        ::core::result::Result::Ok(::etag_fairing::__private::#function(
            #first,
            [#(#attributes),*],
            [#(#linkage),*],
        ))
    }
}
