//! Where in a request document something stands.

use std::borrow::Cow;

/// A JSON Pointer (RFC 6901) into the request document.
///
/// Whoever reads a part of a document is told where that part stands, and says from there what is wrong in it: a
/// request for one resource stands at [`ROOT`](Self::ROOT), one operation among several stands deeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(Cow<'static, str>);

impl Pointer {
    /// The whole document.
    pub(crate) const ROOT: Self = Self(Cow::Borrowed(""));

    /// The member of the object that stands here.
    pub(crate) fn member(&self, name: &str) -> Self {
        // RFC 6901 §3.
        self.below(&format!("/{}", name.replace('~', "~0").replace('/', "~1")))
    }

    /// The element of the array that stands here, counted from 0.
    pub(crate) fn element(&self, index: usize) -> Self {
        self.below(&format!("/{index}"))
    }

    /// What another pointer points to, taken as one that begins here.
    pub(super) fn below(&self, pointer: &str) -> Self {
        Self(format!("{}{pointer}", self.0).into())
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_names_and_begins_where_the_document_stands() {
        let operation = Pointer::ROOT.member("atomic:operations").element(2);
        let pointer = |base: &Pointer| String::from(base.member("data").member("a/b~c"));
        assert_eq!(pointer(&Pointer::ROOT), "/data/a~1b~0c");
        assert_eq!(pointer(&operation), "/atomic:operations/2/data/a~1b~0c");
        assert_eq!(String::from(Pointer::ROOT), "");
    }
}
