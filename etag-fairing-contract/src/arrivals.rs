//! Rules of rows that come into lists that keep an order: by polymorphic relationships, with positions that no attribute
//! shows, and with ids that are made of their owner.

use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource, ToMany, ToOne, ToOneOf,
    resource::{CompositeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Include, LinkageChange, Listing, Page, Plan, Root, Selection, Store, StoreError, Window,
        Windows,
    },
};

use crate::{random::Random, steps::*};

type Resource = LazyLock<&'static Description>;

/// Boards: lists of cards.
pub(crate) static BOARDS: Resource = LazyLock::new(Board::description);
/// Stacks: lists of cards, too.
pub(crate) static STACKS: Resource = LazyLock::new(Stack::description);
/// Cards: in one of these lists, or in none. No attribute is their place.
pub(crate) static CARDS: Resource = LazyLock::new(Card::description);
/// Bills: lists of lines.
pub(crate) static BILLS: Resource = LazyLock::new(Bill::description);
/// Lines: their ids are made of their bill.
pub(crate) static LINES: Resource = LazyLock::new(Line::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "boards")]
struct Board {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "on", order = "rank")]
    cards: ToMany<Card>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "stacks")]
struct Stack {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "on", order = "rank")]
    cards: ToMany<Card>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "cards")]
struct Card {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    on: ToOneOf<(Board, Stack)>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "bills")]
struct Bill {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "bill", order = "place")]
    lines: ToMany<Line>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "lines", id(bill, product))]
struct Line {
    product: String,
    #[jsonapi(relationship, on_delete = "cascade")]
    bill: ToOne<Bill>,
}

/// The only relationship of boards, stacks and bills.
const LIST: RelationshipId = RelationshipId::at(0);

/// The lists of cards: two of boards, then two of stacks.
const LISTS: usize = 4;

fn owner(list: usize) -> (&'static Description, ResourceId) {
    let resource = if list < 2 { *BOARDS } else { *STACKS };
    // A board and a stack have the same id.
    (resource, number(1 + i64::from(list % 2 == 1)))
}

/// The linkage of a card that is in a list, or in none.
fn on(list: Option<usize>) -> Vec<Option<LinkageChange>> {
    let arm = |arm: usize| {
        let list = list.filter(|list| list / 2 == arm);
        Some(LinkageChange::One(list.map(|list| owner(list).1)))
    };
    vec![arm(0), arm(1)]
}

fn card(id: &ResourceId, list: Option<usize>) -> Change {
    Change::Insert { resource: *CARDS, id: Some(id.clone()), attributes: vec![], linkage: on(list) }
}

fn relink(resource: &'static Description, id: ResourceId, change: LinkageChange) -> Change {
    Change::Update { resource, id, attributes: vec![], linkage: vec![Some(change)] }
}

pub(crate) async fn prepare(store: &dyn Store) {
    store.prepare(&[*BOARDS, *STACKS, *CARDS, *BILLS, *LINES]).await.expect("prepared");
    for list in 0..LISTS {
        let (resource, id) = owner(list);
        let linkage = vec![None];
        done(store, Change::Insert { resource, id: Some(id), attributes: vec![], linkage }).await;
    }
    for id in 1..=2 {
        let linkage = vec![None];
        done(store, Change::Insert { resource: *BILLS, id: Some(number(id)), attributes: vec![], linkage })
            .await;
    }
}

pub(crate) async fn rows_and_lists_by_chance(store: Arc<dyn Store>) {
    prepare(&*store).await;
    rows_and_lists_at_random(&*store, 1, 80).await;
}

/// Random changes of lists and of rows, compared with lists.
pub(crate) async fn rows_and_lists_at_random(store: &dyn Store, seed: u64, changes: usize) {
    const CARDS_IN_ALL: usize = 9;
    let mut dice = Random::new(seed);
    let mut model: Vec<Vec<ResourceId>> = vec![Vec::new(); LISTS];
    let place = |id: usize| number(i64::try_from(id + 1).expect("a small number"));
    for id in 0..CARDS_IN_ALL {
        done(store, card(&place(id), None)).await;
    }
    for _ in 0..changes {
        let (id, list) = (place(dice.below(CARDS_IN_ALL)), dice.below(LISTS + 1));
        let to = Some(list).filter(|list| *list < LISTS);
        let told = match (dice.below(6), to) {
            (0 | 1, _) => {
                let linkage = on(to);
                done(store, Change::Update { resource: *CARDS, id: id.clone(), attributes: vec![], linkage })
                    .await;
                if to.is_none_or(|to| !model[to].contains(&id)) {
                    model.iter_mut().for_each(|list| list.retain(|member| *member != id));
                    to.into_iter().for_each(|to| model[to].push(id.clone()));
                }
                format!("card {id} to {to:?}")
            }
            (2, _) => {
                done(store, delete(*CARDS, &id)).await;
                done(store, card(&id, to)).await;
                model.iter_mut().for_each(|list| list.retain(|member| *member != id));
                to.into_iter().for_each(|to| model[to].push(id.clone()));
                format!("card {id} anew in {to:?}")
            }
            (_, None) => continue,
            (kind, Some(list)) => {
                let mut some: Vec<ResourceId> = Vec::new();
                for _ in 0..dice.below(5) {
                    let id = place(dice.below(CARDS_IN_ALL));
                    if !some.contains(&id) {
                        some.push(id);
                    }
                }
                let mut members = model[list].clone();
                let change = match kind {
                    3 => {
                        members.retain(|id| !some.contains(id));
                        LinkageChange::Remove(some)
                    }
                    4 => {
                        some.iter()
                            .filter(|id| !model[list].contains(id))
                            .for_each(|id| members.push(id.clone()));
                        LinkageChange::Add(some)
                    }
                    _ => {
                        members.clone_from(&some);
                        LinkageChange::Replace(some)
                    }
                };
                let told = format!("list {list}: {change:?}");
                let (resource, id) = owner(list);
                done(store, relink(resource, id, change)).await;
                model.iter_mut().for_each(|other| other.retain(|id| !members.contains(id)));
                model[list] = members;
                told
            }
        };
        for (list, expected) in model.iter().enumerate() {
            let (resource, id) = owner(list);
            assert_eq!(linkage(&read(store, &one(resource, &id)).await, LIST, 0), *expected, "{told}");
        }
        // Windows are in the same order.
        let (offset, limit) = (dice.below(3), 1 + dice.below(3));
        check_windows(store, &model, offset, limit, &told).await;
    }
}

