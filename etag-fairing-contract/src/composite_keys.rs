//! Rules of ids that are made of several columns.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource, ToMany, ToOne,
    resource::{AttributeId, CompositeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Field, Filter, Include, LinkageChange, Listing, Member, Page, Place, Plan,
        Relation, Root, SortKey, Store, StoreError, Window,
    },
};

use crate::{
    random::Random,
    steps::{collection, delete, done, everything, ids, linkage, number, one, read, related, text, write},
};

/// Shelves, with the copies on them.
pub(crate) static SHELVES: LazyLock<&'static Description> = LazyLock::new(Shelf::description);
/// Readers, who have copies.
pub(crate) static READERS: LazyLock<&'static Description> = LazyLock::new(Reader::description);
/// Copies, whose ids are made of a shelf, a word and a number.
pub(crate) static COPIES: LazyLock<&'static Description> = LazyLock::new(Copy::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "shelves")]
struct Shelf {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "shelf")]
    copies: ToMany<Copy>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "readers")]
struct Reader {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(relationship, inverse = "reader")]
    copies: ToMany<Copy>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "copies", id(shelf, word, number))]
struct Copy {
    number: i64,
    word: String,
    note: Option<String>,
    #[jsonapi(relationship)]
    reader: ToOne<Reader>,
    #[jsonapi(relationship, on_delete = "cascade")]
    shelf: ToOne<Shelf>,
}

const WORD: AttributeId = AttributeId::at(1);
const NOTE: AttributeId = AttributeId::at(2);
const READER: RelationshipId = RelationshipId::at(0);
const SHELF: RelationshipId = RelationshipId::at(1);
/// The only relationship of shelves and readers.
const COPIES_OF: RelationshipId = RelationshipId::at(0);

/// Copies as they must be: by the parts of their ids, in their order, with their notes.
type Model = BTreeMap<(i64, String, i64), i64>;

async fn prepare(store: &dyn Store) {
    store.prepare(&[*SHELVES, *READERS, *COPIES]).await.expect("prepared");
    for id in [1, 2, 10] {
        let linkage = vec![None];
        done(store, Change::Insert { resource: *SHELVES, id: Some(number(id)), attributes: vec![], linkage })
            .await;
    }
    for id in ["ada", "bob"] {
        let linkage = vec![None];
        done(store, Change::Insert { resource: *READERS, id: Some(text(id)), attributes: vec![], linkage })
            .await;
    }
}

fn id((shelf, word, place): &(i64, String, i64)) -> ResourceId {
    ResourceId::Composite(CompositeId::new([number(*shelf), text(word), number(*place)]))
}

fn copy(shelf: i64, word: &str, place: i64, note: i64) -> Change {
    let note = Value::Text(note.to_string());
    let linkage = vec![None, Some(LinkageChange::One(Some(number(shelf))))];
    let attributes = vec![Value::Integer(place), Value::Text(word.into()), note];
    Change::Insert { resource: *COPIES, id: None, attributes, linkage }
}

fn update(
    id: &ResourceId,
    attribute: Option<(AttributeId, Value)>,
    link: Option<(RelationshipId, LinkageChange)>,
) -> Change {
    let (mut attributes, mut linkage) = (vec![None; 3], vec![None; 2]);
    if let Some((attribute, value)) = attribute {
        attributes[attribute.place()] = Some(value);
    }
    if let Some((relationship, change)) = link {
        linkage[relationship.place()] = Some(change);
    }
    Change::Update { resource: *COPIES, id: id.clone(), attributes, linkage }
}

/// Copies by chance, with words that are hostile to whoever joins them.
async fn fill(store: &dyn Store, random: &mut Random) -> Model {
    const WORDS: [&str; 9] = ["a", "a~b", "~", "!", "!~", "é", "z", "A", "[1,\"2\"]"];
    let mut model = Model::new();
    for note in 0..60 {
        let (shelf, word) = (*random.of(&[1, 2, 10]), *random.of(&WORDS));
        let place = i64::try_from(random.below(13)).expect("a small number") - 2;
        let key = (shelf, word.to_owned(), place);
        let made = write(store, copy(shelf, word, place, note)).await;
        match model.contains_key(&key) {
            true => assert!(matches!(made, Err(StoreError::IdExists)), "{made:?}"),
            false => assert_eq!(made.expect("made"), id(&key)),
        }
        model.entry(key).or_insert(note);
    }
    model
}

