//! The client for tests that are `async` themselves.

use std::future::Future;
use std::sync::Arc;

use rocket::futures::future::join_all;
use rocket::http::Method;
use rocket::local::asynchronous::Client as Local;
use rocket::{Build, Rocket};

use super::application::Application;
use super::request::{Parts, Request, requests};
use super::seed::seed;
use super::{Answer, Race, Setup};
use crate::api::JsonApi;
use crate::resource::JsonApiResource;
use crate::schema::ResourceId;

/// The [`Client`](super::Client) for tests that are `async` themselves, such as those with `#[rocket::async_test]`.
///
/// ```
/// # use etag_fairing::{JsonApi, JsonApiResource};
/// # use rocket::{Build, Rocket};
/// # #[derive(JsonApiResource)]
/// # #[jsonapi(type = "notes")]
/// # struct Note { #[jsonapi(id)] id: i64, text: String }
/// # fn application() -> Rocket<Build> {
/// #     rocket::build().attach(JsonApi::fairing()).mount("/v1", Note::routes())
/// # }
/// # rocket::async_test(async {
/// use etag_fairing::testing::asynchronous::Client;
///
/// let client = Client::new(application()).await;
/// let notes = client.get("/v1/notes").send().await.expect(200);
/// assert_eq!(notes.many::<Note>().len(), 0);
/// client.end().await;
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    application: Arc<Application>,
    headers: Vec<(String, String)>,
}

impl Client {
    requests!();

    /// Launches an application over empty databases in memory, as [`Setup`] does.
    ///
    /// # Panics
    /// If it does not launch.
    pub async fn new(rocket: Rocket<Build>) -> Self {
        Setup::new(rocket).launch().await
    }

    pub(super) async fn launch(setup: Setup) -> Self {
        Self { application: Arc::new(Application::launch(setup).await), headers: Vec::new() }
    }

    /// The same application, for a caller whose requests all have this header field.
    #[must_use]
    pub fn with_header(&self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let mut client = self.clone();
        client.headers.push((name.into(), value.into()));
        client
    }

    /// Stores a struct, without hooks, guards and validation. Returns its id, which the store makes if it is 0 or empty.
    ///
    /// # Panics
    /// If it cannot be stored.
    pub async fn seed<T: JsonApiResource>(&self, new: &T) -> ResourceId {
        seed(self.api(), new).await.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Sends writes at once, as [`Client::race`](super::Client::race) does.
    ///
    /// # Panics
    /// If not exactly one of them succeeds, or another one is not 412.
    pub async fn race<'c>(&'c self, requests: impl IntoIterator<Item = Request<'c, Self>>) -> Race {
        let requests: Vec<_> = requests.into_iter().collect();
        Race::judge(join_all(requests.into_iter().map(Request::<Self>::send)).await)
    }

    /// The generated routes' store, registry and configuration.
    ///
    /// # Panics
    /// If the application has no generated routes.
    #[track_caller]
    pub fn api(&self) -> &JsonApi {
        self.application.api()
    }

    /// Rocket's own client, for what this one doesn't do.
    pub fn local(&self) -> &Local {
        self.application.local()
    }

    /// Ends the application as a server ends, with its shutdown fairings. What is not ended like this is dropped.
    pub async fn end(self) {
        if let Some(application) = Arc::into_inner(self.application) {
            application.end().await;
        }
    }
}

impl Request<'_, Client> {
    /// Sends it.
    pub fn send(self) -> impl Future<Output = Answer> {
        let application = Arc::clone(&self.client.application);
        async move { application.send(self.parts).await }
    }
}