/// The windows of all lists: of their owners, and behind the polymorphic relationship of the cards.
async fn check_windows(
    store: &dyn Store,
    model: &[Vec<ResourceId>],
    offset: usize,
    limit: usize,
    told: &str,
) {
    let page = Page::Offset { offset: offset as u64, limit: limit as u64 };
    let listing = Listing::all().paged(page).counted();
    let within = |resource: &'static Description| {
        let include = Include::new(LIST, Selection::identifiers(*CARDS)).within(listing.clone());
        Selection::identifiers(resource).including(vec![include])
    };
    let whole = async |selection| {
        let plan = Plan::new(Root::Collection(Listing::all()), selection).including_at_most(100);
        read(store, &plan).await
    };
    let expected = |list: usize| {
        let ids: Vec<ResourceId> = model[list].iter().skip(offset).take(limit).cloned().collect();
        let number = model[list].len();
        Window::new(ids).followed_by_more(number > offset + limit).counted(Some(number as u64))
    };
    let of = |windows: &[Windows], row| {
        windows
            .iter()
            .find(|windows| windows.relationship() == LIST)
            .and_then(|windows| windows.of(row))
            .cloned()
    };
    for resource in [*BOARDS, *STACKS] {
        let fetched = whole(within(resource)).await;
        for list in (0..LISTS).filter(|list| owner(*list).0.is(resource)) {
            assert_eq!(of(&fetched.windows, list % 2), Some(expected(list)), "{told}: {offset} {limit}");
        }
    }
    let arms = [*BOARDS, *STACKS].into_iter().enumerate();
    let arms = arms.map(|(arm, resource)| Include::new(RelationshipId::at(arm), within(resource)));
    let fetched = whole(Selection::identifiers(*CARDS).including(arms.collect())).await;
    for (list, members) in model.iter().enumerate() {
        let (resource, id) = owner(list);
        let included = fetched.included.iter().find(|included| included.resource.is(resource));
        let rows = included.into_iter().flat_map(|included| included.rows.iter());
        let row = rows.map(|row| row.resource_id().expect("an id")).position(|own| own == id);
        // Only what a card leads to is included.
        assert_eq!(row.is_some(), !members.is_empty(), "{told}");
        if let (Some(included), Some(row)) = (included, row) {
            assert_eq!(of(&included.windows, row), Some(expected(list)), "{told}: {offset} {limit}");
        }
    }
}

fn line_id(bill: i64, product: &str) -> ResourceId {
    ResourceId::Composite(CompositeId::new([number(bill), text(product)]))
}

async fn line(store: &dyn Store, bill: i64, product: &str) {
    let attributes = vec![Value::Text(product.into())];
    let linkage = vec![Some(LinkageChange::One(Some(number(bill))))];
    done(store, Change::Insert { resource: *LINES, id: None, attributes, linkage }).await;
}

pub(crate) async fn a_list_of_rows_whose_ids_have_their_owner_is_reordered(store: Arc<dyn Store>) {
    prepare(&*store).await;
    for product in ["tea", "cup", "milk"] {
        line(&*store, 1, product).await;
    }
    line(&*store, 2, "tea").await;
    let ids = |products: &[&str]| products.iter().map(|product| line_id(1, product)).collect::<Vec<_>>();
    let listed = async || linkage(&read(&*store, &one(*BILLS, &number(1))).await, LIST, 0);
    assert_eq!(listed().await, ids(&["tea", "cup", "milk"]), "a new row comes last");
    for order in [["milk", "tea", "cup"], ["cup", "milk", "tea"], ["cup", "tea", "milk"]] {
        done(&*store, relink(*BILLS, number(1), LinkageChange::Replace(ids(&order)))).await;
        assert_eq!(listed().await, ids(&order));
    }
    // What would be another id is refused.
    let before = listed().await;
    for change in [
        LinkageChange::Replace(ids(&["cup", "tea"])),
        LinkageChange::Replace([ids(&["cup", "tea", "milk"]), vec![line_id(2, "tea")]].concat()),
        LinkageChange::Replace(vec![]),
        LinkageChange::Add(vec![line_id(2, "tea")]),
        LinkageChange::Remove(ids(&["cup"])),
    ] {
        let told = format!("{change:?}");
        let outcome = write(&*store, relink(*BILLS, number(1), change)).await;
        assert!(matches!(outcome, Err(StoreError::Internal(_))), "{told}: {outcome:?}");
        assert_eq!(listed().await, before, "{told}");
    }
    done(&*store, delete(*LINES, &line_id(1, "tea"))).await;
    line(&*store, 1, "tea").await;
    assert_eq!(listed().await, ids(&["cup", "milk", "tea"]));
}
