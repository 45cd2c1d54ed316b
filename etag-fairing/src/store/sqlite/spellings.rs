//! How this database's columns spell UUIDs: found at launch, and kept to where ids come in and rows go out.
//!
//! Inside of the store an id is spelt as its row spells it, so that keys, references and join tables meet as they stand,
//! and indexes serve. Plans and changes come with ids in our own spelling; answers go out in it.

use std::borrow::Cow;

use rusqlite::{Connection as Sqlite, OptionalExtension, Result, types::ValueRef as SqliteValue};

use super::{
    connection::{Connection, bound},
    error::store_error,
    forms::rows_of,
    table::{self, Found},
};
use crate::plan::{Change, Fetched, LinkageChange, Links, Plan, Root};
use crate::schema::{
    CompositeId, Description, IdKind, IdPart, Kind, Relationship, ResourceId, Rows, Value, ValueRef,
};
use crate::store::StoreError;
use crate::store::sql::forms::Forms;
use crate::store::sql::link::Link;
use crate::store::sql::prepare::{FoundTable, quoted};
use crate::store::sql::schema::{Column, Table};
use crate::store::sql::spelling;
use crate::store::sql::spelling::{Seen, Spelled, Spelling};

/// How many rows are looked at from either end of a table.
const LOOKED_AT: u32 = 10_000;

/// How many rows tell how to spell what is written; and of a view's references so many are looked for.
const LATEST: u32 = 20;

/// How a column that holds UUIDs spells them, if not (or not surely) our own way. `of_target` is how the ids are spelt
/// that it refers to, if it does.
pub(super) fn of_column(
    sqlite: &Sqlite,
    table: &str,
    column: &str,
    found: &Found,
    is_ours: bool,
    of_target: Option<Option<Spelled>>,
) -> Result<Option<Spelled>> {
    let text = format!("SELECT c FROM ({})", rows_of(table, column, found, LOOKED_AT));
    let mut statement = sqlite.prepare(&text)?;
    let mut rows = statement.query([])?;
    let mut seen = Seen::default();
    let mut last = Spelling::Own;
    while let Some(row) = rows.next()? {
        if let SqliteValue::Text(text) = row.get_ref(0)?
            && let Ok(text) = std::str::from_utf8(text)
        {
            seen.see(text);
            last = spelling_of(text).unwrap_or(last);
            if seen.possible().next().is_none() {
                log::warn!(
                    "table `{table}`, column `{column}`: it spells UUIDs in several ways; they are compared one by one, \
                     without an index where their order counts"
                );
                return Ok(Some(Spelled::Any(last)));
            }
        }
    }
    let mut possible = seen.possible();
    let (first, other) = (possible.next().unwrap_or(Spelling::Own), possible.next());
    if let (false, Some(of_target)) = (seen.has_any(), of_target) {
        return Ok(of_target);
    }
    Ok(match (seen.has_any(), other) {
        (true, None) if first == Spelling::Own => None,
        (true, None) => Some(Spelled::As(first)),
        // Ours begin with our own spelling, and nobody else needs to write there.
        (false, _) if is_ours => None,
        (true, _) if is_ours && first == Spelling::Own => None,
        (true, _) => Some(Spelled::Any(first)),
        (false, _) => Some(Spelled::Any(by_type(found, column))),
    })
}

/// What the column's type says where no row does.
fn by_type(found: &Found, column: &str) -> Spelling {
    match found.column(column) {
        Some(column) if column.declared_type.contains("(32)") => Spelling::Plain,
        _ => Spelling::Own,
    }
}

/// The first spelling that a text may be in; `None` if it is no UUID.
fn spelling_of(text: &str) -> Option<Spelling> {
    let mut seen = Seen::default();
    seen.see(text);
    if seen.has_any() { seen.possible().next() } else { None }
}

