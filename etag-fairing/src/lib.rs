//! ETags, conditional requests and JSON:API 1.1 resources for Rocket.

pub mod document;
