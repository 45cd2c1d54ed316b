//! What plans cost.

use super::*;
use crate::plan::{
    Change, Comparison, Field, Filter, Include, LinkageChange, Listing, Member, Page, Plan, Relation, Root,
    Scopes, Selection, SortKey,
};
use crate::schema::RelationshipId;
use crate::schema::{Description, ResourceId, Value};
use crate::store::Store;
use crate::store::contract::{ALL, ROOMS, SPEAKERS, TALKS};

fn temporary() -> SqliteStore {
    SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database")
}

fn insert(
    resource: &'static Description,
    id: Option<&str>,
    attributes: Vec<Value>,
    linkage: Vec<Option<LinkageChange>>,
) -> Change {
    Change::Insert { resource, id: id.map(|id| ResourceId::Text(id.into())), attributes, linkage }
}

/// Forty talks in one hall, each with two speakers, each the sequel of the one before.
async fn programme() -> SqliteStore {
    let store = temporary();
    Store::prepare(&store, &ALL).await.expect("prepared");
    let mut transaction = Store::begin(&store).await.expect("a turn");
    let speakers = ["0190163d-8694-739b-aea5-966c26f8ad01", "0190163d-8694-739b-aea5-966c26f8ad02"];
    let mut changes = vec![insert(&ROOMS, Some("hall"), vec![], vec![None])];
    changes.extend(
        speakers.map(|id| insert(&SPEAKERS, Some(id), vec![Value::Text("speaker".into())], vec![None])),
    );
    for change in changes {
        transaction.apply(change, &Scopes::NONE).await.expect("applied");
    }
    let mut last = None;
    for number in 0..40 {
        let attributes = vec![
            Value::Text(format!("talk {number}")),
            Value::Null,
            Value::Integer(number),
            Value::Null,
            Value::Bool(true),
            Value::Null,
            Value::Null,
        ];
        let linkage = vec![
            Some(LinkageChange::One(Some(ResourceId::Text("hall".into())))),
            Some(LinkageChange::One(last)),
            Some(LinkageChange::Add(speakers.iter().map(|id| ResourceId::Text((*id).into())).collect())),
            None,
        ];
        last = Some(
            transaction
                .apply(insert(&TALKS, None, attributes, linkage), &Scopes::NONE)
                .await
                .expect("applied"),
        );
    }
    transaction.commit().await.expect("committed");
    store
}

fn include(relationship: usize, selection: Selection) -> Include {
    Include::new(RelationshipId::at(relationship), selection)
}

/// What a plan costs, the first time or the second: where the machine is slow, the first begins twice, the second time
/// on a thread.
pub(super) async fn cost(store: &SqliteStore, plan: &Plan) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..2 {
        let before = store.statements();
        Store::fetch(store, plan).await.expect("an answer");
        least = least.min(store.statements() - before);
    }
    least
}

#[test]
fn each_include_costs_one_statement() {
    rocket::async_test(async {
        let store = programme().await;
        let identifiers = Selection::identifiers;
        let three = vec![
            include(0, identifiers(&ROOMS)),
            include(1, Selection::whole(&TALKS)),
            include(2, identifiers(&SPEAKERS)),
        ];
        let page = Page::Offset { offset: 10, limit: 20 };
        let listing = Listing { page, ..Listing::all() };
        let whole = Selection { include: three.clone(), ..Selection::whole(&TALKS) };
        let mut plan = Plan {
            root: Root::Collection(listing.clone()),
            selection: whole,
            most_included: 100,
            most_bytes: usize::MAX,
            scopes: Scopes::NONE,
        };
        // The page with its speakers' linkage, which the include reads, and that of the included first sequel.
        assert_eq!(cost(&store, &plan).await, 5);
        plan.selection.linkage = vec![false; 4];
        plan.selection.include[1].selection.linkage = vec![false; 4];
        assert_eq!(cost(&store, &plan).await, 4);
        plan.root = Root::Collection(Listing { total: true, ..listing.clone() });
        assert_eq!(cost(&store, &plan).await, 5);
        // A filter and an order over paths are in the statements that are there anyway.
        let hall = Member { path: vec![RelationshipId::at(0)], field: Field::Id };
        let comparison = Comparison::Value(Relation::Equal, Value::Text("hall".into()));
        let filter = Some(Filter::Compare { member: hall.clone(), comparison });
        let sort = vec![SortKey { member: hall, descending: true }];
        plan.root = Root::Collection(Listing { total: true, filter, sort, ..listing });
        assert_eq!(cost(&store, &plan).await, 5);
    });
}

#[test]
fn nested_includes_cost_one_statement_each_for_many_rows() {
    rocket::async_test(async {
        let store = programme().await;
        // Rooms, their talks, those talks' speakers: three rows of edges, whatever their number.
        let talks = Selection {
            include: vec![include(2, Selection::identifiers(&SPEAKERS))],
            ..Selection::identifiers(&TALKS)
        };
        let rooms = Selection { include: vec![include(0, talks)], ..Selection::identifiers(&ROOMS) };
        let plan = Plan {
            root: Root::Collection(Listing::all()),
            selection: rooms,
            most_included: 100,
            most_bytes: usize::MAX,
            scopes: Scopes::NONE,
        };
        assert_eq!(cost(&store, &plan).await, 3);
    });
}

#[test]
fn windows_cost_one_statement_each_for_many_rows() {
    rocket::async_test(async {
        let store = programme().await;
        let by_id =
            |descending| vec![SortKey { member: Member { path: vec![], field: Field::Id }, descending }];
        let first = |limit| Listing::all().paged(Page::Offset { offset: 0, limit });
        let hall = Member { path: vec![RelationshipId::at(0)], field: Field::Id };
        let comparison = Comparison::Value(Relation::Equal, Value::Text("hall".into()));
        let filter = Filter::Compare { member: hall, comparison };
        let talks = Selection {
            include: vec![
                include(2, Selection::identifiers(&SPEAKERS)).within(first(1).sorted(by_id(true)).counted()),
            ],
            ..Selection::identifiers(&TALKS)
        };
        let window = first(30).sorted(by_id(true)).filtered(filter);
        let rooms =
            Selection { include: vec![include(0, talks).within(window)], ..Selection::identifiers(&ROOMS) };
        let plan = Plan::new(Root::Collection(Listing::all()), rooms).including_at_most(31);
        // Rooms, a window of their talks, and of each of these a window of its speakers, with their number.
        assert_eq!(cost(&store, &plan).await, 3);
        let fetched = Store::fetch(&store, &plan).await.expect("an answer");
        let talks = &fetched.included[0];
        assert_eq!((talks.rows.len(), fetched.windows[0].of(0).map(|window| window.more)), (30, Some(true)));
        for row in 0..30 {
            let window = talks.windows[0].of(row).expect("followed");
            assert_eq!((window.ids.len(), window.more, window.total), (1, true, Some(2)));
        }
    });
}

#[test]
fn what_is_there_already_is_not_read_again() {
    rocket::async_test(async {
        let store = programme().await;
        // Every sequel stands in the page.
        let selection = Selection {
            include: vec![include(1, Selection::identifiers(&TALKS))],
            ..Selection::identifiers(&TALKS)
        };
        let plan = Plan {
            root: Root::Collection(Listing::all()),
            selection,
            most_included: 0,
            most_bytes: usize::MAX,
            scopes: Scopes::NONE,
        };
        assert_eq!(cost(&store, &plan).await, 1);
    });
}
