use super::*;
use crate::plan::Place;
use crate::query::DefaultOrder;
use crate::query::page::{CursorSide, Strategy};
use crate::schema::{Linkage, Record, ResourceId, Rows, Value};

fn page(query: &str) -> PageRequest {
    good(query).page.unwrap()
}

fn links(query: &str, total: Option<u64>, more: bool) -> PageLinks {
    let parsed = good(query);
    let parameters = Parameters::parse(Some(query)).unwrap();
    let extent = Extent { total, more, ends: None };
    parsed.page.as_ref().unwrap().links(
        "/sessions",
        &parameters,
        Session::description(),
        &parsed.sort,
        &extent,
    )
}

fn profile(query: &str) -> Result<Query, Errors> {
    parse_with(query, Target::Many, |_, profile| *profile = true)
}

fn place(keys: Vec<Value>, id: i64) -> Place {
    Place { keys, id: ResourceId::Integer(id) }
}

fn cursor_of(sort: &str, place: &Place) -> String {
    let sort = if sort.is_empty() { vec![] } else { good(&format!("sort={sort}")).sort };
    cursor::encode(Session::description(), &sort, place)
}

#[test]
fn g4_the_three_strategies_and_the_default() {
    assert_eq!(page("").strategy, Strategy::Number { number: 1, size: 20, offset: 0 });
    assert_eq!(
        page("page[number]=3&page[size]=7").strategy,
        Strategy::Number { number: 3, size: 7, offset: 14 }
    );
    assert_eq!(page("page[offset]=5").strategy, Strategy::Offset { offset: 5, limit: 20 });
    assert_eq!(page("page[limit]=5").strategy, Strategy::Offset { offset: 0, limit: 5 });
    assert_eq!(
        profile("page[size]=5").unwrap().page.unwrap().strategy,
        Strategy::Cursor { side: CursorSide::Start, size: 5 }
    );
    // A profile is a wish: what the client says in the URL goes before.
    assert_eq!(
        profile("page[number]=2").unwrap().page.unwrap().strategy,
        Strategy::Number { number: 2, size: 20, offset: 20 }
    );
}

#[test]
fn g4_strategies_do_not_mix() {
    let token = cursor_of("", &place(vec![], 1));
    for (query, parameter) in [
        ("page[number]=1&page[offset]=0".to_owned(), "page[offset]"),
        ("page[offset]=0&page[number]=1".to_owned(), "page[number]"),
        ("page[size]=1&page[limit]=1".to_owned(), "page[limit]"),
        (format!("page[number]=1&page[after]={token}"), "page[after]"),
        (format!("page[after]={token}&page[number]=1"), "page[number]"),
        (format!("page[limit]=1&page[before]={token}"), "page[before]"),
    ] {
        refused(&query, "invalid_page", parameter);
    }
}

#[test]
fn g5_links_keep_all_other_parameters() {
    let links = links("sort=title&page[size]=5&page[number]=2&filter[title]=a%26b", None, true);
    assert_eq!(
        links.next.unwrap(),
        "/sessions?sort=title&page%5Bsize%5D=5&page%5Bnumber%5D=3&filter%5Btitle%5D=a%26b"
    );
}

#[test]
fn g2_links_of_numbered_pages() {
    let at = |number: u64| Some(format!("/sessions?page%5Bnumber%5D={number}"));
    let found = links("page[number]=2", Some(61), true);
    assert_eq!((found.first, found.prev, found.next, found.last), (at(1), at(1), at(3), at(4)));
    let first = links("page[number]=1", None, false);
    assert_eq!((first.first, first.prev, first.next, first.last), (at(1), None, None, None));
    let beyond = links("page[number]=9", Some(61), false);
    assert_eq!((beyond.prev, beyond.next, beyond.last), (at(4), None, at(4)));
    assert_eq!(links("page[number]=9", None, false).prev, at(8));
    assert_eq!(links("page[number]=1", Some(0), false).last, at(1));
}

