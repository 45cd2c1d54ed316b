//! What the sources look like as text: the arrows between rooms, the public surface, and what the documentation says of them.

mod arrows;
mod document;
mod errors;
mod graph;
mod public_api;
mod source;
