//! Struct → record → struct, over every attribute type.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{Linkage, ResourceId, Value},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Draft,
    InReview,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    room: String,
    seats: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "things")]
struct Thing {
    #[jsonapi(id)]
    id: Uuid,
    truth: bool,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    f32: f32,
    f64: f64,
    words: String,
    instant: DateTime<Utc>,
    date: NaiveDate,
    time: NaiveTime,
    date_time: NaiveDateTime,
    uuid: Uuid,
    tree: serde_json::Value,
    #[jsonapi(text)]
    state: State,
    #[jsonapi(json)]
    place: Place,
    #[jsonapi(json)]
    tags: Vec<String>,
    maybe_truth: Option<bool>,
    maybe_number: Option<i64>,
    maybe_float: Option<f64>,
    maybe_words: Option<String>,
    maybe_instant: Option<DateTime<Utc>>,
    maybe_date: Option<NaiveDate>,
    maybe_time: Option<NaiveTime>,
    maybe_date_time: Option<NaiveDateTime>,
    maybe_uuid: Option<Uuid>,
    #[jsonapi(text)]
    maybe_state: Option<State>,
    #[jsonapi(json)]
    maybe_place: Option<Place>,
    #[jsonapi(skip, default = "unstored")]
    cached: u32,
    #[jsonapi(relationship)]
    parent: ToOne<Self>,
    #[jsonapi(relationship, through = "likes", owner_column = "liker_id", target_column = "liked_id")]
    likes: ToMany<Thing>,
}

fn unstored() -> u32 {
    7
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    // Years 0 to 9999, microseconds: what the store's form can hold.
    (-62_167_219_200_i64..253_402_300_800, 0_u32..1_000_000)
        .prop_filter_map("in range", |(seconds, micros)| DateTime::from_timestamp(seconds, micros * 1000))
}

fn date_times() -> impl Strategy<Value = NaiveDateTime> {
    instants().prop_map(|instant| instant.naive_utc())
}

fn states() -> impl Strategy<Value = State> {
    prop_oneof![Just(State::Draft), Just(State::InReview)]
}

fn places() -> impl Strategy<Value = Place> {
    (any::<String>(), any::<Option<u16>>()).prop_map(|(room, seats)| Place { room, seats })
}

fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn trees() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn ids() -> impl Strategy<Value = ResourceId> {
    uuids().prop_map(|id| ResourceId::Text(id.to_string()))
}

prop_compose! {
    fn numbers()(
        small in any::<(i8, i16, i32, i64, u8, u16, u32)>(),
        unsigned in 0..=i64::MAX as u64,
        single in prop::num::f32::NORMAL | prop::num::f32::ZERO,
        double in prop::num::f64::NORMAL | prop::num::f64::ZERO,
    ) -> ((i8, i16, i32, i64, u8, u16, u32), u64, f32, f64) {
        (small, unsigned, single, double)
    }
}

prop_compose! {
    fn times()(
        instant in instants(),
        date_time in date_times(),
        maybe_instant in prop::option::of(instants()),
        maybe_date_time in prop::option::of(date_times()),
    ) -> (DateTime<Utc>, NaiveDateTime, Option<DateTime<Utc>>, Option<NaiveDateTime>) {
        (instant, date_time, maybe_instant, maybe_date_time)
    }
}

prop_compose! {
    fn adapted()(
        state in states(),
        place in places(),
        tags in any::<Vec<String>>(),
        maybe_state in prop::option::of(states()),
        maybe_place in prop::option::of(places()),
    ) -> (State, Place, Vec<String>, Option<State>, Option<Place>) {
        (state, place, tags, maybe_state, maybe_place)
    }
}

prop_compose! {
    fn things()(
        (small, u64, f32, f64) in numbers(),
        (instant, date_time, maybe_instant, maybe_date_time) in times(),
        (state, place, tags, maybe_state, maybe_place) in adapted(),
        (truth, words) in any::<(bool, String)>(),
        (maybe_truth, maybe_number, maybe_words) in any::<(Option<bool>, Option<i64>, Option<String>)>(),
        maybe_float in prop::option::of(prop::num::f64::NORMAL),
        (id, uuid, maybe_uuid) in (uuids(), uuids(), prop::option::of(uuids())),
        tree in trees(),
        parent in prop::option::of(ids()),
        // In the order of a record; the order of a struct made by hand has a test of its own.
        likes in prop::option::of(prop::collection::btree_set(ids(), 0..4)),
    ) -> Thing {
        let (i8, i16, i32, i64, u8, u16, u32) = small;
        Thing {
            id, truth, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, words, instant,
            date: instant.date_naive(),
            time: instant.time(),
            date_time, uuid, tree, state, place, tags,
            maybe_truth, maybe_number, maybe_float, maybe_words, maybe_instant,
            maybe_date: maybe_date_time.map(|time| time.date()),
            maybe_time: maybe_date_time.map(|time| time.time()),
            maybe_date_time, maybe_uuid, maybe_state, maybe_place,
            cached: 7,
            parent: parent.map_or_else(ToOne::empty, ToOne::to),
            likes: likes.map_or_else(ToMany::unread, |ids| ToMany::to(ids.into_iter().collect())),
        }
    }
}

