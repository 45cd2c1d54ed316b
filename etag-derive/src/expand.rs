//! What the struct becomes: an impl of `etag_fairing::JsonApiResource`.
//!
//! The description is static data, so that one set of handlers serves every resource. All that depends on a
//! field's type is named as `<Type as Trait>::item` under the type's own span: a type that doesn't fit is
//! told at the field, once.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{DeriveInput, Type, ext::IdentExt, parse_quote, spanned::Spanned};

use crate::attributes::{
    Access, Attribute, Carrier, DefaultValue, Etag, Field, Kept, Relationship, Resource, Role, in_option,
};

/// The impl, or the errors and an impl that does nothing.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match Resource::read(&input) {
        Ok(resource) => implementation(&resource),
        Err(errors) => {
            let errors = errors.into_compile_error();
            let stand_in = stand_in(&input);
            quote!(#errors #stand_in)
        }
    }
}

/// An impl for a struct with mistakes: without it, every use of the struct would be one more error.
fn stand_in(input: &DeriveInput) -> TokenStream {
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let bounds = parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static);
        generics.make_where_clause().predicates.push(bounds);
    }
    let ident = &input.ident;
    let (parameters, arguments, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters ::etag_fairing::__private::JsonApiResource for #ident #arguments #conditions {
            fn description() -> &'static ::etag_fairing::__private::Description {
                ::core::unimplemented!()
            }
            fn from_record(
                _: &::etag_fairing::__private::Record,
            ) -> ::core::result::Result<Self, ::etag_fairing::__private::Corrupt> {
                ::core::unimplemented!()
            }
            fn to_record(
                &self,
            ) -> ::core::result::Result<
                ::etag_fairing::__private::Record,
                ::etag_fairing::__private::Mismatch,
            > {
                ::core::unimplemented!()
            }
        }
    }
}

fn implementation(resource: &Resource) -> TokenStream {
    let ident = &resource.ident;
    let description = description(resource);
    let from_record = from_record(resource);
    let to_record = to_record(resource);
    quote! {
        #[automatically_derived]
        impl ::etag_fairing::__private::JsonApiResource for #ident {
            fn description() -> &'static ::etag_fairing::__private::Description {
                #description
            }

            fn from_record(
                record: &::etag_fairing::__private::Record,
            ) -> ::core::result::Result<Self, ::etag_fairing::__private::Corrupt> {
                #from_record
            }

            fn to_record(
                &self,
            ) -> ::core::result::Result<
                ::etag_fairing::__private::Record,
                ::etag_fairing::__private::Mismatch,
            > {
                #to_record
            }
        }
    }
}

