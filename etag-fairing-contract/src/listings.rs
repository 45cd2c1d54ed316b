//! Rules of filters, orders and pages.

use std::sync::Arc;

use etag_fairing::{
    resource::{Description, ResourceId, Value},
    store::{
        Comparison, Field, Filter, LinkageChange, Listing, Member, Page, Part, Place, Plan, Relation, Root,
        Scopes, Selection, SortKey, Store,
    },
};

use crate::{
    naive::World,
    random::{Chance, Sight},
    resources::{ALL, ROOMS, TALKS},
    steps::*,
};

const TITLE: usize = 0;
const SUBTITLE: usize = 1;
const RATING: usize = 3;

fn own(attribute: usize) -> Member {
    Member { path: Vec::new(), field: Field::Attribute(attribute) }
}

fn compared(member: Member, comparison: Comparison) -> Filter {
    Filter::Compare { member, comparison }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn part(attribute: usize, part: Part, text: &str, case_sensitive: bool) -> Filter {
    compared(own(attribute), Comparison::Text { part, text: text.into(), case_sensitive })
}

async fn found(store: &dyn Store, resource: &'static Description, filter: Filter) -> Vec<ResourceId> {
    found_by(store, &Scopes::NONE, resource, filter).await
}

async fn found_by(
    store: &dyn Store,
    scopes: &Scopes,
    resource: &'static Description,
    filter: Filter,
) -> Vec<ResourceId> {
    let listing = Listing { filter: Some(filter), total: true, ..Listing::all() };
    let mut plan = Plan::new(Root::Collection(listing), Selection::identifiers(resource));
    plan.scopes = scopes.clone();
    let fetched = read(store, &plan).await;
    let ids = ids(&fetched);
    assert_eq!(fetched.total, Some(ids.len() as u64));
    ids
}

async fn titled(store: &dyn Store, titles: &[&str]) -> Vec<ResourceId> {
    let mut talks = Vec::new();
    for title in titles {
        talks.push(done(store, talk(title)).await);
    }
    talks
}

pub(crate) async fn null_matches_no_comparison_and_its_opposite(store: Arc<dyn Store>) {
    let talks = titled(&*store, &["none", "one"]).await;
    done(&*store, set(&talks[1], &[(RATING, Value::Float(1.0))])).await;
    let (none, one) = (&talks[..1], &talks[1..]);
    for (comparison, expected) in [
        (Comparison::IsNull, none),
        (Comparison::Value(Relation::Equal, Value::Float(1.0)), one),
        (Comparison::Value(Relation::NotEqual, Value::Float(2.0)), one),
        (Comparison::Value(Relation::NotEqual, Value::Float(1.0)), &[][..]),
        (Comparison::Value(Relation::Equal, Value::Null), &[]),
        (Comparison::Value(Relation::NotEqual, Value::Null), &[]),
        (Comparison::Value(Relation::Less, Value::Float(9.0)), one),
        (Comparison::Member(Relation::Equal, own(RATING)), one),
        (Comparison::In(vec![Value::Float(1.0), Value::Null]), one),
        (Comparison::In(vec![]), &[]),
        (Comparison::In(vec![Value::Null]), &[]),
        (Comparison::Between(Value::Float(1.0), Value::Float(1.0)), one),
        (Comparison::Between(Value::Null, Value::Float(9.0)), &[]),
    ] {
        let filter = compared(own(RATING), comparison);
        assert_eq!(found(&*store, *TALKS, filter.clone()).await, expected, "{filter:?}");
        let others: Vec<_> = talks.iter().filter(|talk| !expected.contains(talk)).cloned().collect();
        assert_eq!(found(&*store, *TALKS, not(filter.clone())).await, others, "not {filter:?}");
        assert_eq!(found(&*store, *TALKS, not(not(filter.clone()))).await, expected, "not not {filter:?}");
    }
    assert_eq!(found(&*store, *TALKS, Filter::And(vec![])).await, talks);
    assert_eq!(found(&*store, *TALKS, Filter::Or(vec![])).await, []);
}

pub(crate) async fn text_is_compared_by_code_points(store: Arc<dyn Store>) {
    let texts = ["", "A", "Z", "a", "aa", "z", "É", "é", "ﬁ", "🦀"];
    let talks = titled(&*store, &texts).await;
    for (place, text) in texts.iter().enumerate() {
        for (relation, expected) in [
            (Relation::Less, &talks[..place]),
            (Relation::LessOrEqual, &talks[..=place]),
            (Relation::Equal, &talks[place..=place]),
            (Relation::GreaterOrEqual, &talks[place..]),
            (Relation::Greater, &talks[place + 1..]),
        ] {
            let comparison = Comparison::Value(relation, Value::Text((*text).into()));
            assert_eq!(
                found(&*store, *TALKS, compared(own(TITLE), comparison)).await,
                expected,
                "{relation:?} {text}"
            );
        }
    }
}

pub(crate) async fn case_is_ignored_as_unicode_folds_it(store: Arc<dyn Store>) {
    let texts = ["Straße É k", "STRASSE É K", "straße é k", "STRAẞE É \u{212a}", "strase é k", "ΣΊΣ", "ısı"];
    let talks = titled(&*store, &texts).await;
    for whole in [Part::Anywhere, Part::Start, Part::End, Part::Like] {
        assert_eq!(
            found(&*store, *TALKS, part(TITLE, whole, "straße É K", false)).await,
            talks[..4],
            "{whole:?}"
        );
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "straße é k", true)).await, [talks[2].clone()]);
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "σίς", false)).await, [talks[5].clone()]);
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "isi", false)).await, []);
    }
}

