//! Rules of scopes: for its caller, a row outside of them does not exist.

use std::sync::Arc;

use etag_fairing::{
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Comparison, Constraint, Fetched, Field, Filter, Include, LinkageChange, Listing, Member,
        Plan, Relation, Root, Scopes, SortKey, Store, StoreError,
    },
};

use crate::{
    filters::filters_at_random,
    includes::includes_at_random,
    listings::{orders_at_random, related_at_random},
    model::Model,
    random::Caller,
    resources::{ALL, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS},
    scoped_changes::changes_at_random,
    steps::*,
};

fn id_is(id: &ResourceId) -> Filter {
    Filter::Compare {
        member: Member { path: Vec::new(), field: Field::Id },
        comparison: Comparison::Value(Relation::Equal, id.to_value()),
    }
}

fn hiding(hidden: &[(&'static Description, &ResourceId)]) -> Scopes {
    Scopes::new(hidden.iter().map(|(resource, id)| (*resource, Filter::Not(Box::new(id_is(id))))))
}

fn by(scopes: &Scopes, plan: Plan) -> Plan {
    plan.scoped(scopes.clone())
}

fn listed(listing: Listing) -> Plan {
    collection(*TALKS, listing)
}

/// Makes a change as a caller, and keeps it.
async fn change_by(store: &dyn Store, scopes: &Scopes, change: Change) -> Result<ResourceId, StoreError> {
    let mut transaction = store.begin().await?;
    let id = transaction.apply(change, scopes).await?;
    transaction.commit().await?;
    Ok(id)
}

fn one_link(fetched: &Fetched, resource: &Description, relationship: RelationshipId) -> Option<ResourceId> {
    let row = fetched.rows.get(0).expect("a row");
    row.related_id(resource, relationship).expect("an id")
}

pub(crate) async fn what_is_hidden_is_not_read(store: Arc<dyn Store>) {
    let mut talks = Vec::new();
    for title in ["1", "2", "3", "4"] {
        talks.push(done(&*store, talk(title)).await);
    }
    let scopes = hiding(&[(*TALKS, &talks[1])]);
    assert!(read(&*store, &by(&scopes, one(*TALKS, &talks[1]))).await.rows.is_empty());
    assert_eq!(ids(&read(&*store, &by(&scopes, one(*TALKS, &talks[0]))).await), talks[..1]);
    let seen = [&talks[0], &talks[2], &talks[3]].map(Clone::clone);
    let fetched = read(&*store, &by(&scopes, listed(page(0, 2)))).await;
    assert_eq!((ids(&fetched), fetched.total, fetched.more), (seen[..2].to_vec(), Some(3), true));
    let fetched = read(&*store, &by(&scopes, listed(page(2, 2)))).await;
    assert_eq!((ids(&fetched), fetched.total, fetched.more), (seen[2..].to_vec(), Some(3), false));
    let listing = Listing::all().filtered(id_is(&talks[1])).counted();
    let fetched = read(&*store, &by(&scopes, listed(listing))).await;
    assert_eq!((ids(&fetched), fetched.total), (vec![], Some(0)));
    for (relationship, _) in TALKS.relationships_by_id() {
        let plan = related(*TALKS, &talks[1], relationship, Listing::all());
        assert!(!read(&*store, &by(&scopes, plan)).await.parent);
    }
    // Nothing at all.
    let nothing = Scopes::new([(*TALKS, Filter::Or(Vec::new()))]);
    let fetched = read(&*store, &by(&nothing, listed(page(0, 9)))).await;
    assert_eq!((ids(&fetched), fetched.total), (vec![], Some(0)));
}

pub(crate) async fn no_linkage_leads_to_what_is_hidden(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    for number in 1..=3 {
        done(&*store, speaker(number)).await;
    }
    let first = done(&*store, talk("first")).await;
    let mut linkage = only(SPEAKERS_OF, LinkageChange::Add([1, 2, 3].map(speaker_id).to_vec()));
    linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
    linkage[SEQUEL_OF.place()] = Some(LinkageChange::One(Some(first.clone())));
    let second = done(&*store, linked_talk("second", linkage)).await;
    let reviews = [done(&*store, review(&second)).await, done(&*store, review(&second)).await];
    let scopes = hiding(&[
        (*ROOMS, &text("hall")),
        (*SPEAKERS, &speaker_id(2)),
        (*TALKS, &first),
        (*REVIEWS, &reviews[0]),
    ]);
    let include = |relationship: RelationshipId| {
        Include::new(relationship, everything(TALKS.relationships[relationship.place()].target()))
    };
    let selection = everything(*TALKS).including((0..4).map(RelationshipId::at).map(include).collect());
    let with = Plan::new(Root::One(second.clone()), selection).including_at_most(9);
    for plan in [one(*TALKS, &second), with] {
        let fetched = read(&*store, &by(&scopes, plan)).await;
        assert_eq!(one_link(&fetched, *TALKS, ROOM), None);
        assert_eq!(one_link(&fetched, *TALKS, SEQUEL_OF), None);
        assert_eq!(linkage_in(&fetched, SPEAKERS_OF), [1, 3].map(speaker_id));
        assert_eq!(linkage_in(&fetched, REVIEWS_OF), reviews[1..]);
        let included: usize = fetched.included.iter().map(|included| included.rows.len()).sum();
        assert!(fetched.included.is_empty() || included == 3, "two speakers and a review");
    }
    for (relationship, number) in [(ROOM, 0), (SEQUEL_OF, 0), (SPEAKERS_OF, 2), (REVIEWS_OF, 1)] {
        let listing = if relationship < SPEAKERS_OF { Listing::all() } else { page(0, 9) };
        let fetched =
            read(&*store, &by(&scopes, related(*TALKS, &second, relationship, listing.clone()))).await;
        assert!(fetched.parent);
        assert_eq!(fetched.rows.len(), number);
        assert_eq!(fetched.total, listing.total.then_some(number as u64));
    }
    // Of a talk that is hidden, no speaker tells, and no review.
    let hidden = hiding(&[(*TALKS, &second)]);
    let fetched = read(&*store, &by(&hidden, one(*SPEAKERS, &speaker_id(1)))).await;
    assert_eq!(linkage_in(&fetched, RelationshipId::at(0)), []);
    let fetched = read(&*store, &by(&hidden, one(*REVIEWS, &reviews[0]))).await;
    assert_eq!(one_link(&fetched, *REVIEWS, RelationshipId::at(0)), None, "though every review has one");
}

fn linkage_in(fetched: &Fetched, relationship: RelationshipId) -> Vec<ResourceId> {
    linkage(fetched, relationship, 0)
}

pub(crate) async fn no_path_goes_through_what_is_hidden(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, speaker(1)).await;
    let first = done(&*store, talk("a")).await;
    let mut linkage = only(SPEAKERS_OF, LinkageChange::Add(vec![speaker_id(1)]));
    linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
    linkage[SEQUEL_OF.place()] = Some(LinkageChange::One(Some(first.clone())));
    let second = done(&*store, linked_talk("b", linkage)).await;
    let third = done(&*store, talk("c")).await;
    let scopes = hiding(&[(*ROOMS, &text("hall")), (*SPEAKERS, &speaker_id(1)), (*TALKS, &first)]);
    let sequel_title = || Member { path: vec![SEQUEL_OF], field: Field::Attribute(AttributeId::at(0)) };
    let is = |member, value: Value| Filter::Compare {
        member,
        comparison: Comparison::Value(Relation::Equal, value),
    };
    let own = |field| Member { path: Vec::new(), field };
    let leads = |relationship, filter: Option<Filter>| Filter::Related {
        path: Vec::new(),
        relationship,
        filter: filter.map(Box::new),
    };
    for filter in [
        is(sequel_title(), Value::Text("a".into())),
        is(own(Field::ToOne(SEQUEL_OF)), first.to_value()),
        is(own(Field::ToOne(ROOM)), Value::Text("hall".into())),
        leads(ROOM, None),
        leads(SEQUEL_OF, Some(Filter::And(Vec::new()))),
        leads(SPEAKERS_OF, None),
        leads(SPEAKERS_OF, Some(id_is(&speaker_id(1)))),
    ] {
        for (filter, expected) in
            [(filter.clone(), vec![]), (Filter::Not(Box::new(filter)), vec![second.clone(), third.clone()])]
        {
            let told = format!("{filter:?}");
            let listing = Listing::all().filtered(filter).counted();
            let fetched = read(&*store, &by(&scopes, listed(listing))).await;
            assert_eq!(fetched.total, Some(expected.len() as u64), "{told}");
            assert_eq!(ids(&fetched), expected, "{told}");
        }
    }
    // A hidden value would put the second behind or before the third: both are null, and the id decides.
    for descending in [false, true] {
        let listing = Listing::all().sorted(vec![SortKey { member: sequel_title(), descending }]);
        let fetched = read(&*store, &by(&scopes, listed(listing))).await;
        assert_eq!(ids(&fetched), [second.clone(), third.clone()]);
    }
    // Every review has a talk; if that is hidden, it has none, and nulls come last.
    let (early, late) = (done(&*store, review(&first)).await, done(&*store, review(&second)).await);
    for descending in [false, true] {
        let sort = vec![SortKey { member: own(Field::ToOne(RelationshipId::at(0))), descending }];
        let plan = collection(*REVIEWS, Listing::all().sorted(sort));
        assert_eq!(ids(&read(&*store, &by(&scopes, plan)).await), [late.clone(), early.clone()]);
    }
}

pub(crate) async fn a_scope_looks_at_all_that_is_stored(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let within = only(ROOM, LinkageChange::One(Some(text("hall"))));
    let with = done(&*store, linked_talk("with", within)).await;
    done(&*store, talk("without")).await;
    // Those in a room, of which the caller sees none.
    let in_a_room = Filter::Related { path: Vec::new(), relationship: ROOM, filter: None };
    let scopes = Scopes::new([(*TALKS, in_a_room), (*ROOMS, Filter::Or(Vec::new()))]);
    let fetched = read(&*store, &by(&scopes, listed(Listing::all()))).await;
    assert_eq!(ids(&fetched), [with]);
    assert_eq!(one_link(&fetched, *TALKS, ROOM), None);
}

pub(crate) async fn what_is_hidden_cannot_be_changed(store: Arc<dyn Store>) {
    let id = done(&*store, talk("before")).await;
    let scopes = hiding(&[(*TALKS, &id)]);
    for change in [
        set(&id, &[(TITLE, Value::Text("after".into()))]),
        set(&id, &[]),
        link(&id, SEQUEL_OF, LinkageChange::One(None)),
        link(&id, SPEAKERS_OF, LinkageChange::Replace(vec![])),
        delete(*TALKS, &id),
    ] {
        let told = told(&change);
        let refused = change_by(&*store, &scopes, change).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{told}: {refused:?}");
    }
    assert_eq!(attribute_of(&*store, &id, TITLE).await, Value::Text("before".into()));
}

pub(crate) async fn what_is_hidden_cannot_be_related_to(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, speaker(1)).await;
    done(&*store, speaker(2)).await;
    let [first, second] = [done(&*store, talk("1")).await, done(&*store, talk("2")).await];
    let of_first = done(&*store, review(&first)).await;
    let hidden = [
        (ROOM, text("hall")),
        (SEQUEL_OF, first.clone()),
        (SPEAKERS_OF, speaker_id(2)),
        (REVIEWS_OF, of_first.clone()),
    ];
    let scopes = hiding(
        &hidden.each_ref().map(|(relationship, id)| (TALKS.relationships[relationship.place()].target(), id)),
    );
    for (relationship, id) in &hidden {
        let changes = if TALKS.relationships[relationship.place()].is_to_many() {
            let mut ids = vec![id.clone()];
            if *relationship == SPEAKERS_OF {
                ids.insert(0, speaker_id(1));
            }
            vec![LinkageChange::Add(ids.clone()), LinkageChange::Replace(ids)]
        } else {
            vec![LinkageChange::One(Some(id.clone()))]
        };
        for change in changes {
            for change in [
                linked_talk("new", only(*relationship, change.clone())),
                link(&second, *relationship, change.clone()),
            ] {
                let told = told(&change);
                let missing = match change_by(&*store, &scopes, change).await {
                    Err(StoreError::RelatedNotFound { relationship, id }) => (relationship, id),
                    other => panic!("{told}: {other:?}"),
                };
                assert_eq!(missing, (*relationship, id.clone()), "{told}");
            }
        }
    }
    assert_eq!(Model::read(&*store).await.ids(*TALKS), [first.clone(), second.clone()]);
    assert_eq!(linkage_of(&*store, &first, REVIEWS_OF).await, [of_first]);
    assert_eq!(linkage_of(&*store, &second, SPEAKERS_OF).await, []);
    // A new one may relate to itself, within its scope or not.
    let itself = Change::Insert {
        resource: *ROOMS,
        id: Some(text("yard")),
        attributes: vec![],
        linkage: vec![Some(LinkageChange::Add(vec![second]))],
    };
    change_by(&*store, &hiding(&[(*ROOMS, &text("yard"))]), itself).await.expect("the talk is seen");
}

