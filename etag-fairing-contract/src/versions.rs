//! Rules of versions and dates of the last change, which the store itself keeps.

use std::sync::Arc;

use etag_fairing::{
    resource::{AttributeId, Description, RelationshipId, ResourceId, Upkeep, Value, ValueRef},
    store::{Change, LinkageChange, Scopes, Store, StoreError},
};

use crate::{
    resources::{ITEMS, LABELS, LISTS},
    steps::{delete, done, ids, number, one, read, text, told, write},
};

/// The title of lists and of items, the time of labels.
const FIRST: AttributeId = AttributeId::at(0);
const ITEMS_OF: RelationshipId = RelationshipId::at(0);
const ITEMS_OF_LABEL: RelationshipId = RelationshipId::at(0);
const LIST: RelationshipId = RelationshipId::at(0);
const LABELS_OF: RelationshipId = RelationshipId::at(1);

async fn prepare(store: &dyn Store) {
    store.prepare(&[*LISTS, *ITEMS, *LABELS]).await.expect("prepared");
}

fn list(name: &str) -> Change {
    let date = Value::Text("2018-03-24T13:30:00.000000Z".into());
    Change::Insert {
        resource: *LISTS,
        id: Some(text(name)),
        attributes: vec![Value::Text("new".into()), Value::Integer(1), date],
        linkage: vec![None],
    }
}

fn item(list: &str) -> Change {
    Change::Insert {
        resource: *ITEMS,
        id: None,
        attributes: vec![Value::Text("new".into()), Value::Integer(1)],
        linkage: vec![Some(LinkageChange::One(Some(text(list)))), None],
    }
}

fn label(name: &str) -> Change {
    Change::Insert {
        resource: *LABELS,
        id: Some(text(name)),
        attributes: vec![Value::Text("2018-03-24T13:30:00.000000Z".into())],
        linkage: vec![None],
    }
}

fn set(resource: &'static Description, id: &ResourceId, values: &[(AttributeId, Value)]) -> Change {
    let mut attributes = vec![None; resource.attributes.len()];
    for (attribute, value) in values {
        attributes[attribute.place()] = Some(value.clone());
    }
    let linkage = vec![None; resource.relationships.len()];
    Change::Update { resource, id: id.clone(), attributes, linkage }
}

fn link(
    resource: &'static Description,
    id: &ResourceId,
    relationship: RelationshipId,
    change: LinkageChange,
) -> Change {
    let mut linkage = vec![None; resource.relationships.len()];
    linkage[relationship.place()] = Some(change);
    Change::Update { resource, id: id.clone(), attributes: vec![None; resource.attributes.len()], linkage }
}

/// What the store keeps of a resource, as numbers: the version, then the date of the last change.
async fn kept(store: &dyn Store, resource: &'static Description, id: &ResourceId) -> Vec<i64> {
    let fetched = read(store, &one(resource, id)).await;
    let row = fetched.rows.get(0).unwrap_or_else(|| panic!("{} {id} is there", resource.type_name));
    let rank = |(place, upkeep): (AttributeId, Upkeep)| upkeep.rank(row.attribute(place)).expect("a rank");
    resource.kept().map(rank).collect()
}

