//! Resources with every kind of relationship, and servers ("nodes") over one database.

use std::any::Any;
use std::path::{Path, PathBuf};

use etag_fairing::resource::{HookError, Hooks, Operation, Write};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Statistics, ToMany, ToOne};
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Request, Rocket};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
pub(crate) struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "author")]
    articles: ToMany<Article>,
}

/// Loses its author with the person, and counts its comments by a hook of theirs.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", etag, computed(shout = Self::shout))]
pub(crate) struct Article {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(default)]
    comment_count: i64,
    #[jsonapi(relationship, on_delete = "set_null")]
    author: ToOne<Person>,
    #[jsonapi(relationship, through = "article_tags")]
    tags: ToMany<Tag>,
    #[jsonapi(relationship, inverse = "article")]
    comments: ToMany<Comment>,
}

impl Article {
    fn shout(&self) -> String {
        self.title.to_uppercase()
    }
}

/// Goes with its article. Its hooks run SQL that the request brings.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "comments", etag, hooks)]
pub(crate) struct Comment {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    article: ToOne<Article>,
}

#[rocket::async_trait]
impl Hooks for Comment {
    async fn before_read(request: &Request<'_>, _: Operation) -> Result<(), HookError> {
        run_raw(request);
        Ok(())
    }

    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        run_raw(write.request());
        let Some(id) = self.article.id() else { return Ok(()) };
        if let Some(mut article) = write.find::<Article>(id).await? {
            article.comment_count += 1;
            write.update(&article).await?;
        }
        Ok(())
    }
}

/// The header field with SQL that a hook is to run.
pub(crate) const RAW: &str = "Raw";

/// Runs it by a connection of the application's own, and waits for it.
fn run_raw(request: &Request<'_>) {
    if let (Some(sql), Some(place)) = (request.headers().get_one(RAW), request.rocket().state::<Place>()) {
        // Connections of the tests block, as nothing may where requests are answered.
        std::thread::scope(|scope| scope.spawn(|| place.connect().run(sql)).join().expect("SQL"));
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tags", etag)]
pub(crate) struct Tag {
    #[jsonapi(id)]
    id: String,
    label: String,
    #[jsonapi(relationship, through = "article_tags", linkage = false)]
    articles: ToMany<Article>,
}

pub(crate) const JSON_API: &str = "application/vnd.api+json";

/// URLs of every kind, by every parameter.
pub(crate) const URLS: [&str; 35] = [
    "/articles/1",
    "/articles/2",
    "/articles/1?include=author",
    "/articles/1?include=tags,comments",
    "/articles/1?fields[articles]=title",
    "/articles/1?include=author.articles&fields[people]=name",
    "/articles",
    "/articles?page[size]=2&page[number]=2",
    "/articles?page[size]=2&page[totals]",
    "/articles?page[offset]=1&page[limit]=2",
    "/articles?include=author,comments,tags",
    "/articles?sort=-title",
    "/articles?sort=author.name,title",
    "/articles?filter[title][like]=%25a%25",
    "/articles?filter[author.name]=Ann",
    "/articles?filter[comments.text]=first",
    "/articles?filter[tags.label]=News",
    "/articles?fields[articles]=shout&sort=title",
    "/articles/1/author",
    "/articles/1/tags",
    "/articles/1/comments",
    "/articles/1/comments?sort=-text&include=article",
    "/articles/1/relationships/author",
    "/articles/1/relationships/tags",
    "/articles/1/relationships/comments",
    "/articles/1/relationships/tags?include=tags",
    "/articles/1/relationships/tags?page[size]=1&page[totals]",
    "/people",
    "/people/1",
    "/people/1?include=articles.comments",
    "/people/1/articles?include=tags",
    "/people/1/relationships/articles",
    "/tags/news?include=articles",
    "/tags/news/articles",
    "/comments?include=article.author&sort=text",
];

/// Rows that every URL has something of.
const ROWS: &str = "INSERT INTO people (id, name) VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO articles (id, title, comment_count, author_id)
        VALUES (1, 'alpha', 1, 1), (2, 'beta', 0, 1), (3, 'gamma', 0, 2), (4, 'delta', 0, NULL);
    INSERT INTO comments (id, text, article_id) VALUES (1, 'first', 1), (2, 'second', 2);
    INSERT INTO tags (id, label) VALUES ('news', 'News'), ('sport', 'Sport');
    INSERT INTO article_tags (article_id, tag_id) VALUES (1, 'news'), (2, 'news'), (3, 'sport');";

/// A database, with the rows above.
pub(crate) struct Database {
    place: Place,
    _kept: Box<dyn Any + Send + Sync>,
}

#[derive(Clone)]
enum Place {
    /// The file of an SQLite database.
    File(PathBuf),
    /// The URL of one on a PostgreSQL.
    #[cfg(feature = "postgres")]
    Server(String),
}

impl Place {
    fn connect(&self) -> Box<dyn Outside> {
        match self {
            Self::File(path) => Box::new(open(path)),
            #[cfg(feature = "postgres")]
            Self::Server(url) => Box::new(super::postgres::Connection::open(url.clone())),
        }
    }
}

fn open(path: &Path) -> rusqlite::Connection {
    let sqlite = rusqlite::Connection::open(path).expect("the database");
    sqlite.busy_timeout(std::time::Duration::from_secs(30)).expect("a timeout");
    sqlite.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF").expect("settings");
    sqlite
}

/// Somebody else's connection.
pub(crate) trait Outside {
    /// Runs statements.
    fn run(&self, sql: &str);
}

impl Outside for rusqlite::Connection {
    fn run(&self, sql: &str) {
        self.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl Database {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::File(folder.path().join("newspaper.db"));
        let database = Self { place, _kept: Box::new(folder) };
        // The tables are made by the first launch.
        drop(database.node("0"));
        database.outside().execute_batch(ROWS).expect("rows");
        database
    }

    /// One on a PostgreSQL, if there is a server.
    #[cfg(feature = "postgres")]
    pub(crate) fn on_postgres() -> Option<Self> {
        let provided = postgres_server::Database::provide()?;
        let database = Self { place: Place::Server(provided.url().to_owned()), _kept: Box::new(provided) };
        drop(database.node("0"));
        let outside = super::postgres::Connection::open(database.url());
        outside.run(ROWS);
        // Ids that were given by hand are not given again.
        for table in ["people", "articles", "comments"] {
            outside.run(&format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), 10)"));
        }
        Some(database)
    }

    /// The same, worked in as this role of PostgreSQL's.
    #[cfg(feature = "postgres")]
    pub(crate) fn worked_in_as(mut self, role: &str) -> Self {
        if let Place::Server(url) = &mut self.place {
            url.push_str(&format!("%20-crole%3D{role}"));
        }
        self
    }

    /// What the configuration names it by.
    pub(crate) fn url(&self) -> String {
        match &self.place {
            Place::File(path) => format!("sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Place::Server(url) => url.clone(),
        }
    }

    /// The file of an SQLite database.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.place {
            Place::File(path) => path.clone(),
            #[cfg(feature = "postgres")]
            Place::Server(_) => panic!("no file"),
        }
    }

    /// A connection of somebody else, of whatever kind.
    pub(crate) fn somebody_else(&self) -> Box<dyn Outside> {
        self.place.connect()
    }

    /// A server with a memo of this size.
    pub(crate) fn node(&self, memo: &str) -> Node {
        self.node_with(&[("etag.memo", memo)])
    }

    pub(crate) fn node_with(&self, settings: &[(&str, &str)]) -> Node {
        Node(Client::untracked(self.application(settings)).expect("a rocket"))
    }

    /// A connection of somebody else.
    pub(crate) fn outside(&self) -> rusqlite::Connection {
        open(&self.path())
    }
}

/// A server.
pub(crate) struct Node(pub(crate) Client);

/// An answer, taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) tag: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) body: String,
}

