//! Tenants are walled off: every operation there is, by GraphQL, between the roles and on the web,
//! as everybody who must not, on what is there, foreign, gone and nowhere. What is foreign and what
//! is nowhere are answered byte for byte alike. An operation without a row in the tables fails.

#[path = "walls/graphql.rs"]
mod graphql;
#[path = "walls/graphql_table.rs"]
mod graphql_table;
#[path = "walls/grpc.rs"]
mod grpc;
#[path = "walls/grpc_table.rs"]
mod grpc_table;
#[path = "walls/http.rs"]
mod http;
#[path = "walls/http_table.rs"]
mod http_table;
#[path = "walls/ids.rs"]
mod ids;
#[path = "walls/matrix.rs"]
mod matrix;
#[path = "walls/who.rs"]
mod who;
#[path = "walls/wires.rs"]
mod wires;
#[path = "walls/world.rs"]
mod world;

use std::collections::BTreeSet;

use matrix::{Operation, Watch};
use world::World;

/// Says that a table has a row for everything there is, and none for anything else.
fn complete(what: &str, there_are: &BTreeSet<String>, rows: &BTreeSet<String>) {
    let missing: Vec<_> = there_are.difference(rows).collect();
    let stale: Vec<_> = rows.difference(there_are).collect();
    assert!(missing.is_empty(), "{what} without a row: {missing:?}");
    assert!(stale.is_empty(), "rows without {what}: {stale:?}");
}

#[test]
fn every_method_has_a_row() {
    complete("methods", &grpc::methods(), &grpc::rows());
}

#[test]
fn every_field_and_node_has_a_row() {
    complete("fields", &graphql::Schema::published().operations(), &graphql::rows());
}

#[test]
fn every_route_has_a_row() {
    complete("routes", &http::routes(), &http::rows());
}

async fn all<O: Operation>(world: &World, rows: &[O], faults: &mut Vec<String>, calls: &mut u32) {
    for operation in rows {
        Watch { world, operation, faults, calls }.strangers().await;
    }
    for operation in rows {
        Watch { world, operation, faults, calls }.the_one_who_may().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_meet_walls_wherever_they_come() -> anyhow::Result<()> {
    let began = std::time::Instant::now();
    let world = World::open().await?;
    let opened = began.elapsed();
    let (mut faults, mut calls) = (Vec::new(), 0);
    all(&world, grpc_table::ROWS, &mut faults, &mut calls).await;
    let schema = graphql::Schema::published();
    let asked = |row| graphql::Asked { row, schema: &schema };
    let fields: Vec<_> = graphql_table::ROWS.iter().map(asked).collect();
    all(&world, &fields, &mut faults, &mut calls).await;
    http::Walk { world: &world, faults: &mut faults, calls: &mut calls }.all().await;
    println!("{calls} calls in {:?}, of which {opened:?} for the world", began.elapsed());
    assert!(faults.is_empty(), "{} holes:\n{}", faults.len(), faults.join("\n"));
    world.house.close().await;
    Ok(())
}
