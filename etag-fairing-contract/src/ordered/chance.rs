//! Random changes of ordered linkage, compared with lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use etag_fairing::resource::ResourceId;
use etag_fairing::store::{LinkageChange, Listing, Store};

use super::{
    ACTS, ACTS_OF, SONGS_OF, act, act_changed, linked, new_act, prepared, programme, related_to, relink, song,
};
use crate::{random::Random, steps::*};

pub(crate) async fn orders_by_chance(store: Arc<dyn Store>) {
    prepared(&*store).await;
    for seed in 1..=3 {
        orders_at_random(&*store, seed, 40).await;
    }
}

/// Random changes of linkage, compared with lists.
pub(crate) async fn orders_at_random(store: &dyn Store, seed: u64, changes: usize) {
    const MEMBERS: u64 = 8;
    let mut dice = Random::new(seed);
    let base = i64::try_from(seed % 1_000_000).unwrap_or(0) * 100;
    let names = [format!("one {seed}"), format!("other {seed}")];
    for name in &names {
        programme(store, name).await;
    }
    for id in base..base + 8 {
        song(store, id).await;
        act(store, id, None, None).await;
    }
    let mut model = Lists::new();
    for _ in 0..changes {
        let (owner, relationship) = (dice.below(2), dice.below(2));
        let place = [SONGS_OF, ACTS_OF][relationship];
        let number_of = dice.below(6);
        let mut some = Vec::new();
        for _ in 0..number_of {
            let id =
                number(base + i64::try_from(dice.below(usize::try_from(MEMBERS).unwrap_or(8))).unwrap_or(0));
            if !some.contains(&id) {
                some.push(id);
            }
        }
        if place == ACTS_OF && dice.below(2) == 0 {
            let id = base + i64::try_from(dice.below(usize::try_from(MEMBERS).unwrap_or(8))).unwrap_or(0);
            let told = move_act(store, &mut dice, &names, &mut model, id).await;
            check(store, &names, &model, &told).await;
            continue;
        }
        let mut list = model.entry((owner, relationship)).or_default().clone();
        let change = match dice.below(5) {
            0 => {
                list.retain(|id| !some.contains(id));
                LinkageChange::Remove(some.clone())
            }
            1 => {
                list.extend(some.iter().filter(|id| !list.contains(id)).cloned().collect::<Vec<_>>());
                LinkageChange::Add(some.clone())
            }
            // Those that are there, one of them moved.
            2 if !list.is_empty() => {
                let moved = list.remove(dice.below(list.len()));
                list.insert(dice.below(list.len() + 1), moved);
                LinkageChange::Replace(list.clone())
            }
            _ => {
                list = some.clone();
                LinkageChange::Replace(some.clone())
            }
        };
        let adopted = list.clone();
        model.insert((owner, relationship), list);
        if place == ACTS_OF
            && let Some(others) = model.get_mut(&(1 - owner, relationship))
        {
            others.retain(|id| !adopted.contains(id));
        }
        let told = format!("{} {change:?}", names[owner]);
        done(store, relink(&names[owner], place, change)).await;
        check(store, &names, &model, &told).await;
    }
}

/// The lists of two programmes, by the programme and the relationship.
type Lists = BTreeMap<(usize, usize), Vec<ResourceId>>;

/// Moves an act by its own relationship, or ends it and makes it anew.
async fn move_act(
    store: &dyn Store,
    dice: &mut Random,
    names: &[String; 2],
    model: &mut Lists,
    id: i64,
) -> String {
    let programme = Some(dice.below(3)).filter(|programme| *programme < 2);
    let name = programme.map(|programme| names[programme].as_str());
    let is_new = dice.below(3) == 0;
    let is_member = |list: &Vec<ResourceId>| list.contains(&number(id));
    let stays = programme.is_some_and(|programme| model.get(&(programme, 1)).is_some_and(is_member));
    if is_new {
        done(store, delete(*ACTS, &number(id))).await;
        done(store, new_act(id, None, name)).await;
    } else {
        done(store, act_changed(id, None, Some(name))).await;
    }
    if is_new || !stays {
        for programme in 0..2 {
            model.entry((programme, 1)).or_default().retain(|member| *member != number(id));
        }
        if let Some(programme) = programme {
            model.entry((programme, 1)).or_default().push(number(id));
        }
    }
    format!("act {id} to {name:?}, new: {is_new}")
}

async fn check(store: &dyn Store, names: &[String; 2], model: &Lists, told: &str) {
    for ((owner, relationship), expected) in model {
        let place = [SONGS_OF, ACTS_OF][*relationship];
        assert_eq!(linked(store, &names[*owner], place).await, *expected, "{told}");
        let listed = ids(&read(store, &related_to(&names[*owner], place, Listing::all())).await);
        assert_eq!(listed, *expected, "{told}");
    }
}
