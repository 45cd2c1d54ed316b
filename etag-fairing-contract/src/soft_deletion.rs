//! Rules of soft deletion: a row that is marked as deleted does not exist for its resource, and stays.

use std::slice::from_ref;
use std::sync::Arc;

use etag_fairing::{
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Constraint, Field, Filter, Include, LinkageChange, Listing, Member, Plan,
        Relation, Root, Scopes, SortKey, Store, StoreError,
    },
};

use crate::{
    folders::{FILES, FOLDERS, LOCKS, MARKS, PAGES, SHORTCUTS},
    steps::{
        collection, delete, done, everything, ids, linkage, number, one, page, read, related, text, told,
        write,
    },
};

const TITLE: AttributeId = AttributeId::at(0);
const ENDED_AT: AttributeId = AttributeId::at(2);
/// The only relationship of folders, marks, shortcuts, locks and pages.
const FIRST: RelationshipId = RelationshipId::at(0);
const FOLDER: RelationshipId = RelationshipId::at(0);
const MARKS_OF: RelationshipId = RelationshipId::at(1);

async fn prepare(store: &dyn Store) {
    let all = [*FOLDERS, *FILES, *MARKS, *SHORTCUTS, *LOCKS, *PAGES];
    store.prepare(&all).await.expect("prepared");
}

fn insert(
    resource: &'static Description,
    id: Option<ResourceId>,
    values: &[(AttributeId, Value)],
    linkage: Vec<Option<LinkageChange>>,
) -> Change {
    let mut attributes = vec![Value::Null; resource.attributes.len()];
    if let Some(version) = resource.version {
        attributes[version.place()] = Value::Integer(1);
    }
    for (attribute, value) in values {
        attributes[attribute.place()] = value.clone();
    }
    Change::Insert { resource, id, attributes, linkage }
}

fn to(id: &ResourceId) -> Option<LinkageChange> {
    Some(LinkageChange::One(Some(id.clone())))
}

fn folder(name: &str) -> Change {
    insert(*FOLDERS, Some(text(name)), &[], vec![None])
}

fn mark(name: &str) -> Change {
    insert(*MARKS, Some(text(name)), &[], vec![None])
}

/// A file in a folder, with marks.
fn file(title: &str, folder: &str, marks: &[&str]) -> Change {
    let marks = marks.iter().map(|name| text(name)).collect();
    let linkage = vec![to(&text(folder)), Some(LinkageChange::Add(marks))];
    insert(*FILES, None, &[(TITLE, Value::Text(title.into()))], linkage)
}

/// A new one of a resource whose only relationship leads to a file.
fn of_file(resource: &'static Description, file: &ResourceId) -> Change {
    insert(resource, None, &[], vec![to(file)])
}

fn update(
    resource: &'static Description,
    id: &ResourceId,
    values: &[(AttributeId, Value)],
    links: &[(RelationshipId, LinkageChange)],
) -> Change {
    let mut attributes = vec![None; resource.attributes.len()];
    for (attribute, value) in values {
        attributes[attribute.place()] = Some(value.clone());
    }
    let mut linkage = vec![None; resource.relationships.len()];
    for (relationship, change) in links {
        linkage[relationship.place()] = Some(change.clone());
    }
    Change::Update { resource, id: id.clone(), attributes, linkage }
}

fn at(path: Vec<RelationshipId>, field: Field) -> Member {
    Member { path, field }
}

fn equal(member: Member, value: Value) -> Filter {
    Filter::Compare { member, comparison: Comparison::Value(Relation::Equal, value) }
}

fn leads(relationship: RelationshipId, filter: Option<Filter>) -> Filter {
    Filter::Related { path: Vec::new(), relationship, filter: filter.map(Box::new) }
}

async fn found(store: &dyn Store, resource: &'static Description, filter: Filter) -> Vec<ResourceId> {
    let listing = Listing::all().filtered(filter).counted();
    let fetched = read(store, &collection(resource, listing)).await;
    let ids = ids(&fetched);
    assert_eq!(fetched.total, Some(ids.len() as u64));
    ids
}

/// All ids of a resource, by its collection.
async fn all(store: &dyn Store, resource: &'static Description) -> Vec<ResourceId> {
    ids(&read(store, &collection(resource, Listing::all())).await)
}