pub(crate) async fn links_to_what_is_hidden_stay(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    done(&*store, room("yard")).await;
    for number in 1..=4 {
        done(&*store, speaker(number)).await;
    }
    let mut linkage = only(SPEAKERS_OF, LinkageChange::Add([1, 2, 3].map(speaker_id).to_vec()));
    linkage[ROOM.place()] = Some(LinkageChange::One(Some(text("hall"))));
    let id = done(&*store, linked_talk("talk", linkage)).await;
    let other = done(&*store, linked_talk("other", only(ROOM, LinkageChange::One(Some(text("hall")))))).await;
    let scopes = hiding(&[(*SPEAKERS, &speaker_id(2)), (*ROOMS, &text("hall"))]);
    for (change, expected) in [
        (LinkageChange::Replace(vec![speaker_id(4)]), &[2, 4][..]),
        (LinkageChange::Remove([2, 4].map(speaker_id).to_vec()), &[2]),
        (LinkageChange::Add(vec![speaker_id(1)]), &[1, 2]),
        (LinkageChange::Replace(vec![]), &[2]),
    ] {
        let told = format!("{change:?}");
        change_by(&*store, &scopes, link(&id, SPEAKERS_OF, change)).await.expect("changed");
        let expected: Vec<_> = expected.iter().map(|number| speaker_id(*number)).collect();
        assert_eq!(linkage_of(&*store, &id, SPEAKERS_OF).await, expected, "{told}");
    }
    // To-one: it looks empty, and to empty it changes nothing; another one takes its place.
    change_by(&*store, &scopes, link(&id, ROOM, LinkageChange::One(None))).await.expect("changed");
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Text("hall".into()));
    let yard = LinkageChange::One(Some(text("yard")));
    change_by(&*store, &scopes, link(&id, ROOM, yard)).await.expect("changed");
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Text("yard".into()));
    change_by(&*store, &scopes, link(&id, ROOM, LinkageChange::One(None))).await.expect("changed");
    assert_eq!(to_one_of(&*store, &id, ROOM).await, Value::Null);
    // An inverse: the other talk is hidden, and stays in the hall.
    let scopes = hiding(&[(*TALKS, &other)]);
    let only_this = Change::Update {
        resource: *ROOMS,
        id: text("hall"),
        attributes: vec![],
        linkage: vec![Some(LinkageChange::Replace(vec![id.clone()]))],
    };
    change_by(&*store, &scopes, only_this).await.expect("changed");
    for talk in [&id, &other] {
        assert_eq!(to_one_of(&*store, talk, ROOM).await, Value::Text("hall".into()));
    }
    // A review must have a talk, but while it is hidden it does not keep the talk from losing all reviews that are seen.
    let hidden = done(&*store, review(&id)).await;
    let none = || link(&id, REVIEWS_OF, LinkageChange::Replace(vec![]));
    change_by(&*store, &hiding(&[(*REVIEWS, &hidden)]), none()).await.expect("changed");
    assert_eq!(linkage_of(&*store, &id, REVIEWS_OF).await, [hidden]);
    let refused = change_by(&*store, &Scopes::NONE, none()).await;
    assert!(matches!(refused, Err(StoreError::Constraint(Constraint::NotNull { .. }))), "{refused:?}");
}

