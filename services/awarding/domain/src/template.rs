use kernel::{Aggregate, Class, Rejection};
use serde::{Deserialize, Serialize};

use crate::Digest;

/// The text that the credentials of one badge version, issuer profile and key share; named by its
/// digest, recorded once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// Nobody used it yet.
    #[default]
    Absent,
    /// Its text.
    Recorded(String),
}

/// What can be asked of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateCommand {
    /// Keep its text.
    Record {
        /// What [`openbadges::CredentialTemplate::text`] gives.
        text: String,
    },
}

/// What can happen to a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateEvent {
    /// Its text was kept.
    #[serde(rename = "template-recorded.v1")]
    Recorded(TemplateRecorded),
}

/// The text of a template was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRecorded {
    /// The text.
    pub text: String,
}

/// Why a template does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRejection {
    /// Another text stands under this digest: the store is damaged.
    #[error("another template is recorded under this digest: restore the event store")]
    Other,
}

impl Rejection for TemplateRejection {
    fn code(&self) -> &'static str {
        "INTERNAL"
    }

    fn class(&self) -> Class {
        Class::Conflict
    }
}

impl Aggregate for Template {
    const CATEGORY: &'static str = "template";
    type Id = Digest;
    type Command = TemplateCommand;
    type Event = TemplateEvent;
    type Rejection = TemplateRejection;

    fn decide(&self, command: TemplateCommand) -> Result<Vec<TemplateEvent>, TemplateRejection> {
        let TemplateCommand::Record { text } = command;
        match self {
            Template::Absent => Ok(vec![TemplateEvent::Recorded(TemplateRecorded { text })]),
            Template::Recorded(recorded) if *recorded == text => Ok(vec![]),
            Template::Recorded(_) => Err(TemplateRejection::Other),
        }
    }

    fn evolve(self, event: TemplateEvent) -> Self {
        let TemplateEvent::Recorded(TemplateRecorded { text }) = event;
        match self {
            Template::Absent => Template::Recorded(text),
            recorded @ Template::Recorded(_) => recorded,
        }
    }
}