pub(crate) async fn an_id_of_several_columns_is_made_of_its_members(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    let made = done(store, copy(1, "a~b", -7, 1)).await;
    assert_eq!(made, id(&(1, "a~b".into(), -7)));
    assert_eq!(made.to_string(), "1~a!~b~-7");
    let fetched = read(store, &one(*COPIES, &made)).await;
    assert_eq!(ids(&fetched), std::slice::from_ref(&made));
    assert_eq!(fetched.rows.get(0).map(|row| row.to_one(*COPIES, SHELF).to_owned()), Some(Value::Integer(1)));
    assert!(matches!(write(store, copy(1, "a~b", -7, 2)).await, Err(StoreError::IdExists)));
    // Nothing but its members makes it, and they stay.
    let Change::Insert { resource, attributes, linkage, .. } = copy(2, "b", 1, 3) else { unreachable!() };
    let named = Change::Insert { resource, id: Some(made.clone()), attributes, linkage };
    assert!(write(store, named).await.is_err(), "another id than that of its members");
    let Change::Insert { resource, attributes, .. } = copy(2, "b", 1, 3) else { unreachable!() };
    let without = Change::Insert { resource, id: None, attributes, linkage: vec![None, None] };
    assert!(write(store, without).await.is_err(), "a part is missing");
    assert!(write(store, update(&made, Some((WORD, Value::Text("c".into()))), None)).await.is_err());
    let elsewhere = LinkageChange::One(Some(number(2)));
    assert!(write(store, update(&made, None, Some((SHELF, elsewhere)))).await.is_err());
    done(store, update(&made, Some((NOTE, Value::Text("new".into()))), None)).await;
    let fetched = read(store, &one(*COPIES, &made)).await;
    let note = fetched.rows.get(0).map(|row| row.attribute(NOTE).to_owned());
    assert_eq!(note, Some(Value::Text("new".into())));

    // What is none of its ids is no row.
    let other = [
        number(1),
        text("1~a!~b~-7"),
        ResourceId::Composite(CompositeId::new([number(1), text("a~b")])),
        ResourceId::Composite(CompositeId::new([text("1"), text("a~b"), number(-7)])),
        id(&(1, "a".into(), -7)),
    ];
    for other in other {
        assert!(read(store, &one(*COPIES, &other)).await.rows.is_empty(), "{other:?}");
        assert!(
            matches!(write(store, delete(*COPIES, &other)).await, Err(StoreError::NotFound)),
            "{other:?}"
        );
    }
    done(store, delete(*COPIES, &made)).await;
    assert!(read(store, &one(*COPIES, &made)).await.rows.is_empty());
    // They go with their shelf.
    let gone = done(store, copy(10, "x", 1, 1)).await;
    done(store, delete(*SHELVES, &number(10))).await;
    assert!(read(store, &one(*COPIES, &gone)).await.rows.is_empty());
}

pub(crate) async fn ids_of_several_columns_are_listed_in_their_order(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    let model = fill(store, &mut Random::new(7)).await;
    let all: Vec<ResourceId> = model.keys().map(id).collect();
    assert_eq!(ids(&read(store, &collection(*COPIES, Listing::all())).await), all);

    let own = Member { path: Vec::new(), field: Field::Id };
    let note = Member { path: Vec::new(), field: Field::Attribute(NOTE) };
    let by = |member: &Member, descending| SortKey { member: member.clone(), descending };
    let mut by_note: Vec<_> = model.iter().collect();
    by_note.sort_by_key(|(_, note)| note.to_string());
    let by_note: Vec<ResourceId> = by_note.into_iter().map(|(key, _)| id(key)).collect();
    let backwards: Vec<ResourceId> = all.iter().rev().cloned().collect();
    for (sort, expected) in [
        (vec![], &all),
        (vec![by(&own, false)], &all),
        (vec![by(&own, true)], &backwards),
        (vec![by(&note, false)], &by_note),
        (vec![by(&own, true), by(&note, false)], &backwards),
    ] {
        // By cursors, forward and backward.
        let place = |index: usize| {
            let id = &expected[index];
            let keys = sort.iter().map(|key| match key.member.field {
                Field::Id => id.to_value(),
                _ => {
                    let (_, note) = model.iter().find(|(key, _)| self::id(key) == *id).expect("a copy");
                    Value::Text(note.to_string())
                }
            });
            Place { keys: keys.collect(), id: id.clone() }
        };
        for at in [0, 1, expected.len() / 2, expected.len() - 1] {
            let page = |after, before| {
                Listing::all().sorted(sort.clone()).paged(Page::Between { after, before, limit: 7 })
            };
            let fetched = read(store, &collection(*COPIES, page(Some(place(at)), None))).await;
            let end = expected.len().min(at + 8);
            assert_eq!(ids(&fetched), expected[at + 1..end], "after {at}, {sort:?}");
            let fetched = read(store, &collection(*COPIES, page(None, Some(place(at))))).await;
            assert_eq!(ids(&fetched), expected[at.saturating_sub(7)..at], "before {at}, {sort:?}");
        }
    }

    let found = async |comparison| {
        let filter = Filter::Compare { member: own.clone(), comparison };
        ids(&read(store, &collection(*COPIES, Listing::all().filtered(filter))).await)
    };
    let (first, last) = (&all[0], &all[all.len() - 1]);
    let nothing = Value::Text("1~2".into());
    assert_eq!(
        found(Comparison::Value(Relation::Equal, first.to_value())).await,
        std::slice::from_ref(first)
    );
    assert_eq!(found(Comparison::Value(Relation::NotEqual, first.to_value())).await, all[1..]);
    assert_eq!(
        found(Comparison::In(vec![last.to_value(), nothing.clone(), first.to_value()])).await,
        [first.clone(), last.clone()]
    );
    assert_eq!(found(Comparison::Value(Relation::Equal, nothing)).await, []);
    assert_eq!(found(Comparison::In(vec![])).await, []);
    assert_eq!(found(Comparison::IsNull).await, []);
}

