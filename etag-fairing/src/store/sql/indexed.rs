//! Lists that an index of an attribute must serve, for the tests of both databases.

use super::listing::{self, Source};
use super::select::Total;
use super::visible::Visible;
use super::{Dialect, Statement};
use crate::plan::{Comparison, Field, Filter, Listing, Member, Page, Part, Relation, Selection, SortKey};
use crate::schema::{Attribute, AttributeId, Description, Id, IdKind, Operations, Value};

const INTEGER: IdKind = IdKind::Integer { min: i64::MIN, max: i64::MAX };

/// Articles with an index of each attribute but the last.
pub(in crate::store) static ARTICLES: Description = articles("articles", INTEGER);

/// The same, with ids that are text.
pub(in crate::store) static PAPERS: Description = articles("papers", IdKind::Text);

/// The same, with an index of the last attribute's trigrams.
pub(in crate::store) static ESSAYS: Description = articles("essays", INTEGER).indexing_trigrams(&[3]);

/// The same table, for who knows of no such index.
pub(in crate::store) static BARE_ESSAYS: Description = articles("essays", INTEGER);

const fn articles(table: &'static str, id: IdKind) -> Description {
    const ATTRIBUTES: &[Attribute] = &[
        Attribute::new::<String>("state", "state"),
        Attribute::new::<String>("title", "title"),
        Attribute::new::<Option<i64>>("score", "score"),
        Attribute::new::<String>("text", "text"),
    ];
    let id = Id { column: "id", kind: id };
    Description::new(table, table, "Article", table, id, ATTRIBUTES, &[], Operations::NONE)
        .indexing(&[0, 1, 2])
}

fn member(place: usize) -> Member {
    Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(place)) }
}

fn where_it(place: usize, comparison: Comparison) -> Listing {
    Listing::all().filtered(Filter::Compare { member: member(place), comparison })
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The first page of what has this in the last attribute, in each way that a filter has of looking into text.
pub(in crate::store) fn searches(found: &str) -> Vec<Listing> {
    let parts = [
        (Part::Anywhere, found.to_owned()),
        (Part::Start, found.to_owned()),
        (Part::End, found.to_owned()),
        (Part::Like, format!("%{found}%")),
        (Part::Like, format!("{found}_%")),
    ];
    let of_case = |case_sensitive| {
        let comparison = move |(part, text)| Comparison::Text { part, text, case_sensitive };
        parts.clone().map(comparison).map(|comparison| where_it(3, comparison))
    };
    let all = of_case(true).into_iter().chain(of_case(false));
    all.map(|listing| listing.paged(Page::Offset { offset: 0, limit: 10 })).collect()
}

/// The statement of a page.
pub(in crate::store) fn statement<D: Dialect>(
    dialect: D,
    resource: &'static Description,
    listing: &Listing,
) -> Statement {
    let visible = Visible::everything(dialect);
    listing::page(visible, &Selection::whole(resource), Source::Collection, listing, Total::None)
        .expect("a statement")
}

/// Pages, each with the index that must find its rows. None of them may sort rows.
pub(in crate::store) fn pages<D: Dialect>(
    dialect: D,
    resource: &'static Description,
) -> Vec<(String, Statement)> {
    let part = |part, of: &str| Comparison::Text { part, text: of.into(), case_sensitive: true };
    let by = |place, descending| vec![SortKey { member: member(place), descending }];
    let listings = [
        // One of few values, in the order of ids.
        ("state", where_it(0, Comparison::Value(Relation::Equal, text("s7")))),
        ("title", where_it(1, Comparison::Value(Relation::Equal, text("t70")))),
        ("title", Listing::all().sorted(by(1, false))),
        ("score", Listing::all().sorted(by(2, false))),
        ("title", where_it(1, part(Part::Start, "t49")).sorted(by(1, false))),
        ("title", where_it(1, part(Part::Like, "t49%1")).sorted(by(1, false))),
        ("title", where_it(1, Comparison::Between(text("t1"), text("t11"))).sorted(by(1, false))),
        (
            "score",
            where_it(2, Comparison::Value(Relation::Greater, Value::Integer(49_000))).sorted(by(2, false)),
        ),
    ];
    let page = |listing: Listing| {
        statement(dialect, resource, &listing.paged(Page::Offset { offset: 0, limit: 10 }))
    };
    listings
        .into_iter()
        .map(|(column, listing)| (format!("{}_{column}_index", resource.table), page(listing)))
        .collect()
}