async fn linked(
    store: &dyn Store,
    resource: &'static Description,
    id: &ResourceId,
    by: RelationshipId,
) -> Vec<ResourceId> {
    let fetched = read(store, &one(resource, id)).await;
    if resource.relationships[by.place()].is_to_many() {
        return linkage(&fetched, by, 0);
    }
    let link = fetched.rows.get(0).expect("a row").related_id(resource, by);
    link.expect("an id").into_iter().collect()
}

/// A folder with two files, of which the first is deleted; a mark on both, and a shortcut to each.
async fn two_files(store: &dyn Store) -> ([ResourceId; 2], [ResourceId; 2]) {
    prepare(store).await;
    done(store, folder("a")).await;
    done(store, mark("red")).await;
    let files = [done(store, file("1", "a", &["red"])).await, done(store, file("2", "a", &["red"])).await];
    let shortcuts = [
        done(store, of_file(*SHORTCUTS, &files[0])).await,
        done(store, of_file(*SHORTCUTS, &files[1])).await,
    ];
    done(store, delete(*FILES, &files[0])).await;
    (files, shortcuts)
}

pub(crate) async fn what_is_deleted_softly_is_not_read(store: Arc<dyn Store>) {
    let store = &*store;
    let ([gone, there], [of_gone, of_there]) = two_files(store).await;
    assert!(read(store, &one(*FILES, &gone)).await.rows.is_empty());
    assert_eq!(all(store, *FILES).await, from_ref(&there));
    let fetched = read(store, &collection(*FILES, page(0, 1))).await;
    assert_eq!((ids(&fetched), fetched.total, fetched.more), (vec![there.clone()], Some(1), false));
    for relationship in [FOLDER, MARKS_OF] {
        let plan = related(*FILES, &gone, relationship, Listing::all());
        assert!(!read(store, &plan).await.parent);
    }
    // Linkage, related resources and what is included.
    let ways = [
        (*FOLDERS, text("a"), vec![there.clone()]),
        (*MARKS, text("red"), vec![there.clone()]),
        (*SHORTCUTS, of_gone.clone(), vec![]),
        (*SHORTCUTS, of_there.clone(), vec![there.clone()]),
    ];
    for (resource, id, expected) in ways {
        assert_eq!(linked(store, resource, &id, FIRST).await, expected, "{} {id}", resource.type_name);
        let fetched = read(store, &related(resource, &id, FIRST, Listing::all())).await;
        assert!(fetched.parent);
        assert_eq!(ids(&fetched), expected, "{} {id}", resource.type_name);
        let include = Include::new(FIRST, everything(*FILES));
        let selection = everything(resource).including(vec![include]);
        let plan = Plan::new(Root::One(id.clone()), selection).including_at_most(9);
        let fetched = read(store, &plan).await;
        let included: Vec<_> = fetched.included.iter().flat_map(|it| it.rows.iter()).collect();
        let included: Vec<_> = included.iter().map(|row| row.resource_id().expect("an id")).collect();
        assert_eq!(included, expected, "{} {id}", resource.type_name);
    }
    // No filter finds it, and none finds another resource by it.
    let title = |path| equal(at(path, Field::Attribute(TITLE)), Value::Text("1".into()));
    for filter in [
        equal(at(vec![], Field::Id), gone.to_value()),
        title(vec![]),
        Filter::Not(Box::new(Filter::Compare {
            member: at(vec![], Field::Attribute(ENDED_AT)),
            comparison: Comparison::IsNull,
        })),
    ] {
        assert_eq!(found(store, *FILES, filter.clone()).await, [], "{filter:?}");
    }
    for filter in [equal(at(vec![], Field::ToOne(FIRST)), gone.to_value()), title(vec![FIRST])] {
        assert_eq!(found(store, *SHORTCUTS, filter.clone()).await, [], "{filter:?}");
    }
    let empty = Filter::Compare { member: at(vec![], Field::ToOne(FIRST)), comparison: Comparison::IsNull };
    assert_eq!(found(store, *SHORTCUTS, empty).await, from_ref(&of_gone));
    assert_eq!(found(store, *SHORTCUTS, leads(FIRST, None)).await, from_ref(&of_there));
    for resource in [*FOLDERS, *MARKS] {
        assert_eq!(
            found(store, resource, leads(FIRST, Some(title(vec![])))).await,
            [],
            "{}",
            resource.type_name
        );
        let second = equal(at(vec![], Field::Id), there.to_value());
        assert_eq!(found(store, resource, leads(FIRST, Some(second))).await.len(), 1);
    }
    // Nulls come last: the title of the deleted file would come first.
    for member in [at(vec![FIRST], Field::Attribute(TITLE)), at(vec![], Field::ToOne(FIRST))] {
        for descending in [false, true] {
            let listing = Listing::all().sorted(vec![SortKey { member: member.clone(), descending }]);
            let fetched = read(store, &collection(*SHORTCUTS, listing)).await;
            assert_eq!(ids(&fetched), [of_there.clone(), of_gone.clone()], "{member:?}");
        }
    }
}