pub(crate) async fn ids_of_several_columns_are_linked_and_included(store: Arc<dyn Store>) {
    let store = &*store;
    prepare(store).await;
    let model = fill(store, &mut Random::new(11)).await;
    let on = |shelf: i64| -> Vec<ResourceId> { model.keys().filter(|key| key.0 == shelf).map(id).collect() };
    let shelves = read(store, &collection(*SHELVES, Listing::all())).await;
    for (place, shelf) in [1, 2, 10].into_iter().enumerate() {
        assert_eq!(linkage(&shelves, COPIES_OF, place), on(shelf));
        let fetched = read(store, &related(*SHELVES, &number(shelf), COPIES_OF, Listing::all())).await;
        assert_eq!(ids(&fetched), on(shelf));
    }
    // There and back.
    let mut plan = collection(*SHELVES, Listing::all()).including_at_most(1000);
    let shelf = Include::new(SHELF, everything(*SHELVES));
    let copies = Include::new(COPIES_OF, everything(*COPIES).including(vec![shelf]));
    plan.selection = everything(*SHELVES).including(vec![copies]);
    let fetched = read(store, &plan).await;
    let copies = fetched.included.iter().find(|included| included.resource.is(*COPIES)).expect("copies");
    let mut found: Vec<ResourceId> =
        copies.rows.iter().map(|row| row.resource_id().expect("an id")).collect();
    found.sort();
    assert_eq!(found, model.keys().map(id).collect::<Vec<_>>());
    assert!((0..3).all(|row| linkage(&fetched, COPIES_OF, row) == linkage(&shelves, COPIES_OF, row)));
    // The last of each.
    let by_id = SortKey { member: Member { path: vec![], field: Field::Id }, descending: true };
    let last = Listing::all().paged(Page::Offset { offset: 0, limit: 1 }).sorted(vec![by_id]).counted();
    let copies = Include::new(COPIES_OF, everything(*COPIES)).within(last);
    plan.selection = everything(*SHELVES).including(vec![copies]);
    let fetched = read(store, &plan).await;
    for (place, shelf) in [1, 2, 10].into_iter().enumerate() {
        let all = on(shelf);
        let window = Window::new(all.last().cloned().into_iter().collect());
        let window = window.followed_by_more(all.len() > 1).counted(Some(all.len() as u64));
        assert_eq!(fetched.windows[0].of(place), Some(&window));
    }

    let some = on(2).into_iter().next().expect("a copy on the second shelf");
    let plan = Plan::new(
        Root::Related { parent: *COPIES, id: some.clone(), relationship: SHELF, listing: Listing::all() },
        everything(*SHELVES),
    );
    assert_eq!(ids(&read(store, &plan).await), [number(2)]);

    // A relationship beside the id changes from the other end, too.
    let (first, second) = (on(1)[0].clone(), on(2)[1].clone());
    let lend = |reader: &str, change| Change::Update {
        resource: *READERS,
        id: text(reader),
        attributes: vec![],
        linkage: vec![Some(change)],
    };
    let lent = async |reader: &str| linkage(&read(store, &one(*READERS, &text(reader))).await, COPIES_OF, 0);
    done(store, lend("ada", LinkageChange::Add(vec![second.clone(), first.clone()]))).await;
    assert_eq!(lent("ada").await, [first.clone(), second.clone()]);
    done(store, lend("bob", LinkageChange::Replace(vec![second.clone()]))).await;
    assert_eq!(lent("ada").await, std::slice::from_ref(&first));
    done(store, lend("ada", LinkageChange::Remove(vec![first.clone(), second.clone()]))).await;
    assert_eq!((lent("ada").await, lent("bob").await), (vec![], vec![second.clone()]));
    let missing = id(&(1, "nowhere".into(), 1));
    let refused = write(store, lend("ada", LinkageChange::Add(vec![first.clone(), missing.clone()]))).await;
    assert!(matches!(refused, Err(StoreError::RelatedNotFound { id, .. }) if id == missing));
    assert_eq!(lent("ada").await, []);
    done(store, update(&first, None, Some((READER, LinkageChange::One(Some(text("ada"))))))).await;
    assert_eq!(lent("ada").await, [first]);
    done(store, delete(*READERS, &text("bob"))).await;
    let fetched = read(store, &one(*COPIES, &second)).await;
    assert_eq!(fetched.rows.get(0).map(|row| row.to_one(*COPIES, READER).to_owned()), Some(Value::Null));
}