pub(crate) async fn patterns_are_literal_but_for_their_signs(store: Arc<dyn Store>) {
    let texts = ["100%", "100x", "a_b", "axb", "a\\b", "[a]", "a*b", "a?b", "🦀", "xayayb"];
    let talks = titled(&*store, &texts).await;
    for (pattern, expected) in [
        ("100\\%", &["100%"][..]),
        ("100%", &["100%", "100x"]),
        ("100_", &["100%", "100x"]),
        ("a\\_b", &["a_b"]),
        ("a_b", &["a_b", "axb", "a\\b", "a*b", "a?b"]),
        ("a\\\\b", &["a\\b"]),
        ("[a]", &["[a]"]),
        ("a*b", &["a*b"]),
        ("a?b", &["a?b"]),
        ("_", &["🦀"]),
        ("%a%b", &["a_b", "axb", "a\\b", "a*b", "a?b", "xayayb"]),
        ("%", &texts),
        ("", &[]),
    ] {
        let expected: Vec<_> = texts
            .iter()
            .zip(&talks)
            .filter(|(text, _)| expected.contains(text))
            .map(|(_, id)| id.clone())
            .collect();
        for case_sensitive in [true, false] {
            let filter = part(TITLE, Part::Like, pattern, case_sensitive);
            assert_eq!(found(&*store, *TALKS, filter).await, expected, "{pattern} {case_sensitive}");
        }
    }
    for whole in [Part::Anywhere, Part::Start, Part::End] {
        for (text, id) in texts.iter().zip(&talks) {
            for case_sensitive in [true, false] {
                let filter = part(TITLE, whole, text, case_sensitive);
                assert_eq!(
                    found(&*store, *TALKS, filter).await,
                    std::slice::from_ref(id),
                    "{whole:?} {text}"
                );
            }
        }
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "", true)).await, talks);
        assert_eq!(found(&*store, *TALKS, part(SUBTITLE, whole, "", true)).await, [], "null has no parts");
    }
}

pub(crate) async fn any_filter_is_what_it_means(store: Arc<dyn Store>) {
    filters_by_chance(&*store, 1, 250, Sight::Whole).await;
}

/// Fills the empty store and compares its filters with their meaning.
pub(crate) async fn filters_by_chance(store: &dyn Store, seed: u64, number: usize, sight: Sight) {
    let mut chance = Chance::new(seed);
    chance.fill(store).await;
    let stored = World::read(store).await;
    for _ in 0..number {
        let scopes = chance.scopes(sight);
        let world = stored.seen_by(&scopes);
        let resource = *chance.of(&ALL);
        let filter = chance.filter(resource, 3);
        let mut expected = world.ids(resource);
        expected.retain(|id| {
            let passes = world.passes(resource, id, &filter);
            assert_eq!(
                world.matches(resource, id, &filter),
                passes,
                "seed {seed}: {id} in memory: {filter:?}"
            );
            passes
        });
        let found = found_by(store, &scopes, resource, filter.clone()).await;
        assert_eq!(found, expected, "seed {seed}: {filter:?} by {scopes:?}");
    }
}