/// References must be spelt as the ids are that they refer to: rows are joined by them. What differs is told in
/// `problems`.
pub(super) fn check_reference(
    sqlite: &Sqlite,
    table: &Table,
    column: &Column,
    found: &Found,
    problems: &mut Vec<String>,
) -> Result<()> {
    let (Some((reference, referred)), Kind::Uuid) = (table.refers(column.name), column.kind) else {
        return Ok(());
    };
    let (target, id) = (quoted(reference.table), quoted(referred));
    let target_is_view = table::find(sqlite, reference.table)?.is_some_and(|target| target.is_view);
    let rows = if target_is_view { LATEST } else { LOOKED_AT };
    // The first comparison is the one that an index serves, whatever the column's collation.
    let text = format!(
        "SELECT c FROM ({}) WHERE typeof(c) = 'text' \
         AND NOT EXISTS (SELECT 1 FROM {target} WHERE {id} = c AND {id} = c COLLATE BINARY)",
        rows_of(table.name, column.name, found, rows)
    );
    let mut statement = sqlite.prepare(&text)?;
    let mut dangling = statement.query([])?;
    let number = Spelling::ALL.len() + 1;
    let same = format!(
        "SELECT {id} FROM {target} WHERE {id} IN ({}) AND typeof({id}) = 'text' LIMIT 1",
        places(number)
    );
    let mut same = sqlite.prepare(&same)?;
    while let Some(row) = dangling.next()? {
        let SqliteValue::Text(text) = row.get_ref(0)? else { continue };
        let Ok(text) = std::str::from_utf8(text) else { continue };
        let mut spellings = spelling::spellings(text);
        spellings.resize(number, text.into());
        let other: Option<String> =
            same.query_row(rusqlite::params_from_iter(spellings), |row| row.get(0)).optional()?;
        if let Some(other) = other {
            problems.push(format!(
                "table `{}`, column `{}`: {} refers to `{text}`, which `{}`.`{}` spells `{other}`: spell the UUIDs of \
                 both columns in one way",
                table.name, column.name, column.needed_by, reference.table, referred
            ));
            return Ok(());
        }
    }
    Ok(())
}

fn places(number: usize) -> String {
    vec!["?"; number].join(", ")
}

