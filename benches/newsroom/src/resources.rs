//! The resources.

use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne};

/// Somebody who writes.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
pub(crate) struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    email: String,
    #[jsonapi(relationship, inverse = "author")]
    articles: ToMany<Article>,
    #[jsonapi(relationship, inverse = "author")]
    comments: ToMany<Comment>,
}

/// What they write.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", etag)]
pub(crate) struct Article {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(index(trigram))]
    title: String,
    body: String,
    #[jsonapi(default)]
    view_count: i64,
    #[jsonapi(default)]
    published: bool,
    created_at: DateTime<Utc>,
    #[jsonapi(relationship)]
    author: ToOne<Person>,
    #[jsonapi(relationship, inverse = "article")]
    comments: ToMany<Comment>,
}

/// What others say to it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "comments", etag)]
pub(crate) struct Comment {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    article: ToOne<Article>,
    #[jsonapi(relationship)]
    author: ToOne<Person>,
}
