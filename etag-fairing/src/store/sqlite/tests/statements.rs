//! How many statements a plan takes, and that they use their indexes.

use super::*;
use crate::plan::{Comparison, Field, Filter, Listing, Member, Page, Part, Place, Relation, SortKey};
use crate::schema::{AttributeId, RelationshipId};
use crate::store::contract::{ALL, REVIEWS, TALKS};
use crate::store::sql::edge::Edge;
use crate::store::sql::listing::Source;
use crate::store::sql::select::{Total, Window};
use crate::store::sql::visible::Visible;
use crate::store::sql::{listing, select, window};
use crate::store::sqlite::dialect::Sqlite;

fn talk(title: &str) -> Vec<Value> {
    let text = Value::Text(title.into());
    let null = Value::Null;
    vec![text, null.clone(), Value::Integer(0), null.clone(), Value::Bool(false), null.clone(), null]
}

#[test]
fn the_number_of_statements_does_not_depend_on_the_number_of_rows() {
    rocket::async_test(async {
        let store = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a database");
        store.prepare(&ALL).await.expect("prepared");
        let everything = Selection { linkage: vec![true; 4], ..Selection::whole(&TALKS) };
        let page = Listing { page: Page::Offset { offset: 0, limit: 50 }, total: true, ..Listing::all() };
        let plans = [
            (whole(&TALKS, Root::One(ResourceId::Integer(1))), 2),
            (Plan::new(Root::Collection(page), everything), 4),
            (Plan::new(Root::Collection(Listing::all()), Selection::identifiers(&TALKS)), 1),
        ];
        for rows in [1, 49] {
            for number in 0..rows {
                let id = write(&store, new(&TALKS, talk(&format!("talk {number}")))).await.expect("written");
                let review = vec![Some(LinkageChange::One(Some(id)))];
                let review = new_linked(&REVIEWS, vec![Value::Text("good".into())], review);
                write(&store, review).await.expect("written");
            }
            for (plan, expected) in &plans {
                assert_eq!(super::plans::cost(&store, plan).await, *expected, "{plan:?}");
            }
        }
    });
}

#[test]
fn linkage_and_pages_use_indexes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("indexed.db");
    rocket::async_test(async {
        assert_eq!(problems(&path, &ALL).await, Vec::<String>::new());
    });
    let sqlite = outside(&path);
    let steps = |text: &str| -> Vec<String> {
        let mut statement = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {text}")).expect("a statement");
        let parameters = vec!["[1]"; statement.parameter_count()];
        let rows = statement
            .query_map(rusqlite::params_from_iter(parameters), |row| row.get("detail"))
            .expect("a plan");
        rows.collect::<Result<_, _>>().expect("a plan")
    };
    let visible = Visible::everything(Sqlite);
    let (number, window) = (ResourceId::Integer(1), Window { offset: 0, limit: 2 });
    let mut texts = vec![select::one(visible, &Selection::whole(&TALKS), &number).expect("a statement").text];
    for resource in ALL.iter().copied() {
        for relationship in resource.relationships {
            if let Some(edge) = Edge::of(resource, relationship).expect("an edge") {
                texts.push(select::linkage(visible, &edge, "[]").expect("a statement").text);
                let selection = Selection::whole(edge.target);
                let page = select::related_page(visible, &edge, &selection, &number, window);
                texts.push(page.expect("a statement").text);
                let listing = Listing::all().paged(Page::Offset { offset: 1, limit: 2 }).counted();
                let windows = window::numbered_page(visible, &edge, &selection, "[]", &listing);
                texts.push(windows.expect("a statement").text);
            }
        }
    }
    for text in texts {
        for step in steps(&text) {
            // The list of ids is read from end to end, and what a subquery has made; a table never is.
            let is_made =
                ["SCAN e ", "SCAN d", "SCAN w", "SCAN (subquery"].iter().any(|made| step.starts_with(made));
            assert!(!step.starts_with("SCAN") || is_made, "{step}\n{text}");
        }
    }
    let page =
        select::collection(visible, &Selection::whole(&TALKS), window, Total::None).expect("a statement");
    let pages = steps(&page.text);
    assert!(!pages.iter().any(|step| step.contains("TEMP B-TREE")), "{pages:?}");
}

#[test]
fn no_value_stands_in_the_text_of_a_statement() {
    let visible = Visible::everything(Sqlite);
    let marks = ["ma\u{e9}rk'\"1", "ma\u{e9}rk'\"2", "ma\u{e9}rk'\"3"];
    let text = |index: usize| Value::Text(marks[index].into());
    let title = || Member { path: vec![RelationshipId::at(1)], field: Field::Attribute(AttributeId::at(0)) };
    let part = |part, case_sensitive| Comparison::Text { part, text: marks[0].into(), case_sensitive };
    let sort = vec![SortKey { member: title(), descending: true }];
    let id = ResourceId::Text(marks[2].into());
    let place = |index| Some(Place { keys: vec![text(index)], id: id.clone() });
    let page = Page::Between { after: place(0), before: place(1), limit: 424_242 };
    for comparison in [
        Comparison::Value(Relation::NotEqual, text(0)),
        Comparison::In(vec![text(0), text(1)]),
        Comparison::Between(text(0), text(1)),
        part(Part::Anywhere, true),
        part(Part::Start, false),
        part(Part::End, true),
        part(Part::Like, true),
        part(Part::Like, false),
    ] {
        let filter = Filter::Not(Box::new(Filter::Compare { member: title(), comparison }));
        let listing = Listing { filter: Some(filter), sort: sort.clone(), page: page.clone(), total: true };
        let edge = Edge::of(&TALKS, &TALKS.relationships[3]).expect("an edge").expect("to-many");
        let reviews = Selection::identifiers(&REVIEWS);
        let mut of_reviews = listing.clone();
        // From a review to its talk, instead of from a talk to the one before.
        let through_the_talk = |member: &mut Member| member.path = vec![RelationshipId::at(0)];
        of_reviews.sort.iter_mut().for_each(|key| through_the_talk(&mut key.member));
        if let Some(Filter::Not(filter)) = &mut of_reviews.filter
            && let Filter::Compare { member, .. } = &mut **filter
        {
            through_the_talk(member);
        }
        let windowed = Listing { page: Page::Offset { offset: 424_240, limit: 3 }, ..of_reviews.clone() };
        for statement in [
            window::numbered_page(visible, &edge, &reviews, marks[2], &windowed),
            listing::page(visible, &Selection::whole(&TALKS), Source::Collection, &listing, Total::Counted),
            listing::total(visible, &TALKS, Source::Collection, &listing),
            listing::page(visible, &reviews, Source::Related(&edge, &id), &of_reviews, Total::Counted),
            listing::total(visible, &REVIEWS, Source::Related(&edge, &id), &of_reviews),
        ] {
            let statement = statement.expect("a statement");
            assert!(!statement.text.contains("rk'"), "{}", statement.text);
            assert!(!statement.text.contains("42424"), "{}", statement.text);
            // Nothing else in these texts is a question mark.
            assert_eq!(statement.text.matches('?').count(), statement.values.len(), "{}", statement.text);
        }
    }
}
