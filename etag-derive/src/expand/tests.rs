use proc_macro2::{TokenStream, TokenTree};

use super::expand;

fn rich() -> TokenStream {
    syn::parse_str(include_str!("../snapshots/rich.in.rs")).unwrap()
}

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

/// To renew the file, run with `ETAG_DERIVE_SNAPSHOTS=overwrite`, and read what changed.
#[test]
fn a_rich_struct_expands_as_ever() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/snapshots/rich.out.rs");
    let expansion = pretty(expand(rich()));
    if std::env::var_os("ETAG_DERIVE_SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(path, &expansion).unwrap();
    }
    assert_eq!(expansion, std::fs::read_to_string(path).unwrap(), "see the doc of this test");
}

/// A user's crate depends on nothing of ours but etag-fairing, and perhaps on nothing else.
#[test]
fn the_output_names_only_what_every_user_has() {
    fn roots(tokens: TokenStream, found: &mut Vec<String>) {
        let mut before = [String::new(), String::new(), String::new()];
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                roots(group.stream(), found);
            }
            // `::` after anything but a name or `>` begins a path at the crates.
            let colons = before[1] == ":" && before[2] == ":";
            let continues = before[0] == ">" || before[0].chars().all(|c| c.is_alphanumeric() || c == '_');
            if let TokenTree::Ident(name) = &token
                && colons
                && (before[0].is_empty() || !continues)
            {
                found.push(name.to_string());
            }
            before.rotate_left(1);
            before[2] = token.to_string();
        }
    }
    let mut found = Vec::new();
    roots(expand(rich()), &mut found);
    found.sort();
    found.dedup();
    assert_eq!(found, ["core", "etag_fairing"]);
}

#[test]
fn a_struct_with_mistakes_has_errors_and_a_stand_in() {
    let expansion = pretty(expand(quote::quote! {
        struct Session { #[jsonapi(id)] id: Option<i64> }
    }));
    assert_eq!(expansion.matches("compile_error!").count(), 2, "no type, and an optional id: {expansion}");
    assert_eq!(expansion.matches("impl ::etag_fairing::__private::JsonApiResource for Session").count(), 1);
}

#[test]
fn what_is_no_item_is_an_error_and_no_panic() {
    let expansion = expand(quote::quote!(
        fn main() {}
    ))
    .to_string();
    assert!(expansion.contains("compile_error"), "{expansion}");
}
