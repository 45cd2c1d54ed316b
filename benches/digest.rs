//! Making an entity tag: SHA-1 and hex over the bodies of the load bench.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use etag_fairing::EntityTag;

const SIZES: [(&str, usize); 3] = [("1 KiB", 1 << 10), ("64 KiB", 64 << 10), ("1 MiB", 1 << 20)];

fn digest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("EntityTag::of");
    for (name, size) in SIZES {
        // Every byte value, in no order that hashing could profit from.
        let body: Vec<u8> =
            (0_u32..).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).take(size).collect();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &body, |bencher, body| {
            bencher.iter(|| EntityTag::of(black_box(body)));
        });
    }
    group.finish();
}

criterion_group!(benches, digest);
criterion_main!(benches);
