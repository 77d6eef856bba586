//! What a group of competing consumers is to be, as it is asked for and as it is kept.

use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::server::{
    filter::Filter,
    proto::{
        persistent_subscriptions::{create_req, update_req},
        streams::read_req::options::{FilterOptions, filter_options},
    },
};

/// The name of the source that is the whole log.
pub(super) const LOG: &str = "$all";

/// A group as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    /// The stream, or [`LOG`].
    pub source: String,
    pub group: String,
    /// What is told to those who ask where it began.
    pub start_from: String,
    /// The revision or position from which it reads when it has no checkpoint.
    pub begin: u64,
    pub filter: Option<KeptFilter>,
    pub settings: Settings,
}

/// Which events of the log, as it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptFilter {
    on_type: bool,
    regex: String,
    prefixes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    pub resolve_links: bool,
    pub extra_statistics: bool,
    /// After so many times, a message is parked instead of given again.
    pub max_retry_count: u32,
    pub min_checkpoint_count: u32,
    pub max_checkpoint_count: u32,
    /// None when it is not bounded.
    pub max_subscriber_count: Option<u32>,
    pub live_buffer_size: u32,
    pub read_batch_size: u32,
    pub history_buffer_size: u32,
    /// In milliseconds; none when a consumer may take as long as it likes.
    pub message_timeout: Option<u64>,
    /// In milliseconds.
    pub checkpoint_after: u64,
    pub strategy: Strategy,
}

/// To whom a message is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Strategy {
    RoundRobin,
    DispatchToSingle,
    Pinned,
    PinnedByCorrelation,
}

impl Strategy {
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "RoundRobin",
            Self::DispatchToSingle => "DispatchToSingle",
            Self::Pinned => "Pinned",
            Self::PinnedByCorrelation => "PinnedByCorrelation",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::RoundRobin, Self::DispatchToSingle, Self::Pinned, Self::PinnedByCorrelation]
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}

/// No buffer holds more messages.
const BUFFER: u32 = 10_000;
const TICKS_OF_MILLISECOND: i64 = 10_000;

/// What both messages say in the same way.
struct Asked {
    resolve_links: bool,
    extra_statistics: bool,
    counts: [i32; 6],
    max_subscriber_count: i32,
    message_timeout: i64,
    checkpoint_after: i64,
    strategy: Option<Strategy>,
}

/// KurrentDB answers what cannot be with an internal error, and clients know it so.
fn impossible(why: &str) -> Status {
    Status::internal(why)
}

impl Asked {
    fn settings(self) -> Result<Settings, Status> {
        let strategy =
            self.strategy.ok_or_else(|| impossible("there is no such consumer strategy"))?;
        let mut counts = [0; 6];
        for (count, asked) in counts.iter_mut().zip(self.counts) {
            *count = u32::try_from(asked).map_err(|_| impossible("a count is negative"))?;
        }
        let [retries, min, max, live, batch, history] = counts;
        if batch == 0 || batch >= history {
            return Err(impossible("the read batch must be smaller than the history buffer"));
        }
        if [live, batch, history].iter().any(|size| *size > BUFFER) {
            return Err(impossible("a buffer of that size is too large"));
        }
        let duration = |asked: i64| u64::try_from(asked).ok();
        Ok(Settings {
            resolve_links: self.resolve_links,
            extra_statistics: self.extra_statistics,
            max_retry_count: retries,
            min_checkpoint_count: min,
            max_checkpoint_count: max.max(1),
            max_subscriber_count: u32::try_from(self.max_subscriber_count)
                .ok()
                .filter(|count| *count > 0),
            live_buffer_size: live,
            read_batch_size: batch,
            history_buffer_size: history,
            message_timeout: duration(self.message_timeout).filter(|timeout| *timeout > 0),
            checkpoint_after: duration(self.checkpoint_after).unwrap_or(0),
            strategy,
        })
    }
}

macro_rules! asked {
    ($module:ident, $settings:expr, $strategy:expr) => {{
        let settings = $settings;
        Asked {
            resolve_links: settings.resolve_links,
            extra_statistics: settings.extra_statistics,
            counts: [
                settings.max_retry_count,
                settings.min_checkpoint_count,
                settings.max_checkpoint_count,
                settings.live_buffer_size,
                settings.read_batch_size,
                settings.history_buffer_size,
            ],
            max_subscriber_count: settings.max_subscriber_count,
            message_timeout: match settings.message_timeout {
                Some($module::settings::MessageTimeout::MessageTimeoutTicks(ticks)) => {
                    ticks / TICKS_OF_MILLISECOND
                }
                Some($module::settings::MessageTimeout::MessageTimeoutMs(millis)) => millis.into(),
                None => 30_000,
            },
            checkpoint_after: match settings.checkpoint_after {
                Some($module::settings::CheckpointAfter::CheckpointAfterTicks(ticks)) => {
                    ticks / TICKS_OF_MILLISECOND
                }
                Some($module::settings::CheckpointAfter::CheckpointAfterMs(millis)) => {
                    millis.into()
                }
                None => 2_000,
            },
            strategy: $strategy,
        }
    }};
}

/// The settings of a new group.
///
/// # Errors
/// Internal, as KurrentDB has it: they cannot be.
pub(super) fn created(settings: create_req::Settings) -> Result<Settings, Status> {
    use create_req::ConsumerStrategy;
    let strategy = if settings.consumer_strategy.is_empty() {
        Some(match settings.named_consumer_strategy() {
            ConsumerStrategy::DispatchToSingle => Strategy::DispatchToSingle,
            ConsumerStrategy::RoundRobin => Strategy::RoundRobin,
            ConsumerStrategy::Pinned => Strategy::Pinned,
        })
    } else {
        Strategy::named(&settings.consumer_strategy)
    };
    let asked = asked!(create_req, settings, strategy);
    asked.settings()
}

/// The new settings of a group.
///
/// # Errors
/// As for [`created`].
pub(super) fn updated(
    settings: update_req::Settings,
    before: Strategy,
) -> Result<Settings, Status> {
    use update_req::ConsumerStrategy;
    let strategy = match settings.named_consumer_strategy() {
        ConsumerStrategy::DispatchToSingle => Strategy::DispatchToSingle,
        ConsumerStrategy::RoundRobin => Strategy::RoundRobin,
        ConsumerStrategy::Pinned => Strategy::Pinned,
    };
    // By number, this one cannot be named.
    let stays = before == Strategy::PinnedByCorrelation && strategy == Strategy::Pinned;
    let strategy = if stays { before } else { strategy };
    let asked = asked!(update_req, settings, Some(strategy));
    asked.settings()
}

impl KeptFilter {
    pub fn of(asked: create_req::all_options::FilterOptions) -> Option<Self> {
        use create_req::all_options::filter_options::Filter as Subject;
        let (on_type, expression) = match asked.filter? {
            Subject::StreamIdentifier(expression) => (false, expression),
            Subject::EventType(expression) => (true, expression),
        };
        Some(Self { on_type, regex: expression.regex, prefixes: expression.prefix })
    }

    /// # Errors
    /// Invalid argument: it is no filter.
    pub fn filter(&self) -> Result<Filter, Status> {
        let expression =
            filter_options::Expression { regex: self.regex.clone(), prefix: self.prefixes.clone() };
        let filter = Some(if self.on_type {
            filter_options::Filter::EventType(expression)
        } else {
            filter_options::Filter::StreamIdentifier(expression)
        });
        Filter::of(FilterOptions { filter, ..FilterOptions::default() })
    }
}
