use super::*;
use crate::negotiate::CURSOR_PAGINATION;
use crate::plan::{Page, SortKey};

/// The window of the first include.
fn window(query: &str) -> IncludeWindow {
    let query = good(query);
    let tree = query.include.expect("include");
    tree.into_iter().find_map(|include| include.window).map(|window| *window).expect("a window")
}

#[test]
fn d16_a_window_is_what_the_same_families_are_at_the_url_of_its_relationship() {
    let window = window(
        "sort[speakers]=-name&page[speakers][size]=3&filterIncluded[speakers][age][ge]=3&include=speakers",
    );
    let alone = {
        let (registry, config) = (Registry::mounted(&[Speaker::description()]), JsonApiConfig::default());
        let context = Context {
            resource: Speaker::description(),
            target: Target::Many,
            registry: &registry,
            config: &config,
            cursor_profile: false,
            unreadable: &Unreadable::NONE,
        };
        let parameters = Parameters::parse(Some("sort=-name&page[size]=3&filter[age][ge]=3")).unwrap();
        Query::parse(&parameters, &context).unwrap()
    };
    assert_eq!(window.listing(), alone.listing());
    let empty: Vec<SortKey> = Vec::new();
    assert_eq!((good("include=speakers").sort, good("include=speakers").filter), (empty, None));
}

#[test]
fn d17_all_of_it_without_a_page() {
    assert_eq!(window("include=speakers&sort[speakers]=name").listing().page, Page::All);
    let counted = window("include=speakers&page[speakers][totals]").listing();
    assert_eq!((counted.page, counted.total), (Page::Offset { offset: 0, limit: 20 }, true));
}

#[test]
fn d18_a_cursor_profile_asks_for_the_first_page() {
    let query =
        parse_with("include=speakers&page[speakers][size]=2", Target::Single, |_, profile| *profile = true);
    let query = query.unwrap();
    assert_eq!(query.profile(), Some(CURSOR_PAGINATION));
    let window = query.include.unwrap().pop().unwrap().window.unwrap();
    assert_eq!(window.listing().page, Page::Offset { offset: 0, limit: 2 });
}

#[test]
fn d19_at_the_relationship_it_is_asked_for_by_its_own_parameters() {
    let there = |query: &str| {
        let parameters = Parameters::parse(Some(query)).unwrap();
        let mut tree = &*good(query).include.unwrap();
        loop {
            let include = tree.first().expect("a window");
            if let Some(window) = &include.window {
                break href("", &window.at_the_relationship(&parameters))
                    .replace("%5B", "[")
                    .replace("%5D", "]");
            }
            tree = &include.children;
        }
    };
    let root = "filter[title]=a&page[size]=9&sort=title";
    assert_eq!(
        there(&format!("{root}&include=speakers,track&page[speakers][size]=3&fields[speakers]=name")),
        "?include=speakers&page[size]=3&fields[speakers]=name"
    );
    assert_eq!(
        there(&format!(
            "{root}&include=track.sessions.speakers,speakers&sort[track.sessions]=-title&filterIncluded[track.sessions][level][]=1\
             &filterIncluded[track.sessions][level][]=2&filterIncluded[track.sessions]=[]&filterIncluded[track.sessions.speakers][age][ge]=1\
             &page[track.sessions][limit]=2&filterIncluded[speakers][age][ge]=1"
        )),
        "?include=sessions.speakers&sort=-title&filter[level][]=1&filter[level][]=2&filter=[]\
         &filterIncluded[sessions.speakers][age][ge]=1&page[limit]=2"
    );
}

#[test]
fn d20_filters_of_all_windows_share_the_limits_of_a_url() {
    let list = |number: usize| vec![r#"{"name":"age","op":"eq","val":1}"#; number].join(",");
    let query = |root: usize, window: usize| {
        format!(
            "include=speakers&filter=[{}]&filterIncluded[speakers]=[{}]",
            list(root).replace("age", "level"),
            list(window)
        )
    };
    assert!(parse(&query(20, 30)).is_ok());
    refused(&query(21, 30), "limit_exceeded", "filterIncluded[speakers]");
}