#[test]
fn g2_links_of_pages_by_offset() {
    let at = |offset: u64| Some(format!("/sessions?page%5Boffset%5D={offset}&page%5Blimit%5D=10"));
    let found = links("page[offset]=13&page[limit]=10", Some(61), true);
    assert_eq!((found.first, found.prev, found.next, found.last), (at(0), at(3), at(23), at(53)));
    let start = links("page[offset]=0&page[limit]=10", Some(0), false);
    assert_eq!((start.prev, start.next, start.last), (None, None, at(0)));
    // No row stands on both.
    for (query, prev) in [
        ("page[offset]=3&page[limit]=10", "page%5Boffset%5D=0&page%5Blimit%5D=3"),
        ("page[offset]=10&page[limit]=10", "page%5Boffset%5D=0&page%5Blimit%5D=10"),
        ("page[offset]=19&page[limit]=10", "page%5Boffset%5D=9&page%5Blimit%5D=10"),
        ("page[offset]=1", "page%5Boffset%5D=0&page%5Blimit%5D=1"),
        ("sort=id&page[limit]=10&page[offset]=4", "sort=id&page%5Blimit%5D=4&page%5Boffset%5D=0"),
    ] {
        assert_eq!(links(query, None, false).prev, Some(format!("/sessions?{prev}")), "{query}");
        assert!(parse(&prev.replace("%5B", "[").replace("%5D", "]")).is_ok(), "{prev}");
    }
    // From beyond the end.
    assert_eq!(
        links("page[offset]=5&page[limit]=10", Some(3), false).prev.as_deref(),
        Some("/sessions?page%5Boffset%5D=0&page%5Blimit%5D=5")
    );
    assert_eq!(links("page[offset]=60&page[limit]=10", Some(60), false).last, at(50));
}

#[test]
fn g6_values_that_are_no_page_are_refused() {
    for value in ["-1", "0", "abc", "", "1.0", "+1", "%201", "0x1", "99999999999999999999"] {
        for key in ["size", "number", "limit"] {
            refused(&format!("page[{key}]={value}"), "invalid_page", &format!("page[{key}]"));
        }
    }
    for value in ["-1", "abc", "", "99999999999999999999", "9223372036854775808"] {
        refused(&format!("page[offset]={value}"), "invalid_page", "page[offset]");
    }
    assert!(parse("page[offset]=0").is_ok());
    refused("page[number]=9223372036854775807", "invalid_page", "page[number]");
    refused("page[size]=101", "page_too_large", "page[size]");
    refused("page[limit]=101", "page_too_large", "page[limit]");
    assert_eq!(shown(parse("page[limit]=101"))[0]["meta"]["page"]["maxSize"], 100);
}

#[test]
fn totals_are_counted_where_asked_for_or_configured() {
    for (query, total) in
        [("", false), ("page[totals]", true), ("page[totals]=true", true), ("page[totals]=false", false)]
    {
        assert_eq!(page(query).total, total, "{query}");
        assert_eq!(good(query).listing().total, total, "{query}");
    }
    let always = parse_with("", Target::Many, |config, _| config.totals = true);
    assert!(always.unwrap().page.unwrap().total);
    let not_this = parse_with("page[totals]=false", Target::Many, |config, _| config.totals = true);
    assert!(!not_this.unwrap().page.unwrap().total);
    refused("page[totals]=yes", "invalid_page", "page[totals]");
}

