//! Plans over tables that somebody else made: other collations, edges twice, and keys that lead nowhere.

use super::*;
use crate::plan::{
    Comparison, Field, Filter, Include, Listing, Member, Page, Part, Place, Relation, Scopes, SortKey,
};
use crate::schema::{AttributeId, RelationshipId};
use crate::store::contract::{ALL, ITEMS, LABELS, LISTS, ROOMS, SPEAKERS, TALKS};

const THEIRS: &str = "CREATE TABLE talks (id INTEGER PRIMARY KEY, title TEXT COLLATE NOCASE, \
     sub_title TEXT COLLATE RTRIM, favourites INTEGER, rating REAL, published BOOLEAN, starts_at DATETIME, \
     extra JSON, room_id TEXT, sequel_of_id INTEGER); \
     CREATE TABLE rooms (name TEXT PRIMARY KEY NOT NULL COLLATE NOCASE); \
     CREATE TABLE talk_speakers (talk_id INTEGER, speaker_id TEXT); \
     INSERT INTO rooms VALUES ('b'), ('C'), ('a'); \
     INSERT INTO talks (id, title, sub_title, favourites, published, extra, room_id, sequel_of_id) VALUES \
     (1, 'b', 'x', 0, 0, 12, 'gone', 99), (2, 'C', 'x ', 0, 0, 'null', 'b', 2), (3, 'a', 'x', 0, 0, NULL, NULL, 1); \
     INSERT INTO talk_speakers VALUES (1, 'gone'), (1, NULL), (2, 'gone'), (2, 'gone'), (2, NULL);";

fn with_theirs(test: impl AsyncFnOnce(&SqliteStore)) {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        outside(&path).execute_batch(THEIRS).expect("their tables");
        let store = open(&path);
        store.prepare(&ALL).await.expect("prepared");
        let ghost = "0190163d-8694-739b-aea5-966c26f8ad01";
        outside(&path)
            .execute_batch(&format!(
                "INSERT INTO speakers VALUES ('{ghost}', 'twice'); \
                 INSERT INTO talk_speakers VALUES (3, '{ghost}'), (3, '{ghost}'), (1, '{ghost}')"
            ))
            .expect("a speaker");
        test(&store).await;
        store.close().await;
    });
}

fn attribute_of(index: usize) -> Member {
    Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(index)) }
}

async fn listed(store: &SqliteStore, resource: &'static Description, listing: Listing) -> Vec<String> {
    let plan = Plan::new(Root::Collection(listing), Selection::identifiers(resource));
    let fetched = store.fetch(&plan).await.expect("readable");
    fetched.rows.iter().map(|row| row.resource_id().expect("an id").to_string()).collect()
}

#[test]
fn a_column_of_another_collation_is_compared_by_code_points() {
    with_theirs(async |store| {
        let text = |text: &str| Value::Text(text.into());
        for (index, comparison, expected) in [
            (0, Comparison::Value(Relation::Equal, text("B")), &[][..]),
            (0, Comparison::Value(Relation::Equal, text("b")), &["1"]),
            (0, Comparison::In(vec![text("B"), text("C")]), &["2"]),
            (0, Comparison::Between(text("B"), text("a")), &["2", "3"]),
            (0, Comparison::Member(Relation::Less, attribute_of(1)), &["1", "2", "3"]),
            (1, Comparison::Value(Relation::Equal, text("x")), &["1", "3"]),
            (0, Comparison::Text { part: Part::Start, text: "B".into(), case_sensitive: true }, &[]),
            (0, Comparison::Text { part: Part::End, text: "B".into(), case_sensitive: true }, &[]),
            (0, Comparison::Text { part: Part::Start, text: "B".into(), case_sensitive: false }, &["1"]),
            // JSON that their column keeps as a number.
            (6, Comparison::Value(Relation::Equal, text("12")), &["1"]),
            (6, Comparison::Text { part: Part::End, text: "2".into(), case_sensitive: true }, &["1"]),
        ] {
            let filter = Some(Filter::Compare { member: attribute_of(index), comparison });
            let told = format!("{filter:?}");
            let listing = Listing { filter, ..Listing::all() };
            assert_eq!(listed(store, &TALKS, listing).await, expected, "{told}");
        }
        let sort = |descending| vec![SortKey { member: attribute_of(0), descending }];
        let by_title = |descending, page| Listing { sort: sort(descending), page, ..Listing::all() };
        assert_eq!(listed(store, &TALKS, by_title(false, Page::All)).await, ["2", "3", "1"]);
        assert_eq!(listed(store, &TALKS, by_title(true, Page::All)).await, ["1", "3", "2"]);
        let after = Some(Place { keys: vec![text("C")], id: ResourceId::Integer(2) });
        let page = Page::Between { after, before: None, limit: 9 };
        assert_eq!(listed(store, &TALKS, by_title(false, page)).await, ["3", "1"]);
        // Ids too, in every way to ask for them.
        assert_eq!(listed(store, &ROOMS, Listing::all()).await, ["C", "a", "b"]);
        let before = Some(Place { keys: vec![], id: ResourceId::Text("b".into()) });
        let page = Page::Between { after: None, before, limit: 1 };
        assert_eq!(listed(store, &ROOMS, Listing { page, ..Listing::all() }).await, ["a"]);
    });
}

