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
    /// The fields that the id is made of, if its key has several columns.
    pub(crate) key: Vec<String>,
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
    id: Id<'a>,
    made: Struct,
    taken: Taken,
}

/// What the rows of a table are told apart by.
enum Id<'a> {
    /// A column, with its Rust type.
    One(&'a Column, &'static str),
    /// Several columns.
    Several(Vec<&'a Column>),
}

impl Id<'_> {
    fn has_part(&self, column: &str) -> bool {
        matches!(self, Self::Several(parts) if parts.iter().any(|part| part.name == column))
    }
}

/// A to-one relationship, for the other end.
struct Reference {
    from: usize,
    to: usize,
    /// Its member name.
    member: String,
    field: String,
}

impl Model {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut model = Self::default();
        let mut types = Taken::default();
        let enums = model.enums(catalogue, &mut types);
        let mut drafts = model.drafts(catalogue, &mut types);
        let mut references = Vec::new();
        for index in 0..drafts.len() {
            columns(catalogue, &mut drafts, index, &enums, &mut references);
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
            let id = match id(catalogue, table) {
                Ok(id) => id,
                Err(reason) => {
                    self.remarks.push(format!("Table {name:?}: {reason}: no struct was made."));
                    continue;
                }
            };
            let all = words(name);
            let number = index + 1;
            let resource_type =
                resource_types.give(resource_type(&plural(&all), &format!("table-{number}")), "-");
            let mut taken = Taken::default();
            let name_of_id = taken.give("id".into(), "_");
            let fields = match &id {
                Id::One(column, rust_type) => {
                    let mut entries = vec!["id".to_owned()];
                    if column.name != "id" {
                        entries.push(format!("column = {:?}", column.name));
                    }
                    let rust_type = (*rust_type).to_owned();
                    vec![Field { name: name_of_id, rust_type, entries, remarks: Vec::new() }]
                }
                Id::Several(_) => Vec::new(),
            };
            // No member can be called so, and the linkage of a document would be confused with it.
            for reserved in ["type", "links", "relationships", "meta"] {
                taken.give(reserved.into(), "_");
            }
            let made = Struct {
                name: types.give(type_name(&singular(&all), &format!("Table{number}")), ""),
                table: name.clone(),
                resource_type,
                key: Vec::new(),
                remarks: Vec::new(),
                fields,
            };
            drafts.push(Draft { table, id, made, taken });
        }
        drafts
    }
}

/// What tells rows apart: the primary key, or else the columns of a unique index.
///
/// # Errors
/// Why there is nothing.
fn id<'a>(catalogue: &Catalogue, table: &'a Table) -> Result<Id<'a>, String> {
    let is_sure = |name: &String| catalogue.column(table, name).is_some_and(|column| column.is_not_null);
    let names = match table.key.as_slice() {
        [] => {
            // On SQLite only the rowid makes integers.
            let can_be_id = |columns: &&Vec<String>| match columns.as_slice() {
                [name] => catalogue.column(table, name).is_some_and(|column| {
                    catalogue.database == Database::Postgres || column.holds == Holds::Text
                }),
                several => !several.is_empty(),
            };
            let mut uniques = table.uniques.iter().filter(|columns| columns.iter().all(is_sure));
            let unique = uniques.clone().find(|columns| columns.len() == 1 && can_be_id(columns));
            match unique.or_else(|| uniques.find(can_be_id)) {
                Some(names) => names.as_slice(),
                None => {
                    return Err("it has no primary key, so that no URL could name one of its rows (add one, or a unique \
                                index over columns that are NOT NULL)"
                        .into());
                }
            }
        }
        names => names,
    };
    if let [name] = names {
        let column = catalogue.column(table, name).ok_or_else(|| format!("its key {name:?} is no column"))?;
        if column.holds == Holds::Big && catalogue.database == Database::Sqlite && !table.makes_ids {
            return Err(format!(
                "its key {name:?} is {}, and SQLite makes values only for INTEGER PRIMARY KEY",
                column.declared
            ));
        }
        return Ok(Id::One(column, id_type(column)?));
    }
    let mut parts = Vec::new();
    for name in names {
        let column = catalogue.column(table, name).ok_or_else(|| format!("its key {name:?} is no column"))?;
        id_type(column)?;
        if column.is_generated {
            return Err(format!(
                "a part of its key, {name:?}, is generated, so that no resource could be created"
            ));
        }
        if table.columns.iter().filter(|other| other.name.eq_ignore_ascii_case(name)).count() > 1 {
            return Err(format!(
                "a part of its key, {name:?}, differs from another column only by the case of its letters"
            ));
        }
        parts.push(column);
    }
    Ok(Id::Several(parts))
}

