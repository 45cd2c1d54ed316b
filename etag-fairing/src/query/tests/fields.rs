use super::*;

fn set(query: &str, resource: &'static Description) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let fields = good(query).fields;
    let set = fields.of(resource)?;
    let attributes = resource.attributes.iter().zip(&set.attributes).filter(|(_, shown)| **shown);
    let relationships = resource.relationships.iter().zip(&set.relationships).filter(|(_, shown)| **shown);
    Some((
        attributes.map(|(attribute, _)| attribute.name).collect(),
        relationships.map(|(relationship, _)| relationship.name).collect(),
    ))
}

#[test]
fn e1_the_fields_of_each_type() {
    let query = "fields[sessions]=track,title,room-name&fields[speakers]=name";
    assert_eq!(set(query, Session::description()), Some((vec!["title", "room-name"], vec!["track"])));
    assert_eq!(set(query, Speaker::description()), Some((vec!["name"], vec![])));
    assert_eq!(set(query, Track::description()), None);
}

#[test]
fn e2_an_empty_set_is_no_fields() {
    assert_eq!(set("fields[sessions]=", Session::description()), Some((vec![], vec![])));
    assert!(good("").fields.is_empty());
}

#[test]
fn e4_unknown_types_and_fields_are_refused_by_name() {
    for (query, parameter) in [
        ("fields[nobody]=name", "fields[nobody]"),
        ("fields[tracks]=nobody", "fields[tracks]"),
        ("fields[tracks]=name,", "fields[tracks]"),
        ("fields[tracks]=name,name", "fields[tracks]"),
        ("fields=name", "fields"),
        ("fields[]=name", "fields[]"),
        ("fields[tracks][x]=name", "fields[tracks][x]"),
    ] {
        refused(query, "invalid_fields", parameter);
    }
}

#[test]
fn e4_what_every_resource_object_has_may_be_named() {
    for (query, names) in [("fields[tracks]=id", ""), ("fields[tracks]=type,name,id,id", "name")] {
        let named = good(&format!("fields[tracks]={names}")).fields;
        assert_eq!(format!("{:?}", good(query).fields), format!("{named:?}"), "{query}");
    }
}

#[test]
fn e4_write_only_attributes_are_unknown() {
    let detail = |name: &str| shown(parse(&format!("fields[sessions]={name}")))[0]["detail"].clone();
    let (secret, nobody) = (detail("secret"), detail("nobody"));
    assert_eq!(secret.as_str().unwrap().replace("secret", "nobody"), nobody);
}
