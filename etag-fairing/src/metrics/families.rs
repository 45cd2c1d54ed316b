//! All metrics: the name, the meaning and the source of each.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::requests::{Durations, OTHER, RequestTable};
use super::sources::Sources;
use crate::admission::AdmissionLimit;
use crate::api::own_writes::OwnWriteFigures;
use crate::conditional::Reason;
use crate::fairing::NotModifiedWay;
use crate::store::{CommitSizes, StoreFigures};

/// What is told of: the counters of the requests, and those of all else.
pub(super) struct Counted<'a> {
    pub(super) requests: &'a RequestTable,
    pub(super) sources: &'a Sources,
}

/// A metric.
pub(super) struct Family {
    /// The name; of a counter without the `_total` at its end, which the format adds.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: MetricType,
    /// Writes its samples.
    pub(super) write: fn(&Counted<'_>, &mut Samples<'_>) -> fmt::Result,
}

/// Takes the samples of one metric.
pub(super) struct Samples<'a>(pub(super) MetricEncoder<'a>);

impl Samples<'_> {
    fn with(
        &mut self,
        labels: &[(&str, &str)],
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if labels.is_empty() { write(&mut self.0) } else { write(&mut self.0.encode_family(&labels)?) }
    }

    fn counter(&mut self, labels: &[(&str, &str)], count: u64) -> fmt::Result {
        self.with(labels, |encoder| encoder.encode_counter::<NoLabelSet, _, u64>(&count, None))
    }

    fn seconds(&mut self, labels: &[(&str, &str)], time: Duration) -> fmt::Result {
        self.with(labels, |encoder| encoder.encode_counter::<NoLabelSet, _, u64>(&time.as_secs_f64(), None))
    }

    fn gauge(&mut self, labels: &[(&str, &str)], value: u64) -> fmt::Result {
        self.with(labels, |encoder| encoder.encode_gauge(&value))
    }

    fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        sum: f64,
        count: u64,
        buckets: &[(f64, u64)],
    ) -> fmt::Result {
        self.with(labels, |encoder| encoder.encode_histogram::<NoLabelSet>(sum, count, buckets, None))
    }

    fn info(&mut self, labels: &impl EncodeLabelSet) -> fmt::Result {
        self.0.encode_info(labels)
    }
}

const LIMITS: [(&str, AdmissionLimit); 2] =
    [("max_requests", AdmissionLimit::Requests), ("max_unread", AdmissionLimit::Bytes)];

fn each_limit(
    counted: &Counted<'_>,
    mut write: impl FnMut(&[(&str, &str)], crate::admission::LimitFigures) -> fmt::Result,
) -> fmt::Result {
    let Some(admission) = &counted.sources.admission else { return Ok(()) };
    LIMITS.iter().try_for_each(|(name, limit)| write(&[("limit", name)], admission.figures(*limit)))
}

fn statistic(
    counted: &Counted<'_>,
    samples: &mut Samples<'_>,
    read: fn(&crate::fairing::Statistics) -> u64,
) -> fmt::Result {
    counted.sources.statistics.as_ref().map_or(Ok(()), |statistics| samples.counter(&[], read(statistics)))
}

fn own_writes(counted: &Counted<'_>) -> Option<OwnWriteFigures> {
    counted.sources.own_writes.as_ref().map(|writes| writes.figures())
}

/// A counter of the generated routes' writes and of those of code of the application's own.
fn of_all_writes(
    counted: &Counted<'_>,
    samples: &mut Samples<'_>,
    by_routes: fn(&crate::fairing::Statistics) -> u64,
    by_own_code: fn(&OwnWriteFigures) -> u64,
) -> fmt::Result {
    let by_routes = counted.sources.statistics.as_ref().map(by_routes);
    let by_own_code = own_writes(counted).as_ref().map(by_own_code);
    match (by_routes, by_own_code) {
        (None, None) => Ok(()),
        (by_routes, by_own_code) => {
            samples.counter(&[], by_routes.unwrap_or_default() + by_own_code.unwrap_or_default())
        }
    }
}