impl Connection {
    /// The plan with ids as the database spells them.
    pub(super) fn plan_as_stored<'p>(
        &self,
        forms: &Forms,
        plan: &'p Plan,
    ) -> std::result::Result<Cow<'p, Plan>, StoreError> {
        let (resource, id) = match &plan.root {
            Root::One(id) => (plan.selection.resource, id),
            Root::Related { parent, id, .. } => (*parent, id),
            Root::Collection(_) => return Ok(Cow::Borrowed(plan)),
        };
        let stored = self.id_as_stored(forms, resource, id)?;
        if stored == *id {
            return Ok(Cow::Borrowed(plan));
        }
        let mut plan = plan.clone();
        if let Root::One(id) | Root::Related { id, .. } = &mut plan.root {
            *id = stored;
        }
        Ok(Cow::Owned(plan))
    }

    /// The change with UUIDs as the database spells them. A new resource has its id then.
    pub(super) fn change_as_stored(
        &self,
        forms: &Forms,
        change: &Change,
    ) -> std::result::Result<Change, StoreError> {
        let mut change = change.clone();
        match &mut change {
            Change::Delete { resource, id } => *id = self.id_as_stored(forms, resource, id)?,
            Change::Update { resource, id, attributes, linkage } => {
                *id = self.id_as_stored(forms, resource, id)?;
                let values = attributes.iter_mut().map(Option::as_mut);
                self.spell_attributes(forms, resource, values)?;
                self.spell_linkage(forms, resource, linkage, None)?;
            }
            Change::Insert { resource, id, attributes, linkage } => {
                let given = id.take().filter(|id| !id.is_open());
                let made = given.or_else(|| resource.id.kind.generate());
                let stored = match &made {
                    Some(id) => Some(self.new_id_as_stored(forms, resource, id)?),
                    None => None,
                };
                if let Some(ResourceId::Composite(composite)) = &made
                    && self.composite_as_stored(forms, resource, composite)?.is_some()
                {
                    return Err(StoreError::IdExists);
                }
                let own = made.as_ref().zip(stored.as_ref());
                self.spell_attributes(forms, resource, attributes.iter_mut().map(Some))?;
                self.spell_linkage(forms, resource, linkage, own)?;
                // A composite one is made of the members, as they are spelt now.
                *id = stored.filter(|_| resource.key().is_empty());
            }
        }
        Ok(change)
    }

    fn spell_attributes<'v>(
        &self,
        forms: &Forms,
        resource: &'static Description,
        values: impl Iterator<Item = Option<&'v mut Value>>,
    ) -> std::result::Result<(), StoreError> {
        for (attribute, value) in resource.attributes.iter().zip(values) {
            if let (Kind::Uuid, Some(Value::Text(text))) = (attribute.kind, value)
                && let Some(spelled) = forms.spelled(resource.table, attribute.column)
            {
                *text = self.spelling_to_write(spelled, resource, attribute.column)?.respell(text);
            }
        }
        Ok(())
    }

    /// A new resource may relate to itself: its `own` id, in our spelling, is spelt like that.
    fn spell_linkage(
        &self,
        forms: &Forms,
        resource: &'static Description,
        linkage: &mut [Option<LinkageChange>],
        own: Option<(&ResourceId, &ResourceId)>,
    ) -> std::result::Result<(), StoreError> {
        for (relationship, change) in resource.relationships.iter().zip(linkage) {
            let target = relationship.target();
            let ids = match change {
                None | Some(LinkageChange::One(None)) => continue,
                Some(LinkageChange::One(Some(id))) => std::slice::from_mut(id),
                Some(LinkageChange::Replace(ids) | LinkageChange::Add(ids) | LinkageChange::Remove(ids)) => {
                    ids.as_mut_slice()
                }
            };
            for id in ids {
                *id = match own {
                    Some((own, stored)) if own == id && target.table == resource.table => stored.clone(),
                    _ => self.id_as_stored(forms, target, id)?,
                };
            }
        }
        Ok(())
    }

    /// An id as its row spells it; of no row, as it is.
    fn id_as_stored(
        &self,
        forms: &Forms,
        resource: &'static Description,
        id: &ResourceId,
    ) -> std::result::Result<ResourceId, StoreError> {
        if let (ResourceId::Composite(composite), [_, ..]) = (id, resource.key()) {
            let stored = self.composite_as_stored(forms, resource, composite)?;
            return Ok(stored.unwrap_or_else(|| id.clone()));
        }
        let (IdKind::Uuid, ResourceId::Text(text)) = (resource.id.kind, id) else { return Ok(id.clone()) };
        Ok(match forms.spelled(resource.table, resource.id.column) {
            None => id.clone(),
            Some(Spelled::As(spelling)) => ResourceId::Text(spelling.respell(text)),
            Some(Spelled::Any(_)) => self.known_spelling(resource, text)?.unwrap_or_else(|| id.clone()),
        })
    }

    /// A composite id as its row spells it; `None` if it has no such UUIDs, or no row has it.
    fn composite_as_stored(
        &self,
        forms: &Forms,
        resource: &'static Description,
        id: &CompositeId,
    ) -> std::result::Result<Option<ResourceId>, StoreError> {
        let key = resource.key();
        let is_spelled = |part: &IdPart| {
            part.kind() == IdKind::Uuid && forms.spelled(resource.table, part.column).is_some()
        };
        if !key.iter().any(is_spelled) {
            return Ok(None);
        }
        let number = Spelling::ALL.len() + 1;
        let (mut columns, mut conditions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (part, id) in key.iter().zip(id.parts()) {
            let column = quoted(part.column);
            match id {
                ResourceId::Text(text) if part.kind() == IdKind::Uuid => {
                    conditions.push(format!("{column} IN ({})", places(number)));
                    let mut spellings = spelling::spellings(text);
                    spellings.resize(number, text.clone());
                    values.extend(spellings.into_iter().map(Value::Text));
                }
                id => {
                    conditions.push(format!("{column} = ?"));
                    values.push(id.to_value());
                }
            }
            columns.push(column);
        }
        // The same one each time, should several rows have it.
        let query = format!(
            "SELECT json_array({0}) FROM {1} WHERE {2} ORDER BY {0} LIMIT 1",
            columns.join(", "),
            quoted(resource.table),
            conditions.join(" AND ")
        );
        let parameters: Vec<ValueRef<'_>> = values.iter().map(Value::as_ref).collect();
        let mut statement = self.prepare(&query)?;
        let found: Option<String> =
            statement.query_row(bound(&parameters), |row| row.get(0)).optional().map_err(store_error)?;
        Ok(found.and_then(|json| CompositeId::of_json(&json, key)).map(ResourceId::Composite))
    }

    /// The id of a new resource, spelt as the table's others are, or as the row does that has it.
    fn new_id_as_stored(
        &self,
        forms: &Forms,
        resource: &'static Description,
        id: &ResourceId,
    ) -> std::result::Result<ResourceId, StoreError> {
        let (IdKind::Uuid, ResourceId::Text(text)) = (resource.id.kind, id) else { return Ok(id.clone()) };
        let Some(spelled) = forms.spelled(resource.table, resource.id.column) else { return Ok(id.clone()) };
        if let (Spelled::Any(_), Some(known)) = (spelled, self.known_spelling(resource, text)?) {
            return Ok(known);
        }
        let spelling = self.spelling_to_write(spelled, resource, resource.id.column)?;
        Ok(ResourceId::Text(spelling.respell(text)))
    }

    /// The id of the row that has it, in whatever spelling.
    fn known_spelling(
        &self,
        resource: &'static Description,
        text: &str,
    ) -> std::result::Result<Option<ResourceId>, StoreError> {
        let number = Spelling::ALL.len() + 1;
        let mut spellings = spelling::spellings(text);
        spellings.resize(number, text.into());
        let (table, id) = (quoted(resource.table), quoted(resource.id.column));
        // The same one each time, should several rows have it.
        let query = format!(
            "SELECT {id} FROM {table} WHERE {id} IN ({}) AND typeof({id}) = 'text' ORDER BY {id} DESC LIMIT 1",
            places(number)
        );
        let parameters: Vec<ValueRef<'_>> = spellings.iter().map(|it| ValueRef::Text(it)).collect();
        let mut statement = self.prepare(&query)?;
        let found: Option<String> =
            statement.query_row(bound(&parameters), |row| row.get(0)).optional().map_err(store_error)?;
        Ok(found.map(ResourceId::Text))
    }

    /// How to spell what is written to a column. Where that was not known at launch the latest rows say it.
    fn spelling_to_write(
        &self,
        spelled: Spelled,
        resource: &'static Description,
        column: &str,
    ) -> std::result::Result<Spelling, StoreError> {
        let otherwise = match spelled {
            Spelled::As(spelling) => return Ok(spelling),
            Spelled::Any(otherwise) => otherwise,
        };
        let (table, id, name) = (quoted(resource.table), quoted(resource.id.column), quoted(column));
        let text = format!(
            "SELECT c FROM (SELECT {name} AS c FROM {table} ORDER BY {id} DESC LIMIT {LATEST}) WHERE typeof(c) = 'text'"
        );
        let mut statement = self.prepare(&text)?;
        let mut rows = statement.query([]).map_err(store_error)?;
        let (mut all, mut latest) = (Seen::default(), None);
        while let Some(row) = rows.next().map_err(store_error)? {
            let SqliteValue::Text(text) = row.get_ref(0).map_err(store_error)? else { continue };
            let Ok(text) = std::str::from_utf8(text) else { continue };
            all.see(text);
            latest = latest.or_else(|| spelling_of(text));
        }
        let possible = all.possible().next().filter(|_| all.has_any());
        // Of those without letters nobody can tell: then it may be as the launch says.
        let as_before = all.has_any() && all.possible().any(|it| it == otherwise);
        Ok(if as_before { otherwise } else { possible.or(latest).unwrap_or(otherwise) })
    }
}