pub(crate) async fn what_is_deleted_softly_cannot_be_changed(store: Arc<dyn Store>) {
    let store = &*store;
    let ([gone, _], _) = two_files(store).await;
    for change in [
        update(*FILES, &gone, &[(TITLE, Value::Text("after".into()))], &[]),
        update(*FILES, &gone, &[], &[]),
        update(*FILES, &gone, &[(ENDED_AT, Value::Null)], &[]),
        update(*FILES, &gone, &[], &[(MARKS_OF, LinkageChange::Replace(vec![]))]),
        delete(*FILES, &gone),
    ] {
        let told = told(&change);
        let refused = write(store, change).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{told}: {refused:?}");
    }
}

pub(crate) async fn what_is_deleted_softly_cannot_be_related_to(store: Arc<dyn Store>) {
    let store = &*store;
    let ([gone, there], [_, of_there]) = two_files(store).await;
    let many = LinkageChange::Add(vec![there.clone(), gone.clone()]);
    for change in [
        of_file(*SHORTCUTS, &gone),
        update(*SHORTCUTS, &of_there, &[], &[(FIRST, LinkageChange::One(Some(gone.clone())))]),
        update(*MARKS, &text("red"), &[], &[(FIRST, many.clone())]),
        update(*FOLDERS, &text("a"), &[], &[(FIRST, many)]),
        insert(*MARKS, Some(text("blue")), &[], vec![Some(LinkageChange::Add(vec![gone.clone()]))]),
    ] {
        let told = told(&change);
        let refused = write(store, change).await;
        let missing = matches!(&refused, Err(StoreError::RelatedNotFound { id, .. }) if *id == gone);
        assert!(missing, "{told}: {refused:?}");
    }
}

pub(crate) async fn the_id_of_what_is_deleted_softly_is_taken(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    done(store, folder("a")).await;
    done(store, delete(*FOLDERS, &text("a"))).await;
    let refused = write(store, folder("a")).await;
    assert!(matches!(refused, Err(StoreError::IdExists)), "{refused:?}");
}

pub(crate) async fn links_to_what_is_deleted_softly_stay(store: Arc<dyn Store>) {
    let store = &*store;
    let ([gone, there], [of_gone, _]) = two_files(store).await;
    // It looks empty already, so that nothing ends by emptying it.
    done(store, update(*SHORTCUTS, &of_gone, &[], &[(FIRST, LinkageChange::One(None))])).await;
    done(store, update(*MARKS, &text("red"), &[], &[(FIRST, LinkageChange::Replace(vec![]))])).await;
    assert_eq!(linked(store, *MARKS, &text("red"), FIRST).await, []);
    let mut plan = one(*SHORTCUTS, &of_gone).scoped(Scopes::WITH_DELETED);
    let fetched = read(store, &plan).await;
    assert_eq!(fetched.rows.get(0).expect("a row").to_one(*SHORTCUTS, FIRST).to_owned(), gone.to_value());
    plan = one(*MARKS, &text("red")).scoped(Scopes::WITH_DELETED);
    assert_eq!(linkage(&read(store, &plan).await, FIRST, 0), from_ref(&gone));
    // Who asks for all that is stored sees it, with the time of its deletion.
    let fetched = read(store, &collection(*FILES, Listing::all()).scoped(Scopes::WITH_DELETED)).await;
    assert_eq!(ids(&fetched), [gone, there]);
    let ended: Vec<bool> = fetched.rows.iter().map(|row| row.attribute(ENDED_AT).is_null()).collect();
    assert_eq!(ended, [false, true]);
}

