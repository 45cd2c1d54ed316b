//! The application while a test runs.

use std::fmt;

use rocket::error::ErrorKind;
use rocket::local::asynchronous::Client as Local;

use super::request::Parts;
use super::{Answer, Setup};
use crate::api::JsonApi;

/// A launched application and what it runs over. The order of the fields is the order of their ends.
pub(super) struct Application {
    local: Local,
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    _databases: Vec<super::Database>,
}

impl Application {
    pub(super) async fn launch(setup: Setup) -> Self {
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        let (rocket, databases) = setup.prepare();
        #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
        let rocket = setup.prepare();
        let local = match Local::tracked(rocket).await {
            Ok(local) => local,
            Err(error) => panic!("the application does not launch: {}", reason(error.kind())),
        };
        Self {
            local,
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            _databases: databases,
        }
    }

    pub(super) fn local(&self) -> &Local {
        &self.local
    }

    #[track_caller]
    pub(super) fn api(&self) -> &JsonApi {
        match self.local.rocket().state() {
            Some(api) => api,
            None => panic!("the application has no generated routes: attach `JsonApi::fairing()`"),
        }
    }

    pub(super) async fn send(&self, parts: Parts) -> Answer {
        let mut request = self.local.req(parts.method, parts.path.clone());
        for header in parts.rocket_headers() {
            request.add_header(header);
        }
        let response = request.cookies(parts.cookies.clone()).body(&parts.body).dispatch().await;
        let status = response.status().code;
        let headers = response.headers().iter();
        let headers = headers.map(|header| (header.name.to_string(), header.value.into_owned())).collect();
        let body = response.into_bytes().await.unwrap_or_default();
        Answer::new(parts, status, headers, body)
    }

    /// Ends the application as a server ends, with its fairings.
    pub(super) async fn end(self) {
        self.local.terminate().await;
    }
}

/// Why an application does not launch, as far as Rocket knows.
fn reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::FailedFairings(fairings) => {
            let names: Vec<_> = fairings.iter().map(|fairing| fairing.name).collect();
            format!("these fairings refuse, and the log says why: {}", names.join(", "))
        }
        other => other.to_string(),
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").finish_non_exhaustive()
    }
}
