//! What a database says of its tables, in the words that both databases share.

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// A database.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) database: Database,
    /// Its URL, without a password.
    pub(crate) url: String,
    /// In the order of their names.
    pub(crate) tables: Vec<Table>,
}

/// What a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    Table,
    View,
    /// A virtual table, a foreign table: what rows it has is known to somebody else.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) kind: TableKind,
    pub(crate) columns: Vec<Column>,
    /// The columns of the primary key, in their order.
    pub(crate) key: Vec<String>,
    /// The columns of each unique index without a condition.
    pub(crate) uniques: Vec<Vec<String>>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// Whether SQLite makes the values of an integer key: it is the rowid.
    pub(crate) makes_ids: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The type as the database has it, for comments.
    pub(crate) declared: String,
    pub(crate) holds: Holds,
    pub(crate) is_not_null: bool,
    /// The default as SQL.
    pub(crate) default: Option<String>,
    /// Whether the database makes each value, so that none can be given.
    pub(crate) is_generated: bool,
    /// Whether the database makes a value where none is given, beside a default: an identity.
    pub(crate) is_identity: bool,
}

/// A foreign key: its columns, and those that they refer to.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    pub(crate) columns: Vec<String>,
    pub(crate) table: String,
    /// Empty for the primary key.
    pub(crate) targets: Vec<String>,
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Bool,
    Small,
    Integer,
    Big,
    Single,
    Double,
    Decimal,
    Text,
    Timestamp,
    DateTime,
    Date,
    Time,
    Uuid,
    Json,
    Bytes,
    Duration,
    /// A list of these.
    List(Box<Holds>),
    /// An enum's name and its labels.
    Enum(String, Vec<String>),
    /// What no attribute holds.
    Nothing,
}

impl Catalogue {
    /// Whether two names of tables or columns are the same.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        match self.database {
            Database::Sqlite => one.eq_ignore_ascii_case(other),
            Database::Postgres => one == other,
        }
    }

    /// A column by its name.
    pub(crate) fn column<'table>(&self, table: &'table Table, name: &str) -> Option<&'table Column> {
        table.columns.iter().find(|column| self.is_same(&column.name, name))
    }
}

impl Column {
    /// Whether a row can be made without a value for the column.
    pub(crate) fn can_be_left_out(&self) -> bool {
        !self.is_not_null || self.default.is_some() || self.is_generated || self.is_identity
    }
}
