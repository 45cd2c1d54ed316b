use serde_json::json;

use super::super::filter::operator::{OPERATORS, Operand, Operator};
use super::*;
use crate::plan::{Comparison, Field, Member, Part, Relation};
use crate::schema::RelationshipId;
use crate::schema::{Kind, Value};

#[track_caller]
fn filter(query: &str) -> Filter {
    good(query).filter.expect("a filter")
}

fn from_json(json: &JsonValue) -> Result<Query, Errors> {
    let text = json.to_string();
    parse(&format!(
        "filter={}",
        percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
    ))
}

#[track_caller]
fn json_filter(json: JsonValue) -> Filter {
    match from_json(&json) {
        Ok(query) => query.filter.expect("a filter"),
        Err(errors) => panic!("{json}: {}", String::from_utf8_lossy(&errors.to_bytes())),
    }
}

fn own(name: &str) -> Member {
    Member { path: vec![], field: Field::Attribute(Session::description().attribute(name).unwrap().0) }
}

fn compare(member: Member, comparison: Comparison) -> Filter {
    Filter::Compare { member, comparison }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn value(name: &str, relation: Relation, value: Value) -> Filter {
    compare(own(name), Comparison::Value(relation, value))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn track() -> RelationshipId {
    relationship(Session::description(), "track")
}

fn speakers() -> RelationshipId {
    relationship(Session::description(), "speakers")
}

fn speaker(name: &str, comparison: Comparison) -> Option<Box<Filter>> {
    let field = Field::Attribute(Speaker::description().attribute(name).unwrap().0);
    Some(Box::new(compare(Member { path: vec![], field }, comparison)))
}

#[test]
fn h1_simple_filters_are_equality_or_a_list() {
    assert_eq!(filter("filter[title]=a"), value("title", Relation::Equal, text("a")));
    assert_eq!(filter("filter[title]="), value("title", Relation::Equal, text("")));
    assert_eq!(filter("filter[title]=null"), value("title", Relation::Equal, text("null")));
    assert_eq!(
        filter("filter[title]=a,b"),
        compare(own("title"), Comparison::In(vec![text("a"), text("b")]))
    );
    assert_eq!(filter("filter[title][eq]=a,b"), value("title", Relation::Equal, text("a,b")));
    assert_eq!(filter("filter[level]=3"), value("level", Relation::Equal, Value::Integer(3)));
    assert_eq!(filter("filter[open]=true"), value("open", Relation::Equal, Value::Bool(true)));
    assert_eq!(filter("filter[rating]=0.5"), value("rating", Relation::Equal, Value::Float(0.5)));
    let instant = text("2018-03-24T05:30:00.000000Z");
    assert_eq!(
        filter("filter[startsAt]=2018-03-24T13:30:00%2B08:00"),
        value("startsAt", Relation::Equal, instant)
    );
}

#[test]
fn h1_simple_filters_on_ids_and_relationships() {
    let id = |field| Member { path: vec![], field };
    let number = |number| Value::Integer(number);
    let equal = |number| Comparison::Value(Relation::Equal, Value::Integer(number));
    assert_eq!(filter("filter[id]=7"), compare(id(Field::Id), equal(7)));
    assert_eq!(filter("filter[track]=9"), compare(id(Field::ToOne(track())), equal(9)));
    assert_eq!(filter("filter[track.id]=9"), filter("filter[track]=9"));
    assert_eq!(
        filter("filter[track]=9,8"),
        compare(id(Field::ToOne(track())), Comparison::In(vec![number(9), number(8)]))
    );
    let of_speaker = Filter::Related {
        path: vec![],
        relationship: speakers(),
        filter: Some(Box::new(compare(id(Field::Id), Comparison::Value(Relation::Equal, text("x"))))),
    };
    assert_eq!(filter("filter[speakers]=x"), of_speaker);
    assert_eq!(filter("filter[speakers.id]=x"), of_speaker);
}

#[test]
fn h1_an_id_that_nothing_can_have_matches_nothing() {
    let id = Member { path: vec![], field: Field::Id };
    let none = compare(id.clone(), Comparison::In(vec![]));
    for nothing in ["007", "x", ""] {
        assert_eq!(filter(&format!("filter[id]={nothing}")), none, "{nothing}");
    }
    assert_eq!(filter("filter[id]=1,x"), compare(id.clone(), Comparison::In(vec![Value::Integer(1)])));
    let all = Filter::And(vec![not(none), not(compare(id, Comparison::IsNull))]);
    assert_eq!(filter("filter[id][ne]=x"), all);
    // A number that its type cannot be is a mistake.
    for beyond in ["99999999999", "-2147483649", "1,2147483648"] {
        refused(&format!("filter[id]={beyond}"), "invalid_filter", "filter[id]");
        refused(&format!("filter[id][gt]={}", beyond.replace("1,", "")), "invalid_filter", "filter[id][gt]");
    }
}

#[test]
fn h2_empty_brackets_are_a_list() {
    let list = Comparison::In(vec![text("a,b"), text("c")]);
    assert_eq!(filter("filter[title][]=a,b&filter[title][]=c"), compare(own("title"), list));
    refused("filter[level][]=1&filter[level][]=x", "invalid_filter", "filter[level][]");
    refused("filter[]=1", "invalid_filter", "filter[]");
    refused("filter[][]=1", "invalid_filter", "filter[][]");
}

#[test]
fn h2_dotted_paths_follow_relationships_and_mean_any_of_many() {
    let name = Track::description().attribute("name").unwrap().0;
    let of_track = Member { path: vec![track()], field: Field::Attribute(name) };
    let equal = Comparison::Value(Relation::Equal, text("Web"));
    assert_eq!(filter("filter[track.name]=Web"), compare(of_track, equal.clone()));
    assert_eq!(filter("filter[track__name]=Web"), filter("filter[track.name]=Web"));
    assert_eq!(
        filter("filter[speakers.name]=Web"),
        Filter::Related { path: vec![], relationship: speakers(), filter: speaker("name", equal.clone()) }
    );
    let sessions = relationship(Track::description(), "sessions");
    assert_eq!(
        filter("filter[track.sessions.speakers.name]=Web"),
        Filter::Related {
            path: vec![track()],
            relationship: sessions,
            filter: Some(Box::new(Filter::Related {
                path: vec![],
                relationship: speakers(),
                filter: speaker("name", equal),
            })),
        }
    );
}

#[test]
fn h1_operators() {
    let three = || Value::Integer(3);
    for (operators, relation) in [
        (["ge", "gte"], Relation::GreaterOrEqual),
        (["le", "lte"], Relation::LessOrEqual),
        (["gt", "gt"], Relation::Greater),
        (["lt", "lt"], Relation::Less),
        (["ne", "ne"], Relation::NotEqual),
        (["eq", "eq"], Relation::Equal),
    ] {
        for operator in operators {
            assert_eq!(filter(&format!("filter[level][{operator}]=3")), value("level", relation, three()));
        }
    }
    assert_eq!(
        filter("filter[level][between]=3,5"),
        compare(own("level"), Comparison::Between(three(), Value::Integer(5)))
    );
    let null = compare(own("level"), Comparison::IsNull);
    for yes in ["is_null]=true", "isnull]=true", "is]=null"] {
        assert_eq!(filter(&format!("filter[level][{yes}")), null);
    }
    for no in ["is_null]=false", "isnot]=null"] {
        assert_eq!(filter(&format!("filter[level][{no}")), not(null.clone()));
    }
    let open = value("open", Relation::Equal, Value::Bool(true));
    assert_eq!(filter("filter[open][is]=true"), open);
    assert_eq!(filter("filter[open][isnot]=true"), not(open));
    let list = compare(own("level"), Comparison::In(vec![three()]));
    assert_eq!(filter("filter[level][in]=3"), list);
    for name in ["not_in", "nin"] {
        assert_eq!(
            filter(&format!("filter[level][{name}]=3")),
            Filter::And(vec![not(list.clone()), not(null.clone())]),
            "null is in no list, and not outside of one either"
        );
    }
    for (operator, part, case_sensitive) in [
        ("like", Part::Like, true),
        ("ilike", Part::Like, false),
        ("contains", Part::Anywhere, true),
        ("icontains", Part::Anywhere, false),
        ("startswith", Part::Start, true),
        ("istartswith", Part::Start, false),
        ("endswith", Part::End, true),
        ("iendswith", Part::End, false),
    ] {
        let comparison = Comparison::Text { part, text: "%a,b_".into(), case_sensitive };
        assert_eq!(filter(&format!("filter[title][{operator}]=%25a,b_")), compare(own("title"), comparison));
    }
}

#[test]
fn h1_relationships_can_be_asked_for() {
    let related = |relationship| Filter::Related { path: vec![], relationship, filter: None };
    assert_eq!(filter("filter[speakers][any]=true"), related(speakers()));
    assert_eq!(filter("filter[speakers][is_empty]=true"), not(related(speakers())));
    assert_eq!(filter("filter[track][has]=false"), not(related(track())));
    let count = |relation, number| Filter::Count { path: vec![], relationship: speakers(), relation, number };
    assert_eq!(filter("filter[speakers][count]=2"), count(Relation::Equal, 2));
    assert_eq!(filter("filter[speakers][count][ge]=2"), count(Relation::GreaterOrEqual, 2));
    let from_to = Filter::And(vec![count(Relation::GreaterOrEqual, 1), count(Relation::LessOrEqual, 3)]);
    assert_eq!(filter("filter[speakers][count][between]=1,3"), from_to);
    assert_eq!(
        filter("filter=[{\"name\":\"speakers\",\"op\":\"count\",\"val\":{\"ge\":1,\"le\":3}}]"),
        from_to
    );
    assert_eq!(
        filter("filter={\"name\":\"speakers\",\"op\":\"count\",\"val\":0}"),
        count(Relation::Equal, 0)
    );
    let no_track = compare(Member { path: vec![], field: Field::ToOne(track()) }, Comparison::IsNull);
    assert_eq!(filter("filter[track][is_null]=true"), no_track);
}

#[test]
fn h1_bad_filters_are_refused_by_their_exact_parameter() {
    for parameter in [
        "filter[nobody]",
        "filter[secret]",
        "filter[unfilterable]",
        "filter[title.x]",
        "filter[track.nobody]",
        "filter[speakers][count]",
        "filter[speakers][count][foo]",
        "filter[speakers][count][in]",
        "filter[speakers][count][between]",
        "filter[speakers][ge]",
        "filter[track][count]",
        "filter[track][count][ge]",
        "filter[title][count]",
        "filter[level]",
        "filter[level][ge]",
        "filter[title][foo]",
        "filter[title][is_null]",
        "filter[open][gt]",
        "filter[level][like]",
        "filter[level][between]",
        "filter[extra]",
        "filter[extra][ne]",
        "filter[title][match]",
        "filter[title][any]",
        "filter[track][any]",
        "filter[speakers][ne]",
        "filter[speakers][has]",
        "filter[title][eq][x]",
        "filter[startsAt]",
        "filter[state]",
        "filter[day][ge]",
        "filter[level][is]",
        "filter[id][gt]",
    ] {
        refused(&format!("{parameter}=x"), "invalid_filter", parameter);
    }
    for (parameter, value) in [
        ("filter[level]", "256"),
        ("filter[level]", "1.5"),
        ("filter[level]", "-1"),
        ("filter[level]", "1,,2"),
        ("filter[open]", "True"),
        ("filter[open][is]", "yes"),
        ("filter[rating]", "1e999"),
        ("filter[rating]", "NaN"),
        ("filter[title]", "%00"),
        ("filter[title][contains]", "%00"),
        ("filter[title][like]", "a%5C"),
        ("filter[title][like]", "%5Ca"),
        ("filter[level][between]", "1"),
        ("filter[level][between]", "1,2,3"),
        ("filter[title][is]", "true"),
    ] {
        refused(&format!("{parameter}={value}"), "invalid_filter", parameter);
    }
}

#[test]
fn h1_write_only_attributes_cannot_be_told_from_absent_ones() {
    let detail = |name: &str| shown(parse(&format!("filter[{name}]=a")))[0]["detail"].clone();
    assert_eq!(detail("secret").as_str().unwrap().replace("secret", "nobody"), detail("nobody"));
    let errors = shown(from_json(&json!({"name": "title", "op": "eq", "field": "secret"})));
    assert_eq!(errors[0]["meta"]["path"], "/field");
}

#[test]
fn h1_all_filters_must_hold() {
    let (one, two) = (filter("filter[title]=a"), filter("filter[level][ge]=3"));
    let all = filter(r#"filter[title]=a&filter[level][ge]=3&filter=[{"name":"open","op":"eq","val":true}]"#);
    assert_eq!(all, Filter::And(vec![one, two, filter("filter[open]=true")]));
    assert_eq!(good("filter=[]").filter, None);
}

#[test]
fn h1_the_json_list_says_what_the_others_say() {
    for (query, json) in [
        ("filter[level][ge]=3", json!([{"name": "level", "op": "ge", "val": 3}])),
        ("filter[level][ge]=3", json!({"name": "level", "op": "gte", "val": 3})),
        ("filter[title]=a,b", json!([{"name": "title", "op": "in_", "val": ["a", "b"]}])),
        ("filter[title][not_in]=a,b", json!([{"name": "title", "op": "notin_", "val": ["a", "b"]}])),
        ("filter[level][between]=1,2", json!([{"name": "level", "op": "between", "val": [1, 2]}])),
        ("filter[level][is_null]=true", json!([{"name": "level", "op": "eq", "val": null}])),
        ("filter[level][is_null]=false", json!([{"name": "level", "op": "ne", "val": null}])),
        ("filter[level][is_null]=true", json!([{"name": "level", "op": "is_", "val": null}])),
        ("filter[level][is_null]=true", json!([{"name": "level", "op": "is_null"}])),
        ("filter[extra][is_null]=true", json!([{"name": "extra", "op": "is_null", "val": true}])),
        ("filter[track]=9", json!([{"name": "track", "op": "eq", "val": "9"}])),
        ("filter[track]=9", json!([{"name": "track__id", "op": "eq", "val": 9}])),
        ("filter[speakers.name]=x", json!([{"name": "speakers__name", "op": "eq", "val": "x"}])),
        (
            "filter[speakers.name]=x",
            json!([{"name": "speakers", "op": "any", "val": {"name": "name", "op": "eq", "val": "x"}}]),
        ),
        ("filter[speakers][any]=true", json!([{"name": "speakers", "op": "any", "val": null}])),
        ("filter[track][has]=true", json!([{"name": "track", "op": "has"}])),
        ("filter[speakers][is_empty]=true", json!([{"name": "speakers", "op": "is_empty", "val": true}])),
    ] {
        assert_eq!(json_filter(json.clone()), filter(query), "{json}");
    }
}

#[test]
fn h1_json_connectives_and_fields() {
    let a = || filter("filter[title]=a");
    let b = || filter("filter[level]=3");
    let (json_a, json_b) =
        (json!({"name": "title", "op": "eq", "val": "a"}), json!({"name": "level", "op": "eq", "val": 3}));
    assert_eq!(json_filter(json!([{"or": [json_a, {"not": json_b}]}])), Filter::Or(vec![a(), not(b())]));
    assert_eq!(
        json_filter(json!([{"and": [json_a]}, json_b])),
        Filter::And(vec![Filter::And(vec![a()]), b()])
    );
    let title_is = |member| compare(own("title"), Comparison::Member(Relation::NotEqual, member));
    assert_eq!(
        json_filter(json!({"name": "title", "op": "ne", "field": "room-name"})),
        title_is(own("room-name"))
    );
    let name = Track::description().attribute("name").unwrap().0;
    assert_eq!(
        json_filter(json!({"name": "title", "op": "ne", "field": "track.name"})),
        title_is(Member { path: vec![track()], field: Field::Attribute(name) })
    );
    assert_eq!(
        json_filter(json!({"name": "level", "op": "gt", "field": "rating"})),
        compare(own("level"), Comparison::Member(Relation::Greater, own("rating")))
    );
}

#[test]
fn h1_json_mistakes_are_told_with_their_place() {
    for (json, path) in [
        (json!("x"), ""),
        (json!(null), ""),
        (json!([3]), "/0"),
        (json!([{"name": "title", "op": "eq", "val": "a"}, {}]), "/1"),
        (
            json!([{"or": [{"name": "title", "op": "eq", "val": "a"}, {"name": "title", "op": "foo", "val": 1}]}]),
            "/0/or/1/op",
        ),
        (json!([{"or": []}]), "/0/or"),
        (json!([{"and": {}}]), "/0/and"),
        (json!([{"not": []}]), "/0/not"),
        (json!({"not": {"name": "nobody", "op": "eq", "val": 1}}), "/not/name"),
        (json!([{"or": [{"name": "title", "op": "is_null"}], "name": "title"}]), "/0"),
        (json!([{"name": "title", "op": "eq", "value": "a"}]), "/0"),
        (json!([{"name": "title", "op": "eq"}]), "/0"),
        (json!([{"name": "title", "val": 1}]), "/0"),
        (json!([{"name": 3, "op": "eq", "val": 1}]), "/0/name"),
        (json!([{"name": "title", "op": "eq", "val": 3}]), "/0/val"),
        (json!([{"name": "title", "op": "in_", "val": "a"}]), "/0/val"),
        (json!([{"name": "title", "op": "in_", "val": ["a", null]}]), "/0/val"),
        (json!([{"name": "title", "op": "eq", "val": ["a"]}]), "/0/val"),
        (json!([{"name": "title", "op": "eq", "val": "a", "field": "title"}]), "/0/field"),
        (json!([{"name": "title", "op": "like", "field": "title"}]), "/0/op"),
        (json!([{"name": "title", "op": "eq", "field": "level"}]), "/0/field"),
        (json!([{"name": "title", "op": "eq", "field": "speakers.name"}]), "/0/field"),
        (json!([{"name": "title", "op": "eq", "field": "unfilterable"}]), "/0/field"),
        (
            json!([{"name": "speakers", "op": "any", "val": {"name": "x", "op": "eq", "val": 1}}]),
            "/0/val/name",
        ),
        (json!([{"name": "speakers", "op": "any", "val": 3}]), "/0/val"),
    ] {
        let errors = shown(from_json(&json));
        assert_eq!(errors.len(), 1, "{json}");
        let error = &errors[0];
        assert_eq!(
            (error["code"].as_str(), error["source"]["parameter"].as_str(), error["meta"]["path"].as_str()),
            (Some("invalid_filter"), Some("filter"), Some(path)),
            "{json}: {error}"
        );
    }
    for broken in ["", "[", "{\"name\":", "[{}]x"] {
        refused(&format!("filter={broken}"), "invalid_filter", "filter");
    }
}

#[test]
fn h1_limits_of_filters() {
    let leaf = json!({"name": "title", "op": "is_null"});
    let nest = |depth: usize| (1..depth).fold(leaf.clone(), |inner, _| json!({"not": inner}));
    let code = |json: JsonValue| match from_json(&json) {
        Ok(_) => "fine".to_owned(),
        Err(errors) => errors.iter().next().unwrap().code().to_owned(),
    };
    assert_eq!(code(nest(limits::MAX_FILTER_DEPTH)), "fine");
    assert_eq!(code(nest(limits::MAX_FILTER_DEPTH + 1)), "limit_exceeded");
    assert_eq!(code(json!([nest(100)])), "limit_exceeded");
    assert_eq!(code(json!(vec![&leaf; limits::MAX_FILTER_NODES])), "fine");
    assert_eq!(code(json!(vec![&leaf; limits::MAX_FILTER_NODES + 1])), "limit_exceeded");
    let list = |length: usize| vec!["1"; length].join(",");
    good(&format!("filter[id]={}", list(limits::MAX_FILTER_LIST)));
    refused(&format!("filter[id]={}", list(limits::MAX_FILTER_LIST + 1)), "limit_exceeded", "filter[id]");
    let path = |steps: usize| {
        (0..steps).map(|step| if step % 2 == 0 { "track" } else { "sessions" }).collect::<Vec<_>>().join(".")
    };
    good(&format!("filter[{}.id]=1", path(limits::MAX_PATH)));
    let long = format!("filter[{}.id]", path(limits::MAX_PATH + 1));
    refused(&format!("{long}=1"), "limit_exceeded", &long);
    // The nodes of all filters together.
    let many = json!(vec![&leaf; limits::MAX_FILTER_NODES]).to_string();
    refused(&format!("filter={many}&filter[title]=x"), "limit_exceeded", "filter[title]");
}

#[test]
fn the_relationships_of_all_filters_and_sort_keys_are_limited_together() {
    let with = |most: u32, query: &str| {
        parse_with(query, Target::Many, |config, _| config.max_filter_relationships = most)
    };
    let any = |path: &str, inner: JsonValue| json!({"name": path, "op": "any", "val": inner});
    let title = || json!({"name": "title", "op": "eq", "val": "x"});
    let filter = |json: JsonValue| format!("filter={json}");
    let twice = any("track.sessions", any("track.sessions", title()));
    for (number, query) in [
        (0, "filter[title]=x&sort=title,track.id&filter[track]=1".to_owned()),
        (1, "filter[track.name]=x&filter[track.color]=y&sort=track.name,-track.color".to_owned()),
        (2, "filter[track.chair.age]=1&filter[track.name]=x&sort=track.chair.age".to_owned()),
        (1, "filter[speakers]=1".to_owned()),
        (2, "filter[speakers]=1&filter[speakers][any]=true".to_owned()),
        (2, "filter[track.sessions.title]=x".to_owned()),
        (2, "filter[track.sessions.title][]=x".to_owned()),
        (4, filter(json!([twice]))),
        (4, filter(json!({"not": {"or": [title(), twice]}}))),
        // The path to them is joined once, what they lead to is looked at twice.
        (7, filter(json!([twice, {"not": twice}]))),
        (5, format!("{}&sort=track.chair.age", filter(json!([twice])))),
    ] {
        assert!(with(number, &query).is_ok(), "{number}: {query}");
        let Some(less) = number.checked_sub(1) else { continue };
        let errors = shown(with(less, &query));
        assert_eq!(errors.len(), 1, "{query}: {errors:?}");
        assert_eq!(errors[0]["code"], "limit_exceeded", "{query}");
        let named = errors[0]["source"]["parameter"].as_str().unwrap_or_default();
        assert!(query.split('&').any(|part| part.starts_with(&format!("{named}="))), "{query}: {named}");
    }
    // The one behind which they are too many is named.
    let errors = shown(with(1, "filter[track.name]=x&sort=track.chair.age"));
    assert_eq!(errors[0]["source"]["parameter"], "sort");
    let errors = shown(with(1, "sort=track.chair.age&filter[track.name]=x"));
    assert_eq!(errors[0]["source"]["parameter"], "sort");
}

#[test]
fn text_to_look_for_is_short() {
    let long = |length: usize| "x".repeat(length);
    good(&format!("filter[title][contains]={}", long(limits::MAX_TEXT_LENGTH)));
    good(&format!("filter[title]={}", long(limits::MAX_TEXT_LENGTH + 1)));
    for operator in ["contains", "istartswith", "endswith", "like", "notilike"] {
        let name = format!("filter[title][{operator}]");
        refused(&format!("{name}={}", long(limits::MAX_TEXT_LENGTH + 1)), "limit_exceeded", &name);
    }
    let pattern = |number: usize| "%25a".repeat(number);
    good(&format!("filter[title][like]={}%25", "%25".repeat(limits::MAX_WILDCARDS + 1)));
    good(&format!("filter[title][like]={}%5C%25", pattern(limits::MAX_WILDCARDS)));
    for operator in ["like", "ilike", "notlike", "notilike"] {
        let name = format!("filter[title][{operator}]");
        refused(&format!("{name}={}", pattern(limits::MAX_WILDCARDS + 1)), "limit_exceeded", &name);
    }
}

#[test]
fn operators_are_a_closed_set_with_one_meaning_a_name() {
    let mut names: Vec<_> = OPERATORS.iter().flat_map(|(names, _)| names.iter()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(Operator::named("match"), None);
    assert_eq!(Operator::named("label"), None);
    let on_json: Vec<_> =
        OPERATORS.iter().filter(|(_, operator)| operator.fits(Operand::Attribute(Kind::Json))).collect();
    assert_eq!(on_json.len(), 1);
}
