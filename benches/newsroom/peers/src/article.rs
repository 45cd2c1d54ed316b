//! Articles: one, a page, and a change.

use std::io::Write as _;

use deadpool_postgres::GenericClient;
use serde::Deserialize;
use tokio::try_join;
use tokio_postgres::{Row, types::ToSql};

use crate::{
    Document, Failure, Pool,
    document::{self, Identifier},
    tag,
};

const ONE: &str =
    "SELECT id, title, body, view_count, published, created_at, author_id FROM articles WHERE id = $1";
const LOCKED: &str = "SELECT id, title, body, view_count, published, created_at, author_id FROM articles \
     WHERE id = $1 FOR UPDATE";
const CHANGE: &str = "UPDATE articles SET title = coalesce($2, title), body = coalesce($3, body), \
     view_count = coalesce($4, view_count), published = coalesce($5, published) WHERE id = $1 \
     RETURNING id, title, body, view_count, published, created_at, author_id";
const COUNT: &str = "SELECT count(*) FROM articles";
const PAGE: &str = "SELECT id, title, body, view_count, published, created_at, author_id FROM articles \
     ORDER BY id LIMIT $1 OFFSET $2";
// By a list of ids, which is looked up in the index. A subquery for them would spare a round trip, and PostgreSQL would read the
// whole table of comments for it.
const COMMENTS: &str = "SELECT id, text, article_id, author_id FROM comments WHERE article_id = ANY($1) \
     ORDER BY article_id, id";
const AUTHORS: &str = "SELECT id, name, email FROM people WHERE id = ANY($1) ORDER BY id";

/// What comes with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    Nothing,
    /// `include=author,comments`.
    AuthorAndComments,
}

impl Include {
    /// What the parameter asks for.
    ///
    /// # Errors
    /// If this server hasn't that.
    pub fn of(parameter: Option<&str>) -> Result<Self, Failure> {
        match parameter {
            None | Some("") => Ok(Self::Nothing),
            Some("author,comments" | "comments,author") => Ok(Self::AuthorAndComments),
            Some(_) => Err(Failure::BadRequest),
        }
    }
}

#[derive(Deserialize)]
struct Change {
    data: ChangedArticle,
}

#[derive(Deserialize)]
struct ChangedArticle {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    attributes: ChangedAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedAttributes {
    title: Option<String>,
    body: Option<String>,
    view_count: Option<i64>,
    published: Option<bool>,
}

/// One article.
///
/// # Errors
/// If there is none, and those of the database.
pub async fn one(pool: &Pool, id: i64) -> Result<Document, Failure> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(ONE).await?;
    let row = client.query_opt(&statement, &[&id]).await?.ok_or(Failure::NotFound)?;
    Ok(document::one_article(&row)?.into())
}

/// A page of all articles.
///
/// # Errors
/// Those of the database.
pub async fn page(pool: &Pool, size: i64, number: i64, include: Include) -> Result<Document, Failure> {
    let size = size.clamp(1, 100);
    let offset = number.max(1).saturating_sub(1).saturating_mul(size);
    let client = pool.get().await?;
    let (count, page) = (client.prepare_cached(COUNT).await?, client.prepare_cached(PAGE).await?);
    let window: [&(dyn ToSql + Sync); 2] = [&size, &offset];
    // Both are sent before the first is answered.
    let (count, articles) = try_join!(client.query_one(&count, &[]), client.query(&page, &window))?;
    let count = count.try_get(0)?;
    if include == Include::Nothing {
        return write(size, number, count, &articles, None);
    }
    let (comments, authors) = (client.prepare_cached(COMMENTS).await?, client.prepare_cached(AUTHORS).await?);
    let ids = articles.iter().map(|row| row.try_get::<_, i64>(0)).collect::<Result<Vec<_>, _>>()?;
    let writers =
        articles.iter().map(|row| row.try_get::<_, Option<i64>>(6)).collect::<Result<Vec<_>, _>>()?;
    let mut writers = writers.into_iter().flatten().collect::<Vec<_>>();
    writers.sort_unstable();
    writers.dedup();
    let (of_articles, of_writers): ([&(dyn ToSql + Sync); 1], [&(dyn ToSql + Sync); 1]) =
        ([&ids], [&writers]);
    let (comments, authors) =
        try_join!(client.query(&comments, &of_articles), client.query(&authors, &of_writers))?;
    write(size, number, count, &articles, Some((&authors, &comments)))
}

