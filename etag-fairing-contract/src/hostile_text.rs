//! The rule that text is nothing but data.

use std::sync::Arc;

use etag_fairing::{
    resource::{RelationshipId, Value},
    store::{Comparison, Field, LinkageChange, Listing, Member, Page, Part, Place, Relation, SortKey, Store},
};

use crate::{
    filters::*,
    resources::{ROOMS, TALKS},
    steps::*,
};

/// Text that would do harm in the text of a statement.
pub(crate) const HOSTILE: [&str; 40] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    ";",
    "--",
    "/*",
    "*/",
    "?",
    "?1",
    "$1",
    ":a",
    "@a",
    "%",
    "_",
    "[",
    "]",
    "*",
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "'; DROP TABLE talks; --",
    "\"; DROP TABLE talks; --",
    "') OR ('1'='1",
    "1) OR (1=1",
    "1; DELETE FROM talks",
    "1 UNION SELECT name FROM sqlite_schema",
    "' UNION SELECT NULL, NULL --",
    "x' COLLATE NOCASE --",
    "%' ESCAPE '%",
    "\\%\\_\\\\",
    "\"]",
    "[\"a\",\"b\"]",
    "{\"a\":1}",
    "\",\"a",
    "\n--\n",
    "\u{feff}\u{2028}'\u{2029}",
    "𝔲ｎ'ｉ\u{300}\u{202e}",
];

pub(crate) async fn hostile_text_is_nothing_but_data(store: Arc<dyn Store>) {
    let mut talks = Vec::new();
    for text_of in HOSTILE {
        done(&*store, room(text_of)).await;
        let linkage = only(ROOM, LinkageChange::One(Some(text(text_of))));
        talks.push(done(&*store, linked_talk(text_of, linkage)).await);
    }
    let sort = vec![SortKey { member: own(TITLE), descending: true }];
    for (hostile, id) in HOSTILE.iter().zip(&talks) {
        let given = || Value::Text((*hostile).into());
        let escaped: String = hostile
            .chars()
            .flat_map(|character| {
                matches!(character, '%' | '_' | '\\').then_some('\\').into_iter().chain([character])
            })
            .collect();
        let room_member = Member { path: vec![ROOM], field: Field::Id };
        for filter in [
            compared(own(TITLE), Comparison::Value(Relation::Equal, given())),
            compared(own(TITLE), Comparison::In(vec![given()])),
            compared(own(TITLE), Comparison::Between(given(), given())),
            compared(room_member, Comparison::Value(Relation::Equal, given())),
            part(TITLE, Part::Like, &escaped, true),
            part(TITLE, Part::Like, &escaped, false),
        ] {
            assert_eq!(found(&*store, *TALKS, filter.clone()).await, std::slice::from_ref(id), "{filter:?}");
        }
        for whole in [Part::Anywhere, Part::Start, Part::End] {
            for case_sensitive in [true, false] {
                let expected: Vec<_> = HOSTILE
                    .iter()
                    .zip(&talks)
                    .filter(|(title, _)| match whole {
                        Part::Start => title.starts_with(hostile),
                        Part::End => title.ends_with(hostile),
                        _ => title.contains(hostile),
                    })
                    .map(|(_, id)| id.clone())
                    .collect();
                let filter = part(TITLE, whole, hostile, case_sensitive);
                let found = found(&*store, *TALKS, filter).await;
                assert!(found.contains(id));
                if case_sensitive {
                    assert_eq!(found, expected, "{whole:?} {hostile}");
                }
            }
        }
        // As an id, of a root and of an owner, and as a place in an order.
        assert_eq!(ids(&read(&*store, &one(*ROOMS, &text(hostile))).await), [text(hostile)]);
        let fetched =
            read(&*store, &related(*ROOMS, &text(hostile), RelationshipId::at(0), Listing::all())).await;
        assert_eq!(ids(&fetched), std::slice::from_ref(id));
        let place = Place { keys: vec![given()], id: id.clone() };
        let page = Page::Between { after: Some(place), before: None, limit: 100 };
        let listing = Listing::all().sorted(sort.clone()).paged(page);
        let fetched = read(&*store, &collection(*TALKS, listing)).await;
        let mut smaller: Vec<_> = HOSTILE.iter().zip(&talks).filter(|(title, _)| *title < hostile).collect();
        smaller.sort_by(|one, other| other.0.cmp(one.0));
        let smaller: Vec<_> = smaller.into_iter().map(|(_, id)| id.clone()).collect();
        assert_eq!(ids(&fetched), smaller, "behind {hostile}");
    }
    assert_eq!(read(&*store, &collection(*TALKS, Listing::all())).await.rows.len(), HOSTILE.len());
}
