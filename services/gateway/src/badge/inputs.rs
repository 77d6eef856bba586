//! What is said of a badge to be written.

use async_graphql::{ID, InputObject};
use proto::design::v1 as wire;

use crate::{call::Call, node::Type, scalar::IdempotencyKey, user_error::Refused};

/// A term of a framework that the badge corresponds to.
#[derive(InputObject)]
#[expect(clippy::struct_field_names, reason = "the names of Open Badges")]
pub struct AlignmentInput {
    /// The term's name.
    target_name: String,
    /// Where the term is defined.
    target_url: String,
    /// The term's code.
    target_code: Option<String>,
    /// The framework's name.
    target_framework: Option<String>,
    /// What the term means.
    target_description: Option<String>,
}

/// What a badge is to say.
#[derive(InputObject)]
pub struct BadgeContentInput {
    /// The badge's name.
    name: String,
    /// What it stands for.
    description: String,
    /// What it takes to earn it, in Markdown.
    criteria_narrative: Option<String>,
    /// Where it is said what it takes to earn it.
    criteria_url: Option<String>,
    /// The picture, as an upload answered it; see `artworkUploadCreate`.
    artwork_id: Option<ID>,
    /// What the picture shows, in words; required with a picture.
    artwork_caption: Option<String>,
    /// Words to find it by.
    #[graphql(default)]
    tags: Vec<String>,
    /// What it corresponds to in frameworks.
    #[graphql(default)]
    alignments: Vec<AlignmentInput>,
    /// A term of Open Badges 3.0, such as `Badge` or `MicroCredential`.
    achievement_type: Option<String>,
    /// Awards expire so many days after they are made; never when nothing is said.
    expires_after_days: Option<u32>,
}

/// A badge to begin.
#[derive(InputObject)]
pub struct BadgeCreateInput {
    /// One for each thing that is wanted.
    pub(super) idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    pub(super) client_mutation_id: Option<String>,
    /// Whose badge it is.
    pub(super) issuer_id: ID,
    /// What it says.
    pub(super) content: BadgeContentInput,
}

/// A draft to replace.
#[derive(InputObject)]
pub struct BadgeUpdateInput {
    /// One for each thing that is wanted.
    pub(super) idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    pub(super) client_mutation_id: Option<String>,
    /// Which badge.
    pub(super) badge_id: ID,
    /// What it says from now on, whole.
    pub(super) content: BadgeContentInput,
}

/// A draft to publish.
#[derive(InputObject)]
pub struct BadgePublishInput {
    /// One for each thing that is wanted.
    pub(super) idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    pub(super) client_mutation_id: Option<String>,
    /// Which badge.
    pub(super) badge_id: ID,
}

/// A badge to end.
#[derive(InputObject)]
pub struct BadgeArchiveInput {
    /// One for each thing that is wanted.
    pub(super) idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    pub(super) client_mutation_id: Option<String>,
    /// Which badge.
    pub(super) badge_id: ID,
}

impl BadgeContentInput {
    /// The same as the design role takes it.
    pub(super) fn wire(self, call: &Call) -> Result<wire::BadgeContent, Refused> {
        let artwork_id = match &self.artwork_id {
            Some(id) => call.id(Type::Artwork, id, "/content/artworkId")?,
            None => String::new(),
        };
        let alignments = self.alignments.into_iter().map(|a| wire::Alignment {
            target_name: a.target_name,
            target_url: a.target_url,
            target_code: a.target_code.unwrap_or_default(),
            target_framework: a.target_framework.unwrap_or_default(),
            target_description: a.target_description.unwrap_or_default(),
        });
        Ok(wire::BadgeContent {
            name: self.name,
            description: self.description,
            criteria_narrative: self.criteria_narrative.unwrap_or_default(),
            criteria_url: self.criteria_url.unwrap_or_default(),
            artwork_id,
            artwork_caption: self.artwork_caption.unwrap_or_default(),
            tags: self.tags,
            alignments: alignments.collect(),
            achievement_type: self.achievement_type.unwrap_or_default(),
            expires_after_days: self.expires_after_days.unwrap_or_default(),
        })
    }
}
