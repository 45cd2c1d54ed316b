//! What is read by one statement, beside the same read by several.

use super::*;
use crate::plan::{Fetched, Include, LinkageChange, Page};
use crate::schema::{RelationshipId, Rows};
use crate::store::contract::{ALL, ITEMS, LABELS, LISTS, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS};

/// All relationships, and all of those that they lead to, so deep.
fn everything(
    selection: &impl Fn(&'static Description) -> Selection,
    from: &'static Description,
    depth: usize,
) -> Selection {
    let include = match depth {
        0 => Vec::new(),
        _ => from
            .relationships_by_id()
            .map(|(id, to)| Include::new(id, everything(selection, to.target(), depth - 1)))
            .collect(),
    };
    selection(from).including(include)
}

/// Each relationship by itself, and all of them, with what they lead to.
fn selections(resource: &'static Description) -> Vec<Selection> {
    let mut found = Vec::new();
    let kinds: [&dyn Fn(&'static Description) -> Selection; 3] = [
        &|resource| Selection::whole(resource),
        &|resource| Selection::whole(resource).with_all_linkage(),
        &|resource| Selection::identifiers(resource),
    ];
    for kind in kinds {
        for depth in 0..3 {
            found.push(everything(&kind, resource, depth));
        }
        for (id, to) in resource.relationships_by_id() {
            for depth in 0..2 {
                found.push(
                    kind(resource).including(vec![Include::new(id, everything(&kind, to.target(), depth))]),
                );
            }
        }
    }
    found
}

fn told(resource: &'static Description, rows: &Rows) -> Vec<String> {
    rows.iter().map(|row| format!("{:?}", row.to_record(resource))).collect()
}

fn all_of(resource: &'static Description, fetched: &Fetched) -> String {
    let included: Vec<_> = fetched
        .included
        .iter()
        .map(|it| (it.resource.type_name, told(it.resource, &it.rows), &it.links))
        .collect();
    format!("{:#?}", (told(resource, &fetched.rows), fetched.total, fetched.more, &fetched.links, included))
}

async fn linked(
    store: &PostgresStore,
    resource: &'static Description,
    id: Option<&str>,
    links: &[(usize, LinkageChange)],
) -> ResourceId {
    let values = resource.attributes_by_id().map(|(_, attribute)| match attribute.kind {
        _ if attribute.nullable => Value::Null,
        Kind::Bool => Value::Bool(true),
        Kind::Integer => Value::Integer(7),
        Kind::Text => text("text"),
        _ => text("2018-03-24T13:30:00.000000Z"),
    });
    let mut linkage = vec![None; resource.relationships.len()];
    for (place, change) in links {
        linkage[*place] = Some(change.clone());
    }
    let id = id.map(|id| ResourceId::Text(id.into()));
    let change = Change::Insert { resource, id, attributes: values.collect(), linkage };
    write(store, change).await.expect("written")
}

/// Rooms, talks in them, after each other and with speakers, reviews of these and replies to them; lists, items and labels.
async fn fill(store: &PostgresStore) {
    let one = |id: &ResourceId| LinkageChange::One(Some(id.clone()));
    for room in ["hall", "attic"] {
        linked(store, &ROOMS, Some(room), &[]).await;
    }
    let mut speakers = Vec::new();
    for _ in 0..4 {
        speakers.push(linked(store, &SPEAKERS, None, &[]).await);
    }
    let mut talks: Vec<ResourceId> = Vec::new();
    for number in 0..5_usize {
        let mut links = vec![(2, LinkageChange::Add(speakers.iter().rev().skip(number).cloned().collect()))];
        if number % 2 == 0 {
            links.push((0, one(&ResourceId::Text("hall".into()))));
        }
        links.extend(talks.last().map(|last| (1, one(last))));
        talks.push(linked(store, &TALKS, None, &links).await);
    }
    for number in 0..7 {
        let review = linked(store, &REVIEWS, None, &[(0, one(&talks[number % 3]))]).await;
        linked(store, &REPLIES, None, &[(0, one(&review))]).await;
    }
    for list in ["b", "a"] {
        let list = linked(store, &LISTS, Some(list), &[]).await;
        for _ in 0..3 {
            linked(store, &ITEMS, None, &[(0, one(&list))]).await;
        }
    }
    let items = (1..=4).map(ResourceId::Integer).collect();
    linked(store, &LABELS, Some("label"), &[(0, LinkageChange::Add(items))]).await;
}

#[test]
fn one_statement_tells_what_several_do() {
    with_database(async |database| {
        let store = open(database);
        let resources: Vec<&Description> = [&REPLIES, &LISTS, &ITEMS, &LABELS]
            .into_iter()
            .map(|it| **it)
            .chain(ALL.iter().copied())
            .collect();
        store.prepare(&resources).await.expect("prepared");
        fill(&store).await;
        let (mut reads, mut together) = (0, 0);
        for resource in resources {
            let page =
                |limit| Root::Collection(Listing::all().counted().paged(Page::Offset { offset: 0, limit }));
            let whole = Plan::new(page(50), Selection::whole(resource));
            let rows = store.fetch(&whole).await.expect("read").rows;
            let ids = rows.iter().map(|row| row.resource_id().expect("an id")).collect::<Vec<_>>();
            assert!(ids.len() > 1 || resource.is(&LABELS), "{}", resource.type_name);
            for selection in selections(resource) {
                let roots = ids.iter().cloned().map(Root::One).chain([2, 50].map(page));
                for root in roots {
                    let plan = Plan::new(root, selection.clone()).including_at_most(1000);
                    let before = store.statements();
                    let fetched = store.fetch(&plan).await.expect("read");
                    reads += 1;
                    together += usize::from(store.statements() == before + 1);
                    let mut transaction = Store::begin(&store).await.expect("a transaction");
                    let expected = transaction.fetch(&plan).await.expect("read");
                    drop(transaction);
                    assert_eq!(all_of(resource, &fetched), all_of(resource, &expected), "{plan:?}");
                }
            }
        }
        assert_eq!(together, reads, "some take several");
        store.close().await;
    });
}

#[test]
fn a_page_behind_the_last_one_has_the_total_of_its_own_state() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let page = |offset| Listing::all().counted().paged(Page::Offset { offset, limit: 2 });
        let read = async |selection: &Selection, offset| {
            let plan = Plan::new(Root::Collection(page(offset)), selection.clone()).including_at_most(10);
            let fetched = store.fetch(&plan).await.expect("read");
            (fetched.rows.len(), fetched.total, fetched.more)
        };
        let plain = Selection::whole(&REVIEWS);
        let include = vec![Include::new(RelationshipId::at(0), Selection::whole(&TALKS))];
        for selection in [plain.clone(), plain.including(include)] {
            assert_eq!(read(&selection, 0).await, (0, Some(0), false));
            assert_eq!(read(&selection, 4).await, (0, Some(0), false));
        }
        fill_reviews(&store).await;
        let plain = Selection::whole(&REVIEWS);
        let include = vec![Include::new(RelationshipId::at(0), Selection::whole(&TALKS))];
        for selection in [plain.clone(), plain.including(include)] {
            assert_eq!(read(&selection, 0).await, (2, Some(3), true));
            assert_eq!(read(&selection, 2).await, (1, Some(3), false));
            assert_eq!(read(&selection, 4).await, (0, Some(3), false));
        }
        store.close().await;
    });
}

async fn fill_reviews(store: &PostgresStore) {
    let talk = linked(store, &TALKS, None, &[]).await;
    for _ in 0..3 {
        linked(store, &REVIEWS, None, &[(0, LinkageChange::One(Some(talk.clone())))]).await;
    }
}