pub(crate) async fn only_a_deletion_says_what_is_deleted(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    done(store, folder("a")).await;
    let time = Value::Text("2018-03-24T13:30:00.000000Z".into());
    let linkage = vec![to(&text("a")), None];
    let values = [(TITLE, Value::Text("1".into())), (ENDED_AT, time.clone())];
    let id = done(store, insert(*FILES, None, &values, linkage)).await;
    assert_eq!(all(store, *FILES).await, from_ref(&id));
    done(store, update(*FILES, &id, &[(ENDED_AT, time)], &[])).await;
    assert_eq!(all(store, *FILES).await, [id]);
}

pub(crate) async fn a_soft_deletion_takes_along_what_goes_with_it(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    done(store, folder("a")).await;
    done(store, folder("b")).await;
    let file_of_a = done(store, file("1", "a", &[])).await;
    let file_of_b = done(store, file("2", "b", &[])).await;
    done(store, of_file(*PAGES, &file_of_a)).await;
    let page_of_b = done(store, of_file(*PAGES, &file_of_b)).await;
    let shortcut = done(store, of_file(*SHORTCUTS, &file_of_a)).await;
    done(store, delete(*FOLDERS, &text("a"))).await;
    assert_eq!(all(store, *FOLDERS).await, [text("b")]);
    assert_eq!(all(store, *FILES).await, [file_of_b]);
    assert_eq!(all(store, *PAGES).await, from_ref(&page_of_b));
    assert_eq!(all(store, *SHORTCUTS).await, from_ref(&shortcut));
    assert_eq!(linked(store, *SHORTCUTS, &shortcut, FIRST).await, []);
    // The files are marked with the time of their folder. Pages, which are not deleted softly, are gone.
    let stored = async |resource| {
        read(store, &collection(resource, Listing::all()).scoped(Scopes::WITH_DELETED)).await
    };
    let (folders, files) = (stored(*FOLDERS).await, stored(*FILES).await);
    let deletion = FOLDERS.soft_delete.expect("deleted softly");
    let at = |rows: &etag_fairing::resource::Rows, attribute| {
        rows.get(0).expect("a row").attribute(attribute).to_owned()
    };
    assert_eq!((files.rows.len(), ids(&files)[0].clone()), (2, file_of_a));
    assert_eq!(at(&folders.rows, deletion), at(&files.rows, ENDED_AT));
    assert_eq!(ids(&stored(*PAGES).await), [page_of_b]);
}

pub(crate) async fn what_is_deleted_softly_keeps_nothing_from_deletion(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    done(store, folder("a")).await;
    let id = done(store, file("1", "a", &[])).await;
    let lock = done(store, of_file(*LOCKS, &id)).await;
    // The file goes with the folder, and the lock holds it.
    for change in [delete(*FILES, &id), delete(*FOLDERS, &text("a"))] {
        let told = told(&change);
        let refused = write(store, change).await;
        assert!(
            matches!(refused, Err(StoreError::Constraint(Constraint::ForeignKey))),
            "{told}: {refused:?}"
        );
    }
    assert_eq!((all(store, *FOLDERS).await, all(store, *FILES).await), (vec![text("a")], vec![id.clone()]));
    done(store, delete(*LOCKS, &lock)).await;
    done(store, delete(*FOLDERS, &text("a"))).await;
    assert_eq!((all(store, *FOLDERS).await, all(store, *FILES).await), (vec![], vec![]));
}

pub(crate) async fn a_soft_deletion_of_another_version_is_not_made(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    done(store, folder("a")).await;
    let apply = async |version: i64| {
        let mut transaction = store.begin().await?;
        let change = delete(*FOLDERS, &text("a"));
        transaction.apply_to_version(change, &Value::Integer(version), &Scopes::NONE).await?;
        transaction.commit().await
    };
    let refused = apply(7).await;
    assert!(matches!(refused, Err(StoreError::VersionChanged)), "{refused:?}");
    assert_eq!(all(store, *FOLDERS).await, [text("a")]);
    apply(1).await.expect("deleted");
    assert_eq!(all(store, *FOLDERS).await, []);
}

