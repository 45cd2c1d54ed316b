//! The request that a thread is working for, told to what knows nothing of requests: the SQL of the stores, and the bodies
//! of errors.
//!
//! A request has one only if [`Observer`](crate::Observer) is attached; without it, [`of`] and [`get`] read one flag. While
//! a generated route is answered, each poll of its future says which request it is for ([`Within`]). What is done on a
//! thread of SQLite takes it along.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rocket::Request;

/// Whether any application of this process has an observer. It never becomes false again.
static ANY: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CURRENT: RefCell<Option<Arc<CurrentRequest>>> = const { RefCell::new(None) };
}

/// What is known of a request.
#[derive(Debug, Default)]
pub(crate) struct CurrentRequest {
    pub(crate) id: Option<RequestId>,
    /// How long its statements took, in nanoseconds.
    sql: AtomicU64,
    #[cfg(feature = "tracing")]
    pub(crate) span: Option<tracing::Span>,
}

/// What the request's local cache has.
struct Slot(Option<Arc<CurrentRequest>>);

/// The id of a request: a short token that can stand in a header field, in JSON and in a log line as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Box<str>);

impl RequestId {
    /// More characters than any format of ids has.
    const LONGEST: usize = 128;

    /// An id of our own, which no other server makes. Ids are in the order of time.
    pub(crate) fn make() -> Self {
        Self(uuid::Uuid::now_v7().to_string().into())
    }

    /// The id that a client or a proxy has sent, if it can be repeated without harm: nothing in it ends a line or a text,
    /// and a client can't fill the log with it.
    pub(crate) fn parse(sent: &str) -> Option<Self> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(&byte);
        let is_taken = (1..=Self::LONGEST).contains(&sent.len()) && sent.bytes().all(is_safe);
        is_taken.then(|| Self(sent.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl CurrentRequest {
    pub(crate) fn new(id: Option<RequestId>) -> Self {
        Self { id, ..Self::default() }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn with_span(mut self, span: Option<tracing::Span>) -> Self {
        self.span = span;
        self
    }

    /// How long its statements took.
    pub(crate) fn sql(&self) -> Duration {
        Duration::from_nanos(self.sql.load(Ordering::Relaxed))
    }

    /// Counts a statement.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "postgres")),
        allow(dead_code, reason = "stores call it")
    )]
    pub(crate) fn count_sql(&self, took: Duration) {
        self.sql.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// From now on requests of this process may have one.
pub(crate) fn expect_any() {
    ANY.store(true, Ordering::Relaxed);
}

/// Sets what is known of a request. Only the first call for it counts.
pub(crate) fn set(request: &Request<'_>, current: CurrentRequest) {
    request.local_cache(|| Slot(Some(Arc::new(current))));
}

/// What is known of a request; `None` without an observer.
pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Arc<CurrentRequest>> {
    if !ANY.load(Ordering::Relaxed) {
        return None;
    }
    request.local_cache(|| Slot(None)).0.as_ref()
}

/// The request that this thread works for now; `None` if there is none, or without an observer.
pub(crate) fn get() -> Option<Arc<CurrentRequest>> {
    if !ANY.load(Ordering::Relaxed) {
        return None;
    }
    CURRENT.with_borrow(Clone::clone)
}

/// The id of that request.
pub(crate) fn id() -> Option<RequestId> {
    get()?.id.clone()
}

/// Names the request in a log line: ` (request 0190…)`, or nothing.
pub(crate) fn named() -> impl fmt::Display {
    struct Named(Option<RequestId>);

    impl fmt::Display for Named {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match &self.0 {
                Some(id) => write!(f, " (request {})", id.as_str()),
                None => Ok(()),
            }
        }
    }

    Named(id())
}

/// Does something that belongs to a request.
pub(crate) fn within<T>(current: Option<&Arc<CurrentRequest>>, work: impl FnOnce() -> T) -> T {
    let Some(current) = current else { return work() };
    let _entered = Entered::new(current);
    #[cfg(feature = "tracing")]
    let _span = current.span.as_ref().map(tracing::Span::enter);
    work()
}

/// Says which request this thread works for, until it is dropped.
struct Entered(Option<Arc<CurrentRequest>>);

impl Entered {
    fn new(current: &Arc<CurrentRequest>) -> Self {
        Self(CURRENT.replace(Some(Arc::clone(current))))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// A future that belongs to a request: so does all that its polls do, and what is done when it is dropped before its end.
pub(crate) struct Within<'f, T> {
    current: Arc<CurrentRequest>,
    future: Option<Pin<Box<dyn Future<Output = T> + Send + 'f>>>,
}

impl<'f, T> Within<'f, T> {
    pub(crate) fn new(
        current: &Arc<CurrentRequest>,
        future: Pin<Box<dyn Future<Output = T> + Send + 'f>>,
    ) -> Self {
        Self { current: Arc::clone(current), future: Some(future) }
    }
}

impl<T> Future for Within<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Self { current, future } = self.get_mut();
        match future {
            Some(future) => within(Some(current), || future.as_mut().poll(context)),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Within<'_, T> {
    fn drop(&mut self) {
        let future = self.future.take();
        within(Some(&self.current), || drop(future));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_token_is_taken_for_an_id() {
        let long = "a".repeat(RequestId::LONGEST);
        for taken in ["1", "0190a5b2-7c1e-7000-8000-000000000000", "a.b_c:d+e/f==", &long] {
            assert_eq!(RequestId::parse(taken).as_ref().map(RequestId::as_str), Some(taken));
        }
        let too_long = "a".repeat(RequestId::LONGEST + 1);
        for refused in ["", " ", "a b", "a\r\nX: y", "\"", "<script>", "a,b", "é", "a\u{0}", "{}", &too_long]
        {
            assert_eq!(RequestId::parse(refused), None, "{refused:?}");
        }
        assert_eq!(RequestId::parse(RequestId::make().as_str()).map(|id| id.as_str().len()), Some(36));
    }

    #[test]
    fn a_request_is_known_while_its_future_is_polled_and_dropped_and_not_after() {
        struct Tells(Arc<std::sync::Mutex<Vec<Option<RequestId>>>>);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.lock().expect("no panic").push(id());
            }
        }
        expect_any();
        let told = Arc::default();
        let tells = Tells(Arc::clone(&told));
        let own = RequestId::parse("own");
        let current = Arc::new(CurrentRequest::new(own.clone()));
        let mut future = Within::new(
            &current,
            Box::pin(async move {
                let _tells = tells;
                assert_eq!(id(), RequestId::parse("own"));
                std::future::pending::<()>().await;
            }),
        );
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut future).poll(&mut context).is_pending());
        assert_eq!(id(), None);
        drop(future);
        assert_eq!(*told.lock().expect("no panic"), [own]);
        assert_eq!((id(), named().to_string()), (None, String::new()));
    }
}
