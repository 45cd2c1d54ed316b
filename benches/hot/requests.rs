//! Requests on the hot paths, in time. `instructions.py` counts them in instructions.

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    for case in cases::CASES {
        let bench = cases::Bench::new(&case);
        group.bench_function(case.name, |bencher| bencher.iter(|| bench.ask()));
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