proptest! {
    #[test]
    fn a_struct_comes_back_from_its_record(thing in things()) {
        let record = thing.to_record().unwrap();
        prop_assert_eq!(record.attributes.len(), Thing::description().attributes.len());
        prop_assert_eq!(record.linkage.len(), Thing::description().relationships.len());
        prop_assert_eq!(Thing::from_record(&record).unwrap(), thing);
    }
}

fn example() -> Thing {
    let instant = DateTime::from_timestamp(1_521_869_400, 123_456_789).unwrap().trunc_subsecs(6);
    Thing {
        id: Uuid::from_u128(1),
        truth: true,
        i8: -1,
        i16: -2,
        i32: -3,
        i64: -4,
        u8: 1,
        u16: 2,
        u32: 3,
        u64: 4,
        f32: 0.1,
        f64: 0.25,
        words: "a \u{0301}".into(),
        instant,
        date: instant.date_naive(),
        time: instant.time(),
        date_time: instant.naive_utc(),
        uuid: Uuid::from_u128(2),
        tree: serde_json::json!({"a": [1, null]}),
        state: State::InReview,
        place: Place { room: "Hall 1".into(), seats: None },
        tags: vec!["x".into()],
        maybe_truth: None,
        maybe_number: None,
        maybe_float: None,
        maybe_words: None,
        maybe_instant: None,
        maybe_date: None,
        maybe_time: None,
        maybe_date_time: None,
        maybe_uuid: None,
        maybe_state: None,
        maybe_place: None,
        cached: 9,
        parent: ToOne::empty(),
        likes: ToMany::unread(),
    }
}

/// The record's value under this member name.
fn value_of(thing: &Thing, name: &str) -> Value {
    let (id, _) = Thing::description().attribute(name).unwrap();
    thing.to_record().unwrap().attributes.swap_remove(id.place())
}

#[test]
fn values_stand_at_the_place_of_their_attribute() {
    let thing = example();
    assert_eq!(value_of(&thing, "truth"), Value::Bool(true));
    assert_eq!(value_of(&thing, "i8"), Value::Integer(-1));
    assert_eq!(value_of(&thing, "u64"), Value::Integer(4));
    assert_eq!(value_of(&thing, "f32"), Value::Float(0.1));
    assert_eq!(value_of(&thing, "instant"), Value::Text("2018-03-24T05:30:00.123456Z".into()));
    assert_eq!(value_of(&thing, "dateTime"), Value::Text("2018-03-24T05:30:00.123456".into()));
    assert_eq!(value_of(&thing, "state"), Value::Text("in-review".into()));
    assert_eq!(value_of(&thing, "place"), Value::Text(r#"{"room":"Hall 1","seats":null}"#.into()));
    assert_eq!(value_of(&thing, "maybeState"), Value::Null);
    assert_eq!(value_of(&thing, "maybePlace"), Value::Null);
}

#[test]
fn a_skipped_field_is_made_anew() {
    let record = example().to_record().unwrap();
    assert!(Thing::description().attribute("cached").is_none());
    assert_eq!(Thing::from_record(&record).unwrap().cached, 7);
}

#[test]
fn to_many_linkage_has_each_id_once_in_order() {
    let [one, two] = [1, 2].map(|id| ResourceId::Text(Uuid::from_u128(id).to_string()));
    let thing = Thing { likes: ToMany::to(vec![two.clone(), one.clone(), two.clone()]), ..example() };
    let record = thing.to_record().unwrap();
    assert_eq!(record.linkage, [Linkage::One(None), Linkage::Many(vec![one, two])]);
}

#[test]
fn what_the_store_cannot_hold_is_an_error() {
    assert!(Thing { u64: u64::MAX, ..example() }.to_record().is_err());
    assert!(Thing { f64: f64::NAN, ..example() }.to_record().is_err());
}

#[test]
fn corrupt_data_names_its_column() {
    let mut record = example().to_record().unwrap();
    record.attributes[0] = Value::Text("yes".into());
    let error = Thing::from_record(&record).unwrap_err().to_string();
    assert_eq!(error, "column `truth`: expected a boolean, found text in the store");
}

#[test]
fn a_record_of_another_shape_is_an_error() {
    let mut record = example().to_record().unwrap();
    record.linkage[0] = Linkage::Unread;
    assert!(Thing::from_record(&record).unwrap_err().to_string().contains("`parent`"));

    let mut record = example().to_record().unwrap();
    record.linkage[1] = Linkage::One(None);
    assert!(Thing::from_record(&record).unwrap_err().to_string().contains("`likes`"));

    let mut record = example().to_record().unwrap();
    record.id = None;
    assert!(Thing::from_record(&record).unwrap_err().to_string().contains("id"));

    let mut record = example().to_record().unwrap();
    record.attributes.clear();
    assert!(Thing::from_record(&record).unwrap_err().to_string().contains("`truth`"));
}
