//! Comments: a new one.

use std::io::Write as _;

use serde::Deserialize;

use crate::{Document, Failure, Pool, document};

const ADD: &str = "INSERT INTO comments (text, article_id, author_id) VALUES ($1, $2, $3) RETURNING id";

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct NewComment {
    #[serde(rename = "type")]
    kind: String,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(Deserialize)]
struct Attributes {
    text: String,
}

#[derive(Deserialize)]
struct Relationships {
    article: Data<Identifier>,
    author: Data<Identifier>,
}

#[derive(Deserialize)]
struct Identifier {
    id: String,
}

/// Adds a comment. That its article and its author are there, the foreign keys look.
///
/// # Errors
/// If they aren't there, if the document is about something else, and those of the database.
pub async fn add(pool: &Pool, document: &[u8]) -> Result<Document, Failure> {
    let Data::<NewComment> { data } = serde_json::from_slice(document)?;
    if data.kind != "comments" {
        return Err(Failure::Conflict);
    }
    let number = |of: &Data<Identifier>| of.data.id.parse::<i64>().map_err(|_| Failure::NotFound);
    let (article, author) = (number(&data.relationships.article)?, number(&data.relationships.author)?);
    let client = pool.get().await?;
    let statement = client.prepare_cached(ADD).await?;
    let row = client.query_one(&statement, &[&data.attributes.text, &article, &author]).await?;
    let id: i64 = row.try_get(0)?;
    let mut document = document::begin(1024);
    let _ = write!(document, "\"self\":\"/comments/{id}\"}},\"data\":");
    document::comment(&mut document, id, &data.attributes.text, Some(article), Some(author))?;
    document.push(b'}');
    Ok(Document { body: document, location: Some(format!("/comments/{id}")) })
}