fn description(resource: &Resource) -> TokenStream {
    let rust_name = resource.ident.unraw().to_string();
    let container = &resource.container;
    let (type_name, path, table) = (&container.type_name, &container.path, &container.table);
    let id = resource.fields.iter().filter_map(|field| match &field.role {
        Role::Id { column } => {
            let column = &column.text;
            let id_type = as_id(&field.ty);
            Some(quote!(::etag_fairing::__private::Id { column: #column, kind: #id_type::KIND }))
        }
        _ => None,
    });
    let attributes = resource.attributes().map(|(field, attribute)| describe_attribute(field, attribute));
    let relationships = resource.relationships().map(|(_, relationship)| describe_relationship(relationship));
    let etag = operations(&container.etag);
    quote! {
        static ATTRIBUTES: &[::etag_fairing::__private::Attribute] = &[#(#attributes),*];
        static RELATIONSHIPS: &[::etag_fairing::__private::Relationship] = &[#(#relationships),*];
        static DESCRIPTION: ::etag_fairing::__private::Description =
            ::etag_fairing::__private::Description::new(
                #type_name,
                #path,
                #rust_name,
                #table,
                #(#id,)*
                ATTRIBUTES,
                RELATIONSHIPS,
                #etag,
            );
        &DESCRIPTION
    }
}

fn operations(etag: &Etag) -> TokenStream {
    match etag {
        Etag::None => quote!(::etag_fairing::__private::Operations::NONE),
        Etag::All => quote!(::etag_fairing::__private::Operations::ALL),
        Etag::Only(variants) => quote! {
            ::etag_fairing::__private::Operations::NONE
                #(.with(::etag_fairing::__private::Operation::#variants))*
        },
    }
}

fn describe_attribute(field: &Field, attribute: &Attribute) -> TokenStream {
    let (name, column) = (&attribute.name.text, &attribute.column.text);
    let access = match attribute.access {
        Access::ReadWrite => quote!(ReadWrite),
        Access::ReadOnly => quote!(ReadOnly),
        Access::WriteOnly => quote!(WriteOnly),
    };
    let (filter, sort) = (attribute.filter, attribute.sort);
    let ty = &field.ty;
    let as_attribute = as_attribute(ty, attribute.carrier);
    let default = attribute.default.as_ref().map(|default| {
        let value = default_value(ty, default);
        quote! {{
            let value: #ty = #value;
            #as_attribute::to_value(&value)
        }}
    });
    let default = match default {
        Some(value) => quote!(::core::option::Option::Some(|| #value)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::etag_fairing::__private::Attribute {
            name: #name,
            column: #column,
            kind: #as_attribute::KIND,
            nullable: #as_attribute::NULLABLE,
            access: ::etag_fairing::__private::Access::#access,
            filter: #filter,
            sort: #sort,
            default: #default,
            parse: |json| #as_attribute::to_value(&#as_attribute::from_json(json)?),
        }
    }
}

fn default_value(ty: &Type, default: &DefaultValue) -> TokenStream {
    match default {
        DefaultValue::OfType => quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()),
        DefaultValue::Function(function) => quote_spanned!(function.span()=> #function()),
    }
}

fn describe_relationship(relationship: &Relationship) -> TokenStream {
    let (name, linkage) = (&relationship.name.text, relationship.linkage);
    let kind = match &relationship.kept {
        Kept::ToOne { column, required } => {
            let column = &column.text;
            quote!(ToOne { column: #column, required: #required })
        }
        Kept::Inverse { of } => quote!(Inverse { of: #of }),
        Kept::Through { table, owner_column, target_column } => quote! {
            Through { table: #table, owner_column: #owner_column, target_column: #target_column }
        },
    };
    let target = &relationship.target;
    let target = quote_spanned! {target.span()=>
        <#target as ::etag_fairing::__private::JsonApiResource>::description
    };
    quote! {
        ::etag_fairing::__private::Relationship {
            name: #name,
            kind: ::etag_fairing::__private::RelationshipKind::#kind,
            target: #target,
            linkage: #linkage,
        }
    }
}

fn from_record(resource: &Resource) -> TokenStream {
    let mut attributes = 0_usize..;
    let mut relationships = 0_usize..;
    let fields = resource.fields.iter().map(|Field { ident, ty, role }| {
        let value = match role {
            Role::Id { .. } => {
                let id_type = as_id(ty);
                quote!(::etag_fairing::__private::read_id(record, #id_type::from_id)?)
            }
            Role::Attribute(attribute) => {
                let index = attributes.next();
                let column = &attribute.column.text;
                let as_attribute = as_attribute(ty, attribute.carrier);
                quote! {
                    ::etag_fairing::__private::read_attribute(record, #index, #column, #as_attribute::from_value)?
                }
            }
            Role::Relationship(relationship) => {
                let index = relationships.next();
                let name = &relationship.name.text;
                let read = if relationship.is_to_many() { quote!(read_to_many) } else { quote!(read_to_one) };
                quote!(::etag_fairing::__private::#read(record, #index, #name)?)
            }
            Role::Skipped { default: Some(function) } => {
                default_value(ty, &DefaultValue::Function(function.clone()))
            }
            Role::Skipped { default: None } => default_value(ty, &DefaultValue::OfType),
        };
        quote!(#ident: #value)
    });
    quote!(::core::result::Result::Ok(Self { #(#fields),* }))
}

fn to_record(resource: &Resource) -> TokenStream {
    let id = resource.fields.iter().filter(|field| matches!(field.role, Role::Id { .. })).map(|field| {
        let (ident, id_type) = (&field.ident, as_id(&field.ty));
        quote!(#id_type::to_id(&self.#ident))
    });
    let attributes = resource.attributes().map(|(field, attribute)| {
        let (ident, as_attribute) = (&field.ident, as_attribute(&field.ty, attribute.carrier));
        quote!(#as_attribute::to_value(&self.#ident)?)
    });
    let linkage = resource.relationships().map(|(field, relationship)| {
        let ident = &field.ident;
        let write = if relationship.is_to_many() { quote!(write_to_many) } else { quote!(write_to_one) };
        quote!(::etag_fairing::__private::#write(&self.#ident))
    });
    quote! {
        ::core::result::Result::Ok(::etag_fairing::__private::Record {
            id: ::core::option::Option::Some(#(#id)*),
            attributes: ::std::vec::Vec::from([#(#attributes),*]),
            linkage: ::std::vec::Vec::from([#(#linkage),*]),
        })
    }
}

/// `<Type as IdType>`, for what follows it.
fn as_id(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::etag_fairing::__private::IdType>)
}

/// `<Carrier as AttributeType>`, for what follows it.
fn as_attribute(ty: &Type, carrier: Carrier) -> TokenStream {
    let adapter = match carrier {
        Carrier::Itself => None,
        Carrier::Text => Some("Text"),
        Carrier::Json => Some("Json"),
    };
    let carried = match adapter.map(|adapter| Ident::new(adapter, ty.span())) {
        None => ty.to_token_stream(),
        Some(adapter) => match in_option(ty) {
            // Null is not the adapted type's to say.
            Some(inner) => quote_spanned! {ty.span()=>
                ::core::option::Option<::etag_fairing::__private::#adapter<#inner>>
            },
            None => quote_spanned!(ty.span()=> ::etag_fairing::__private::#adapter<#ty>),
        },
    };
    quote_spanned!(ty.span()=> <#carried as ::etag_fairing::__private::AttributeType>)
}
