//! Rules of how many resources a relationship leads to, read on demand and asked for by filters.

use std::sync::Arc;

use etag_fairing::resource::Value;
use etag_fairing::store::{
    Comparison, Fetched, Field, Filter, Include, Listing, Member, Plan, Relation, Root, Scopes, Selection,
    Store,
};

use crate::ordered::{
    ACTS, ACTS_OF, PROGRAMME_OF, PROGRAMMES, SONGS, SONGS_OF, festival, numbers, programme, replace,
};
use crate::steps::*;

fn counting(plan: &mut Plan) {
    plan.selection.counts = vec![SONGS_OF, ACTS_OF];
}

pub(crate) async fn related_resources_are_counted(store: Arc<dyn Store>) {
    festival(&*store, 1..=4).await;
    replace(&*store, "day", SONGS_OF, &[1, 2, 3]).await;
    replace(&*store, "night", SONGS_OF, &[2]).await;
    replace(&*store, "night", ACTS_OF, &[4, 1]).await;
    let mut plan = collection(*PROGRAMMES, Listing::all());
    let counted = |fetched: &Fetched| {
        [0, 1].map(|row| [SONGS_OF, ACTS_OF].map(|relationship| fetched.counts.of(relationship, row)))
    };
    assert_eq!(counted(&read(&*store, &plan).await), [[None, None]; 2], "only on demand");
    counting(&mut plan);
    assert_eq!(counted(&read(&*store, &plan).await), [[Some(3), Some(0)], [Some(1), Some(2)]]);
    // Of those that the caller sees.
    let member = Member { path: Vec::new(), field: Field::Id };
    let comparison = Comparison::Value(Relation::NotEqual, Value::Integer(2));
    let scopes = Scopes::new([(*SONGS, Filter::Compare { member, comparison })]);
    let scoped = plan.clone().scoped(scopes);
    assert_eq!(counted(&read(&*store, &scoped).await), [[Some(2), Some(0)], [Some(0), Some(2)]]);
    done(&*store, delete(*SONGS, &number(3))).await;
    assert_eq!(counted(&read(&*store, &plan).await), [[Some(2), Some(0)], [Some(1), Some(2)]]);
    // Of what is included, too.
    let mut programmes = Selection::identifiers(*PROGRAMMES);
    programmes.counts = vec![SONGS_OF];
    let include = vec![Include::new(PROGRAMME_OF, programmes)];
    let selection = everything(*ACTS).including(include);
    let plan = Plan::new(Root::Collection(Listing::all()), selection).including_at_most(100);
    let fetched = read(&*store, &plan).await;
    assert_eq!(fetched.included[0].counts.of(SONGS_OF, 0), Some(1));
    assert_eq!(fetched.included[0].counts.of(ACTS_OF, 0), None);
}

pub(crate) async fn a_filter_counts_related_resources(store: Arc<dyn Store>) {
    festival(&*store, 1..=3).await;
    programme(&*store, "empty").await;
    replace(&*store, "day", SONGS_OF, &[1, 2, 3]).await;
    replace(&*store, "night", SONGS_OF, &[2]).await;
    replace(&*store, "day", ACTS_OF, &[2, 1]).await;
    let programmes = async |relationship, relation, number| {
        let filter = Filter::Count { path: Vec::new(), relationship, relation, number };
        ids(&read(&*store, &collection(*PROGRAMMES, Listing::all().filtered(filter))).await)
    };
    let names = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
    for (relationship, relation, number, expected) in [
        (SONGS_OF, Relation::Equal, 0, &["empty"][..]),
        (SONGS_OF, Relation::Equal, 3, &["day"]),
        (SONGS_OF, Relation::NotEqual, 1, &["day", "empty"]),
        (SONGS_OF, Relation::Less, 3, &["empty", "night"]),
        (SONGS_OF, Relation::LessOrEqual, 3, &["day", "empty", "night"]),
        (SONGS_OF, Relation::Greater, 1, &["day"]),
        (SONGS_OF, Relation::GreaterOrEqual, 1, &["day", "night"]),
        (SONGS_OF, Relation::GreaterOrEqual, 0, &["day", "empty", "night"]),
        (SONGS_OF, Relation::Less, 0, &[]),
        (ACTS_OF, Relation::Equal, 2, &["day"]),
        (ACTS_OF, Relation::Less, 2, &["empty", "night"]),
        (ACTS_OF, Relation::Less, u32::MAX, &["day", "empty", "night"]),
    ] {
        assert_eq!(
            programmes(relationship, relation, number).await,
            names(expected),
            "{relation:?} {number}"
        );
    }
    // Where a path leads nowhere, no number is right.
    for (relation, expected) in [(Relation::Equal, &[1_i64, 2][..]), (Relation::NotEqual, &[])] {
        let path = vec![PROGRAMME_OF];
        let filter = Filter::Count { path, relationship: SONGS_OF, relation, number: 3 };
        let fetched = read(&*store, &collection(*ACTS, Listing::all().filtered(filter))).await;
        assert_eq!(ids(&fetched), numbers(expected), "{relation:?}");
    }
}
