//! The coded forms of an answer that is remembered.

use std::sync::OnceLock;

use rocket::tokio::sync::OnceCell;

use crate::admission::HeldBytes;
use crate::conditional::EntityTag;
use crate::config::Coding;
use crate::kept_body::{KeptBody, allocated};

/// The coded forms of an answer, each made when it is first asked for. Until then they take no memory.
#[derive(Debug, Default)]
pub(crate) struct CodedForms(OnceLock<Box<[CodedForm; Coding::NUMBER]>>);

/// One coded form.
#[derive(Debug)]
pub(crate) struct CodedForm {
    /// Its tag, which is known before the form is made.
    pub(crate) tag: EntityTag,
    /// The coded body. Of several requests that want it at once, one makes it, and the others wait.
    pub(crate) body: OnceCell<CodedBytes>,
}

/// A coded body in memory.
#[derive(Debug)]
pub(crate) struct CodedBytes {
    pub(crate) bytes: KeptBody,
    /// The memory of it. It counts until the last client has read the body.
    #[allow(dead_code, reason = "the memory is given back when this is dropped")]
    pub(crate) held: Option<HeldBytes>,
}

impl CodedForms {
    /// The form in this coding of what has this tag.
    pub(crate) fn form(&self, coding: Coding, tag: &EntityTag) -> Option<&CodedForm> {
        let make = |coding: Coding| CodedForm { tag: tag.of_coding(coding.name()), body: OnceCell::new() };
        let forms = self.0.get_or_init(|| Box::new([Coding::Brotli, Coding::Zstd, Coding::Gzip].map(make)));
        forms.get(coding.index())
    }

    /// The body in this coding, if it was made.
    pub(crate) fn bytes(&self, coding: Coding) -> Option<&KeptBody> {
        let made = self.0.get()?.get(coding.index())?.body.get()?;
        Some(&made.bytes)
    }

    /// How much memory all of them take, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let Some(forms) = self.0.get() else { return 0 };
        let of_form = |form: &CodedForm| {
            // The tag is shared, with two numbers that count who has it.
            let counts = 2 * size_of::<usize>();
            allocated(counts + form.tag.opaque().len())
                + form.body.get().map_or(0, |made| made.bytes.weight())
        };
        allocated(size_of_val(&**forms)) + forms.iter().map(of_form).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_tag_at_its_place() {
        let (forms, tag) = (CodedForms::default(), EntityTag::of(b"body"));
        assert_eq!(forms.weight(), 0);
        for coding in [Coding::Brotli, Coding::Zstd, Coding::Gzip] {
            let form = forms.form(coding, &tag).expect("a form");
            assert_eq!(form.tag, tag.of_coding(coding.name()));
            assert!(forms.bytes(coding).is_none());
        }
        let before = forms.weight();
        let made = CodedBytes { bytes: KeptBody::of(&[0; 100]), held: None };
        forms.form(Coding::Gzip, &tag).expect("a form").body.set(made).expect("the first");
        assert_eq!(forms.bytes(Coding::Gzip).map(KeptBody::len), Some(100));
        assert!(forms.bytes(Coding::Brotli).is_none());
        assert_eq!(forms.weight(), before + allocated(100));
    }
}
