//! What the sources look like as text: the arrows between rooms, and the public surface.

mod arrows;
mod graph;
mod public_api;
mod source;
