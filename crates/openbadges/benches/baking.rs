//! What baking costs, beside the copy and the checksum of the same bytes that nothing undercuts.

#[path = "../tests/sample/picture.rs"]
mod picture;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbadges::baking::{Keyword, bake_png, bake_svg, extract};

fn baking(criterion: &mut Criterion) {
    let credential = format!("{{\"name\":\"{}\"}}", "x".repeat(4096));
    let credentials = [(Keyword::OpenBadgeCredential, credential.as_str())];
    let png = picture::png(320);
    let shapes = "<path d=\"M1 2C3 4 5 6 7 8L9 10Z\" fill=\"#123456\"/>\n".repeat(1900);
    let svg = picture::svg_with(&shapes).into_bytes();

    let mut group = criterion.benchmark_group("baking");
    for (name, picture) in [("png", &png), ("svg", &svg)] {
        group.throughput(Throughput::Bytes(picture.len() as u64));
        group.bench_function(format!("{name}, limit: copy and checksum"), |b| {
            b.iter(|| (black_box(picture).clone(), crc32fast::hash(black_box(picture))));
        });
        let bake = if name == "png" { bake_png } else { bake_svg };
        let baked = bake(picture, &credentials).expect("the sample is good");
        group.bench_function(format!("{name}, bake"), |b| {
            b.iter(|| bake(black_box(picture), &credentials));
        });
        group.bench_function(format!("{name}, extract"), |b| b.iter(|| extract(black_box(&baked))));
    }
    group.finish();
}

criterion_group!(benches, baking);
criterion_main!(benches);
