use super::*;

fn tree(query: &str) -> Option<Vec<IncludeTree>> {
    good(query).include
}

/// `track{chair,sessions}`
fn print(resource: &'static Description, tree: &[IncludeTree]) -> String {
    let print_one = |include: &IncludeTree| {
        let relationship = resource.relationship_at(include.relationship).unwrap();
        match include.children.as_slice() {
            [] => relationship.name.to_owned(),
            children => format!("{}{{{}}}", relationship.name, print(relationship.target(), children)),
        }
    };
    tree.iter().map(print_one).collect::<Vec<_>>().join(",")
}

#[track_caller]
fn assert_tree(query: &str, expected: &str) {
    assert_eq!(print(Session::description(), &tree(query).unwrap()), expected, "{query}");
}

#[test]
fn d4_an_empty_include_is_there_and_an_absent_one_is_not() {
    assert_eq!(tree("include="), Some(vec![]));
    assert_eq!(tree("include"), Some(vec![]));
    assert_eq!(tree(""), None);
}

#[test]
fn d5_unknown_paths_are_refused_and_named() {
    for value in
        ["nobody", "track.nobody", "title", "track,", ",track", "track..chair", ".", "Track", " track"]
    {
        refused(&format!("include={value}"), "invalid_include", "include");
    }
    let errors = shown(parse("include=track,track.nobody,speakers.x"));
    let detail = |index: usize| errors[index]["detail"].as_str().unwrap().to_owned();
    assert_eq!(errors.len(), 2);
    assert!(detail(0).contains("\"track.nobody\"") && detail(0).contains("tracks"), "{}", detail(0));
    assert!(detail(1).contains("\"speakers.x\""), "{}", detail(1));
}

#[test]
fn d6_a_dotted_path_brings_what_is_on_the_way() {
    assert_tree("include=track.chair", "track{chair}");
}

#[test]
fn d7_at_a_relationship_paths_begin_with_it() {
    let track = relationship(Session::description(), "track");
    let at = |query| parse_with(query, Target::Linkage(track), |_, _| ());
    assert_eq!(
        print(Session::description(), &at("include=track.chair").unwrap().include.unwrap()),
        "track{chair}"
    );
    assert_eq!(shown(at("include=speakers"))[0]["source"]["parameter"], "include");
}

#[test]
fn d8_overlapping_paths_are_one_tree() {
    assert_tree(
        "include=track.chair,track,speakers,track.sessions,track.chair",
        "track{chair,sessions},speakers",
    );
}

#[test]
fn d9_deeper_than_configured_is_refused() {
    let path = "track.sessions.track";
    assert_tree(&format!("include={path}"), "track{sessions{track}}");
    refused(&format!("include={path}.chair"), "invalid_include", "include");
    let flat = parse_with("include=track", Target::Many, |config, _| config.max_include_depth = 0);
    assert_eq!(shown(flat)[0]["code"], "invalid_include");
    let deep =
        parse_with(&format!("include={path}.chair"), Target::Many, |config, _| config.max_include_depth = 4);
    assert!(deep.is_ok());
}

#[test]
fn d9_too_many_relationships_are_refused() {
    let chain = |depth: usize| {
        let steps = (0..depth).map(|level| if level % 2 == 0 { "track" } else { "sessions" });
        format!("include={}", steps.collect::<Vec<_>>().join("."))
    };
    let parse = |query: &str| parse_with(query, Target::Many, |config, _| config.max_include_depth = 60);
    assert!(parse(&chain(limits::MAX_INCLUDES)).is_ok());
    assert_eq!(shown(parse(&chain(limits::MAX_INCLUDES + 1)))[0]["code"], "limit_exceeded");
}
