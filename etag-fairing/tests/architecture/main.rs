//! What the sources look like as text: the arrows between rooms.

mod arrows;
mod graph;
mod source;
