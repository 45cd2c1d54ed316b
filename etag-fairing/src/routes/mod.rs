//! One handler per endpoint kind, over any resource.

use crate::resource::Description;

/// The routes of a resource.
pub(crate) fn of(_description: &'static Description) -> Vec<rocket::Route> {
    Vec::new()
}
