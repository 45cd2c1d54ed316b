//! Which file names which.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::source::{self, Module};

/// That one file names another.
pub(crate) struct Arrow<'a> {
    pub(crate) from: &'a str,
    /// The file that defines what is named.
    pub(crate) to: &'a str,
    /// The first module below the crate's root on the way that the path is written, as a file.
    pub(crate) through: Option<&'a str>,
    /// The path as it is written.
    pub(crate) written: &'a str,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    from: String,
    to: String,
    through: Option<String>,
    written: String,
}

/// The files of the crate, and what each names.
pub(crate) struct Graph(BTreeSet<Named>);

impl Graph {
    pub(crate) fn of_crate() -> Self {
        let modules = source::read();
        let mut named = BTreeSet::new();
        for (path, module) in &modules {
            for written in &module.paths {
                let absolute = absolute(&modules, path, written);
                let Some(absolute) = absolute else { continue };
                let Some((to, _)) = resolve(&modules, &absolute, 0) else { continue };
                let to = modules[&to].file.clone();
                let through = room_module(&modules, &absolute);
                if to != module.file || through.as_ref().is_some_and(|through| *through != module.file) {
                    named.insert(Named {
                        from: module.file.clone(),
                        to,
                        through,
                        written: written.join("::"),
                    });
                }
            }
        }
        Self(named)
    }

    pub(crate) fn arrows(&self) -> impl Iterator<Item = Arrow<'_>> {
        self.0.iter().map(|named| Arrow {
            from: &named.from,
            to: &named.to,
            through: named.through.as_deref(),
            written: &named.written,
        })
    }
}

pub(crate) type Modules = HashMap<Vec<String>, Module>;

/// The path from the crate's root, if it leads to something of the crate.
pub(crate) fn absolute(modules: &Modules, here: &[String], written: &[String]) -> Option<Vec<String>> {
    let mut base = here.to_vec();
    let mut rest = written;
    loop {
        match rest.first().map(String::as_str) {
            Some("crate") => base.clear(),
            Some("self") => {}
            Some("super") => {
                base.pop();
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    if rest.len() == written.len() {
        // A bare path begins with a child module or with something that the file imports.
        let first = rest.first()?;
        let module = modules.get(here)?;
        let child = [here, std::slice::from_ref(first)].concat();
        if !modules.contains_key(&child) {
            let import = module.imports.get(first).filter(|import| import.first() != Some(first))?;
            let mut path = absolute(modules, here, import)?;
            path.extend(rest[1..].iter().cloned());
            return Some(path);
        }
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The module that defines what the path names, and its name there; none if it is the module itself.
pub(crate) fn resolve(
    modules: &Modules,
    path: &[String],
    depth: usize,
) -> Option<(Vec<String>, Option<String>)> {
    if depth > 20 {
        return None;
    }
    let mut here: Vec<String> = Vec::new();
    for (index, segment) in path.iter().enumerate() {
        let child = [here.as_slice(), std::slice::from_ref(segment)].concat();
        if modules.contains_key(&child) {
            here = child;
            continue;
        }
        let module = modules.get(&here)?;
        let rest = &path[index + 1..];
        if let Some(import) = module.imports.get(segment) {
            let mut path = absolute(modules, &here, import)?;
            path.extend(rest.iter().cloned());
            return resolve(modules, &path, depth + 1);
        }
        if module.items.contains(segment) {
            return Some((here, Some(segment.clone())));
        }
        for glob in &module.globs {
            let mut path = absolute(modules, &here, glob)?;
            path.push(segment.clone());
            path.extend(rest.iter().cloned());
            if let Some(found) = resolve(modules, &path, depth + 1) {
                return Some(found);
            }
        }
        // An item that a macro makes, or something inside of an item.
        return (index > 0).then(|| (here, Some(segment.clone())));
    }
    modules.contains_key(&here).then_some((here, None))
}

/// The module of the room that the path is written through.
fn room_module(modules: &Modules, path: &[String]) -> Option<String> {
    let deepest = (1..=2.min(path.len())).rev().find_map(|length| modules.get(&path[..length]));
    deepest.map(|module| module.file.clone())
}

/// The circles in which files name each other by arrows that count, each as its files.
pub(crate) fn circles(graph: &Graph, counts: impl Fn(&str, &str) -> bool) -> Vec<Vec<&str>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in graph.arrows().filter(|arrow| arrow.from != arrow.to && counts(arrow.from, arrow.to)) {
        next.entry(arrow.from).or_default().insert(arrow.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|file| (*file, reachable(&next, file))).collect();
    let mut circles: Vec<Vec<&str>> = Vec::new();
    for file in next.keys().copied() {
        if circles.iter().flatten().any(|known| *known == file) {
            continue;
        }
        let there_and_back = |other: &&str| reached.get(*other).is_some_and(|back| back.contains(file));
        let circle: Vec<&str> = reached[file].iter().copied().filter(there_and_back).collect();
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

fn reachable<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = waiting.pop() {
        if reached.insert(file) {
            waiting.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}