pub(crate) async fn nulls_come_last_in_both_directions(store: Arc<dyn Store>) {
    let talks = titled(&*store, &["x", "x", "x", "x", "x"]).await;
    for (index, rating) in [(1, 2.0), (2, 1.0), (4, 2.0)] {
        done(&*store, set(&talks[index], &[(RATING, Value::Float(rating))])).await;
    }
    for (descending, expected) in [(false, [2, 1, 4, 0, 3]), (true, [1, 4, 2, 0, 3])] {
        let sort = vec![SortKey { member: own(RATING), descending }];
        let listing = Listing { sort, ..Listing::all() };
        let expected: Vec<_> = expected.iter().map(|index| talks[*index].clone()).collect();
        assert_eq!(ids(&read(&*store, &collection(*TALKS, listing)).await), expected);
    }
}

pub(crate) async fn any_order_is_walked_forward_and_backward(store: Arc<dyn Store>) {
    orders_by_chance(&*store, 2, 60, Sight::Whole).await;
}

/// Fills the empty store and walks through it in many orders.
pub(crate) async fn orders_by_chance(store: &dyn Store, seed: u64, number: usize, sight: Sight) {
    let mut chance = Chance::new(seed);
    chance.fill(store).await;
    let stored = World::read(store).await;
    for _ in 0..number {
        let scopes = chance.scopes(sight);
        let world = stored.seen_by(&scopes);
        let resource = *chance.of(&ALL);
        let filter = chance.happens(2).then(|| chance.filter(resource, 2));
        let ids = world.ids(resource).into_iter();
        let passed = ids.filter(|id| filter.as_ref().is_none_or(|filter| world.passes(resource, id, filter)));
        let sort = chance.sort(resource);
        let expected = world.sorted(resource, passed, &sort);
        let listing = Listing { filter, sort, page: Page::All, total: true };
        let limit = 1 + chance.below(5);
        let plan = |listing| Plan { scopes: scopes.clone(), ..collection(resource, listing) };
        walk(store, &world, resource, plan, &listing, &expected, limit).await;
    }
}

/// Pages through what is expected in every way.
async fn walk(
    store: &dyn Store,
    world: &World,
    resource: &'static Description,
    plan: impl Fn(Listing) -> Plan,
    listing: &Listing,
    expected: &[ResourceId],
    limit: usize,
) {
    let number = expected.len();
    let place = |index: usize| Place {
        keys: listing.sort.iter().map(|key| world.value(resource, &expected[index], &key.member)).collect(),
        id: expected[index].clone(),
    };
    let limit_of = |limit: usize| limit as u64;
    let mut cases = vec![(Page::All, 0..number, false)];
    for start in (0..number + 2).step_by(limit) {
        let page = Page::Offset { offset: limit_of(start), limit: limit_of(limit) };
        let end = (start + limit).min(number);
        cases.push((page, start.min(end)..end, start + limit < number));
    }
    let between = |after, before, limit| Page::Between { after, before, limit };
    cases.push((between(None, None, limit_of(limit)), 0..limit.min(number), limit < number));
    for index in 0..number {
        // Forward from behind each row, backward from before it, and what lies between it and the last.
        let (start, end) = (index + 1, (index + 1 + limit).min(number));
        let page = between(Some(place(index)), None, limit_of(limit));
        cases.push((page, start..end, start + limit < number));
        let page = between(None, Some(place(index)), limit_of(limit));
        cases.push((page, index.saturating_sub(limit)..index, index > limit));
        let last = number - 1;
        let page = between(Some(place(index)), Some(place(last)), limit_of(limit));
        let end = (start + limit).min(last).max(start);
        cases.push((page, if start >= last { 0..0 } else { start..end }, start + limit < last));
    }
    for (page, range, more) in cases {
        let told = format!("{page:?} of {listing:?}");
        let fetched = read(store, &plan(Listing { page, ..listing.clone() })).await;
        assert_eq!(ids(&fetched), expected[range], "{told}");
        assert_eq!(fetched.more, more, "{told}");
        assert_eq!(fetched.total, Some(number as u64), "{told}");
        for (row, id) in fetched.rows.iter().zip(ids(&fetched)) {
            for index in 0..resource.attributes.len() {
                assert_eq!(row.attribute(index).to_owned(), world.value(resource, &id, &own(index)));
            }
        }
    }
}