/// An answer in our own spelling.
pub(super) fn told(forms: &Forms, plan: &Plan, fetched: &mut Fetched) {
    let resource = plan.selection.resource;
    tell(forms, resource, &mut fetched.rows, &mut fetched.links);
    for included in &mut fetched.included {
        tell(forms, included.resource, &mut included.rows, &mut included.links);
    }
}

fn tell(forms: &Forms, resource: &'static Description, rows: &mut Rows, links: &mut [Option<Links>]) {
    let is_spelled = |column: &str| forms.spelled(resource.table, column).is_some();
    let key = resource.key();
    if key.iter().any(|part| part.kind() == IdKind::Uuid && is_spelled(part.column)) {
        // The first column is the id.
        *rows = rows.with_texts(&[true], |text| own_composite(resource, text));
    }
    let id = resource.id.kind == IdKind::Uuid && is_spelled(resource.id.column);
    let attributes = resource.attributes.iter().map(|it| it.kind == Kind::Uuid && is_spelled(it.column));
    let first_link = 1 + resource.attributes.len();
    for (place, relationship) in resource.relationships.iter().enumerate() {
        let target = relationship.target();
        if let Some(link) = Link::of(relationship).filter(|_| !target.key().is_empty())
            && holds_uuids(target)
            && link.columns.names().any(is_spelled)
        {
            let mut columns = vec![false; first_link + place];
            columns.push(true);
            *rows = rows.with_texts(&columns, |text| own_composite(target, text));
        }
    }
    let relationships = resource.relationships.iter().map(|it| {
        it.target().id.kind == IdKind::Uuid
            && Link::of(it).is_some_and(|link| link.columns.names().any(is_spelled))
    });
    let columns: Vec<bool> = std::iter::once(id).chain(attributes).chain(relationships).collect();
    if columns.contains(&true) {
        *rows = rows.with_texts(&columns, spelling::own);
    }
    for (relationship, links) in resource.relationships.iter().zip(links) {
        let target = relationship.target();
        let is_spelled = |column: &str| forms.spelled(target.table, column).is_some();
        if let Some(links) = links
            && match target.key() {
                [] => target.id.kind == IdKind::Uuid && is_spelled(target.id.column),
                key => key.iter().any(|part| part.kind() == IdKind::Uuid && is_spelled(part.column)),
            }
        {
            links.ids_mut().for_each(|id| tell_id(target, id));
        }
    }
}