/// The Rust type of a column that is an id, or part of one.
fn id_type(column: &Column) -> Result<&'static str, String> {
    match &column.holds {
        Holds::Small | Holds::Integer => Ok("i32"),
        Holds::Big => Ok("i64"),
        Holds::Text => Ok("String"),
        Holds::Uuid => Ok("uuid::Uuid"),
        _ => Err(format!("its key {:?} is {}, which no id can be", column.name, column.declared)),
    }
}

/// The struct that a foreign key of one column refers to, if it refers to its id.
fn target(catalogue: &Catalogue, table: &Table, key: &ForeignKey, drafts: &[Draft<'_>]) -> Option<usize> {
    let [name] = key.columns.as_slice() else { return None };
    let index = drafts.iter().position(|draft| catalogue.is_same(&draft.table.name, &key.table))?;
    let draft = drafts.get(index)?;
    // Without a column it refers to the primary key.
    let Id::One(id, _) = draft.id else { return None };
    let refers_to_id = key.targets.first().is_none_or(|target| catalogue.is_same(target, &id.name));
    let column = catalogue.column(table, name)?;
    (refers_to_id && family(&column.holds) == family(&id.holds)).then_some(index)
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
    let table = draft.table;
    let id = match draft.id {
        Id::One(id, _) => Some(id),
        Id::Several(_) => None,
    };
    let mut seen: Vec<&str> = id.iter().map(|id| id.name.as_str()).collect();
    // The field of each column.
    let mut fields: Vec<(&str, String)> = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        if id.is_some_and(|id| column.name == id.name) {
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
            fields.extend(
                to_one(drafts, index, column, to, &fallback, references).map(|name| (&*column.name, name)),
            );
            continue;
        }
        let Some(draft) = drafts.get_mut(index) else { return };
        let is_part = draft.id.has_part(&column.name);
        match attribute(column, is_part, enums) {
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
                fields.push((&column.name, name.clone()));
                draft.made.fields.push(Field { name, rust_type, entries, remarks });
            }
        }
    }
    key_of(drafts, index, &fields);
    for key in table.foreign_keys.iter().filter(|key| key.columns.len() > 1) {
        let remark = format!(
            "The reference to {:?} by several columns ({}) is left out.",
            key.table,
            key.columns.join(", ")
        );
        remark_on(drafts, index, remark);
    }
    if let Some(key) =
        id.and_then(|id| table.foreign_keys.iter().find(|key| key.columns == [id.name.clone()]))
    {
        let remark = format!("The id refers to {:?}: an id is no relationship.", key.table);
        remark_on(drafts, index, remark);
    }
}

/// The fields that a key of several columns is made of. A table that has nothing else is told of as the join table that it
/// may be, too.
fn key_of(drafts: &mut [Draft<'_>], index: usize, fields: &[(&str, String)]) {
    let Some(draft) = drafts.get_mut(index) else { return };
    let Id::Several(parts) = &draft.id else { return };
    let of_part = |part: &&Column| fields.iter().find(|(column, _)| *column == part.name);
    draft.made.key = parts.iter().filter_map(of_part).map(|(_, name)| name.clone()).collect();
    let is_to_one = |field: &Field| field.rust_type.starts_with("ToOne<");
    if let [one, other] = parts.as_slice()
        && let [first, second] = draft.made.fields.as_slice()
        && is_to_one(first)
        && is_to_one(second)
    {
        draft.made.remarks.push(format!(
            "It is a join table. Without this struct, both ends can have the others themselves: #[jsonapi(relationship, \
             through = {:?}, owner_column = {:?}, target_column = {:?}, linkage = false)] on a ToMany, and the columns the \
             other way round at the other end.",
            draft.table.name, one.name, other.name
        ));
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
    is_part_of_id: bool,
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
    // An id is of another type than i16, and no part of it is null.
    let rust_type = if is_part_of_id { id_type(column)? } else { rust_type };
    let rust_type = match column.is_not_null || is_part_of_id {
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
) -> Option<String> {
    let target = drafts.get(to).map(|draft| draft.made.name.clone())?;
    let draft = drafts.get_mut(index)?;
    let name = name_of(&mut draft.taken, field(&without_id(&column.name), fallback));
    let mut entries = vec!["relationship".to_owned()];
    // A part of the id always has a value.
    if column.is_not_null && !draft.id.has_part(&column.name) {
        entries.push("required".to_owned());
    }
    if format!("{name}_id") != column.name {
        entries.push(format!("column = {:?}", column.name));
    }
    references.push(Reference { from: index, to, member: member(&name), field: name.clone() });
    let rust_type = format!("ToOne<{target}>");
    draft.made.fields.push(Field { name: name.clone(), rust_type, entries, remarks: Vec::new() });
    Some(name)
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
