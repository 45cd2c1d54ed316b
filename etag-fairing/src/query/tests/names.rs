use super::*;

#[test]
fn m1_unknown_parameters_are_refused() {
    for name in ["foo", "Filter", "IncludeTree", "q", "scopes", "number", "size"] {
        refused(&format!("{name}=1"), "unknown_parameter", name);
    }
    refused("page[foo]=1", "unknown_parameter", "page[foo]");
    refused("page=1", "unknown_parameter", "page");
    refused("page[size][x]=1", "unknown_parameter", "page[size][x]");
    refused("include[x]=track", "unknown_parameter", "include[x]");
    refused("sort[x]=title", "unknown_parameter", "sort[x]");
}

#[test]
fn m1_every_mistake_is_told() {
    let told = refused_at("foo=1&page[size]=0&include=nobody&sort=nothing&filter[x]=1", Target::Many);
    assert_eq!(
        told.iter().map(|(_, parameter)| parameter.as_str()).collect::<Vec<_>>(),
        ["foo", "page[size]", "include", "filter[x]", "sort"]
    );
}

#[test]
fn m2_custom_parameters_are_legal_names_but_none_is_known() {
    for name in ["camelCase", "get_trashed", "api-key"] {
        refused(&format!("{name}=1"), "unknown_parameter", name);
    }
}

#[test]
fn m3_illegal_names_are_refused() {
    for name in ["filter[_]", "filter[a", "filter[a]b", "_", "filter[title][in_]", "fields[a.]", "a[", "]"] {
        refused(&format!("{name}=1"), "invalid_parameter_name", name);
    }
}

#[test]
fn m4_raw_and_encoded_brackets_are_the_same() {
    assert_eq!(good("page%5Bsize%5D=3&page%5bnumber%5d=2").page, good("page[size]=3&page[number]=2").page);
    refused("page%5Bsize%5D=0", "invalid_page", "page[size]");
}

#[test]
fn m5_plus_is_a_space() {
    assert_eq!(good("filter[title]=a+b").filter, good("filter[title]=a%20b").filter);
    assert_ne!(good("filter[title]=a+b").filter, good("filter[title]=a%2Bb").filter);
}

#[test]
fn m6_parameters_of_extensions_are_unknown() {
    refused("version:id=1", "unknown_parameter", "version:id");
}

#[test]
fn m7_and_f5_each_url_takes_its_families() {
    let all = ["include=track", "fields[tracks]=name", "sort=title", "filter[title]=x", "page[size]=2"];
    let speaks = |target, query: &str| parse_with(query, target, |_, _| ()).is_ok();
    let taken = |target| all.map(|query| speaks(target, query));
    assert_eq!(taken(Target::Many), [true; 5]);
    assert_eq!(taken(Target::Single), [true, true, false, false, false]);
    let track = relationship(Session::description(), "track");
    assert_eq!(taken(Target::Linkage(track)), [true, true, false, false, false]);
    assert_eq!(taken(Target::Nothing), [false; 5]);
    assert_eq!(refused_at("sort=title", Target::Single), [("unknown_parameter".into(), "sort".into())]);
    assert!(parse_with("", Target::Single, |_, _| ()).unwrap().page.is_none());
}

#[test]
fn m8_a_repeated_parameter_is_refused_but_for_lists_of_filters() {
    for name in ["include", "sort", "page[size]", "filter[title]", "fields[tracks]", "filter"] {
        let value = match name {
            "include" => "track",
            "sort" => "title",
            "fields[tracks]" => "name",
            "filter" => "[]",
            _ => "1",
        };
        refused(&format!("{name}={value}&{name}={value}"), "unknown_parameter", name);
    }
    assert!(good("filter[id][]=1&filter[id][]=2").filter.is_some());
}

#[test]
fn limits_of_parameters_and_bytes() {
    let long = "x".repeat(limits::MAX_VALUE_BYTES);
    good(&format!("filter[title]={long}"));
    refused(&format!("filter[title]={long}x"), "limit_exceeded", "filter[title]");
    let many = vec!["filter[id][]=1"; limits::MAX_PARAMETERS + 1].join("&");
    let errors = shown(parse(&many));
    assert_eq!((errors.len(), &errors[0]["code"]), (1, &"limit_exceeded".into()));
}