#[test]
fn a_key_that_leads_nowhere_drops_no_owner() {
    with_theirs(async |store| {
        let include = [0, 1, 2].map(|relationship| {
            let target = TALKS.relationships[relationship].target();
            Include::new(RelationshipId::at(relationship), Selection::identifiers(target))
        });
        let selection = Selection { include: include.into(), ..Selection::whole(&TALKS) };
        let plan = Plan {
            root: Root::Collection(Listing::all()),
            selection,
            most_included: 9,
            most_bytes: usize::MAX,
            scopes: Scopes::NONE,
        };
        let fetched = store.fetch(&plan).await.expect("readable");
        assert_eq!(fetched.rows.len(), 3);
        let included: Vec<_> = fetched
            .included
            .iter()
            .flat_map(|found| found.rows.iter().map(|row| (found.resource.type_name, row.resource_id())))
            .map(|(name, id)| format!("{name} {}", id.expect("an id")))
            .collect();
        assert_eq!(included, ["rooms b", "speakers 0190163d-8694-739b-aea5-966c26f8ad01"]);
        // The linkage is what their table says, each once, read with or without the resources.
        let alone = store.fetch(&whole(&TALKS, Root::Collection(Listing::all()))).await.expect("readable");
        for fetched in [&fetched, &alone] {
            let links = fetched.links[2].as_ref().expect("linkage");
            assert_eq!([links.of(0).len(), links.of(1).len(), links.of(2).len()], [2, 1, 1]);
        }
        // A filter follows edges to what is there.
        let has = |relationship| Filter::Related {
            path: Vec::new(),
            relationship: RelationshipId::at(relationship),
            filter: None,
        };
        for (relationship, expected) in [(0, &["2"][..]), (1, &["2", "3"]), (2, &["1", "3"])] {
            let listing = Listing { filter: Some(has(relationship)), ..Listing::all() };
            assert_eq!(listed(store, &TALKS, listing).await, expected);
        }
        let plan = Plan::new(
            Root::Related {
                parent: &TALKS,
                id: ResourceId::Integer(3),
                relationship: RelationshipId::at(2),
                listing: Listing {
                    sort: vec![SortKey { member: attribute_of(0), descending: true }],
                    ..Listing::all()
                },
            },
            Selection::identifiers(&SPEAKERS),
        );
        assert_eq!(
            store.fetch(&plan).await.expect("readable").rows.len(),
            1,
            "an edge twice is one resource"
        );
    });
}

#[test]
fn a_plan_that_does_not_fit_is_an_error_and_no_panic() {
    with_theirs(async |store| {
        let wrong_member = |path, field| Listing {
            sort: vec![SortKey { member: Member { path, field }, descending: false }],
            ..Listing::all()
        };
        let wrong_place = Place { keys: vec![Value::Null], id: ResourceId::Integer(1) };
        let page = Page::Between { after: Some(wrong_place), before: None, limit: 1 };
        let nowhere = Filter::Related { path: vec![], relationship: RelationshipId::at(9), filter: None };
        for listing in [
            wrong_member(vec![RelationshipId::at(9)], Field::Id),
            wrong_member(vec![RelationshipId::at(2)], Field::Id),
            wrong_member(vec![], Field::Attribute(AttributeId::at(99))),
            wrong_member(vec![], Field::ToOne(RelationshipId::at(2))),
            Listing { page, ..Listing::all() },
            Listing { filter: Some(nowhere), ..Listing::all() },
        ] {
            let plan = Plan::new(Root::Collection(listing), Selection::whole(&TALKS));
            assert!(matches!(store.fetch(&plan).await, Err(StoreError::Internal(_))), "{plan:?}");
        }
        for (relationship, resource) in [(9, &ROOMS), (0, &SPEAKERS)] {
            let relationship = RelationshipId::at(relationship);
            let include = vec![Include::new(relationship, Selection::whole(resource))];
            let selection = Selection { include, ..Selection::whole(&TALKS) };
            let plan = Plan::new(Root::Collection(Listing::all()), selection);
            assert!(matches!(store.fetch(&plan).await, Err(StoreError::Internal(_))), "{plan:?}");
        }
    });
}

#[test]
fn related_ids_are_found_by_the_collation_of_their_column() {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        let theirs = "CREATE TABLE labels (name TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, version TEXT NOT NULL); \
             INSERT INTO labels VALUES ('rust', '2026-01-01T00:00:00.000000Z'), ('Web', '2026-01-01T00:00:00.000000Z')";
        outside(&path).execute_batch(theirs).expect("their table");
        let store = open(&path);
        store.prepare(&[*LISTS, *ITEMS, *LABELS]).await.expect("prepared");
        let linked = |names: &[&str]| {
            let ids = names.iter().map(|name| ResourceId::Text((*name).into())).collect();
            let attributes = vec![Value::Text("an item".into()), Value::Integer(0)];
            new_linked(&ITEMS, attributes, vec![None, Some(LinkageChange::Replace(ids))])
        };
        for names in [&["Rust"][..], &["Rust", "web"], &["rust", "WEB"]] {
            assert!(write(&store, linked(names)).await.is_ok(), "{names:?}");
        }
        for names in [&["Rust", "none", "gone"][..], &["none"]] {
            let missing = write(&store, linked(names)).await.expect_err("one is missing");
            assert!(
                matches!(&missing, StoreError::RelatedNotFound { id, .. } if id.to_string() == "none"),
                "{missing:?}"
            );
        }
        store.close().await;
    });
}
