//! Requests by route, method and status, and how long they took.
//!
//! The routes of an application are known once it is launched. So each has a slot with all its counters from the
//! beginning, which is found by the route's address: a request adds to three counters and takes no lock. And there are only
//! as many labels as routes, whatever clients send: a request that no route answers has the name [`OTHER`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foldhash::fast::RandomState;
use rocket::http::{Method, Status};
use rocket::{Orbit, Request, Rocket, Route};

use crate::observe;
use crate::resource::route_names::{GeneratedRoute, generated_route};

/// The name of what no route answers.
pub(super) const OTHER: &str = "other";

/// The upper bounds of the histogram's buckets, in nanoseconds: from what a 304 takes to what a time-out takes.
const BOUNDS: [u64; 15] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// The statuses that have a label of their own, in order: IANA's registry. Others are told as [`OTHER`].
const STATUSES: [u16; 63] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
    308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/// The methods of HTTP that Rocket takes.
const METHODS: [Method; 9] = [
    Method::Get,
    Method::Put,
    Method::Post,
    Method::Delete,
    Method::Options,
    Method::Head,
    Method::Trace,
    Method::Connect,
    Method::Patch,
];

/// The counters of all routes.
#[derive(Debug)]
pub(super) struct RequestTable {
    slots: Vec<Slot>,
    /// The slot of each route, by its address: routes stay where they are once an application is launched.
    by_route: HashMap<usize, usize, RandomState>,
}

/// The counters of the routes with one name and one method.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) method: Method,
    /// The type of the resource that it writes, if it is a generated route that does.
    pub(super) writes: Option<&'static str>,
    /// In the order of [`STATUSES`]; in the last place all others.
    statuses: [AtomicU64; STATUSES.len() + 1],
    /// In the order of [`BOUNDS`]; in the last place all that took longer.
    durations: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// A histogram as Prometheus takes it.
pub(super) struct Durations {
    /// The sum, in seconds.
    pub(super) sum: f64,
    pub(super) count: u64,
    /// The upper bound of each bucket in seconds, and how many are in it alone.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl RequestTable {
    /// A table for the routes of an application.
    pub(super) fn of(rocket: &Rocket<Orbit>) -> Self {
        let mut table = Self { slots: Vec::new(), by_route: HashMap::default() };
        // First, and in order: what no route answers is found without a look-up.
        for method in METHODS {
            table.slots.push(Slot::new(OTHER, method, None));
        }
        for route in rocket.routes() {
            let name = observe::name_of(route);
            let known = table.slots.iter().position(|slot| slot.name == name && slot.method == route.method);
            let place = known.unwrap_or(table.slots.len());
            if known.is_none() {
                let written =
                    |route: GeneratedRoute| (!route.endpoint.reads()).then_some(route.resource.type_name);
                table.slots.push(Slot::new(name, route.method, generated_route(route).and_then(written)));
            }
            table.by_route.insert(address(route), place);
        }
        table
    }

    /// The slot of what answers a request.
    pub(super) fn slot(&self, request: &Request<'_>) -> Option<&Slot> {
        let place = match request.route().and_then(|route| self.by_route.get(&address(route))) {
            Some(place) => *place,
            None => METHODS.iter().position(|method| *method == request.method())?,
        };
        self.slots.get(place)
    }

    /// All slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// The slots that have counted a request.
    pub(super) fn used(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.answers().next().is_some())
    }
}

fn address(route: &Route) -> usize {
    std::ptr::from_ref(route) as usize
}

impl Slot {
    fn new(name: &str, method: Method, writes: Option<&'static str>) -> Self {
        Self {
            name: name.to_owned(),
            method,
            writes,
            statuses: std::array::from_fn(|_| AtomicU64::new(0)),
            durations: std::array::from_fn(|_| AtomicU64::new(0)),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// Counts an answer.
    pub(super) fn count(&self, status: Status, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let status = STATUSES.binary_search(&status.code).unwrap_or(STATUSES.len());
        let bucket = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        for counter in self.statuses.get(status).into_iter().chain(self.durations.get(bucket)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The statuses that it has answered with, each with how often. `None` stands for all that have no label.
    pub(super) fn answers(&self) -> impl Iterator<Item = (Option<u16>, u64)> {
        let labels = STATUSES.into_iter().map(Some).chain([None]);
        let counts = self.statuses.iter().map(|count| count.load(Ordering::Relaxed));
        labels.zip(counts).filter(|(_, count)| *count > 0)
    }

    /// How often it has answered with a status of the 200s.
    pub(super) fn successes(&self) -> u64 {
        let is_success = |status: Option<u16>| status.is_some_and(|status| status / 100 == 2);
        self.answers().filter(|(status, _)| is_success(*status)).map(|(_, count)| count).sum()
    }

    /// How long the answers took.
    pub(super) fn durations(&self) -> Durations {
        let bounds = BOUNDS.iter().map(|bound| Duration::from_nanos(*bound).as_secs_f64());
        let counts = self.durations.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts).collect();
        Durations {
            sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64(),
            // The sum of the buckets: a request that ends at this moment is in both or in neither.
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(STATUSES.is_sorted() && BOUNDS.is_sorted());
    }

    #[test]
    fn each_answer_is_in_one_bucket_and_under_one_status() {
        let slot = Slot::new("a", Method::Get, None);
        for (status, nanoseconds) in [
            (200, 0),
            (200, 100_000),
            (200, 100_001),
            (304, 9_000_000_000),
            (599, 11_000_000_000),
            (199, u64::MAX),
        ] {
            slot.count(Status::new(status), Duration::from_nanos(nanoseconds));
        }
        assert_eq!(slot.answers().collect::<Vec<_>>(), [(Some(200), 3), (Some(304), 1), (None, 2)]);
        assert_eq!(slot.successes(), 3);
        let durations = slot.durations();
        let of =
            |bound: f64| durations.buckets.iter().find(|(most, _)| *most == bound).map(|(_, count)| *count);
        assert_eq!(
            (of(0.0001), of(0.00025), of(10.0), of(f64::INFINITY)),
            (Some(2), Some(1), Some(1), Some(2))
        );
        assert_eq!(durations.count, 6);
    }
}