/// The versions of these resources, whether they are deleted or not.
async fn versions(store: &dyn Store, of: &[(&'static Description, ResourceId)]) -> Vec<i64> {
    let mut versions = Vec::new();
    for (resource, id) in of {
        let fetched = read(store, &one(resource, id).scoped(Scopes::WITH_DELETED)).await;
        let version = fetched.rows.get(0).expect("a row").attribute(resource.version.expect("a version"));
        match version.to_owned() {
            Value::Integer(version) => versions.push(version),
            other => panic!("{} {id} has the version {other:?}", resource.type_name),
        }
    }
    versions
}

pub(crate) async fn a_version_rises_where_a_soft_deletion_shows(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    for name in ["a", "b"] {
        done(store, folder(name)).await;
        done(store, mark(name)).await;
    }
    let files = [done(store, file("1", "a", &["a"])).await, done(store, file("2", "b", &["b"])).await];
    let shortcuts = [
        done(store, of_file(*SHORTCUTS, &files[0])).await,
        done(store, of_file(*SHORTCUTS, &files[1])).await,
    ];
    let of = |number: usize, name| {
        [
            (*FOLDERS, text(name)),
            (*FILES, files[number].clone()),
            (*MARKS, text(name)),
            (*SHORTCUTS, shortcuts[number].clone()),
        ]
    };
    for change in [delete(*FILES, &files[0]), delete(*FOLDERS, &text("b"))] {
        let told = told(&change);
        let (first, second) = (of(0, "a"), of(1, "b"));
        let before = (versions(store, &first).await, versions(store, &second).await);
        done(store, change).await;
        let after = (versions(store, &first).await, versions(store, &second).await);
        let (risen, same) = if told.starts_with("files") {
            ((before.0, after.0), (before.1, after.1))
        } else {
            ((before.1, after.1), (before.0, after.0))
        };
        assert_eq!(same.0, same.1, "{told}");
        assert!(risen.0.iter().zip(&risen.1).all(|(before, after)| before < after), "{told}: {risen:?}");
    }
}

pub(crate) async fn a_scope_does_not_look_at_what_is_deleted_softly(store: Arc<dyn Store>) {
    let store = &*store;
    let (_, [_, of_there]) = two_files(store).await;
    let folder_is = equal(at(vec![FIRST, FOLDER], Field::Id), Value::Text("a".into()));
    for filter in [leads(FIRST, None), folder_is] {
        let scopes = Scopes::new([(*SHORTCUTS, filter.clone())]);
        let plan = collection(*SHORTCUTS, Listing::all()).scoped(scopes);
        assert_eq!(ids(&read(store, &plan).await), from_ref(&of_there), "{filter:?}");
    }
    // A scope that lets all files through does not bring one back.
    let scopes = Scopes::new([(*FILES, Filter::And(Vec::new()))]);
    let plan = collection(*FILES, Listing::all()).scoped(scopes);
    assert_eq!(ids(&read(store, &plan).await), [number(2)]);
}

pub(crate) async fn a_revision_changes_with_a_soft_deletion(store: Arc<dyn Store>) {
    let store = &*store;
    let (_, [_, of_there]) = two_files(store).await;
    let (there, all) = (number(2), Listing::all);
    let is_there = equal(at(vec![], Field::ToOne(FIRST)), there.to_value());
    let by_link = vec![SortKey { member: at(vec![], Field::ToOne(FIRST)), descending: false }];
    let plans = [
        one(*FILES, &there),
        collection(*FILES, all()),
        one(*FOLDERS, &text("a")),
        one(*MARKS, &text("red")),
        one(*SHORTCUTS, &of_there),
        related(*FOLDERS, &text("a"), FIRST, all()),
        related(*MARKS, &text("red"), FIRST, all()),
        related(*SHORTCUTS, &of_there, FIRST, all()),
        collection(*SHORTCUTS, all().filtered(is_there)),
        collection(*SHORTCUTS, all().sorted(by_link)),
    ];
    let mut before = Vec::new();
    for plan in &plans {
        before.push(store.revision(&plan.tables()).await.expect("a revision, or none"));
    }
    done(store, delete(*FILES, &there)).await;
    for (plan, before) in plans.iter().zip(before) {
        let after = store.revision(&plan.tables()).await.expect("a revision, or none");
        assert!(before.is_none() || after != before, "{plan:?}");
    }
}