impl Database {
    /// The application of a node.
    pub(crate) fn application(&self, settings: &[(&str, &str)]) -> Rocket<Build> {
        let mut figment = rocket::Config::figment()
            .merge(("etag.enabled", true))
            .merge(("log_level", "off"))
            .merge(("databases.api.url", self.url()));
        figment = match self.place {
            Place::File(_) => figment
                .merge(("databases.api.synchronous", "normal"))
                .merge(("databases.api.busy_timeout", 30)),
            #[cfg(feature = "postgres")]
            Place::Server(_) => figment,
        };
        for (key, value) in settings {
            figment = figment.merge((*key, *value));
        }
        rocket::custom(figment)
            .manage(self.place.clone())
            .attach(JsonApi::fairing())
            .attach(EtagFairing::new())
            .mount("/", Person::routes())
            .mount("/", Article::routes())
            .mount("/", Comment::routes())
            .mount("/", Tag::routes())
    }
}

impl Node {
    pub(crate) fn get(&self, url: &str, fields: &[(&'static str, &str)]) -> Answer {
        let mut request = self.0.get(url.to_owned());
        for (name, value) in fields {
            request.add_header(Header::new(*name, (*value).to_owned()));
        }
        let response = request.dispatch();
        let field = |name: &str| response.headers().get_one(name).map(str::to_owned);
        let (status, tag, media_type) = (response.status(), field("ETag"), field("Content-Type"));
        Answer { status, tag, media_type, body: response.into_string().unwrap_or_default() }
    }

    /// A GET with the tag of what the client has.
    pub(crate) fn get_again(&self, url: &str, tag: &str) -> Answer {
        self.get(url, &[("If-None-Match", tag)])
    }

    /// A write with a document, or without one.
    pub(crate) fn write(&self, method: &str, url: &str, document: &str) -> Status {
        self.write_with(method, url, document, &[])
    }

    pub(crate) fn write_with(
        &self,
        method: &str,
        url: &str,
        document: &str,
        fields: &[(&'static str, &str)],
    ) -> Status {
        let method = method.parse().expect("a method");
        let media_type = Header::new("Content-Type", JSON_API);
        let mut request = self.0.req(method, url.to_owned()).header(media_type).body(document);
        for (name, value) in fields {
            request.add_header(Header::new(*name, (*value).to_owned()));
        }
        request.dispatch().status()
    }

    pub(crate) fn statistics(&self) -> &Statistics {
        self.0.rocket().state().expect("statistics")
    }
}
