//! All mistakes of a struct, reported at once.

use quote::ToTokens;
use syn::Error;

/// Collects errors while the parsing goes on.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    /// An error under all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// An error that syn found.
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// What was found, or the value if nothing was.
    pub(crate) fn unless_any<T>(self, value: T) -> Result<T, Error> {
        self.0.map_or(Ok(value), Err)
    }
}
