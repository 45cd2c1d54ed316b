//! What is to be printed: a struct for each table that can be one, with its relationships, and remarks on the rest.

use crate::catalogue::{Catalogue, Column, Database, ForeignKey, Holds, Table, TableKind};
use crate::names::{Taken, field, member, plural, resource_type, singular, type_name, words};

/// Everything of a database.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) structs: Vec<Struct>,
    pub(crate) enums: Vec<Enum>,
    /// Tables that no struct is made of, each with the reason.
    pub(crate) remarks: Vec<String>,
}

/// A resource.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) resource_type: String,
    pub(crate) remarks: Vec<String>,
    pub(crate) fields: Vec<Field>,
}

/// A field, with the entries of its attribute.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) rust_type: String,
    pub(crate) entries: Vec<String>,
    pub(crate) remarks: Vec<String>,
}

/// An enum: its variants, each with its label.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) of: String,
    pub(crate) variants: Vec<(String, String)>,
}

/// Tables of programs that migrate, which are nobody's resources.
const MIGRATIONS: [&str; 7] = [
    "_sqlx_migrations",
    "refinery_schema_history",
    "__diesel_schema_migrations",
    "schema_migrations",
    "flyway_schema_history",
    "seaql_migrations",
    "ar_internal_metadata",
];

/// A table that a struct is made of, while the model is made.
struct Draft<'a> {
    table: &'a Table,
    id: &'a Column,
    made: Struct,
    taken: Taken,
}

/// A to-one relationship, for the other end.
struct Reference {
    from: usize,
    to: usize,
    /// Its member name.
    member: String,
    field: String,
}