pub(crate) async fn related_resources_are_filtered_and_ordered(store: Arc<dyn Store>) {
    related_by_chance(&*store, 3, Sight::Whole).await;
}

/// Fills the empty store and pages through what its talks are related to.
pub(crate) async fn related_by_chance(store: &dyn Store, seed: u64, sight: Sight) {
    let mut chance = Chance::new(seed);
    chance.fill(store).await;
    let stored = World::read(store).await;
    for owner in stored.ids(*TALKS) {
        let scopes = chance.scopes(sight);
        let world = stored.seen_by(&scopes);
        let fetched = read(store, &Plan { scopes: scopes.clone(), ..one(*TALKS, &owner) }).await;
        if !world.ids(*TALKS).contains(&owner) {
            assert!(fetched.rows.is_empty(), "{owner} by {scopes:?}");
            for relationship in 0..TALKS.relationships.len() {
                let plan = related(*TALKS, &owner, relationship, Listing::all());
                let fetched = read(store, &Plan { scopes: scopes.clone(), ..plan }).await;
                assert!(!fetched.parent && fetched.rows.is_empty(), "{owner} by {scopes:?}");
            }
            continue;
        }
        for relationship in [ROOM, SEQUEL_OF] {
            let plan = related(*TALKS, &owner, relationship, Listing::all());
            let fetched = read(store, &Plan { scopes: scopes.clone(), ..plan }).await;
            assert!(fetched.parent);
            assert_eq!(ids(&fetched), world.related(*TALKS, &owner, relationship), "{owner} by {scopes:?}");
        }
        for relationship in [SPEAKERS_OF, REVIEWS_OF] {
            let resource = TALKS.relationships[relationship].target();
            let filter = chance.happens(2).then(|| chance.filter(resource, 2));
            let passed = world
                .related(*TALKS, &owner, relationship)
                .into_iter()
                .filter(|id| filter.as_ref().is_none_or(|filter| world.passes(resource, id, filter)));
            let sort = chance.sort(resource);
            let expected = world.sorted(resource, passed, &sort);
            let listing = Listing { filter, sort, page: Page::All, total: true };
            let plan =
                |listing| Plan { scopes: scopes.clone(), ..related(*TALKS, &owner, relationship, listing) };
            walk(store, &world, resource, plan, &listing, &expected, 2).await;
        }
    }
}

pub(crate) async fn a_related_resource_is_filtered(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let linkage = only(ROOM, LinkageChange::One(Some(text("hall"))));
    let with = done(&*store, linked_talk("with", linkage)).await;
    let without = done(&*store, talk("without")).await;
    let named = |name: &str| Filter::Compare {
        member: Member { path: Vec::new(), field: Field::Id },
        comparison: Comparison::Value(Relation::Equal, Value::Text(name.into())),
    };
    let holds_a_talk = Filter::Related { path: Vec::new(), relationship: 0, filter: None };
    for (id, filter, expected) in [
        (&with, named("hall"), (true, vec![text("hall")])),
        (&with, named("yard"), (true, vec![])),
        (&with, holds_a_talk.clone(), (true, vec![text("hall")])),
        (&with, not(holds_a_talk), (true, vec![])),
        (&without, named("hall"), (true, vec![])),
        (&without, not(named("hall")), (true, vec![])),
        (&number(99), named("hall"), (false, vec![])),
    ] {
        let listing = Listing { filter: Some(filter), ..Listing::all() };
        let fetched = read(&*store, &related(*TALKS, id, ROOM, listing)).await;
        assert_eq!((fetched.parent, ids(&fetched)), expected);
    }
}

pub(crate) async fn an_offset_counts_rows_and_not_what_they_relate_to(store: Arc<dyn Store>) {
    let names = ["a", "b", "c"];
    for name in names {
        done(&*store, room(name)).await;
        for _ in 0..3 {
            let linkage = only(ROOM, LinkageChange::One(Some(text(name))));
            done(&*store, linked_talk("one of many", linkage)).await;
        }
    }
    let filter = Filter::Related { path: Vec::new(), relationship: 0, filter: None };
    for offset in 0..5 {
        let listing = Listing { filter: Some(filter.clone()), ..page(offset, 2) };
        let fetched = read(&*store, &collection(*ROOMS, listing)).await;
        let expected: Vec<_> = names.iter().skip(offset as usize).take(2).map(|name| text(name)).collect();
        assert_eq!((ids(&fetched), fetched.total), (expected, Some(3)), "offset {offset}");
    }
}

