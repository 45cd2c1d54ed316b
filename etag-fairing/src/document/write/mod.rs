//! Documents out: rows straight to bytes (JSON:API §6).
//!
//! What is written depends on the rows, the description and the links alone, and not on the time, a host name or the order
//! of a hash map. So the same state has the same bytes, and so the same entity tag, on every server.

mod item_tag;
mod linkage;
mod links;
mod resource_object;
mod view;
mod window;
mod writer;

pub(crate) use self::item_tag::Tagging;
pub(crate) use self::links::write_profiles;
pub(crate) use self::view::View;
pub(crate) use self::window::ShownWindow;
pub(crate) use self::writer::{LinkagePage, MixedPage, RelatedOfArm, Writer};