/// A join table: its two ends, each a struct and a column.
struct Join<'a> {
    table: &'a Table,
    ends: [(usize, &'a str); 2],
}

impl Model {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut model = Self::default();
        let mut types = Taken::default();
        let enums = model.enums(catalogue, &mut types);
        let mut drafts = model.drafts(catalogue, &mut types);
        let joins = model.joins(catalogue, &drafts);
        let mut references = Vec::new();
        for index in 0..drafts.len() {
            columns(catalogue, &mut drafts, index, &enums, &mut references);
        }
        for join in &joins {
            through(&mut drafts, join, &joins);
        }
        for reference in &references {
            inverse(&mut drafts, reference, &references);
        }
        model.structs = drafts.into_iter().map(|draft| draft.made).collect();
        // Those of tables without a struct are of no use.
        let fields: Vec<&Field> = model.structs.iter().flat_map(|made| &made.fields).collect();
        let is_used = |found: &Enum| {
            let nullable = format!("Option<{}>", found.name);
            fields.iter().any(|field| field.rust_type == found.name || field.rust_type == nullable)
        };
        model.enums.retain(is_used);
        model
    }

    /// The enums of the columns; gives their Rust names by their own.
    fn enums(&mut self, catalogue: &Catalogue, types: &mut Taken) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> = Vec::new();
        let columns = catalogue.tables.iter().flat_map(|table| &table.columns);
        for column in columns {
            let Holds::Enum(of, labels) = &column.holds else { continue };
            if labels.is_empty() || names.iter().any(|(known, _)| known == of) {
                continue;
            }
            let fallback = format!("Enum{}", names.len() + 1);
            let name = types.give(type_name(&words(of), &fallback), "");
            let mut taken = Taken::default();
            let variants = labels.iter().enumerate().map(|(index, label)| {
                let variant = type_name(&words(label), &format!("Variant{}", index + 1));
                (taken.give(variant, "V"), label.clone())
            });
            self.enums.push(Enum { name: name.clone(), of: of.clone(), variants: variants.collect() });
            names.push((of.clone(), name));
        }
        names
    }

    /// The tables that can be resources, with their names and ids.
    fn drafts<'a>(&mut self, catalogue: &'a Catalogue, types: &mut Taken) -> Vec<Draft<'a>> {
        let mut drafts: Vec<Draft<'a>> = Vec::new();
        let mut resource_types = Taken::default();
        for (index, table) in catalogue.tables.iter().enumerate() {
            let name = &table.name;
            if name.starts_with("_etag_fairing_") || MIGRATIONS.contains(&name.as_str()) {
                continue;
            }
            match table.kind {
                TableKind::Table => {}
                TableKind::View => {
                    self.remarks.push(format!(
                        "View {name:?}: write a struct with #[jsonapi(table = {name:?})] if one of its columns is a key."
                    ));
                    continue;
                }
                TableKind::Other => {
                    self.remarks.push(format!("Table {name:?} is virtual or foreign: no struct was made."));
                    continue;
                }
            }
            if let Some(other) = drafts.iter().find(|other| other.table.name.eq_ignore_ascii_case(name)) {
                self.remarks.push(format!(
                    "Table {name:?} differs from {:?} only by the case of its letters: no struct was made.",
                    other.table.name
                ));
                continue;
            }
            let (id, rust_type) = match id(catalogue, table) {
                Ok(id) => id,
                // If it is a join table, it is told of there.
                Err(_) if is_join_shaped(table) => continue,
                Err(reason) => {
                    self.remarks.push(format!("Table {name:?}: {reason}: no struct was made."));
                    continue;
                }
            };
            let all = words(name);
            let number = index + 1;
            let resource_type =
                resource_types.give(resource_type(&plural(&all), &format!("table-{number}")), "-");
            let mut entries = vec!["id".to_owned()];
            if id.name != "id" {
                entries.push(format!("column = {:?}", id.name));
            }
            let mut taken = Taken::default();
            let field = Field { name: taken.give("id".into(), "_"), rust_type, entries, remarks: Vec::new() };
            // No member can be called so, and the linkage of a document would be confused with it.
            for reserved in ["type", "links", "relationships", "meta"] {
                taken.give(reserved.into(), "_");
            }
            let made = Struct {
                name: types.give(type_name(&singular(&all), &format!("Table{number}")), ""),
                table: name.clone(),
                resource_type,
                remarks: Vec::new(),
                fields: vec![field],
            };
            drafts.push(Draft { table, id, made, taken });
        }
        drafts
    }

    fn joins<'a>(&mut self, catalogue: &'a Catalogue, drafts: &[Draft<'a>]) -> Vec<Join<'a>> {
        let mut joins = Vec::new();
        for table in &catalogue.tables {
            let is_resource = drafts.iter().any(|draft| draft.table.name == table.name);
            let differs =
                |name: &str| !drafts.iter().any(|draft| draft.table.name.eq_ignore_ascii_case(name));
            if is_resource
                || table.kind != TableKind::Table
                || !is_join_shaped(table)
                || table.name.starts_with("_etag_fairing_")
                || MIGRATIONS.contains(&table.name.as_str())
                || !differs(&table.name)
            {
                continue;
            }
            match join(catalogue, table, drafts) {
                Ok(join) => joins.push(join),
                Err(reason) => {
                    self.remarks.push(format!("Table {:?}: {reason}: no struct was made.", table.name))
                }
            }
        }
        joins
    }
}

/// Whether it may be a join table: it has no key of one column, and refers to two tables.
fn is_join_shaped(table: &Table) -> bool {
    let single = table.foreign_keys.iter().filter(|key| key.columns.len() == 1);
    table.key.len() != 1 && single.count() == 2
}

/// The column that is the id, and its Rust type.
///
/// # Errors
/// Why there is none.
fn id<'a>(catalogue: &Catalogue, table: &'a Table) -> Result<(&'a Column, String), String> {
    let name = match table.key.as_slice() {
        [name] => name,
        [] => {
            let unique = table.uniques.iter().find(|columns| {
                let [name] = columns.as_slice() else { return false };
                catalogue.column(table, name).is_some_and(|column| {
                    column.is_not_null
                        && (catalogue.database == Database::Postgres || column.holds == Holds::Text)
                })
            });
            match unique.and_then(|columns| columns.first()) {
                Some(name) => name,
                None => return Err("it has no primary key".into()),
            }
        }
        several => return Err(format!("its key is made of several columns ({})", several.join(", "))),
    };
    let column = catalogue.column(table, name).ok_or_else(|| format!("its key {name:?} is no column"))?;
    let rust_type = match &column.holds {
        Holds::Small | Holds::Integer => "i32",
        Holds::Big if catalogue.database == Database::Sqlite && !table.makes_ids => {
            return Err(format!(
                "its key {name:?} is {}, and SQLite makes values only for INTEGER PRIMARY KEY",
                column.declared
            ));
        }
        Holds::Big => "i64",
        Holds::Text => "String",
        Holds::Uuid => "uuid::Uuid",
        _ => return Err(format!("its key {name:?} is {}, which no id can be", column.declared)),
    };
    Ok((column, rust_type.to_owned()))
}