fn write(
    size: i64,
    number: i64,
    count: i64,
    articles: &[Row],
    included: Option<(&[Row], &[Row])>,
) -> Result<Document, Failure> {
    let last = ((count + size - 1) / size).max(1);
    let include = if included.is_some() { "include=author,comments&" } else { "" };
    let mut document = document::begin(articles.len() * if included.is_some() { 4096 } else { 1600 } + 1024);
    let _ =
        write!(document, "\"self\":\"/articles?{include}page%5Bsize%5D={size}&page%5Bnumber%5D={number}\"");
    let others = [
        ("first", 1, true),
        ("last", last, true),
        ("prev", number - 1, number > 1),
        ("next", number + 1, number < last),
    ];
    for (name, number, _) in others.iter().filter(|(_, _, there)| *there) {
        let _ = write!(
            document,
            ",\"{name}\":\"/articles?{include}page%5Bsize%5D={size}&page%5Bnumber%5D={number}\""
        );
    }
    document.extend_from_slice(b"},\"data\":[");
    let comments = included.map(|(_, comments)| comments);
    let mut at = 0;
    for (place, row) in articles.iter().enumerate() {
        if place > 0 {
            document.push(b',');
        }
        let linkage = comments.map(|comments| linkage(row, comments, &mut at)).transpose()?;
        document::article(&mut document, row, linkage.as_deref())?;
    }
    document.push(b']');
    if let Some((authors, comments)) = included {
        document.extend_from_slice(b",\"included\":[");
        let mut first = true;
        let mut separate = |document: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                document.push(b',');
            }
        };
        for row in authors {
            separate(&mut document);
            document::person(&mut document, row)?;
        }
        for row in comments {
            separate(&mut document);
            document::comment(
                &mut document,
                row.try_get(0)?,
                row.try_get(1)?,
                row.try_get(2)?,
                row.try_get(3)?,
            )?;
        }
        document.push(b']');
    }
    let _ = write!(document, ",\"meta\":{{\"count\":{count}}}}}");
    Ok(document.into())
}

/// The comments of an article, from where those of the one before have ended.
fn linkage(article: &Row, comments: &[Row], at: &mut usize) -> Result<Vec<Identifier>, Failure> {
    let id: i64 = article.try_get(0)?;
    let mut linkage = Vec::new();
    while let Some(row) = comments.get(*at) {
        if row.try_get::<_, Option<i64>>(2)? != Some(id) {
            break;
        }
        linkage.push(Identifier::new("comments", row.try_get(0)?));
        *at += 1;
    }
    Ok(linkage)
}

/// Changes an article, if it is in the state that `If-Match` names.
///
/// # Errors
/// If it is in another one, if there is no such article or the document is about another one, and those of the database.
pub async fn change(
    pool: &Pool,
    id: i64,
    document: &[u8],
    if_match: Option<&str>,
) -> Result<Document, Failure> {
    let Change { data } = serde_json::from_slice(document)?;
    if data.kind != "articles" || data.id.parse() != Ok(id) {
        return Err(Failure::Conflict);
    }
    let mut client = pool.get().await?;
    // Rolled back where it is dropped.
    let transaction = client.transaction().await?;
    let locked = transaction.prepare_cached(LOCKED).await?;
    let row = transaction.query_opt(&locked, &[&id]).await?.ok_or(Failure::NotFound)?;
    if let Some(field) = if_match
        && !tag::matches(field, &tag::tag_of(&document::one_article(&row)?))
    {
        return Err(Failure::PreconditionFailed);
    }
    let change = transaction.prepare_cached(CHANGE).await?;
    let ChangedAttributes { title, body, view_count, published } = data.attributes;
    let row = transaction.query_one(&change, &[&id, &title, &body, &view_count, &published]).await?;
    transaction.commit().await?;
    Ok(document::one_article(&row)?.into())
}
