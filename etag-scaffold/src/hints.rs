//! What the names of columns suggest: the order of a list, and a relationship to one of several types. Each of it is only
//! likely, so that a comment says what to look at.

use crate::catalogue::{Catalogue, Column, Holds, Table};
use crate::names::{field, words};

/// What a column that keeps an order is called.
const POSITIONS: [&str; 12] = [
    "position",
    "sort_order",
    "sort_index",
    "sort_position",
    "display_order",
    "display_position",
    "list_order",
    "list_position",
    "order_index",
    "ordinal",
    "ordinal_position",
    "pos",
];

/// What it may be called, among other things.
const PERHAPS: [&str; 10] = [
    "rank",
    "ranking",
    "sequence",
    "seq",
    "sort",
    "sorting",
    "idx",
    "sequence_number",
    "line_number",
    "priority",
];

/// The column that may keep the order of the rows of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) column: String,
    pub(crate) certainty: Certainty,
    /// Whether it must have a value.
    pub(crate) is_not_null: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// A unique index on owner and column, or a name that means nothing else where there is one owner.
    Likely,
    /// It may as well be the order of another owner, or no order.
    Perhaps,
}

impl Order {
    /// What to look at, as a comment of the relationship.
    pub(crate) fn remark(&self) -> String {
        let column = &self.column;
        let advice = match self.is_not_null {
            true => " If only lists may set it, its attribute is `read_only, default`.",
            false => "",
        };
        match self.certainty {
            Certainty::Likely => {
                format!(
                    "Check it: the column {column:?} has the order of this list, of each owner for itself.{advice}"
                )
            }
            Certainty::Perhaps => format!(
                "If the column {column:?} has the order of this list, of each owner for itself: `order = {column:?}`.{advice}"
            ),
        }
    }
}

/// The column of a table that may keep the order of the rows that refer to one owner by this column.
pub(crate) fn order(catalogue: &Catalogue, table: &Table, owner: &str) -> Option<Order> {
    let refers = |column: &Column| {
        table
            .foreign_keys
            .iter()
            .any(|key| key.columns.iter().any(|name| catalogue.is_same(name, &column.name)))
    };
    let is_key = |column: &Column| table.key.iter().any(|name| catalogue.is_same(name, &column.name));
    let may_be = |column: &&Column| {
        matches!(column.holds, Holds::Small | Holds::Integer | Holds::Big)
            && !(column.is_generated || column.is_identity || is_key(column) || refers(column))
    };
    let called = |names: &[&str]| {
        let is_called = |column: &&Column| names.contains(&words(&column.name).join("_").as_str());
        table.columns.iter().filter(may_be).find(is_called)
    };
    let sure = called(&POSITIONS);
    let column = sure.or_else(|| called(&PERHAPS))?;
    let is_unique_with = |owner: &str| {
        table.uniques.iter().any(|unique| {
            let has = |name: &str| unique.iter().any(|of| catalogue.is_same(of, name));
            unique.len() == 2 && has(owner) && has(&column.name)
        })
    };
    let owners = || table.foreign_keys.iter().filter_map(|key| key.columns.first());
    let is_alone = owners().all(|other| catalogue.is_same(other, owner));
    let certainty = if is_unique_with(owner) {
        Certainty::Likely
    } else if owners().any(|other| is_unique_with(other)) {
        return None;
    } else if sure.is_some() && is_alone {
        Certainty::Likely
    } else {
        Certainty::Perhaps
    };
    Some(Order { column: column.name.clone(), certainty, is_not_null: column.is_not_null })
}