#[test]
fn p1_bad_cursors_are_refused_by_name() {
    let good_token = cursor_of("-rating,room-name", &place(vec![Value::Float(0.5), Value::Null], 7));
    assert!(parse(&format!("sort=-rating,room-name&page[after]={good_token}")).is_ok());
    let encode = |json: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, json);
    let bad = [
        String::new(),
        "x".into(),
        "!!".into(),
        encode("null"),
        encode(r#"["tracks","-rating,room-name",["0.5",null],"7"]"#),
        encode(r#"["sessions","-rating,room-name",["0.5"],"7"]"#),
        encode(r#"["sessions","-rating,room-name",["0.5",null],"x"]"#),
        encode(r#"["sessions","-rating,room-name",["0.5",1],"7"]"#),
        encode(r#"["sessions","-rating,room-name",["NaN",null],"7"]"#),
        encode(r#"["sessions","-rating,room-name",[0.5,null],"7"]"#),
        encode("[\"sessions\",\"-rating,room-name\",[\"0.5\",\"\\u0000\"],\"7\"]"),
        format!("{good_token}="),
    ];
    for token in bad {
        for side in ["page[after]", "page[before]"] {
            refused(&format!("sort=-rating,room-name&{side}={token}"), "invalid_page", side);
        }
    }
    refused(
        &format!("page[size]=0&page[after]={}", cursor_of("", &place(vec![], 1))),
        "invalid_page",
        "page[size]",
    );
}

#[test]
fn p1_values_in_a_cursor_are_checked_as_those_of_filters_are() {
    let token = |sort: &str, value: JsonValue| {
        let json = serde_json::json!(["sessions", sort, [value], "7"]).to_string();
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, json)
    };
    let read = |sort: &str, value: JsonValue| {
        let parsed = parse(&format!("sort={sort}&page[after]={}", token(sort, value))).ok()?;
        let Strategy::Cursor { side: CursorSide::After(place), .. } = parsed.page?.strategy else {
            return None;
        };
        place.keys.into_iter().next()
    };
    let text = |text: &str| Some(Value::Text(text.into()));
    use serde_json::json;
    for (sort, bad) in [
        ("startsAt", json!("2021-01-03 00:00:00")),
        ("startsAt", json!("2021-01-03T00:00:00")),
        ("startsAt", json!("2021-01-03")),
        ("startsAt", json!("infinity")),
        ("startsAt", json!("")),
        ("startsAt", json!(1_609_632_000)),
        ("startsAt", json!(["2021-01-03 00:00:00"])),
        ("startsAt", json!(["2021-01-03T00:00:00Z"])),
        ("day", json!("2021-1-3")),
        ("day", json!("2021-02-30")),
        ("day", json!("2021-01-03T00:00:00Z")),
        ("level", json!(256)),
        ("level", json!(1.5)),
        ("level", json!("1")),
        ("level", json!(["1"])),
        ("rating", json!("1e999")),
        ("rating", json!("x")),
        ("rating", json!(["NaN"])),
        ("open", json!(1)),
        ("open", json!("true")),
        ("open", json!([1])),
        ("state", json!("gone")),
        ("state", json!(1)),
        ("title", json!(1)),
        ("title", json!("\0")),
        ("title", json!({})),
        ("title", json!([])),
        ("title", json!(["a", "b"])),
        ("title", json!([["a"]])),
        ("title", json!([1])),
        ("title", json!([true])),
        ("id", json!("1")),
        ("id", json!(2_147_483_648_i64)),
        ("id", json!([1])),
        ("track.id", json!("1")),
    ] {
        for side in ["page[after]", "page[before]"] {
            let query = format!("sort={sort}&{side}={}", token(sort, bad.clone()));
            refused(&query, "invalid_page", side);
        }
    }
    for (sort, good, value) in [
        ("startsAt", json!("2021-01-03T02:00:00+02:00"), text("2021-01-03T00:00:00.000000Z")),
        ("day", json!("2021-01-03"), text("2021-01-03")),
        ("level", json!(255), Some(Value::Integer(255))),
        ("rating", json!("0.5"), Some(Value::Float(0.5))),
        ("open", json!(true), Some(Value::Bool(true))),
        ("state", json!("draft"), text("draft")),
        ("title", json!(null), Some(Value::Null)),
        // What columns hold beyond that.
        ("level", json!([256]), Some(Value::Integer(256))),
        ("state", json!(["gone"]), text("gone")),
        ("title", json!(["\0"]), text("\0")),
    ] {
        assert_eq!(read(sort, good.clone()), value, "{sort} {good}");
    }
}

#[test]
fn p1_a_cursor_of_another_order_is_refused() {
    let token = cursor_of("-title", &place(vec![Value::Text("a".into())], 7));
    for sort in ["sort=title&", "sort=-title,id&", "sort=-room-name&", ""] {
        refused(&format!("{sort}page[after]={token}"), "invalid_page", "page[after]");
    }
}

#[test]
fn p2_a_size_above_the_limit_has_the_profiles_error() {
    let token = cursor_of("", &place(vec![], 1));
    for parsed in [parse(&format!("page[size]=101&page[after]={token}")), profile("page[size]=101")] {
        let errors = shown(parsed);
        assert_eq!(
            errors[0]["links"]["type"],
            "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/max-size-exceeded"
        );
        assert_eq!(errors[0]["meta"]["page"]["maxSize"], 100);
        assert_eq!(errors[0]["source"]["parameter"], "page[size]");
    }
    assert!(shown(parse("page[size]=101"))[0].get("links").is_none());
}

#[test]
fn p3_the_default_size_is_that_of_the_configuration() {
    let parsed = parse_with("", Target::Many, |config, profile| {
        (config.page_size, *profile) = (3, true);
    });
    assert_eq!(parsed.unwrap().page.unwrap().strategy, Strategy::Cursor { side: CursorSide::Start, size: 3 });
}

/// The links of a page by cursor whose rows are 3 to 5.
fn cursor_links(query: &str, more: bool, empty: bool) -> PageLinks {
    let parsed = profile(query).unwrap();
    let (first, last) = (place(vec![], 3), place(vec![], 5));
    let extent = Extent { total: None, more, ends: (!empty).then_some((&first, &last)) };
    let parameters = Parameters::parse(Some(query)).unwrap();
    parsed.page.unwrap().links("/sessions", &parameters, Session::description(), &[], &extent)
}

#[test]
fn p4_and_p5_links_of_pages_by_cursor() {
    let token = |id| cursor_of("", &place(vec![], id));
    let link = |side: &str, id| Some(format!("/sessions?page%5Bsize%5D=3&page%5B{side}%5D={}", token(id)));
    let first = Some("/sessions?page%5Bsize%5D=3".to_owned());
    let ends = |found: PageLinks| (found.prev, found.next);

    let start = cursor_links("page[size]=3", true, false);
    assert_eq!((start.first.clone(), start.last.clone()), (first.clone(), None));
    assert_eq!(ends(start), (None, link("after", 5)));
    assert_eq!(ends(cursor_links("page[size]=3", false, false)), (None, None));
    assert_eq!(ends(cursor_links("page[size]=3", false, true)), (None, None));

    let after = format!("page[size]=3&page[after]={}", token(2));
    assert_eq!(cursor_links(&after, true, false).first, first);
    assert_eq!(ends(cursor_links(&after, true, false)), (link("before", 3), link("after", 5)));
    assert_eq!(ends(cursor_links(&after, false, false)), (link("before", 3), None));
    assert_eq!(ends(cursor_links(&after, false, true)), (link("before", 2), None));

    let before = format!("page[size]=3&page[before]={}", token(6));
    assert_eq!(ends(cursor_links(&before, true, false)), (link("before", 3), link("after", 5)));
    assert_eq!(ends(cursor_links(&before, false, false)), (None, link("after", 5)));
    assert_eq!(ends(cursor_links(&before, false, true)), (None, link("after", 6)));
}

#[test]
fn p6_a_cursor_is_the_place_behind_or_before_which_to_read() {
    let there = place(vec![Value::Text("ü".into()), Value::Null], 7);
    let token = cursor_of("title,room-name", &there);
    let rows = |side: &str| good(&format!("sort=title,room-name&page[size]=2&{side}={token}")).listing().page;
    assert_eq!(rows("page[after]"), Page::Between { after: Some(there.clone()), before: None, limit: 2 });
    assert_eq!(rows("page[before]"), Page::Between { after: None, before: Some(there), limit: 2 });
}

#[test]
fn p7_ranges_are_refused_as_the_profile_says() {
    let token = cursor_of("", &place(vec![], 1));
    let errors = shown(parse(&format!("page[after]={token}&page[before]={token}")));
    assert_eq!(
        errors[0]["links"]["type"],
        "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/range-pagination-not-supported"
    );
}

#[test]
fn p8_an_unsupported_sort_has_the_profiles_error() {
    let errors = shown(profile("sort=extra"));
    assert_eq!(
        (&errors[0]["links"]["type"], &errors[0]["source"]["parameter"]),
        (
            &"https://jsonapi.org/profiles/ethanresnick/cursor-pagination/unsupported-sort".into(),
            &"sort".into()
        )
    );
    // The cursor says nothing more without its order.
    assert_eq!(shown(parse("sort=extra&page[after]=x")).len(), 1);
    assert!(shown(parse("sort=extra"))[0].get("links").is_none());
}

#[test]
fn p8_pages_by_cursor_are_sorted_by_what_stands_in_the_row() {
    let errors = shown(profile("sort=title,track.name"));
    assert_eq!((errors.len(), &errors[0]["code"]), (1, &"invalid_sort".into()));
    assert_eq!(errors[0]["source"]["parameter"], "sort");
    assert_eq!(
        errors[0]["links"]["type"],
        "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/unsupported-sort"
    );
    // The id behind a to-one relationship does; and pages by number take any order.
    assert!(profile("sort=track.id").is_ok());
    assert!(profile("sort=track.name&page[number]=1").is_ok());
}

#[test]
fn p10_the_cursor_of_a_row_leads_back_to_it() {
    let session = Session::description();
    let sort = good("sort=-rating,open,track.id,track.name,id").sort;
    let mut attributes = vec![Value::Null; session.attributes.len()];
    attributes[session.attribute("rating").unwrap().0.place()] = Value::Integer(2);
    attributes[session.attribute("open").unwrap().0.place()] = Value::Integer(1);
    let linkage = vec![Linkage::One(Some(ResourceId::Integer(9))), Linkage::Unread];
    let mut rows = Rows::new(session);
    rows.push_record(&Record { id: Some(ResourceId::Integer(7)), attributes, linkage });
    let far = |member: &crate::plan::Member| {
        assert_eq!(member.path.len(), 1);
        Ok(Value::Text("Web".into()))
    };
    let found = cursor::place_of(session, &sort, rows.get(0).unwrap(), far).unwrap();
    let token = cursor::encode(session, &sort, &found);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    let keys = vec![
        Value::Float(2.0),
        Value::Bool(true),
        Value::Integer(9),
        Value::Text("Web".into()),
        Value::Integer(7),
    ];
    assert_eq!(cursor::decode(&token, session, &sort, DefaultOrder::Ids), Ok(place(keys, 7)));
}
