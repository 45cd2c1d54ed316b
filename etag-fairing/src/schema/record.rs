//! A resource without its Rust type: one value for each column, in the description's order.

#[cfg(feature = "sqlite")]
use std::borrow::Cow;

use super::{
    AttributeId, Corrupt, Description, IdKind, IdPart, Odd, RelationshipId, ResourceId, Value, ValueRef,
};

/// One resource as values: its id, its attributes, its to-one linkage, and the to-many linkage as far as it
/// was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// `None` until the store has made an id.
    pub id: Option<ResourceId>,
    /// One value for each attribute, in the order of [`Description::attributes`].
    pub attributes: Vec<Value>,
    /// One entry for each relationship, in the order of [`Description::relationships`].
    pub linkage: Vec<Linkage>,
}

/// Resource linkage (JSON:API §6.2.2.4) of one relationship of one resource.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Linkage {
    /// Not read.
    #[default]
    Unread,
    /// To-one: a related resource, or none.
    One(Option<ResourceId>),
    /// To-many: each related resource once, in ascending order of ids.
    Many(Vec<ResourceId>),
}

/// The rows of one table as a store returns them. All cells are in one vector and all text is in one string,
/// so that a page of records costs two allocations and not one for each value.
///
/// Each row has [`Description::width`] cells: the id, each attribute, each relationship. A cell is null if
/// its column was not read, and for each to-many relationship.
///
/// The cell of a stored value that its attribute cannot have is null too, and the row says what is [odd](Odd)
/// about the value.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    width: usize,
    /// The parts of a composite id.
    key: &'static [IdPart],
    cells: Vec<Cell>,
    text: String,
    rare: Option<Box<Rare>>,
    skipped: Skipped,
}

/// What few rows have.
#[derive(Clone, Debug, Default)]
struct Rare {
    bytes: Vec<u8>,
    odd: Vec<Odd>,
}

/// The number of rows that were found but are not among the [`Rows`], because they have no valid resource id.
#[derive(Clone, Copy, Debug, Default)]
struct Skipped {
    number: usize,
    is_last: bool,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text {
        start: usize,
        end: usize,
    },
    Decimal {
        start: usize,
        end: usize,
    },
    Bytes {
        start: usize,
        end: usize,
    },
    /// The index of the value in the list of odd values.
    Odd(usize),
}

/// One row of [`Rows`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    rows: &'a Rows,
    start: usize,
}

impl Rows {
    /// An empty set of rows of the described resource.
    pub fn new(description: &Description) -> Self {
        Self { width: description.width(), key: description.key(), ..Self::default() }
    }

    /// The same, with memory for this number of rows and this number of bytes of text.
    #[cfg(feature = "sqlite")]
    pub(crate) fn with_capacity(description: &Description, rows: usize, text: usize) -> Self {
        let width = description.width();
        let cells = Vec::with_capacity(width.saturating_mul(rows));
        let text = String::with_capacity(text.saturating_mul(rows));
        Self { width, key: description.key(), cells, text, ..Self::default() }
    }

