//! What the server costs an official client: `SERVER_PID` says whose processor time is looked at.

use std::{
    env, fs,
    time::{Duration, Instant},
};

use kurrentdb::{Client, EventData, ReadAllOptions, StreamState, SubscribeToAllOptions, SubscriptionEvent};
use serde_json::json;

const EVENTS: usize = 200_000;
const BATCH: usize = 500;
const SINGLE: usize = 500;

/// Processor time of the server, in ticks of a hundredth of a second.
fn processor() -> Duration {
    let pid = env::var("SERVER_PID").unwrap_or_else(|_| "self".into());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

fn events(count: usize) -> eyre::Result<Vec<EventData>> {
    let note = "x".repeat(250);
    (0..count)
        .map(|n| {
            let event = EventData::json("award-created.v1", &json!({ "n": n, "note": note }))?;
            Ok(event.metadata_as_json(&json!({ "at": "y".repeat(90) }))?)
        })
        .collect()
}

fn say(what: &str, count: usize, wall: Duration, server: Duration) {
    let rate = |time: Duration| count as f64 / time.as_secs_f64().max(0.001);
    println!(
        "{what}: {count} events, {:.0}/s; {:.0}/s of the server's processor time",
        rate(wall),
        rate(server)
    );
}

pub async fn measure(client: Client) -> eyre::Result<()> {
    let batches = client.batch_append(&Default::default()).await?;
    let mut waits = Vec::with_capacity(SINGLE);
    for n in 0..SINGLE {
        let start = Instant::now();
        let event = events(1)?;
        batches.append_to_stream(format!("single-{n}"), StreamState::NoStream, event).await?;
        waits.push(start.elapsed());
    }
    waits.sort_unstable();
    println!("one append after another: p50 {:?}, p99 {:?}", waits[SINGLE / 2], waits[SINGLE * 99 / 100]);

    let (start, before) = (Instant::now(), processor());
    for n in 0..EVENTS / BATCH {
        let event = events(BATCH)?;
        batches.append_to_stream(format!("many-{n}"), StreamState::NoStream, event).await?;
    }
    say("appending", EVENTS, start.elapsed(), processor() - before);

    for _ in 0..2 {
        let (start, before, mut count) = (Instant::now(), processor(), 0);
        let mut reading = client.read_all(&ReadAllOptions::default().max_count(usize::MAX)).await?;
        while reading.next().await?.is_some() {
            count += 1;
        }
        say("reading $all", count, start.elapsed(), processor() - before);
    }

    let (start, before, mut count) = (Instant::now(), processor(), 0);
    let mut following = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    loop {
        match following.next_subscription_event().await? {
            SubscriptionEvent::EventAppeared(_) => count += 1,
            SubscriptionEvent::CaughtUp(_) => break,
            _ => {}
        }
    }
    say("subscribing to $all", count, start.elapsed(), processor() - before);
    Ok(())
}