/// A composite id, as rows have it, in our own spelling.
fn own_composite<'t>(resource: &Description, text: &'t str) -> Cow<'t, str> {
    match resource.id.kind.id_of_value(ValueRef::Text(text)) {
        Ok(Some(mut id)) => {
            tell_id(resource, &mut id);
            Cow::Owned(id.to_string())
        }
        _ => Cow::Borrowed(text),
    }
}

/// An id in our own spelling.
fn tell_id(resource: &Description, id: &mut ResourceId) {
    if let ResourceId::Composite(composite) = &*id {
        let parts = composite.parts().iter().zip(resource.key()).map(|(id, part)| match id {
            ResourceId::Text(text) if part.kind() == IdKind::Uuid => {
                ResourceId::Text(spelling::own(text).into_owned())
            }
            id => id.clone(),
        });
        *id = ResourceId::Composite(CompositeId::new(parts));
        return;
    }
    if let ResourceId::Text(text) = id
        && let Cow::Owned(own) = spelling::own(text)
    {
        *text = own;
    }
}

/// Whether the ids are UUIDs, or have them in them.
fn holds_uuids(resource: &Description) -> bool {
    resource.id.kind == IdKind::Uuid || resource.key().iter().any(|part| part.kind() == IdKind::Uuid)
}

/// What came of a change, in our own spelling.
pub(super) fn told_change(
    resource: &'static Description,
    outcome: std::result::Result<ResourceId, StoreError>,
) -> std::result::Result<ResourceId, StoreError> {
    match outcome {
        Ok(mut id) => {
            if holds_uuids(resource) {
                tell_id(resource, &mut id);
            }
            Ok(id)
        }
        Err(StoreError::RelatedNotFound { relationship, mut id }) => {
            let target = resource.relationship_at(relationship).map(Relationship::target);
            if let Some(target) = target.filter(|target| holds_uuids(target)) {
                tell_id(target, &mut id);
            }
            Err(StoreError::RelatedNotFound { relationship, id })
        }
        Err(error) => Err(error),
    }
}
