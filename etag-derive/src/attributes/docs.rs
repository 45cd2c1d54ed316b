//! Doc comments, as the text that they are to a reader.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments, without the blank behind `///`. Lines of one paragraph stay lines: the text is Markdown.
///
/// What a macro writes into `#[doc = …]`, such as `include_str!`, is not known here and is left out.
pub(super) fn text(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    let lines: Vec<&str> = lines.iter().flat_map(|line| line.lines()).map(str::trim_end).collect();
    // As rustdoc does: what all lines begin with belongs to the comment, not to the text.
    let blanks = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = lines.iter().filter(|line| !line.is_empty()).map(blanks).min().unwrap_or(0);
    let lines: Vec<&str> = lines.into_iter().map(|line| line.get(common..).unwrap_or_default()).collect();
    lines.join("\n").trim().to_owned()
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if pair.path.is_ident("doc") => {
            Some(if text.value().is_empty() { "\n".into() } else { text.value() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_rustdoc_shows() {
        let input: syn::ItemStruct = syn::parse_quote! {
            /// A talk.
            ///
            /// ```
            ///  let x = 1;
            /// ```
            #[jsonapi(type = "sessions")]
            #[doc = " And more."]
            #[doc(hidden)]
            struct Session;
        };
        assert_eq!(text(&input.attrs), "A talk.\n\n```\n let x = 1;\n```\nAnd more.");
        let input: syn::ItemStruct = syn::parse_quote! {
            /** One. */
            struct Session;
        };
        assert_eq!(text(&input.attrs), "One.");
        assert_eq!(text(&[]), "");
    }
}
