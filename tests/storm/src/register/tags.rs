//! Which state a tag names, learnt from answers that show both.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use super::Content;
use crate::record::{Record, Seen, Target};

/// The tags of one register.
#[derive(Debug, Default)]
pub struct Tags {
    /// Those of the resource: S of `"S"` and `"S-D"`.
    pub states: Names<Content>,
    /// Those of its linkage.
    pub linkage: Names<u32>,
}

/// One tag a state, one state a tag.
#[derive(Debug)]
pub struct Names<S> {
    states: HashMap<String, S>,
    tags: HashMap<S, String>,
}

impl Tags {
    /// Learns the tags of one register.
    ///
    /// # Errors
    /// If a tag names two states, or a state has two tags.
    pub fn learn<'r>(records: impl IntoIterator<Item = &'r Record>) -> Result<Self, String> {
        let mut tags = Self::default();
        for record in records {
            let Seen::Present { value, members, tag: Some(tag) } = &record.seen else { continue };
            match (record.target, value, members) {
                (Target::Resource | Target::Item, Some(value), Some(members)) => {
                    tags.states.learn(tag, Content { value: *value, members: *members })?;
                }
                (Target::Linkage, _, Some(members)) => tags.linkage.learn(tag, *members)?,
                _ => {}
            }
        }
        Ok(tags)
    }
}

impl<S: Copy + Eq + Hash + Debug> Names<S> {
    fn learn(&mut self, tag: &str, state: S) -> Result<(), String> {
        let tag = state_part(tag);
        let other = self.states.insert(tag.to_owned(), state);
        if let Some(other) = other.filter(|other| *other != state) {
            return Err(format!("the tag {tag} names two states: {other:?} and {state:?}"));
        }
        let other = self.tags.insert(state, tag.to_owned());
        if let Some(other) = other.filter(|other| other != tag) {
            return Err(format!("the state {state:?} has two tags: {other} and {tag}"));
        }
        Ok(())
    }

    /// The state that this tag names, if it was ever shown with it.
    pub fn state(&self, tag: &str) -> Option<S> {
        self.states.get(state_part(tag)).copied()
    }

    /// Whether the tag is this state's, for sure.
    pub fn names(&self, tag: &str, state: &S) -> bool {
        self.state(tag).as_ref() == Some(state)
    }

    /// Whether it may be this state's: it is, or neither was ever shown with another.
    pub fn may_name(&self, tag: &str, state: &S) -> bool {
        match self.state(tag) {
            Some(known) => known == *state,
            None => !self.tags.contains_key(state),
        }
    }
}

impl<S> Default for Names<S> {
    fn default() -> Self {
        Self { states: HashMap::new(), tags: HashMap::new() }
    }
}

/// S of `"S"` and `"S-D"`: what is left of a tag when the parameters of the read are left out.
pub fn state_part(tag: &str) -> &str {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    opaque.split_once('-').map_or(opaque, |(state, _)| state)
}