    /// The number of cells of a row.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The number of bytes of text, and of bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len() + self.binary().len()
    }

    /// Adds an odd value as the next cell. That cell must not be an id.
    pub fn push_odd(&mut self, odd: Odd) {
        let rare = self.rare.get_or_insert_default();
        self.cells.push(Cell::Odd(rare.odd.len()));
        rare.odd.push(odd);
    }

    /// Notes that the next row was found, but has no id, so that it cannot be a resource.
    pub fn skip_row(&mut self) {
        self.skipped = Skipped { number: self.skipped.number + 1, is_last: true };
    }

    /// How many rows were skipped.
    pub fn skipped(&self) -> usize {
        self.skipped.number
    }

    /// Keeps at most `limit` of the rows that were found and drops the one row that may be too many. Skipped
    /// rows count as found. Returns whether there was a row too many.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn end_page(&mut self, limit: usize) -> bool {
        let more = self.len().saturating_add(self.skipped.number) > limit;
        match (more, self.skipped.is_last) {
            (true, true) => self.skipped.number -= 1,
            (true, false) => self.truncate(limit.saturating_sub(self.skipped.number)),
            (false, _) => {}
        }
        more
    }

    /// Adds a row from other rows of the same resource.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn push_row(&mut self, row: Row<'_>) {
        for column in 0..self.width {
            match row.odd(column) {
                Some(odd) => self.push_odd(odd.clone()),
                None => self.push(row.cell(column)),
            }
        }
    }

    /// A copy of the rows in which `text` replaces each text of the marked columns.
    #[cfg(feature = "sqlite")]
    pub(crate) fn with_texts(&self, columns: &[bool], text: impl Fn(&str) -> Cow<'_, str>) -> Self {
        let mut rows = self.emptied();
        rows.cells.reserve(self.cells.len());
        rows.text.reserve(self.text.len());
        for row in self.iter() {
            for column in 0..self.width {
                match (row.odd(column), row.cell(column), columns.get(column)) {
                    (Some(odd), ..) => rows.push_odd(odd.clone()),
                    (None, ValueRef::Text(stored), Some(true)) => rows.push(ValueRef::Text(&text(stored))),
                    (None, value, _) => rows.push(value),
                }
            }
        }
        rows.skipped = self.skipped;
        rows
    }

    /// An empty set of rows with the same number of skipped rows.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn emptied(&self) -> Self {
        Self { width: self.width, key: self.key, skipped: self.skipped, ..Self::default() }
    }

    /// Adds the next cell of the current row (the id, then the attributes, then the relationships). A full
    /// row begins the next one.
    pub fn push(&mut self, value: ValueRef<'_>) {
        let cell = match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Bool(value) => Cell::Bool(value),
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Float(value) => Cell::Float(value),
            ValueRef::Text(value) => {
                let (start, end) = self.push_text(value);
                Cell::Text { start, end }
            }
            ValueRef::Decimal(value) => {
                let (start, end) = self.push_text(value);
                Cell::Decimal { start, end }
            }
            ValueRef::Bytes(value) => {
                let bytes = &mut self.rare.get_or_insert_default().bytes;
                let start = bytes.len();
                bytes.extend_from_slice(value);
                Cell::Bytes { start, end: bytes.len() }
            }
        };
        self.cells.push(cell);
        self.skipped.is_last = false;
    }

    fn binary(&self) -> &[u8] {
        self.rare.as_ref().map_or(&[], |rare| &rare.bytes)
    }

    /// Where the text stands.
    fn push_text(&mut self, text: &str) -> (usize, usize) {
        let start = self.text.len();
        self.text.push_str(text);
        (start, self.text.len())
    }

    /// Adds a whole row.
    pub fn push_record(&mut self, record: &Record) {
        self.push(record.id.as_ref().map_or(Value::Null, ResourceId::to_value).as_ref());
        for value in &record.attributes {
            self.push(value.as_ref());
        }
        for linkage in &record.linkage {
            match linkage {
                Linkage::One(Some(id)) => self.push(id.to_value().as_ref()),
                _ => self.push(ValueRef::Null),
            }
        }
    }

    /// The number of whole rows.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no whole row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all rows from index `len` on: the row that was read only to see whether there is a next page.
    pub fn truncate(&mut self, len: usize) {
        self.cells.truncate(len.saturating_mul(self.width));
    }

    /// Sorts the rows from index `first` on by their ids, ascending. Returns whether a row has moved.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn sort(&mut self, first: usize) -> bool {
        if !self.key.is_empty() {
            let id = |row: &usize| self.get(*row).and_then(|row| row.resource_id().ok());
            let mut order: Vec<(Option<ResourceId>, usize)> =
                (first..self.len()).map(|row| (id(&row), row)).collect();
            order.sort();
            let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
            if order.is_sorted() {
                return false;
            }
            self.put_in_order(first, &order);
            return true;
        }
        let id = |row: &usize| match self.cell(row * self.width) {
            ValueRef::Integer(id) => (id, ""),
            ValueRef::Text(id) => (0, id),
            _ => (0, ""),
        };
        let mut order: Vec<usize> = (first..self.len()).collect();
        if order.is_sorted_by_key(id) {
            return false;
        }
        order.sort_by_key(id);
        self.put_in_order(first, &order);
        true
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn put_in_order(&mut self, first: usize, order: &[usize]) {
        let rows = order.iter().filter_map(|row| self.cells.get(row * self.width..(row + 1) * self.width));
        let cells: Vec<Cell> = rows.flatten().copied().collect();
        self.cells.truncate(first * self.width);
        self.cells.extend(cells);
    }

    fn cell(&self, place: usize) -> ValueRef<'_> {
        match self.cells.get(place) {
            None | Some(Cell::Null | Cell::Odd(_)) => ValueRef::Null,
            Some(Cell::Bool(value)) => ValueRef::Bool(*value),
            Some(Cell::Integer(value)) => ValueRef::Integer(*value),
            Some(Cell::Float(value)) => ValueRef::Float(*value),
            Some(Cell::Text { start, end }) => ValueRef::Text(self.text.get(*start..*end).unwrap_or("")),
            Some(Cell::Decimal { start, end }) => {
                ValueRef::Decimal(self.text.get(*start..*end).unwrap_or("0"))
            }
            Some(Cell::Bytes { start, end }) => {
                ValueRef::Bytes(self.binary().get(*start..*end).unwrap_or(&[]))
            }
        }
    }

    /// The row at this index, counted from 0.
    pub fn get(&self, index: usize) -> Option<Row<'_>> {
        (index < self.len()).then(|| Row { rows: self, start: index * self.width })
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| Row { rows: self, start: index * self.width })
    }

    /// The number of bytes that the rows take, for callers that limit memory.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.binary().len() + self.cells.len() * size_of::<Cell>()
    }
}

