//! The client for ordinary tests, which wait.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use rocket::http::Method;
use rocket::local::asynchronous::Client as Local;
use rocket::tokio::runtime::{Builder, Runtime};
use rocket::{Build, Rocket};

use super::application::Application;
use super::request::{Parts, Request, requests};
use super::seed::seed;
use super::{Answer, Race, Setup};
use crate::api::JsonApi;
use crate::resource::JsonApiResource;
use crate::schema::ResourceId;

/// A client of an application that it has launched without a socket, over databases of its own.
///
/// A clone is the same application, which ends with the last of them, and its databases with it. In an `async` test use
/// [`asynchronous::Client`](super::asynchronous::Client).
#[derive(Clone, Debug)]
pub struct Client {
    running: Arc<Running>,
    headers: Vec<(String, String)>,
}

/// The application and the runtime that it runs in.
struct Running {
    runtime: Runtime,
    /// There until it ends.
    application: Option<Application>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(application) = self.application.take() {
            self.runtime.block_on(application.end());
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.application).finish()
    }
}

impl Client {
    requests!();

    /// Launches an application over empty databases in memory, as [`Setup`] does.
    ///
    /// # Panics
    /// If it does not launch; in an `async` function.
    pub fn new(rocket: Rocket<Build>) -> Self {
        Setup::new(rocket).start()
    }

    pub(super) fn start(setup: Setup) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("a runtime: {error}"));
        let application = Some(runtime.block_on(Application::launch(setup)));
        Self { running: Arc::new(Running { runtime, application }), headers: Vec::new() }
    }

    fn application(&self) -> &Application {
        match &self.running.application {
            Some(application) => application,
            None => unreachable!("it ends with the last client"),
        }
    }

    /// The same application, for a caller whose requests all have this header field.
    ///
    /// ```no_run
    /// # use etag_fairing::testing::Client;
    /// # fn f(client: Client) {
    /// let admin = client.with_header("Authorization", "Bearer admin");
    /// admin.delete("/v1/sessions/1").send().expect(204);
    /// client.delete("/v1/sessions/2").send().expect(401);
    /// # }
    /// ```
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
    #[track_caller]
    pub fn seed<T: JsonApiResource>(&self, new: &T) -> ResourceId {
        match self.wait(seed(self.api(), new)) {
            Ok(id) => id,
            Err(problem) => panic!("{problem}"),
        }
    }

    /// Sends writes at once, and asserts that exactly one of them succeeds and all others are 412: that whoever has not
    /// seen the latest state overwrites nothing. Each request has an `If-Match`.
    ///
    /// # Panics
    /// If not exactly one of them succeeds, or another one is not 412.
    #[track_caller]
    pub fn race<'c>(&'c self, requests: impl IntoIterator<Item = Request<'c, Self>>) -> Race {
        let requests = requests.into_iter().map(|request| self.application().send(request.parts));
        let requests: Vec<_> = requests.collect();
        Race::judge(self.wait(rocket::futures::future::join_all(requests)))
    }

    /// Waits for a future in the application's runtime: for code of yours that is `async`.
    ///
    /// # Panics
    /// If the future does; in an `async` function.
    #[track_caller]
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.running.runtime.block_on(future)
    }

    /// The generated routes' store, registry and configuration.
    ///
    /// # Panics
    /// If the application has no generated routes.
    #[track_caller]
    pub fn api(&self) -> &JsonApi {
        self.application().api()
    }

    /// Rocket's own client, for what this one doesn't do.
    pub fn local(&self) -> &Local {
        self.application().local()
    }
}

impl Request<'_, Client> {
    /// Sends it and waits for the answer.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.client.wait(self.client.application().send(self.parts))
    }
}