/// What pairs of columns suggest that have a type and an id: a relationship to one of several types.
pub(crate) fn relationships_to_several(catalogue: &Catalogue, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for of_type in &table.columns {
        let mut name = words(&of_type.name);
        if name.len() < 2 || name.pop().as_deref() != Some("type") {
            continue;
        }
        if !matches!(of_type.holds, Holds::Text) || of_type.is_generated {
            continue;
        }
        let is_id = |column: &&Column| {
            let column_name = words(&column.name);
            column_name.split_last().is_some_and(|(last, before)| last == "id" && before == name.as_slice())
                && matches!(
                    column.holds,
                    Holds::Small | Holds::Integer | Holds::Big | Holds::Text | Holds::Uuid
                )
                && !table
                    .foreign_keys
                    .iter()
                    .any(|key| key.columns.iter().any(|of| catalogue.is_same(of, &column.name)))
        };
        let Some(of_id) = table.columns.iter().find(is_id) else { continue };
        let member = field(&name, "of");
        let mut entries = vec!["relationship".to_owned()];
        if of_type.name != format!("{member}_type") {
            entries.push(format!("type_column = {:?}", of_type.name));
        }
        if of_id.name != format!("{member}_id") {
            entries.push(format!("column = {:?}", of_id.name));
        }
        if of_type.is_not_null && of_id.is_not_null {
            entries.push("required".to_owned());
        }
        entries.push("stored_types(One = \"One\", Other = \"Other\")".to_owned());
        found.push(format!(
            "The columns {:?} and {:?} may be a relationship to one of several types. In the place of their two fields, with \
             the structs of those types and what the type's column has for each: #[jsonapi({})] pub {member}: ToOneOf<(One, \
             Other)>, and at the other ends #[jsonapi(relationship, inverse = {:?})] on a ToMany.",
            of_type.name,
            of_id.name,
            entries.join(", "),
            crate::names::member(&member),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Database, ForeignKey, TableKind};
    use crate::model::Model;

    fn column(name: &str, holds: Holds) -> Column {
        Column {
            name: name.into(),
            declared: String::new(),
            holds,
            is_not_null: true,
            default: None,
            is_generated: false,
            is_identity: false,
        }
    }

    fn table(name: &str, columns: &[(&str, Holds)], owners: &[(&str, &str)], uniques: &[&[&str]]) -> Table {
        Table {
            name: name.into(),
            kind: TableKind::Table,
            columns: columns.iter().map(|(name, holds)| column(name, holds.clone())).collect(),
            key: vec!["id".into()],
            uniques: uniques.iter().map(|of| of.iter().map(|name| (*name).into()).collect()).collect(),
            foreign_keys: owners
                .iter()
                .map(|(column, table)| ForeignKey {
                    columns: vec![(*column).into()],
                    table: (*table).into(),
                    targets: Vec::new(),
                })
                .collect(),
            makes_ids: true,
        }
    }

    fn catalogue(tables: Vec<Table>) -> Catalogue {
        Catalogue { database: Database::Sqlite, url: String::new(), tables }
    }

    #[test]
    fn columns_of_positions_are_found_by_name_type_and_index() {
        use Holds::{Big, Integer, Text};

        let id = ("id", Big);
        let likely = |column: &str| Some((column.to_owned(), Certainty::Likely));
        let perhaps = |column: &str| Some((column.to_owned(), Certainty::Perhaps));
        let (lists, both) = (&[("list_id", "lists")][..], &[("list_id", "lists"), ("tag_id", "tags")][..]);
        for (columns, owners, uniques, expected) in [
            (vec![("position", Integer)], lists, &[][..], likely("position")),
            (vec![("sortOrder", Big)], lists, &[], likely("sortOrder")),
            (vec![("Ordinal", Holds::Small)], lists, &[], likely("Ordinal")),
            (vec![("rank", Integer)], lists, &[], perhaps("rank")),
            (vec![("rank", Integer)], lists, &[&["list_id", "rank"][..]][..], likely("rank")),
            (vec![("rank", Integer), ("position", Integer)], lists, &[], likely("position")),
            (vec![("position", Integer)], both, &[], perhaps("position")),
            (vec![("position", Integer)], both, &[&["position", "list_id"]], likely("position")),
            (vec![("position", Integer)], both, &[&["tag_id", "position"]], None),
            (vec![("position", Text)], lists, &[], None),
            (vec![("positions", Integer)], lists, &[], None),
        ] {
            let told = format!("{columns:?} {owners:?} {uniques:?}");
            let columns: Vec<_> =
                [id.clone(), ("list_id", Big), ("tag_id", Big)].into_iter().chain(columns).collect();
            let items = table("items", &columns, owners, uniques);
            let found = order(&catalogue(Vec::new()), &items, "list_id");
            assert_eq!(found.map(|order| (order.column, order.certainty)), expected, "{told}");
        }
    }

    #[test]
    fn an_order_stands_at_the_inverse_with_what_to_check() {
        let id = ("id", Holds::Big);
        let items = table(
            "items",
            &[id.clone(), ("list_id", Holds::Big), ("position", Holds::Integer)],
            &[("list_id", "lists")],
            &[],
        );
        let model = Model::of(&catalogue(vec![items, table("lists", &[id], &[], &[])]));
        let list = model.structs.iter().find(|made| made.name == "List").expect("a struct");
        let field = list.fields.iter().find(|field| field.name == "items").expect("a field");
        assert_eq!(field.entries, ["relationship", "inverse = \"list\"", "order = \"position\""]);
        assert!(field.remarks[0].starts_with("Check it"), "{:?}", field.remarks);
    }

    #[test]
    fn a_type_and_an_id_may_be_one_relationship() {
        use Holds::{Big, Text};

        for (columns, owners, expected) in [
            (
                [("commentable_type", Text), ("commentable_id", Big)],
                &[][..],
                Some(
                    "#[jsonapi(relationship, required, stored_types(One = \"One\", Other = \"Other\"))] pub commentable: ToOneOf<",
                ),
            ),
            (
                [("subjectType", Text), ("subjectId", Text)],
                &[],
                Some("type_column = \"subjectType\", column = \"subjectId\", required"),
            ),
            ([("type", Text), ("id2", Big)], &[], None),
            ([("paper_type", Text), ("paper_id", Big)], &[("paper_id", "papers")], None),
            ([("paper_type", Big), ("paper_id", Big)], &[], None),
        ] {
            let told = format!("{columns:?}");
            let found =
                relationships_to_several(&catalogue(Vec::new()), &table("notes", &columns, owners, &[]));
            assert_eq!(found.len(), usize::from(expected.is_some()), "{told}");
            if let (Some(found), Some(expected)) = (found.first(), expected) {
                assert!(found.contains(expected), "{found}");
            }
        }
    }
}
