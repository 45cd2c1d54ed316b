//! Rules of filters.

use std::sync::Arc;

use etag_fairing::{
    resource::{AttributeId, Description, ResourceId, Value},
    store::{
        Comparison, Field, Filter, Listing, Member, Part, Plan, Relation, Root, Scopes, Selection, Store,
    },
};

use crate::{
    model::Model,
    random::{Caller, Random},
    resources::{ALL, TALKS},
    steps::*,
};

pub(crate) const SUBTITLE: AttributeId = AttributeId::at(1);
pub(crate) const RATING: AttributeId = AttributeId::at(3);

pub(crate) fn own(attribute: AttributeId) -> Member {
    Member { path: Vec::new(), field: Field::Attribute(attribute) }
}

pub(crate) fn compared(member: Member, comparison: Comparison) -> Filter {
    Filter::Compare { member, comparison }
}

pub(crate) fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

pub(crate) fn part(attribute: AttributeId, part: Part, text: &str, case_sensitive: bool) -> Filter {
    compared(own(attribute), Comparison::Text { part, text: text.into(), case_sensitive })
}

pub(crate) async fn found(
    store: &dyn Store,
    resource: &'static Description,
    filter: Filter,
) -> Vec<ResourceId> {
    found_by(store, &Scopes::NONE, resource, filter).await
}

pub(crate) async fn found_by(
    store: &dyn Store,
    scopes: &Scopes,
    resource: &'static Description,
    filter: Filter,
) -> Vec<ResourceId> {
    let listing = Listing::all().filtered(filter).counted();
    let mut plan = Plan::new(Root::Collection(listing), Selection::identifiers(resource));
    plan.scopes = scopes.clone();
    let fetched = read(store, &plan).await;
    let ids = ids(&fetched);
    assert_eq!(fetched.total, Some(ids.len() as u64));
    ids
}

pub(crate) async fn titled(store: &dyn Store, titles: &[&str]) -> Vec<ResourceId> {
    let mut talks = Vec::new();
    for title in titles {
        talks.push(done(store, talk(title)).await);
    }
    talks
}

pub(crate) async fn null_matches_no_comparison_and_its_opposite(store: Arc<dyn Store>) {
    let talks = titled(&*store, &["none", "one"]).await;
    done(&*store, set(&talks[1], &[(RATING, Value::Float(1.0))])).await;
    let (none, one) = (&talks[..1], &talks[1..]);
    for (comparison, expected) in [
        (Comparison::IsNull, none),
        (Comparison::Value(Relation::Equal, Value::Float(1.0)), one),
        (Comparison::Value(Relation::NotEqual, Value::Float(2.0)), one),
        (Comparison::Value(Relation::NotEqual, Value::Float(1.0)), &[][..]),
        (Comparison::Value(Relation::Equal, Value::Null), &[]),
        (Comparison::Value(Relation::NotEqual, Value::Null), &[]),
        (Comparison::Value(Relation::Less, Value::Float(9.0)), one),
        (Comparison::Member(Relation::Equal, own(RATING)), one),
        (Comparison::In(vec![Value::Float(1.0), Value::Null]), one),
        (Comparison::In(vec![]), &[]),
        (Comparison::In(vec![Value::Null]), &[]),
        (Comparison::Between(Value::Float(1.0), Value::Float(1.0)), one),
        (Comparison::Between(Value::Null, Value::Float(9.0)), &[]),
    ] {
        let filter = compared(own(RATING), comparison);
        assert_eq!(found(&*store, *TALKS, filter.clone()).await, expected, "{filter:?}");
        let others: Vec<_> = talks.iter().filter(|talk| !expected.contains(talk)).cloned().collect();
        assert_eq!(found(&*store, *TALKS, not(filter.clone())).await, others, "not {filter:?}");
        assert_eq!(found(&*store, *TALKS, not(not(filter.clone()))).await, expected, "not not {filter:?}");
    }
    assert_eq!(found(&*store, *TALKS, Filter::And(vec![])).await, talks);
    assert_eq!(found(&*store, *TALKS, Filter::Or(vec![])).await, []);
}

