//! What was seen of badges by the public: page views and checks of credentials, added up before
//! they become facts.
//!
//! Pure: facts in, decisions out. To add an event, add a variant and a golden file
//! `golden/{type}.json`; the golden test names the ones that are missing.

mod engagement;

pub use engagement::{
    Engagement, EngagementCommand, EngagementEvent, EngagementRecorded, EngagementRejection,
    MOST_AT_ONCE, MOST_TIMES, RecordingId, Seen,
};