/// Text that would do harm in the text of a statement.
pub(crate) const HOSTILE: [&str; 40] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    ";",
    "--",
    "/*",
    "*/",
    "?",
    "?1",
    "$1",
    ":a",
    "@a",
    "%",
    "_",
    "[",
    "]",
    "*",
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "'; DROP TABLE talks; --",
    "\"; DROP TABLE talks; --",
    "') OR ('1'='1",
    "1) OR (1=1",
    "1; DELETE FROM talks",
    "1 UNION SELECT name FROM sqlite_schema",
    "' UNION SELECT NULL, NULL --",
    "x' COLLATE NOCASE --",
    "%' ESCAPE '%",
    "\\%\\_\\\\",
    "\"]",
    "[\"a\",\"b\"]",
    "{\"a\":1}",
    "\",\"a",
    "\n--\n",
    "\u{feff}\u{2028}'\u{2029}",
    "𝔲ｎ'ｉ\u{300}\u{202e}",
];

pub(crate) async fn hostile_text_is_nothing_but_data(store: Arc<dyn Store>) {
    let mut talks = Vec::new();
    for text_of in HOSTILE {
        done(&*store, room(text_of)).await;
        let linkage = only(ROOM, LinkageChange::One(Some(text(text_of))));
        talks.push(done(&*store, linked_talk(text_of, linkage)).await);
    }
    let sort = vec![SortKey { member: own(TITLE), descending: true }];
    for (hostile, id) in HOSTILE.iter().zip(&talks) {
        let given = || Value::Text((*hostile).into());
        let escaped: String = hostile
            .chars()
            .flat_map(|character| {
                matches!(character, '%' | '_' | '\\').then_some('\\').into_iter().chain([character])
            })
            .collect();
        let room_member = Member { path: vec![ROOM], field: Field::Id };
        for filter in [
            compared(own(TITLE), Comparison::Value(Relation::Equal, given())),
            compared(own(TITLE), Comparison::In(vec![given()])),
            compared(own(TITLE), Comparison::Between(given(), given())),
            compared(room_member, Comparison::Value(Relation::Equal, given())),
            part(TITLE, Part::Like, &escaped, true),
            part(TITLE, Part::Like, &escaped, false),
        ] {
            assert_eq!(found(&*store, *TALKS, filter.clone()).await, std::slice::from_ref(id), "{filter:?}");
        }
        for whole in [Part::Anywhere, Part::Start, Part::End] {
            for case_sensitive in [true, false] {
                let expected: Vec<_> = HOSTILE
                    .iter()
                    .zip(&talks)
                    .filter(|(title, _)| match whole {
                        Part::Start => title.starts_with(hostile),
                        Part::End => title.ends_with(hostile),
                        _ => title.contains(hostile),
                    })
                    .map(|(_, id)| id.clone())
                    .collect();
                let filter = part(TITLE, whole, hostile, case_sensitive);
                let found = found(&*store, *TALKS, filter).await;
                assert!(found.contains(id));
                if case_sensitive {
                    assert_eq!(found, expected, "{whole:?} {hostile}");
                }
            }
        }
        // As an id, of a root and of an owner, and as a place in an order.
        assert_eq!(ids(&read(&*store, &one(*ROOMS, &text(hostile))).await), [text(hostile)]);
        let fetched = read(&*store, &related(*ROOMS, &text(hostile), 0, Listing::all())).await;
        assert_eq!(ids(&fetched), std::slice::from_ref(id));
        let place = Place { keys: vec![given()], id: id.clone() };
        let page = Page::Between { after: Some(place), before: None, limit: 100 };
        let listing = Listing { sort: sort.clone(), page, ..Listing::all() };
        let fetched = read(&*store, &collection(*TALKS, listing)).await;
        let mut smaller: Vec<_> = HOSTILE.iter().zip(&talks).filter(|(title, _)| *title < hostile).collect();
        smaller.sort_by(|one, other| other.0.cmp(one.0));
        let smaller: Vec<_> = smaller.into_iter().map(|(_, id)| id.clone()).collect();
        assert_eq!(ids(&fetched), smaller, "behind {hostile}");
    }
    assert_eq!(read(&*store, &collection(*TALKS, Listing::all())).await.rows.len(), HOSTILE.len());
}
