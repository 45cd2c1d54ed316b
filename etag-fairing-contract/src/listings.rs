//! Rules of orders, pages and related resources.

use std::sync::Arc;

use etag_fairing::{
    resource::{Description, RelationshipId, ResourceId, Value},
    store::{
        Comparison, Field, Filter, LinkageChange, Listing, Member, Page, Place, Plan, Relation, SortKey,
        Store,
    },
};

use crate::{
    filters::*,
    model::Model,
    random::{Caller, Random},
    resources::{ALL, ROOMS, TALKS},
    steps::*,
};

pub(crate) async fn nulls_come_last_in_both_directions(store: Arc<dyn Store>) {
    let talks = titled(&*store, &["x", "x", "x", "x", "x"]).await;
    for (index, rating) in [(1, 2.0), (2, 1.0), (4, 2.0)] {
        done(&*store, set(&talks[index], &[(RATING, Value::Float(rating))])).await;
    }
    for (descending, expected) in [(false, [2, 1, 4, 0, 3]), (true, [1, 4, 2, 0, 3])] {
        let sort = vec![SortKey { member: own(RATING), descending }];
        let listing = Listing::all().sorted(sort);
        let expected: Vec<_> = expected.iter().map(|index| talks[*index].clone()).collect();
        assert_eq!(ids(&read(&*store, &collection(*TALKS, listing)).await), expected);
    }
}

pub(crate) async fn any_order_is_walked_forward_and_backward(store: Arc<dyn Store>) {
    orders_at_random(&*store, 2, 60, Caller::SeesAll).await;
}

/// Fills the empty store and walks through it in many orders.
pub(crate) async fn orders_at_random(store: &dyn Store, seed: u64, number: usize, caller: Caller) {
    let mut random = Random::new(seed);
    random.fill(store).await;
    let stored = Model::read(store).await;
    for _ in 0..number {
        let scopes = random.scopes(caller);
        let model = stored.seen_by(&scopes);
        let resource = *random.of(&ALL);
        let filter = random.happens(2).then(|| random.filter(resource, 2));
        let ids = model.ids(resource).into_iter();
        let passed = ids.filter(|id| filter.as_ref().is_none_or(|filter| model.passes(resource, id, filter)));
        let sort = random.sort(resource);
        let expected = model.sorted(resource, passed, &sort);
        let listing = Listing::all().filtered(filter).sorted(sort).counted();
        let limit = 1 + random.below(5);
        let plan = |listing| collection(resource, listing).scoped(scopes.clone());
        walk(store, &model, resource, plan, &listing, &expected, limit).await;
    }
}

/// Pages through what is expected in every way.
async fn walk(
    store: &dyn Store,
    model: &Model,
    resource: &'static Description,
    plan: impl Fn(Listing) -> Plan,
    listing: &Listing,
    expected: &[ResourceId],
    limit: usize,
) {
    let number = expected.len();
    let place = |index: usize| Place {
        keys: listing.sort.iter().map(|key| model.value(resource, &expected[index], &key.member)).collect(),
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
        let fetched = read(store, &plan(listing.clone().paged(page))).await;
        assert_eq!(ids(&fetched), expected[range], "{told}");
        assert_eq!(fetched.more, more, "{told}");
        assert_eq!(fetched.total, Some(number as u64), "{told}");
        for (row, id) in fetched.rows.iter().zip(ids(&fetched)) {
            for (attribute, _) in resource.attributes_by_id() {
                assert_eq!(row.attribute(attribute).to_owned(), model.value(resource, &id, &own(attribute)));
            }
        }
    }
}

pub(crate) async fn related_resources_are_filtered_and_ordered(store: Arc<dyn Store>) {
    related_at_random(&*store, 3, Caller::SeesAll).await;
}

/// Fills the empty store and pages through what its talks are related to.
pub(crate) async fn related_at_random(store: &dyn Store, seed: u64, caller: Caller) {
    let mut random = Random::new(seed);
    random.fill(store).await;
    let stored = Model::read(store).await;
    for owner in stored.ids(*TALKS) {
        let scopes = random.scopes(caller);
        let model = stored.seen_by(&scopes);
        let fetched = read(store, &one(*TALKS, &owner).scoped(scopes.clone())).await;
        if !model.ids(*TALKS).contains(&owner) {
            assert!(fetched.rows.is_empty(), "{owner} by {scopes:?}");
            for (relationship, _) in TALKS.relationships_by_id() {
                let plan = related(*TALKS, &owner, relationship, Listing::all());
                let fetched = read(store, &plan.scoped(scopes.clone())).await;
                assert!(!fetched.parent && fetched.rows.is_empty(), "{owner} by {scopes:?}");
            }
            continue;
        }
        for relationship in [ROOM, SEQUEL_OF] {
            let plan = related(*TALKS, &owner, relationship, Listing::all());
            let fetched = read(store, &plan.scoped(scopes.clone())).await;
            assert!(fetched.parent);
            assert_eq!(ids(&fetched), model.related(*TALKS, &owner, relationship), "{owner} by {scopes:?}");
        }
        for relationship in [SPEAKERS_OF, REVIEWS_OF] {
            let resource = TALKS.relationships[relationship.place()].target();
            let filter = random.happens(2).then(|| random.filter(resource, 2));
            let passed = model
                .related(*TALKS, &owner, relationship)
                .into_iter()
                .filter(|id| filter.as_ref().is_none_or(|filter| model.passes(resource, id, filter)));
            let sort = random.sort(resource);
            let expected = model.sorted(resource, passed, &sort);
            let listing = Listing::all().filtered(filter).sorted(sort).counted();
            let plan = |listing| related(*TALKS, &owner, relationship, listing).scoped(scopes.clone());
            walk(store, &model, resource, plan, &listing, &expected, 2).await;
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
    let holds_a_talk =
        Filter::Related { path: Vec::new(), relationship: RelationshipId::at(0), filter: None };
    for (id, filter, expected) in [
        (&with, named("hall"), (true, vec![text("hall")])),
        (&with, named("yard"), (true, vec![])),
        (&with, holds_a_talk.clone(), (true, vec![text("hall")])),
        (&with, not(holds_a_talk), (true, vec![])),
        (&without, named("hall"), (true, vec![])),
        (&without, not(named("hall")), (true, vec![])),
        (&number(99), named("hall"), (false, vec![])),
    ] {
        let listing = Listing::all().filtered(filter);
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
    let filter = Filter::Related { path: Vec::new(), relationship: RelationshipId::at(0), filter: None };
    for offset in 0..5 {
        let listing = page(offset, 2).filtered(filter.clone());
        let fetched = read(&*store, &collection(*ROOMS, listing)).await;
        let expected: Vec<_> = names.iter().skip(offset as usize).take(2).map(|name| text(name)).collect();
        assert_eq!((ids(&fetched), fetched.total), (expected, Some(3)), "offset {offset}");
    }
}
