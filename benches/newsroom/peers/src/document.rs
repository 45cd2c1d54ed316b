//! JSON:API documents, written from rows into one buffer.

use std::fmt;
use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use tokio_postgres::Row;

use crate::Failure;

/// JSON:API's.
pub const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A document and what its answer says beside it.
#[derive(Debug)]
pub struct Document {
    /// The document.
    pub body: Vec<u8>,
    /// Where the resource is that has been created.
    pub location: Option<String>,
}

impl From<Vec<u8>> for Document {
    fn from(body: Vec<u8>) -> Self {
        Self { body, location: None }
    }
}

/// Text that is made while it is written.
struct Text<'a>(fmt::Arguments<'a>);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A moment as RFC 3339 has it.
struct Moment(DateTime<Utc>);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

#[derive(Serialize)]
pub(crate) struct Identifier {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(serialize_with = "as_text")]
    id: i64,
}

impl Identifier {
    pub(crate) fn new(kind: &'static str, id: i64) -> Self {
        Self { kind, id }
    }
}

fn as_text<S: Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[derive(Serialize)]
struct Links<'a> {
    #[serde(rename = "self")]
    own: Text<'a>,
}

#[derive(Serialize)]
struct RelationshipLinks<'a> {
    #[serde(rename = "self")]
    own: Text<'a>,
    related: Text<'a>,
}

#[derive(Serialize)]
struct Relationship<'a, T: Serialize> {
    links: RelationshipLinks<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

macro_rules! relationship {
    ($kind:literal, $id:expr, $name:literal, $data:expr) => {
        Relationship {
            links: RelationshipLinks {
                own: Text(format_args!(concat!("/", $kind, "/{}/relationships/", $name), $id)),
                related: Text(format_args!(concat!("/", $kind, "/{}/", $name), $id)),
            },
            data: $data,
        }
    };
}

#[derive(Serialize)]
struct Resource<'a, A: Serialize, R: Serialize> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(serialize_with = "as_text")]
    id: i64,
    attributes: A,
    relationships: R,
    links: Links<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArticleAttributes<'a> {
    title: &'a str,
    body: &'a str,
    view_count: i64,
    published: bool,
    created_at: Moment,
}

#[derive(Serialize)]
struct ArticleRelationships<'a> {
    author: Relationship<'a, Identifier>,
    comments: Relationship<'a, &'a [Identifier]>,
}

#[derive(Serialize)]
struct CommentAttributes<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct CommentRelationships<'a> {
    article: Relationship<'a, Identifier>,
    author: Relationship<'a, Identifier>,
}

#[derive(Serialize)]
struct PersonAttributes<'a> {
    name: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
struct PersonRelationships<'a> {
    articles: Relationship<'a, ()>,
    comments: Relationship<'a, ()>,
}

/// What a document is: its first links, up to and without what they stand before.
pub(crate) fn begin(size: usize) -> Vec<u8> {
    let mut document = Vec::with_capacity(size);
    document.extend_from_slice(b"{\"jsonapi\":{\"version\":\"1.1\"},\"links\":{");
    document
}

/// The document of one article, a row of `article::COLUMNS`.
pub(crate) fn one_article(row: &Row) -> Result<Vec<u8>, Failure> {
    let id: i64 = row.try_get(0)?;
    let mut document = begin(2048);
    let _ = write!(document, "\"self\":\"/articles/{id}\"}},\"data\":");
    article(&mut document, row, None)?;
    document.push(b'}');
    Ok(document)
}

/// An article, a row of `article::COLUMNS`; with the linkage of its comments where they are included.
pub(crate) fn article(
    document: &mut Vec<u8>,
    row: &Row,
    comments: Option<&[Identifier]>,
) -> Result<(), Failure> {
    let id: i64 = row.try_get(0)?;
    let author: Option<i64> = row.try_get(6)?;
    let resource = Resource {
        kind: "articles",
        id,
        attributes: ArticleAttributes {
            title: row.try_get(1)?,
            body: row.try_get(2)?,
            view_count: row.try_get(3)?,
            published: row.try_get(4)?,
            created_at: Moment(row.try_get(5)?),
        },
        relationships: ArticleRelationships {
            author: relationship!("articles", id, "author", author.map(|id| Identifier::new("people", id))),
            comments: relationship!("articles", id, "comments", comments),
        },
        links: Links { own: Text(format_args!("/articles/{id}")) },
    };
    Ok(serde_json::to_writer(document, &resource)?)
}

/// A comment.
pub(crate) fn comment(
    document: &mut Vec<u8>,
    id: i64,
    text: &str,
    article: Option<i64>,
    author: Option<i64>,
) -> Result<(), Failure> {
    let article = article.map(|id| Identifier::new("articles", id));
    let author = author.map(|id| Identifier::new("people", id));
    let resource = Resource {
        kind: "comments",
        id,
        attributes: CommentAttributes { text },
        relationships: CommentRelationships {
            article: relationship!("comments", id, "article", article),
            author: relationship!("comments", id, "author", author),
        },
        links: Links { own: Text(format_args!("/comments/{id}")) },
    };
    Ok(serde_json::to_writer(document, &resource)?)
}

/// Somebody who writes: id, name, email.
pub(crate) fn person(document: &mut Vec<u8>, row: &Row) -> Result<(), Failure> {
    let id: i64 = row.try_get(0)?;
    let resource = Resource {
        kind: "people",
        id,
        attributes: PersonAttributes { name: row.try_get(1)?, email: row.try_get(2)? },
        relationships: PersonRelationships {
            articles: relationship!("people", id, "articles", None),
            comments: relationship!("people", id, "comments", None),
        },
        links: Links { own: Text(format_args!("/people/{id}")) },
    };
    Ok(serde_json::to_writer(document, &resource)?)
}