fn store_counter(
    counted: &Counted<'_>,
    samples: &mut Samples<'_>,
    read: fn(&StoreFigures) -> u64,
) -> fmt::Result {
    let mut stores = counted.sources.stores();
    stores.try_for_each(|(store, figures)| samples.counter(&[("store", store)], read(&figures)))
}

fn memo(counted: &Counted<'_>) -> Option<crate::memo::MemoFigures> {
    counted.sources.memo.as_ref().map(|memo| memo.figures())
}

fn each_queue(
    counted: &Counted<'_>,
    mut write: impl FnMut(&[(&str, &str)], crate::store::QueueFigures) -> fmt::Result,
) -> fmt::Result {
    counted.sources.stores().try_for_each(|(store, figures)| {
        figures.queues.into_iter().try_for_each(|queue| {
            let name = queue.name;
            write(&[("store", store), ("queue", name)], queue)
        })
    })
}

/// All metrics, in the order in which they are told.
pub(super) const FAMILIES: [Family; 34] = [
    Family {
        name: "etag_build",
        help: "The release of etag-fairing; always 1",
        kind: MetricType::Info,
        write: |_, samples| samples.info(&[("version", env!("CARGO_PKG_VERSION"))].as_slice()),
    },
    Family {
        name: "etag_requests",
        help: "Requests, by the name of the route, its method and the status of the answer",
        kind: MetricType::Counter,
        write: |counted, samples| {
            counted.requests.used().try_for_each(|slot| {
                slot.answers().try_for_each(|(status, count)| {
                    let status = status.map_or_else(|| OTHER.to_owned(), |status| status.to_string());
                    let labels = [
                        ("route", slot.name.as_str()),
                        ("method", slot.method.as_str()),
                        ("status", &status),
                    ];
                    samples.counter(&labels, count)
                })
            })
        },
    },
    Family {
        name: "etag_request_duration_seconds",
        help: "Time from a request's head to its answer, without the sending of the body",
        kind: MetricType::Histogram,
        write: |counted, samples| {
            counted.requests.used().try_for_each(|slot| {
                let Durations { sum, count, buckets } = slot.durations();
                let labels = [("route", slot.name.as_str()), ("method", slot.method.as_str())];
                samples.histogram(&labels, sum, count, &buckets)
            })
        },
    },
    Family {
        name: "etag_admission_taken",
        help: "How much of a limit is taken: requests in progress of max_requests, bytes of max_unread and the memo",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            each_limit(counted, |labels, limit| samples.gauge(labels, limit.taken as u64))
        },
    },
    Family {
        name: "etag_admission_most",
        help: "How much of it may be taken",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            each_limit(counted, |labels, limit| samples.gauge(labels, limit.most as u64))
        },
    },
    Family {
        name: "etag_admission_refused",
        help: "Requests that were answered with 503, since a limit was reached",
        kind: MetricType::Counter,
        write: |counted, samples| each_limit(counted, |labels, limit| samples.counter(labels, limit.refused)),
    },
    Family {
        name: "etag_not_modified",
        help: "304s: from the memo, after the representation was built, or by a handler of your own",
        kind: MetricType::Counter,
        write: |counted, samples| {
            let Some(statistics) = &counted.sources.statistics else { return Ok(()) };
            NotModifiedWay::ALL.into_iter().try_for_each(|way| {
                let label = match way {
                    NotModifiedWay::Memo => "memo",
                    NotModifiedWay::Built => "built",
                    NotModifiedWay::Handler => "handler",
                };
                samples.counter(&[("way", label)], statistics.not_modified_by(way))
            })
        },
    },
    Family {
        name: "etag_bytes_saved",
        help: "Bytes of bodies that 304s left out, before any content coding",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.bytes_saved()),
    },
    Family {
        name: "etag_bodies_hashed",
        help: "Bodies that were hashed for their tags",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.digests()),
    },
    Family {
        name: "etag_bodies_recognised",
        help: "Bodies that were not hashed, since the same bytes had been before",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.digests_saved()),
    },
    Family {
        name: "etag_precondition_refusals",
        help: "Requests that were refused by their preconditions, by status (412, 428) and reason",
        kind: MetricType::Counter,
        write: |counted, samples| {
            let Some(statistics) = &counted.sources.statistics else { return Ok(()) };
            for reason in Reason::ALL {
                let labels = [("status", "412"), ("reason", reason.word())];
                samples.counter(&labels, statistics.failed_because(reason))?;
            }
            let labels = [("status", "428"), ("reason", "required")];
            samples.counter(&labels, statistics.preconditions_required())
        },
    },
    Family {
        name: "etag_memo_lookups",
        help: "Reads that asked the memo: it had the answer, none, or one of another revision",
        kind: MetricType::Counter,
        write: |counted, samples| {
            let Some(statistics) = &counted.sources.statistics else { return Ok(()) };
            samples.counter(&[("outcome", "hit")], statistics.memo_hits())?;
            samples.counter(&[("outcome", "miss")], statistics.memo_misses())?;
            samples.counter(&[("outcome", "stale")], statistics.memo_stale())
        },
    },
    Family {
        name: "etag_memo_entries",
        help: "Answers in the memo",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            memo(counted).map_or(Ok(()), |memo| samples.gauge(&[], memo.entries as u64))
        },
    },
    Family {
        name: "etag_memo_bytes",
        help: "What the answers in the memo weigh",
        kind: MetricType::Gauge,
        write: |counted, samples| memo(counted).map_or(Ok(()), |memo| samples.gauge(&[], memo.bytes)),
    },
    Family {
        name: "etag_memo_most_bytes",
        help: "What they may weigh",
        kind: MetricType::Gauge,
        write: |counted, samples| memo(counted).map_or(Ok(()), |memo| samples.gauge(&[], memo.most_bytes)),
    },
    Family {
        name: "etag_memo_evictions",
        help: "Answers that the memo has forgotten, so that others found room",
        kind: MetricType::Counter,
        write: |counted, samples| memo(counted).map_or(Ok(()), |memo| samples.counter(&[], memo.evictions)),
    },
    Family {
        name: "etag_reads_timed_out",
        help: "Reads that were ended because they took longer than read_timeout",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.reads_timed_out()),
    },
    Family {
        name: "etag_reads_abandoned",
        help: "Reads that were ended because their client was gone",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.reads_abandoned()),
    },
    Family {
        name: "etag_writes",
        help: "Writes that were made by generated routes, and operations, by the type of the resource",
        kind: MetricType::Counter,
        write: |counted, samples| {
            let mut types: Vec<(&str, u64)> = Vec::new();
            let operations = counted.sources.operation_writes.as_ref().map(|writes| writes.figures());
            let requests =
                counted.requests.slots().filter_map(|slot| slot.writes.map(|name| (name, slot.successes())));
            for (written, number) in requests.chain(operations.into_iter().flatten()) {
                match types.iter_mut().find(|(name, _)| *name == written) {
                    Some((_, count)) => *count += number,
                    None => types.push((written, number)),
                }
            }
            types.iter().try_for_each(|(name, count)| samples.counter(&[("type", name)], *count))
        },
    },
    Family {
        name: "etag_own_writes",
        help: "Transactions of code of your own (JsonApi::write), by what became of them",
        kind: MetricType::Counter,
        write: |counted, samples| {
            let Some(writes) = own_writes(counted) else { return Ok(()) };
            samples.counter(&[("outcome", "committed")], writes.committed)?;
            samples.counter(&[("outcome", "refused")], writes.refused)?;
            samples.counter(&[("outcome", "timed_out")], writes.timed_out)
        },
    },
    Family {
        name: "etag_writes_repeated",
        help: "How often a write of a route or of code of your own began again, because another write had come in between",
        kind: MetricType::Counter,
        write: |counted, samples| {
            of_all_writes(
                counted,
                samples,
                |statistics| statistics.writes_repeated(),
                |writes| writes.repeated,
            )
        },
    },
    Family {
        name: "etag_writes_timed_out",
        help: "Writes that were undone because they took longer than write_timeout",
        kind: MetricType::Counter,
        write: |counted, samples| {
            of_all_writes(
                counted,
                samples,
                |statistics| statistics.writes_timed_out(),
                |writes| writes.timed_out,
            )
        },
    },
    Family {
        name: "etag_answers_repeated",
        help: "Writes with an Idempotency-Key that had come before and were given their first answer again",
        kind: MetricType::Counter,
        write: |counted, samples| statistic(counted, samples, |statistics| statistics.answers_repeated()),
    },
    Family {
        name: "etag_store_statements",
        help: "Statements that were run, without transaction control",
        kind: MetricType::Counter,
        write: |counted, samples| store_counter(counted, samples, |figures| figures.statements),
    },
    Family {
        name: "etag_store_rows_read",
        help: "Rows that statements gave",
        kind: MetricType::Counter,
        write: |counted, samples| store_counter(counted, samples, |figures| figures.rows_read),
    },
    Family {
        name: "etag_store_commit_writes",
        help: "Commits, by how many writes shared one",
        kind: MetricType::Histogram,
        write: |counted, samples| {
            counted.sources.stores().try_for_each(|(store, figures)| {
                let sizes = figures.commits;
                let bounds = CommitSizes::UP_TO.iter().map(|most| *most as f64).chain([f64::INFINITY]);
                let buckets: Vec<_> = bounds.zip(sizes.commits).collect();
                samples.histogram(&[("store", store)], sizes.writes as f64, sizes.number(), &buckets)
            })
        },
    },
    Family {
        name: "etag_store_deadlocks",
        help: "Transactions that the database ended, since they waited in a circle with others",
        kind: MetricType::Counter,
        write: |counted, samples| store_counter(counted, samples, |figures| figures.deadlocks),
    },
    Family {
        name: "etag_store_connections",
        help: "Open connections of the pool",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            counted.sources.stores().try_for_each(|(store, figures)| {
                let Some(connections) = figures.connections else { return Ok(()) };
                samples.gauge(&[("store", store), ("state", "used")], connections.used as u64)?;
                samples.gauge(&[("store", store), ("state", "idle")], connections.idle as u64)
            })
        },
    },
    Family {
        name: "etag_store_most_connections",
        help: "Connections that the pool may have",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            counted.sources.stores().try_for_each(|(store, figures)| {
                let most = figures.connections.map(|connections| connections.most as u64);
                most.map_or(Ok(()), |most| samples.gauge(&[("store", store)], most))
            })
        },
    },
    Family {
        name: "etag_store_queue_waits",
        help: "How many had to wait for a reader, the writer, a connection, or a place for slow reads",
        kind: MetricType::Counter,
        write: |counted, samples| each_queue(counted, |labels, queue| samples.counter(labels, queue.waits)),
    },
    Family {
        name: "etag_store_queue_wait_seconds",
        help: "How long they have waited, all together",
        kind: MetricType::Counter,
        write: |counted, samples| each_queue(counted, |labels, queue| samples.seconds(labels, queue.waited)),
    },
    Family {
        name: "etag_store_queue_timeouts",
        help: "How many of them have waited in vain, which is answered with 503",
        kind: MetricType::Counter,
        write: |counted, samples| {
            each_queue(counted, |labels, queue| samples.counter(labels, queue.timed_out))
        },
    },
    Family {
        name: "etag_store_queue_waiting",
        help: "How many wait at the moment",
        kind: MetricType::Gauge,
        write: |counted, samples| {
            each_queue(counted, |labels, queue| samples.gauge(labels, queue.waiting as u64))
        },
    },
    Family {
        name: "etag_launch_time_seconds",
        help: "When the application was launched, in seconds since 1970",
        kind: MetricType::Gauge,
        write: |counted, samples| samples.gauge(&[], counted.sources.launched),
    },
];
