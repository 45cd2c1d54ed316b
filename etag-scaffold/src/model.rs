//! What is to be printed: a struct for each table that can be one, with its relationships, and remarks on the rest.

mod columns;
mod id;
mod relationships;
mod several;

use self::columns::columns;
use self::id::{Id, id};
use self::relationships::inverse;
use crate::catalogue::{Catalogue, Holds, Table, TableKind};
use crate::names::{Taken, plural, resource_type, singular, type_name, words};

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
            inverse(catalogue, &mut drafts, reference, &references);
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