impl<'a> Row<'a> {
    fn cell(self, column: usize) -> ValueRef<'a> {
        if column < self.rows.width { self.rows.cell(self.start + column) } else { ValueRef::Null }
    }

    fn odd(self, column: usize) -> Option<&'a Odd> {
        // Most rows have no odd value, so that this check is enough.
        let rare = self.rows.rare.as_ref()?;
        if column >= self.rows.width {
            return None;
        }
        match self.rows.cells.get(self.start + column) {
            Some(Cell::Odd(place)) => rare.odd.get(*place),
            _ => None,
        }
    }

    /// What is odd about an attribute's value, if the attribute cannot have that value.
    pub fn odd_attribute(self, id: AttributeId) -> Option<&'a Odd> {
        self.odd(1 + id.place())
    }

    /// What is odd about the linkage of a to-one relationship, if its column holds no id.
    pub fn odd_to_one(self, description: &Description, id: RelationshipId) -> Option<&'a Odd> {
        self.odd(1 + description.attributes.len() + id.place())
    }

    /// The id's value.
    pub fn id(self) -> ValueRef<'a> {
        self.cell(0)
    }

    /// The id.
    ///
    /// # Errors
    /// If the row has none.
    pub fn resource_id(self) -> Result<ResourceId, Corrupt> {
        self.known_id()?.ok_or_else(|| Corrupt::new("a row without an id"))
    }

    /// The id, if the row has one.
    fn known_id(self) -> Result<Option<ResourceId>, Corrupt> {
        match self.rows.key {
            [] => IdKind::Text.id_of_value(self.id()),
            key => IdKind::Composite(key).id_of_value(self.id()),
        }
    }

    /// The value of an attribute.
    pub fn attribute(self, id: AttributeId) -> ValueRef<'a> {
        self.cell(1 + id.place())
    }

    /// The linkage of a to-one relationship as a value. A composite id stands there as it is written in documents:
    /// [`related_id`](Self::related_id) reads it.
    pub fn to_one(self, description: &Description, id: RelationshipId) -> ValueRef<'a> {
        self.cell(1 + description.attributes.len() + id.place())
    }

    /// The id of the related resource of a to-one relationship, or of one arm of a polymorphic one.
    ///
    /// # Errors
    /// If the cell has no id of the related resource.
    pub fn related_id(
        self,
        description: &Description,
        id: RelationshipId,
    ) -> Result<Option<ResourceId>, Corrupt> {
        match description.relationship_at(id) {
            Some(relationship) => relationship.related_id(self.to_one(description, id)),
            None => Ok(None),
        }
    }

    /// The row as a record; to-many linkage is unread.
    ///
    /// # Errors
    /// If an id is neither an integer nor text, or if a value is odd. A struct made from an odd value and
    /// written back would overwrite a value that the struct never held.
    pub fn to_record(self, description: &Description) -> Result<Record, Corrupt> {
        for (id, attribute) in description.attributes_by_id() {
            if let Some(odd) = self.odd_attribute(id) {
                return Err(self.corrupt(description, attribute.name, odd.detail()));
            }
        }
        for (id, relationship) in description.relationships_by_id() {
            if let Some(odd) = self.odd_to_one(description, id) {
                return Err(self.corrupt(description, relationship.name, odd.detail()));
            }
        }
        self.to_lenient_record(description)
    }

    /// Like `to_record`, but with null for each value that its attribute cannot have. No
    /// stored value is lost if only the changed members of this record are written back.
    pub(crate) fn to_lenient_record(self, description: &Description) -> Result<Record, Corrupt> {
        let mut linkage = Vec::with_capacity(description.relationships.len());
        for (id, relationship) in description.relationships_by_id() {
            linkage.push(if relationship.is_to_many() {
                Linkage::Unread
            } else {
                Linkage::One(relationship.related_id(self.to_one(description, id))?)
            });
        }
        let attributes = description.attributes_by_id().map(|(id, attribute)| {
            let value = self.attribute(id);
            if attribute.nullable && (attribute.check)(value).is_err() {
                Value::Null
            } else {
                value.to_owned()
            }
        });
        let attributes = attributes.collect();
        Ok(Record { id: self.known_id()?, attributes, linkage })
    }

    fn corrupt(self, description: &Description, member: &'static str, detail: &str) -> Corrupt {
        let id = self.resource_id().map(|id| id.to_string()).unwrap_or_default();
        Corrupt::new(format!("table `{}`, id {id}, member `{member}`: {detail}", description.table))
            .in_member(description.type_name, id, member)
    }
}