/// Makes a change and tells whose versions rose. None may fall, and whatever else is kept rises with it.
async fn rising(
    store: &dyn Store,
    change: Change,
    all: &[(&'static Description, ResourceId)],
) -> Vec<ResourceId> {
    let mut before = Vec::new();
    for (resource, id) in all {
        before.push(kept(store, resource, id).await);
    }
    let told = told(&change);
    done(store, change).await;
    let mut rising = Vec::new();
    for ((resource, id), before) in all.iter().zip(before) {
        let after = kept(store, resource, id).await;
        if after == before {
            continue;
        }
        assert!(
            before.iter().zip(&after).all(|(before, after)| before < after),
            "{told}: {before:?}, {after:?}"
        );
        rising.push(id.clone());
    }
    rising
}

pub(crate) async fn a_new_resource_has_a_version(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    let id = done(&*store, item("a")).await;
    assert_eq!(kept(&*store, *ITEMS, &id).await, [1], "what it was given");
}

pub(crate) async fn a_version_rises_with_each_change_of_the_row(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    let (id, other) = (done(&*store, item("a")).await, done(&*store, item("a")).await);
    for count in 2..6 {
        done(&*store, set(*ITEMS, &id, &[(FIRST, Value::Text(count.to_string()))])).await;
        assert_eq!(kept(&*store, *ITEMS, &id).await, [count]);
    }
    assert_eq!(kept(&*store, *ITEMS, &other).await, [1]);
    // Nothing named, nothing changed.
    done(&*store, set(*ITEMS, &id, &[])).await;
    assert_eq!(kept(&*store, *ITEMS, &id).await, [5]);
}

pub(crate) async fn only_the_store_says_what_a_version_is(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    let id = done(&*store, item("a")).await;
    let change = [(FIRST, Value::Text("after".into())), (AttributeId::at(1), Value::Integer(-40))];
    done(&*store, set(*ITEMS, &id, &change)).await;
    assert_eq!(kept(&*store, *ITEMS, &id).await, [2]);
    let date = Value::Text("1970-01-01T00:00:00.000000Z".into());
    let change = [
        (FIRST, Value::Text("after".into())),
        (AttributeId::at(1), Value::Integer(-40)),
        (AttributeId::at(2), date),
    ];
    assert_eq!(rising(&*store, set(*LISTS, &text("a"), &change), &[(*LISTS, text("a"))]).await, [text("a")]);
}

pub(crate) async fn a_version_rises_with_the_linkage_that_shows(store: Arc<dyn Store>) {
    prepare(&*store).await;
    for name in ["a", "b"] {
        done(&*store, list(name)).await;
        done(&*store, label(name.to_uppercase().as_str())).await;
    }
    let (one, two) = (done(&*store, item("a")).await, done(&*store, item("a")).await);
    let all = [
        (*LISTS, text("a")),
        (*LISTS, text("b")),
        (*LABELS, text("A")),
        (*LABELS, text("B")),
        (*ITEMS, one.clone()),
        (*ITEMS, two.clone()),
    ];
    let (a, b) = (text("a"), text("b"));
    for (change, expected) in [
        // The to-one end: the owner before, the owner after, and itself.
        (
            link(*ITEMS, &one, LIST, LinkageChange::One(Some(b.clone()))),
            vec![a.clone(), b.clone(), one.clone()],
        ),
        (link(*ITEMS, &one, LIST, LinkageChange::One(None)), vec![b.clone(), one.clone()]),
        (link(*ITEMS, &one, LIST, LinkageChange::One(Some(a.clone()))), vec![a.clone(), one.clone()]),
        // The other end.
        (
            link(*LISTS, &b, ITEMS_OF, LinkageChange::Add(vec![one.clone()])),
            vec![a.clone(), b.clone(), one.clone()],
        ),
        (
            link(*LISTS, &a, ITEMS_OF, LinkageChange::Replace(vec![one.clone()])),
            vec![a.clone(), b.clone(), one.clone(), two.clone()],
        ),
        (
            link(*LISTS, &a, ITEMS_OF, LinkageChange::Remove(vec![one.clone(), two.clone()])),
            vec![a, one.clone()],
        ),
        // A join table, from either end; what is linked already is no change.
        (link(*ITEMS, &one, LABELS_OF, LinkageChange::Add(vec![text("A")])), vec![text("A"), one.clone()]),
        (
            link(*ITEMS, &one, LABELS_OF, LinkageChange::Add(vec![text("A"), text("B")])),
            vec![text("B"), one.clone()],
        ),
        (link(*ITEMS, &one, LABELS_OF, LinkageChange::Add(vec![text("A")])), vec![]),
        (link(*ITEMS, &one, LABELS_OF, LinkageChange::Remove(vec![])), vec![]),
        (
            link(*LABELS, &text("A"), ITEMS_OF_LABEL, LinkageChange::Replace(vec![two.clone()])),
            vec![text("A"), one.clone(), two.clone()],
        ),
        (
            link(*LABELS, &text("B"), ITEMS_OF_LABEL, LinkageChange::Remove(vec![one.clone(), two.clone()])),
            vec![text("B"), one],
        ),
    ] {
        let told = told(&change);
        assert_eq!(rising(&*store, change, &all).await, expected, "{told}");
    }
    // A new one shows in the other end, too.
    let lists = [(*LISTS, text("a")), (*LISTS, text("b"))];
    assert_eq!(rising(&*store, item("b"), &lists).await, [text("b")]);
    let labelled = Change::Insert {
        resource: *ITEMS,
        id: None,
        attributes: vec![Value::Text("labelled".into()), Value::Integer(1)],
        linkage: vec![None, Some(LinkageChange::Add(vec![text("B")]))],
    };
    let labels = [(*LABELS, text("A")), (*LABELS, text("B"))];
    assert_eq!(rising(&*store, labelled, &labels).await, [text("B")]);
}

pub(crate) async fn a_version_rises_where_a_deletion_shows(store: Arc<dyn Store>) {
    prepare(&*store).await;
    for name in ["a", "b"] {
        done(&*store, list(name)).await;
        done(&*store, label(name.to_uppercase().as_str())).await;
    }
    let (one, two) = (done(&*store, item("a")).await, done(&*store, item("b")).await);
    done(&*store, link(*ITEMS, &one, LABELS_OF, LinkageChange::Add(vec![text("A"), text("B")]))).await;

    // Links end with either end.
    let left = [
        (*LISTS, text("a")),
        (*LISTS, text("b")),
        (*LABELS, text("B")),
        (*ITEMS, one.clone()),
        (*ITEMS, two.clone()),
    ];
    assert_eq!(rising(&*store, delete(*LABELS, &text("A")), &left).await, vec![one.clone()]);
    // A to-one relationship becomes empty.
    let left = [(*LISTS, text("a")), (*LABELS, text("B")), (*ITEMS, one.clone()), (*ITEMS, two.clone())];
    assert_eq!(rising(&*store, delete(*LISTS, &text("b")), &left).await, vec![two.clone()]);
    // The owner and the label show it no longer.
    let left = [(*LISTS, text("a")), (*LABELS, text("B")), (*ITEMS, two)];
    assert_eq!(rising(&*store, delete(*ITEMS, &one), &left).await, [text("a"), text("B")]);
}

pub(crate) async fn a_version_is_never_used_twice_for_one_id(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let (mut last, id) = (vec![i64::MIN; 2], text("again"));
    for round in 0..4 {
        done(&*store, list("again")).await;
        for change in 0..round {
            done(&*store, set(*LISTS, &id, &[(FIRST, Value::Text(change.to_string()))])).await;
        }
        let first = kept(&*store, *LISTS, &id).await;
        assert!(last.iter().zip(&first).all(|(last, first)| last < first), "{last:?}, {first:?}");
        done(&*store, set(*LISTS, &id, &[(FIRST, Value::Text("last".into()))])).await;
        last = kept(&*store, *LISTS, &id).await;
        done(&*store, delete(*LISTS, &id)).await;
    }
    // A deletion that is undone uses nothing up, and loses nothing.
    done(&*store, list("again")).await;
    let now = kept(&*store, *LISTS, &id).await;
    let mut transaction = store.begin().await.expect("a transaction");
    transaction.apply(delete(*LISTS, &id), &Scopes::NONE).await.expect("applied");
    drop(transaction);
    assert_eq!(kept(&*store, *LISTS, &id).await, now);
}

pub(crate) async fn timestamps_rise_whatever_the_clock_says(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    let item_id = done(&*store, item("a")).await;
    let ahead = "2999-12-31T23:59:59.999999Z";
    let Change::Insert { resource, id, linkage, .. } = label("ahead") else { return };
    let attributes = vec![Value::Text(ahead.into())];
    let id = done(&*store, Change::Insert { resource, id, attributes, linkage }).await;
    let first = kept(&*store, *LABELS, &id).await;
    for count in 1..20 {
        let change = match count % 2 {
            1 => LinkageChange::Add(vec![item_id.clone()]),
            _ => LinkageChange::Replace(vec![]),
        };
        done(&*store, link(*LABELS, &id, ITEMS_OF_LABEL, change)).await;
        assert_eq!(kept(&*store, *LABELS, &id).await, [first[0] + count]);
    }
    // As they are stored, too: text order is time order.
    let fetched = read(&*store, &one(*LABELS, &id)).await;
    let stored = fetched.rows.get(0).map(|row| row.attribute(AttributeId::at(0)).to_owned());
    assert_eq!(stored, Some(Value::Text("3000-01-01T00:00:00.000018Z".into())));
}

pub(crate) async fn dates_of_the_last_change_differ_by_seconds(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    let mut last = i64::MIN;
    for count in 0..5 {
        done(&*store, set(*LISTS, &text("a"), &[(FIRST, Value::Text(count.to_string()))])).await;
        let date = kept(&*store, *LISTS, &text("a")).await[1].div_euclid(1_000_000);
        assert!(last < date);
        last = date;
    }
}

async fn in_one(store: &dyn Store, change: Change, version: &Value) -> Result<ResourceId, StoreError> {
    let mut transaction = store.begin().await?;
    let id = transaction.apply_to_version(change, version, &Scopes::NONE).await?;
    transaction.commit().await?;
    Ok(id)
}

pub(crate) async fn a_change_of_another_version_is_not_made(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    done(&*store, list("b")).await;
    done(&*store, label("A")).await;
    let id = done(&*store, item("a")).await;
    done(&*store, set(*ITEMS, &id, &[(FIRST, Value::Text("second".into()))])).await;
    let changes = [
        set(*ITEMS, &id, &[(FIRST, Value::Text("third".into()))]),
        link(*ITEMS, &id, LIST, LinkageChange::One(Some(text("b")))),
        link(*ITEMS, &id, LABELS_OF, LinkageChange::Add(vec![text("A")])),
    ];
    for change in changes.clone() {
        for version in [1, 3] {
            let refused = in_one(&*store, change.clone(), &Value::Integer(version)).await;
            assert!(matches!(refused, Err(StoreError::VersionChanged)), "{change:?}: {refused:?}");
        }
    }
    let fetched = read(&*store, &one(*ITEMS, &id)).await;
    let row = fetched.rows.get(0).expect("the item");
    assert_eq!(
        (row.attribute(AttributeId::at(0)), row.attribute(AttributeId::at(1))),
        (ValueRef::Text("second"), ValueRef::Integer(2))
    );
    assert_eq!(row.to_one(*ITEMS, LIST), ValueRef::Text("a"));
    assert_eq!(crate::steps::linkage(&fetched, LABELS_OF, 0), []);
    for (change, version) in changes.into_iter().zip(2..) {
        in_one(&*store, change, &Value::Integer(version)).await.expect("the version that it has");
    }
    assert_eq!(kept(&*store, *ITEMS, &id).await, [5]);
    let gone = set(*ITEMS, &number(99), &[(FIRST, Value::Text("x".into()))]);
    let refused = in_one(&*store, gone, &Value::Integer(1)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");

    // A timestamp, as it was read.
    let fetched = read(&*store, &one(*LABELS, &text("A"))).await;
    let version = fetched.rows.get(0).expect("the label").attribute(AttributeId::at(0)).to_owned();
    let change = || link(*LABELS, &text("A"), ITEMS_OF_LABEL, LinkageChange::Replace(vec![]));
    in_one(&*store, change(), &version).await.expect("the version that it has");
    let refused = in_one(&*store, change(), &Value::Text("2018-03-24T13:30:00.000000Z".into())).await;
    assert!(matches!(refused, Err(StoreError::VersionChanged)), "{refused:?}");
}

pub(crate) async fn a_deletion_of_another_version_is_not_made(store: Arc<dyn Store>) {
    prepare(&*store).await;
    done(&*store, list("a")).await;
    done(&*store, label("A")).await;
    let id = done(&*store, item("a")).await;
    done(&*store, link(*ITEMS, &id, LABELS_OF, LinkageChange::Add(vec![text("A")]))).await;
    let all = [(*LISTS, text("a")), (*LABELS, text("A")), (*ITEMS, id.clone())];
    let mut before = Vec::new();
    for (resource, id) in &all {
        before.push(kept(&*store, resource, id).await);
    }
    let refused = in_one(&*store, delete(*ITEMS, &id), &Value::Integer(1)).await;
    assert!(matches!(refused, Err(StoreError::VersionChanged)), "{refused:?}");
    for ((resource, id), before) in all.iter().zip(before) {
        assert_eq!(kept(&*store, resource, id).await, before, "nothing of it is left");
    }
    in_one(&*store, delete(*ITEMS, &id), &Value::Integer(2)).await.expect("the version that it has");
    assert_eq!(ids(&read(&*store, &one(*ITEMS, &id)).await), []);
    let refused = in_one(&*store, delete(*ITEMS, &id), &Value::Integer(2)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let refused = write(&*store, delete(*ITEMS, &id)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}