pub(crate) async fn text_is_compared_by_code_points(store: Arc<dyn Store>) {
    let texts = ["", "A", "Z", "a", "aa", "z", "É", "é", "ﬁ", "🦀"];
    let talks = titled(&*store, &texts).await;
    for (place, text) in texts.iter().enumerate() {
        for (relation, expected) in [
            (Relation::Less, &talks[..place]),
            (Relation::LessOrEqual, &talks[..=place]),
            (Relation::Equal, &talks[place..=place]),
            (Relation::GreaterOrEqual, &talks[place..]),
            (Relation::Greater, &talks[place + 1..]),
        ] {
            let comparison = Comparison::Value(relation, Value::Text((*text).into()));
            assert_eq!(
                found(&*store, *TALKS, compared(own(TITLE), comparison)).await,
                expected,
                "{relation:?} {text}"
            );
        }
    }
}

pub(crate) async fn case_is_ignored_as_unicode_folds_it(store: Arc<dyn Store>) {
    let texts = ["Straße É k", "STRASSE É K", "straße é k", "STRAẞE É \u{212a}", "strase é k", "ΣΊΣ", "ısı"];
    let talks = titled(&*store, &texts).await;
    for whole in [Part::Anywhere, Part::Start, Part::End, Part::Like] {
        assert_eq!(
            found(&*store, *TALKS, part(TITLE, whole, "straße É K", false)).await,
            talks[..4],
            "{whole:?}"
        );
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "straße é k", true)).await, [talks[2].clone()]);
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "σίς", false)).await, [talks[5].clone()]);
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "isi", false)).await, []);
    }
}

pub(crate) async fn patterns_are_literal_but_for_their_signs(store: Arc<dyn Store>) {
    let texts = ["100%", "100x", "a_b", "axb", "a\\b", "[a]", "a*b", "a?b", "🦀", "xayayb"];
    let talks = titled(&*store, &texts).await;
    for (pattern, expected) in [
        ("100\\%", &["100%"][..]),
        ("100%", &["100%", "100x"]),
        ("100_", &["100%", "100x"]),
        ("a\\_b", &["a_b"]),
        ("a_b", &["a_b", "axb", "a\\b", "a*b", "a?b"]),
        ("a\\\\b", &["a\\b"]),
        ("[a]", &["[a]"]),
        ("a*b", &["a*b"]),
        ("a?b", &["a?b"]),
        ("_", &["🦀"]),
        ("%a%b", &["a_b", "axb", "a\\b", "a*b", "a?b", "xayayb"]),
        ("%", &texts),
        ("", &[]),
    ] {
        let expected: Vec<_> = texts
            .iter()
            .zip(&talks)
            .filter(|(text, _)| expected.contains(text))
            .map(|(_, id)| id.clone())
            .collect();
        for case_sensitive in [true, false] {
            let filter = part(TITLE, Part::Like, pattern, case_sensitive);
            assert_eq!(found(&*store, *TALKS, filter).await, expected, "{pattern} {case_sensitive}");
        }
    }
    for whole in [Part::Anywhere, Part::Start, Part::End] {
        for (text, id) in texts.iter().zip(&talks) {
            for case_sensitive in [true, false] {
                let filter = part(TITLE, whole, text, case_sensitive);
                assert_eq!(
                    found(&*store, *TALKS, filter).await,
                    std::slice::from_ref(id),
                    "{whole:?} {text}"
                );
            }
        }
        assert_eq!(found(&*store, *TALKS, part(TITLE, whole, "", true)).await, talks);
        assert_eq!(found(&*store, *TALKS, part(SUBTITLE, whole, "", true)).await, [], "null has no parts");
    }
}

pub(crate) async fn any_filter_is_what_it_means(store: Arc<dyn Store>) {
    filters_at_random(&*store, 1, 250, Caller::SeesAll).await;
}

/// Fills the empty store and compares its filters with their meaning.
pub(crate) async fn filters_at_random(store: &dyn Store, seed: u64, number: usize, caller: Caller) {
    let mut random = Random::new(seed);
    random.fill(store).await;
    let stored = Model::read(store).await;
    for _ in 0..number {
        let scopes = random.scopes(caller);
        let model = stored.seen_by(&scopes);
        let resource = *random.of(&ALL);
        let filter = random.filter(resource, 3);
        let mut expected = model.ids(resource);
        expected.retain(|id| {
            let passes = model.passes(resource, id, &filter);
            assert_eq!(
                model.matches(resource, id, &filter),
                passes,
                "seed {seed}: {id} in memory: {filter:?}"
            );
            passes
        });
        let found = found_by(store, &scopes, resource, filter.clone()).await;
        assert_eq!(found, expected, "seed {seed}: {filter:?} by {scopes:?}");
    }
}
