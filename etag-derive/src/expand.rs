//! What the struct becomes: an impl of `etag_fairing::JsonApiResource`.
//!
//! The description and the behaviour are static data, so that one set of handlers serves every resource. Whatever needs a trait of
//! a field's type stands under the type's own span, and an attribute's type is named in one bound only: a type
//! that doesn't fit is told at the field, once.

use std::iter;

mod behaviour;
mod record;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, LitStr, Type, ext::IdentExt, spanned::Spanned};

use crate::attributes::{
    Access, Attribute, Carrier, DefaultValue, Deletion, Etag, Indexes, Kept, Relationship, Resource, Role,
    Stored, TypedEnd, in_list, in_option,
};
use behaviour::behaviour;
use record::{from_record, to_record};

use crate::stand_in::stand_in;

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

fn implementation(resource: &Resource) -> TokenStream {
    let ident = &resource.ident;
    let carriers = resource.attributes().enumerate().map(|(index, (field, attribute))| {
        let (name, ty) = (carrier_name(index), &field.ty);
        let carrier = carrier(ty, attribute.carrier);
        quote!(const #name: ::etag_fairing::__private::Carrier<#ty> = #carrier;)
    });
    let description = description(resource);
    let behaviour = behaviour(resource);
    let from_record = from_record(resource);
    let to_record = to_record(resource);
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #(#carriers)*

            #[automatically_derived]
            impl ::etag_fairing::__private::JsonApiResource for #ident {
                fn description() -> &'static ::etag_fairing::__private::Description {
                    #description
                }

                fn behaviour() -> &'static ::etag_fairing::__private::Behaviour {
                    #behaviour
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

                fn routes() -> ::etag_fairing::__private::Routes {
                    ::etag_fairing::__private::routes::<Self>()
                }
            }
        };
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
    let (key, composite) = key(resource).unzip();
    let attributes = resource
        .attributes()
        .enumerate()
        .map(|(index, (field, attribute))| describe_attribute(index, &field.ty, attribute))
        .chain(resource.deletion.iter().filter_map(|deletion| match deletion {
            Deletion::Own { name, column } => {
                Some(quote!(::etag_fairing::__private::Attribute::deletion(#name, #column)))
            }
            Deletion::Field(_) => None,
        }));
    let softly = resource.deletion.as_ref().map(|deletion| match deletion {
        Deletion::Own { .. } => {
            let index = resource.attributes().count();
            quote!(.deleting_softly(#index))
        }
        Deletion::Field(index) => {
            let index = *index;
            let ty = resource.attributes().nth(index).map(|(field, _)| &field.ty);
            let place = quote_spanned!(ty.span()=> ::etag_fairing::__private::deletion_at::<#ty>(#index));
            quote!(.deleting_softly(#place))
        }
    });
    let relationships = resource.relationships().flat_map(|(_, relationship)| {
        (0..relationship.arms()).map(|place| describe_relationship(relationship, place))
    });
    let etag = operations(&container.etag);
    let ident = &resource.ident;
    let computing = (!container.computed.is_empty()).then(|| {
        let names = container.computed.iter().map(|(name, _)| &name.text);
        let functions = container.computed.iter().map(|(_, function)| {
            quote_spanned!(function.span()=> |resource| ::etag_fairing::__private::computed(resource, #function))
        });
        quote! {
            .computing(&[#(#names),*], |record| {
                ::etag_fairing::__private::compute::<#ident>(record, &[#(#functions),*])
            })
        }
    });
    let kept = resource.attributes().enumerate().map(|(index, (_, attribute))| {
        let versioned = attribute.kept.version.as_ref().map(|_| quote!(.versioned(#index)));
        let dated = attribute.kept.last_modified.as_ref().map(|_| quote!(.dated(#index)));
        quote!(#versioned #dated)
    });
    let stored = resource.attributes().enumerate().filter_map(|(index, (_, attribute))| {
        let form = match attribute.stored? {
            Stored::Unix { per_second } => quote!(Unix { per_second: #per_second }),
            Stored::Text { date, separator, seconds, fraction, zone } => {
                let zone = quote::format_ident!("{zone}");
                let separator = match separator {
                    Some(separator) => quote!(::core::option::Option::Some(#separator)),
                    None => quote!(::core::option::Option::None),
                };
                quote! {
                    Text {
                        date: #date,
                        separator: #separator,
                        seconds: #seconds,
                        fraction: #fraction,
                        zone: ::etag_fairing::__private::Zone::#zone,
                    }
                }
            }
        };
        Some(quote!((#index, ::etag_fairing::__private::StoredTime::#form)))
    });
    let stored: Vec<_> = stored.collect();
    let storing = (!stored.is_empty()).then(|| quote!(.storing(&[#(#stored),*])));
    let with_index = |wanted: fn(&Indexes) -> bool| -> Vec<usize> {
        let places = resource.attributes().enumerate();
        places.filter_map(|(place, (_, attribute))| wanted(&attribute.indexes).then_some(place)).collect()
    };
    let indexed = with_index(|indexes| indexes.order);
    let indexing = (!indexed.is_empty()).then(|| quote!(.indexing(&[#(#indexed),*])));
    let trigrams = with_index(|indexes| indexes.trigram);
    let finding = (!trigrams.is_empty()).then(|| quote!(.indexing_trigrams(&[#(#trigrams),*])));
    let deciding: Vec<_> = resource
        .relationships()
        .flat_map(|(_, relationship)| iter::repeat_n(relationship.decides_deletion, relationship.arms()))
        .enumerate()
        .filter_map(|(place, decides)| decides.then_some(place))
        .collect();
    let deciding = (!deciding.is_empty()).then(|| quote!(.deciding_deletions(&[#(#deciding),*])));
    let documented = documented(resource);
    let tagging = container.item_tags.then(|| quote!(.tagging_items()));
    let requiring = container.require_if_match.then(|| quote!(.requiring_if_match()));
    quote! {
        static ATTRIBUTES: &[::etag_fairing::__private::Attribute] = &[#(#attributes),*];
        static RELATIONSHIPS: &[::etag_fairing::__private::Relationship] = &[#(#relationships),*];
        #key
        static DESCRIPTION: ::etag_fairing::__private::Description =
            ::etag_fairing::__private::Description::new(
                #type_name,
                #path,
                #rust_name,
                #table,
                #(#id,)*
                #composite
                ATTRIBUTES,
                RELATIONSHIPS,
                #etag,
            )#documented #tagging #requiring #storing #indexing #finding #deciding #(#kept)* #softly #computing;
        &DESCRIPTION
    }
}

/// The parts of an id that is made of several fields, and the id itself as an argument.
fn key(resource: &Resource) -> Option<(TokenStream, TokenStream)> {
    let (_, names) = resource.container.key.as_ref()?;
    let part = |name: &Ident| {
        let attribute = resource.attributes().enumerate().find(|(_, (field, _))| field.ident == *name);
        if let Some((place, (field, attribute))) = attribute {
            let (column, id_type) = (&attribute.column.text, as_id(&field.ty));
            let part = quote! {
                ::etag_fairing::__private::IdPart::attribute(#column, #place, #id_type::KIND)
            };
            return Some((column.clone(), part));
        }
        let before = resource.relationships().take_while(|(field, _)| field.ident != *name);
        let place: usize = before.map(|(_, relationship)| relationship.arms()).sum();
        let (_, relationship) = resource.relationships().find(|(field, _)| field.ident == *name)?;
        // A relationship to a composite id can't be a part: a launch says so.
        let Kept::ToOne { columns, .. } = &relationship.kept else { return None };
        let (column, target) = (&columns.first()?.text, &relationship.target);
        let target = quote_spanned! {target.span()=>
            <#target as ::etag_fairing::__private::JsonApiResource>::description
        };
        let part = quote!(::etag_fairing::__private::IdPart::relationship(#column, #place, #target));
        Some((column.clone(), part))
    };
    let (columns, parts): (Vec<_>, Vec<_>) = names.iter().filter_map(part).unzip();
    let first = columns.first()?;
    let key = quote! {
        static KEY: &[::etag_fairing::__private::IdPart] = &[#(#parts),*];
    };
    let id = quote! {
        ::etag_fairing::__private::Id {
            column: #first,
            kind: ::etag_fairing::__private::IdKind::Composite(KEY),
        },
    };
    Some((key, id))
}

/// The doc comments, if there are any.
fn documented(resource: &Resource) -> Option<TokenStream> {
    let docs = &resource.container.docs;
    let id = resource.fields.iter().find(|field| matches!(field.role, Role::Id { .. }));
    let id = id.map(|field| field.docs.as_str()).unwrap_or_default();
    let attributes: Vec<_> = resource.attributes().map(|(field, _)| &field.docs).collect();
    let relationships = resource.relationships();
    let relationships =
        relationships.flat_map(|(field, relationship)| iter::repeat_n(&field.docs, relationship.arms()));
    let relationships: Vec<_> = relationships.collect();
    let is_silent = [docs.as_str(), id].iter().all(|text| text.is_empty())
        && attributes.iter().chain(&relationships).all(|text| text.is_empty());
    (!is_silent).then(|| {
        quote! {
            .documented(::etag_fairing::__private::Docs::new(
                #docs,
                #id,
                &[#(#attributes),*],
                &[#(#relationships),*],
            ))
        }
    })
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

fn describe_attribute(index: usize, ty: &Type, attribute: &Attribute) -> TokenStream {
    let carrier = carrier_name(index);
    let (name, column) = (&attribute.name.text, &attribute.column.text);
    let access = match attribute.access {
        Access::ReadWrite => quote!(ReadWrite),
        Access::ReadOnly => quote!(ReadOnly),
        Access::WriteOnly => quote!(WriteOnly),
        Access::Hidden => quote!(Hidden),
    };
    let kept = &attribute.kept;
    let default = match &attribute.default {
        None if kept.last_modified.is_some() => {
            let first = quote_spanned!(ty.span()=> ::etag_fairing::__private::first_modified::<#ty>);
            quote!(::core::option::Option::Some(#first))
        }
        None if kept.version.is_some() => {
            let first = quote_spanned!(ty.span()=> ::etag_fairing::__private::first_version::<#ty>);
            quote!(::core::option::Option::Some(#first))
        }
        None => quote!(::core::option::Option::None),
        Some(default) => {
            let value = default_value(ty, default);
            quote! {
                ::core::option::Option::Some(|| {
                    let value: #ty = #value;
                    #carrier.write(&value)
                })
            }
        }
    };
    // Said only where it is not what `describe` makes of the access.
    let (filter, sort) = (attribute.filter, attribute.sort);
    let ordinary = attribute.access.is_shown();
    let open_to = ((filter, sort) != (ordinary, ordinary)).then(|| quote!(.open_to(#filter, #sort)));
    quote! {
        #carrier.describe(#name, #column, ::etag_fairing::__private::Access::#access, #default)#open_to
    }
}

fn default_value(ty: &Type, default: &DefaultValue) -> TokenStream {
    match default {
        DefaultValue::OfType => quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()),
        DefaultValue::Function(function) => quote_spanned!(function.span()=> #function()),
    }
}

/// One relationship of the description: of a polymorphic one, the arm at this place.
fn describe_relationship(relationship: &Relationship, place: usize) -> TokenStream {
    let (name, linkage) = (&relationship.name.text, relationship.linkage);
    let kind = match &relationship.kept {
        Kept::ToOne { columns, required, on_delete } => {
            let columns = describe_columns(columns.iter().map(|column| &column.text));
            quote! {
                ToOne {
                    columns: #columns,
                    required: #required,
                    on_delete: ::etag_fairing::__private::OnDelete::#on_delete,
                }
            }
        }
        Kept::OneOf { column, type_column, stored_types, required, on_delete } => {
            let (column, type_column, arms) = (&column.text, &type_column.text, relationship.arms());
            let stored = stored_type(stored_types, place);
            quote! {
                OneOf {
                    column: #column,
                    type_column: #type_column,
                    stored_type: #stored,
                    required: #required,
                    on_delete: ::etag_fairing::__private::OnDelete::#on_delete,
                    place: #place,
                    arms: #arms,
                }
            }
        }
        Kept::Inverse { of } => quote!(Inverse { of: #of }),
        Kept::Through { table, owner_columns, target_columns, typed } => {
            let (owner, target) =
                (describe_columns(owner_columns.iter()), describe_columns(target_columns.iter()));
            let typed = match typed {
                None => quote!(::core::option::Option::None),
                Some(TypedEnd::Owner { type_column, stored_type }) => quote! {
                    ::core::option::Option::Some(::etag_fairing::__private::TypedEnd::Owner {
                        type_column: #type_column,
                        stored_type: #stored_type,
                    })
                },
                Some(TypedEnd::Targets { type_column, stored_types }) => {
                    let (stored, arms) = (stored_type(stored_types, place), relationship.arms());
                    quote! {
                        ::core::option::Option::Some(::etag_fairing::__private::TypedEnd::Target {
                            type_column: #type_column,
                            stored_type: #stored,
                            place: #place,
                            arms: #arms,
                        })
                    }
                }
            };
            quote! {
                Through { table: #table, owner_columns: #owner, target_columns: #target, typed: #typed }
            }
        }
    };
    let ordered = relationship.order.as_ref().map(|column| quote!(.ordered_by(#column)));
    let others = place.checked_sub(1).and_then(|place| relationship.others.get(place));
    let target = others.unwrap_or(&relationship.target);
    let target = quote_spanned! {target.span()=>
        <#target as ::etag_fairing::__private::JsonApiResource>::description
    };
    quote! {
        ::etag_fairing::__private::Relationship::new(
            #name,
            ::etag_fairing::__private::RelationshipKind::#kind,
            #target,
        )
        .showing(#linkage)
        #ordered
    }
}

/// The columns of an id.
fn describe_columns<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> TokenStream {
    match names.len() {
        1 => quote!(::etag_fairing::__private::Columns::one(#(#names)*)),
        _ => quote!(::etag_fairing::__private::Columns::several(&[#(#names),*])),
    }
}

/// The text in a type column for the arm at this place, if it is not the type itself.
fn stored_type(stored_types: &[Option<LitStr>], place: usize) -> TokenStream {
    match stored_types.get(place).and_then(Option::as_ref) {
        Some(stored) => quote!(::core::option::Option::Some(#stored)),
        None => quote!(::core::option::Option::None),
    }
}

/// Where something of the user's stands, for names of ours: the user's may come through a macro, which wouldn't know
/// them.
fn at(written: &impl Spanned) -> Span {
    written.span().resolved_at(Span::call_site())
}

/// The constant with the carrier of the attribute at this place.
fn carrier_name(index: usize) -> Ident {
    format_ident!("__ATTRIBUTE_{index}")
}

/// `<Type as IdType>`, for what follows it.
fn as_id(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::etag_fairing::__private::IdType>)
}

/// The carrier of a field: by its type itself, or by an adapter.
fn carrier(ty: &Type, carrier: Carrier) -> TokenStream {
    let adapter = match carrier {
        Carrier::Itself => return quote_spanned!(ty.span()=> ::etag_fairing::__private::Carrier::of::<#ty>()),
        Carrier::Text => quote!(Text),
        Carrier::Json => quote!(Json),
        Carrier::Number => quote!(Number),
        Carrier::Seconds => quote!(InSeconds),
        Carrier::Milliseconds => quote!(InMilliseconds),
    };
    let adapted = adapted(ty, carrier, &adapter);
    quote_spanned!(ty.span()=> ::etag_fairing::__private::Carrier::of::<#adapted>())
}

/// A type by an adapter, which is that of what stands in an option, and of the elements of a list.
fn adapted(ty: &Type, carrier: Carrier, adapter: &TokenStream) -> TokenStream {
    let inner = |inner| adapted(inner, carrier, adapter);
    if let Some(inner) = in_option(ty).map(inner) {
        // Null is not the adapted type's to say.
        return quote_spanned!(ty.span()=> ::core::option::Option<#inner>);
    }
    match in_list(ty).filter(|_| matches!(carrier, Carrier::Text | Carrier::Number)).map(inner) {
        Some(inner) => quote_spanned!(ty.span()=> ::etag_fairing::__private::List<#inner>),
        None => quote_spanned!(ty.span()=> ::etag_fairing::__private::#adapter<#ty>),
    }
}

#[cfg(test)]
mod tests;