pub(crate) async fn a_hidden_id_is_taken(store: Arc<dyn Store>) {
    done(&*store, room("hall")).await;
    let scopes = hiding(&[(*ROOMS, &text("hall"))]);
    let refused = change_by(&*store, &scopes, room("hall")).await;
    assert!(matches!(refused, Err(StoreError::IdExists)), "{refused:?}");
}

pub(crate) async fn deleting_reaches_what_is_hidden(store: Arc<dyn Store>) {
    let mut resources = ALL.to_vec();
    resources.push(*REPLIES);
    store.prepare(&resources).await.expect("prepared");
    let id = done(&*store, talk("talk")).await;
    let review = done(&*store, review(&id)).await;
    let reply = Change::Insert {
        resource: *REPLIES,
        id: None,
        attributes: vec![],
        linkage: vec![Some(LinkageChange::One(Some(review.clone())))],
    };
    let reply = done(&*store, reply).await;
    let refused = change_by(&*store, &hiding(&[(*REVIEWS, &review)]), delete(*TALKS, &id)).await;
    assert!(matches!(refused, Err(StoreError::Constraint(Constraint::ForeignKey))), "{refused:?}");
    change_by(&*store, &hiding(&[(*REPLIES, &reply)]), delete(*REVIEWS, &review)).await.expect("deleted");
    assert!(read(&*store, &one(*REPLIES, &reply)).await.rows.is_empty());
}

pub(crate) async fn what_a_scope_hides_is_as_if_it_had_never_been(store: Arc<dyn Store>) {
    // Each fills the store once more; what is there already is as good as any.
    filters_at_random(&*store, 11, 120, Caller::Scoped).await;
    for resource in [*REVIEWS, *TALKS, *SPEAKERS, *ROOMS] {
        empty(&*store, resource).await;
    }
    orders_at_random(&*store, 12, 40, Caller::Scoped).await;
    for resource in [*REVIEWS, *TALKS, *SPEAKERS, *ROOMS] {
        empty(&*store, resource).await;
    }
    includes_at_random(&*store, 13, 60, Caller::Scoped).await;
    for resource in [*REVIEWS, *TALKS, *SPEAKERS, *ROOMS] {
        empty(&*store, resource).await;
    }
    related_at_random(&*store, 14, Caller::Scoped).await;
}

async fn empty(store: &dyn Store, resource: &'static Description) {
    for id in ids(&read(store, &collection(resource, Listing::all())).await) {
        done(store, delete(resource, &id)).await;
    }
}

pub(crate) async fn any_change_keeps_within_the_scopes(store: Arc<dyn Store>) {
    changes_at_random(&*store, 15, 200).await;
}