/// The two ends of a join table.
///
/// # Errors
/// Why it is none.
fn join<'a>(catalogue: &'a Catalogue, table: &'a Table, drafts: &[Draft<'a>]) -> Result<Join<'a>, String> {
    let several = || format!("its key is made of several columns ({})", table.key.join(", "));
    let mut ends = Vec::new();
    for key in table.foreign_keys.iter().filter(|key| key.columns.len() == 1) {
        let (Some(column), Some(to)) = (key.columns.first(), target(catalogue, table, key, drafts)) else {
            return Err(format!("it joins tables of which one, {:?}, is none with a struct", key.table));
        };
        ends.push((to, column.as_str()));
    }
    let [first, second] = ends.as_slice() else { return Err(several()) };
    if first.1.eq_ignore_ascii_case(second.1) {
        return Err("both of its references are one column".into());
    }
    let is_pair = |columns: &Vec<String>| {
        columns.len() == 2 && columns.contains(&first.1.to_owned()) && columns.contains(&second.1.to_owned())
    };
    if !is_pair(&table.key) && !table.uniques.iter().any(is_pair) {
        return Err(if table.key.is_empty() { "it has no primary key".into() } else { several() });
    }
    let others = table.columns.iter().filter(|column| column.name != first.1 && column.name != second.1);
    let needed: Vec<&str> =
        others.filter(|column| !column.can_be_left_out()).map(|column| column.name.as_str()).collect();
    if !needed.is_empty() {
        return Err(format!("{}, and it has columns of its own ({})", several(), needed.join(", ")));
    }
    Ok(Join { table, ends: [*first, *second] })
}

