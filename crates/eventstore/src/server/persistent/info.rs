//! What is told of a group.

use tonic::Status;

use super::{
    member::Measured,
    pump::Served,
    settings::{LOG, Settings},
};
use crate::{
    Embedded,
    raw::Stretch,
    server::{
        proto::persistent_subscriptions::{
            SubscriptionInfo,
            subscription_info::{ConnectionInfo, Measurement},
        },
        status,
    },
};

/// A position as text.
pub(super) fn position(at: u64) -> String {
    format!("C:{at}/P:{at}")
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn millis(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// What is told of it.
///
/// # Errors
/// The log cannot be read.
pub(super) async fn info(store: &Embedded, served: &Served) -> Result<SubscriptionInfo, Status> {
    let replayed_to = served.state().replayed_to;
    let parked = served.keeping.parked(store, replayed_to).await;
    let parked = match parked.map_err(|error| status::unreadable(&error))? {
        Stretch::Of { first, last, .. } => (last + 1).saturating_sub(first.max(replayed_to)),
        Stretch::NotFound | Stretch::Tombstoned => 0,
    };
    let checkpoint = served.checkpoint();
    let state = served.state();
    let group = &state.group;
    let of_log = served.kept.source == LOG;
    let place = |place: Option<u64>| match place {
        Some(place) if of_log => position(place),
        Some(place) => place.to_string(),
        None => String::new(),
    };
    let Settings {
        resolve_links,
        extra_statistics,
        max_retry_count,
        min_checkpoint_count,
        max_checkpoint_count,
        max_subscriber_count,
        live_buffer_size,
        read_batch_size,
        history_buffer_size,
        message_timeout,
        checkpoint_after,
        strategy,
    } = served.kept.settings.clone();
    let measured = |measured: &Measured| {
        let figures = if extra_statistics { measured.figures() } else { Vec::new() };
        let figure = |(key, value): (&str, u64)| Measurement {
            key: key.to_owned(),
            value: i64::try_from(value).unwrap_or(i64::MAX),
        };
        figures.into_iter().map(figure).collect()
    };
    let connections = group.consumers.iter().map(|consumer| ConnectionInfo {
        username: consumer.who.user.clone(),
        connection_name: consumer.who.connection.clone(),
        observed_measurements: measured(&consumer.measured),
        total_items: consumer.total.cast_signed(),
        available_slots: count(consumer.free()),
        in_flight_messages: count(consumer.held),
        ..ConnectionInfo::default()
    });
    Ok(SubscriptionInfo {
        event_source: served.kept.source.clone(),
        group_name: served.kept.group.clone(),
        status: "Live".into(),
        connections: connections.collect(),
        total_items: group.total.cast_signed(),
        last_checkpointed_event_position: place(checkpoint),
        last_known_event_position: place(state.known),
        resolve_link_tos: resolve_links,
        start_from: served.kept.start_from.clone(),
        message_timeout_milliseconds: message_timeout.map_or(0, millis),
        extra_statistics,
        max_retry_count: max_retry_count.cast_signed(),
        live_buffer_size: live_buffer_size.cast_signed(),
        buffer_size: history_buffer_size.cast_signed(),
        read_batch_size: read_batch_size.cast_signed(),
        check_point_after_milliseconds: millis(checkpoint_after),
        min_check_point_count: min_checkpoint_count.cast_signed(),
        max_check_point_count: max_checkpoint_count.cast_signed(),
        read_buffer_count: count(group.buffered()),
        live_buffer_count: 0,
        retry_buffer_count: count(group.to_give_again()),
        total_in_flight_messages: count(group.given()),
        outstanding_messages_count: count(group.given()),
        named_consumer_strategy: strategy.name().into(),
        max_subscriber_count: max_subscriber_count.map_or(0, u32::cast_signed),
        parked_message_count: parked.cast_signed(),
        ..SubscriptionInfo::default()
    })
}