/// The struct that a foreign key of one column refers to, if it refers to its id.
fn target(catalogue: &Catalogue, table: &Table, key: &ForeignKey, drafts: &[Draft<'_>]) -> Option<usize> {
    let [name] = key.columns.as_slice() else { return None };
    let index = drafts.iter().position(|draft| catalogue.is_same(&draft.table.name, &key.table))?;
    let draft = drafts.get(index)?;
    // Without a column it refers to the primary key.
    let refers_to_id = key.targets.first().is_none_or(|target| catalogue.is_same(target, &draft.id.name));
    let column = catalogue.column(table, name)?;
    (refers_to_id && family(&column.holds) == family(&draft.id.holds)).then_some(index)
}

/// What is compared with each other as an id.
fn family(holds: &Holds) -> Option<u8> {
    match holds {
        Holds::Small | Holds::Integer | Holds::Big => Some(0),
        Holds::Text => Some(1),
        Holds::Uuid => Some(2),
        _ => None,
    }
}

/// The fields of a table's own columns.
fn columns(
    catalogue: &Catalogue,
    drafts: &mut [Draft<'_>],
    index: usize,
    enums: &[(String, String)],
    references: &mut Vec<Reference>,
) {
    let Some(draft) = drafts.get(index) else { return };
    let (table, id) = (draft.table, draft.id);
    let mut seen: Vec<&str> = vec![&id.name];
    for (place, column) in table.columns.iter().enumerate() {
        if column.name == id.name {
            continue;
        }
        let fallback = format!("column_{}", place + 1);
        if let Some(other) = seen.iter().find(|other| other.eq_ignore_ascii_case(&column.name)) {
            let remark = format!(
                "Column {:?} differs from {other:?} only by the case of its letters: it is left out.",
                column.name
            );
            remark_on(drafts, index, remark);
            continue;
        }
        seen.push(&column.name);
        let key = table.foreign_keys.iter().find(|key| key.columns == [column.name.clone()]);
        let to = key.and_then(|key| target(catalogue, table, key, drafts));
        if let (Some(to), false) = (to, column.is_generated) {
            to_one(drafts, index, column, to, &fallback, references);
            continue;
        }
        let Some(draft) = drafts.get_mut(index) else { return };
        match attribute(column, enums) {
            Err(reason) => {
                let left_out = if column.can_be_left_out() {
                    String::new()
                } else {
                    " It needs a value, so that no row can be created.".to_owned()
                };
                draft
                    .made
                    .remarks
                    .push(format!("Column {:?}: {reason}: it is left out.{left_out}", column.name));
            }
            Ok((rust_type, mut entries, mut remarks)) => {
                let name = name_of(&mut draft.taken, field(&words(&column.name), &fallback));
                if name != column.name {
                    entries.push(format!("column = {:?}", column.name));
                }
                if let Some(key) = key {
                    remarks.push(format!("It refers to {:?}, but not to an id with a struct.", key.table));
                }
                draft.made.fields.push(Field { name, rust_type, entries, remarks });
            }
        }
    }
    for key in table.foreign_keys.iter().filter(|key| key.columns.len() > 1) {
        let remark = format!(
            "The reference to {:?} by several columns ({}) is left out.",
            key.table,
            key.columns.join(", ")
        );
        remark_on(drafts, index, remark);
    }
    if let Some(key) = table.foreign_keys.iter().find(|key| key.columns == [id.name.clone()]) {
        let remark = format!("The id refers to {:?}: an id is no relationship.", key.table);
        remark_on(drafts, index, remark);
    }
}

fn remark_on(drafts: &mut [Draft<'_>], index: usize, remark: String) {
    if let Some(draft) = drafts.get_mut(index) {
        draft.made.remarks.push(remark);
    }
}

/// A name that is free as a field and as a member.
fn name_of(taken: &mut Taken, name: String) -> String {
    // What no member can be called has another word.
    let name = match member(&name).as_str() {
        "id" | "type" | "links" | "relationships" | "meta" => format!("{}_value", name.trim_matches('_')),
        "" => "value".to_owned(),
        _ => name,
    };
    taken.give(name, "_")
}

/// The type, entries and remarks of an attribute.
///
/// # Errors
/// Why it is none.
fn attribute(
    column: &Column,
    enums: &[(String, String)],
) -> Result<(String, Vec<String>, Vec<String>), String> {
    let (mut entries, mut remarks) = (Vec::new(), Vec::new());
    let list;
    let rust_type = match &column.holds {
        Holds::Bool => "bool",
        Holds::Small => "i16",
        Holds::Integer => "i32",
        Holds::Big => "i64",
        Holds::Single => "f32",
        Holds::Double => "f64",
        Holds::Decimal => "rust_decimal::Decimal",
        Holds::Bytes => "Vec<u8>",
        Holds::Duration => {
            remarks.push("An interval with months or years is no duration, and can't be shown.".to_owned());
            "chrono::TimeDelta"
        }
        Holds::List(element) => {
            list = format!("Vec<{element}>");
            &list
        }
        Holds::Text => "String",
        Holds::Timestamp => "chrono::DateTime<chrono::Utc>",
        Holds::DateTime => "chrono::NaiveDateTime",
        Holds::Date => "chrono::NaiveDate",
        Holds::Time => "chrono::NaiveTime",
        Holds::Uuid => "uuid::Uuid",
        Holds::Json => "serde_json::Value",
        Holds::Enum(of, _) => match enums.iter().find(|(known, _)| known == of) {
            Some((_, name)) => {
                entries.push("text".to_owned());
                name
            }
            None => return Err(format!("the enum {of:?} has no values")),
        },
        Holds::Nothing if column.declared.is_empty() => return Err("it holds values of several types".into()),
        Holds::Nothing => return Err(format!("no attribute holds {}", column.declared)),
    };
    let rust_type = match column.is_not_null {
        true => rust_type.to_owned(),
        false => format!("Option<{rust_type}>"),
    };
    if let (Some(default), true) = (&column.default, column.is_not_null) {
        remarks.push(format!(
            "The database's default is {default}; clients must send a value, unless `default` says another."
        ));
    }
    Ok((rust_type, entries, remarks))
}

fn to_one(
    drafts: &mut [Draft<'_>],
    index: usize,
    column: &Column,
    to: usize,
    fallback: &str,
    references: &mut Vec<Reference>,
) {
    let Some(target) = drafts.get(to).map(|draft| draft.made.name.clone()) else { return };
    let Some(draft) = drafts.get_mut(index) else { return };
    let name = name_of(&mut draft.taken, field(&without_id(&column.name), fallback));
    let mut entries = vec!["relationship".to_owned()];
    if column.is_not_null {
        entries.push("required".to_owned());
    }
    if format!("{name}_id") != column.name {
        entries.push(format!("column = {:?}", column.name));
    }
    references.push(Reference { from: index, to, member: member(&name), field: name.clone() });
    let rust_type = format!("ToOne<{target}>");
    draft.made.fields.push(Field { name, rust_type, entries, remarks: Vec::new() });
}

/// The words of a column that refers to something: without `id` at the end.
fn without_id(column: &str) -> Vec<String> {
    let mut words = words(column);
    if words.len() > 1 && words.last().is_some_and(|word| word == "id") {
        words.pop();
    }
    words
}

/// The other end of a to-one relationship.
fn inverse(drafts: &mut [Draft<'_>], reference: &Reference, all: &[Reference]) {
    let Some((from, table)) =
        drafts.get(reference.from).map(|draft| (draft.made.name.clone(), draft.table.name.clone()))
    else {
        return;
    };
    let is_alone =
        all.iter().filter(|other| (other.from, other.to) == (reference.from, reference.to)).count() == 1;
    let Some(draft) = drafts.get_mut(reference.to) else { return };
    let mut name = field(&plural(&words(&table)), "others");
    if !is_alone || reference.from == reference.to {
        name = format!("{}_by_{}", name.trim_end_matches('_'), reference.field.trim_end_matches('_'));
    }
    let name = name_of(&mut draft.taken, name);
    let entries = vec!["relationship".to_owned(), format!("inverse = {:?}", reference.member)];
    draft.made.fields.push(Field {
        name,
        rust_type: format!("ToMany<{from}>"),
        entries,
        remarks: Vec::new(),
    });
}

/// Both ends of a join table.
fn through(drafts: &mut [Draft<'_>], join: &Join<'_>, all: &[Join<'_>]) {
    let [one, other] = join.ends;
    let pair = |join: &Join<'_>| {
        let [one, other] = join.ends;
        (one.0.min(other.0), one.0.max(other.0))
    };
    let is_alone = all.iter().filter(|known| pair(known) == pair(join)).count() == 1;
    for ((owner, owner_column), (target, target_column)) in [(one, other), (other, one)] {
        let Some((target_name, target_table)) =
            drafts.get(target).map(|draft| (draft.made.name.clone(), draft.table.name.clone()))
        else {
            continue;
        };
        let Some(draft) = drafts.get_mut(owner) else { continue };
        // Of two ends in one table, the columns say which is which.
        let mut name = match one.0 == other.0 {
            true => field(&plural(&without_id(target_column)), "others"),
            false => field(&plural(&words(&target_table)), "others"),
        };
        if !is_alone {
            let by = field(&words(&join.table.name), "join");
            name = format!("{}_by_{}", name.trim_end_matches('_'), by.trim_end_matches('_'));
        }
        let name = name_of(&mut draft.taken, name);
        let mut entries = vec!["relationship".to_owned(), format!("through = {:?}", join.table.name)];
        entries.push(format!("owner_column = {owner_column:?}"));
        entries.push(format!("target_column = {target_column:?}"));
        // Nobody knows how many there are: a document would have all of them.
        entries.push("linkage = false".to_owned());
        let others = join.table.columns.iter().map(|column| column.name.as_str());
        let others: Vec<_> = others.filter(|name| *name != owner_column && *name != target_column).collect();
        let remarks = match others.is_empty() {
            true => Vec::new(),
            false => vec![format!("Other columns of the join table are left out: {}.", others.join(", "))],
        };
        draft.made.fields.push(Field { name, rust_type: format!("ToMany<{target_name}>"), entries, remarks });
    }
}
