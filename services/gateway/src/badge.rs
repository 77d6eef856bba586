//! Badges: what can be awarded (in Open Badges: achievements).

mod inputs;
mod mutation;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use proto::design::v1 as wire;

use crate::{
    award::{AwardConnection, awards, not_yet, some},
    call::Call,
    cost,
    failure::Failure,
    issuer::Issuer,
    node::Type,
    page::{Connection, List, Page, connection},
    scalar::DateTime,
};

pub use self::mutation::BadgeMutation;

/// What can be awarded: a draft, or published versions that never change.
#[derive(Clone)]
pub struct Badge(pub wire::Badge);

/// Where a badge stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeStatus {
    /// No longer awarded; what was awarded stays valid.
    Archived,
    /// Not published yet.
    Draft,
    /// Can be awarded.
    Published,
    /// A status newer than this schema.
    Unknown,
}

impl BadgeStatus {
    fn of(status: i32) -> Self {
        match wire::BadgeStatus::try_from(status) {
            Ok(wire::BadgeStatus::Draft) => Self::Draft,
            Ok(wire::BadgeStatus::Published) => Self::Published,
            Ok(wire::BadgeStatus::Archived) => Self::Archived,
            Ok(wire::BadgeStatus::Unspecified) | Err(_) => Self::Unknown,
        }
    }

    fn wire(self) -> wire::BadgeStatus {
        match self {
            Self::Draft => wire::BadgeStatus::Draft,
            Self::Published => wire::BadgeStatus::Published,
            Self::Archived => wire::BadgeStatus::Archived,
            Self::Unknown => wire::BadgeStatus::Unspecified,
        }
    }
}

/// What a badge says.
pub struct BadgeContent {
    content: wire::BadgeContent,
}

/// A term of a framework that the badge corresponds to.
#[derive(SimpleObject)]
#[expect(clippy::struct_field_names, reason = "the names of Open Badges")]
pub struct Alignment {
    /// The term's name.
    pub target_name: String,
    /// Where the term is defined.
    pub target_url: String,
    /// The term's code.
    pub target_code: Option<String>,
    /// The framework's name.
    pub target_framework: Option<String>,
    /// What the term means.
    pub target_description: Option<String>,
}

/// The pictures of a published badge.
#[derive(SimpleObject)]
pub struct BadgeArtwork {
    /// What the picture shows, in words.
    pub caption: String,
    /// The picture as PNG; null before the first publication.
    pub png_url: Option<String>,
    /// The picture as SVG; null before the first publication. There may be none behind it when the picture was a PNG.
    pub svg_url: Option<String>,
}

/// What a badge says.
#[Object]
impl BadgeContent {
    /// The badge's name.
    async fn name(&self) -> &str {
        &self.content.name
    }

    /// What it stands for.
    async fn description(&self) -> &str {
        &self.content.description
    }

    /// What it takes to earn it, in Markdown.
    async fn criteria_narrative(&self) -> Option<String> {
        some(&self.content.criteria_narrative)
    }

    /// Where it is said what it takes to earn it.
    async fn criteria_url(&self) -> Option<String> {
        some(&self.content.criteria_url)
    }

    /// Words to find it by.
    async fn tags(&self) -> &[String] {
        &self.content.tags
    }

    /// What it corresponds to in frameworks.
    async fn alignments(&self) -> Vec<Alignment> {
        let alignments = self.content.alignments.iter();
        alignments
            .map(|a| Alignment {
                target_name: a.target_name.clone(),
                target_url: a.target_url.clone(),
                target_code: some(&a.target_code),
                target_framework: some(&a.target_framework),
                target_description: some(&a.target_description),
            })
            .collect()
    }

    /// A term of Open Badges 3.0, such as `Badge` or `MicroCredential`.
    async fn achievement_type(&self) -> Option<String> {
        some(&self.content.achievement_type)
    }

    /// Awards expire so many days after they are made; null for never.
    async fn expires_after_days(&self) -> Option<u32> {
        (self.content.expires_after_days > 0).then_some(self.content.expires_after_days)
    }
}

/// What can be awarded: a draft, or published versions that never change.
#[Object]
impl Badge {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Badge, &self.0.id)
    }

    /// Whose badge it is.
    async fn issuer(&self, ctx: &Context<'_>) -> Result<Issuer, Failure> {
        let issuer = Call::of(ctx).issuer(self.0.issuer_id.clone()).await?;
        issuer.ok_or_else(not_yet)
    }

    /// Where it stands.
    async fn status(&self) -> BadgeStatus {
        BadgeStatus::of(self.0.status)
    }

    /// The name, as in `content`.
    async fn name(&self) -> &str {
        self.0.content.as_ref().map(|c| c.name.as_str()).unwrap_or_default()
    }

    /// What it says: the draft if it differs from the newest version, else that version.
    #[graphql(directive = cost::cost::apply(0))]
    async fn content(&self) -> BadgeContent {
        BadgeContent { content: self.0.content.clone().unwrap_or_default() }
    }

    /// Its picture; null without one.
    #[graphql(directive = cost::cost::apply(0))]
    async fn artwork(&self, ctx: &Context<'_>) -> Option<BadgeArtwork> {
        let content = self.0.content.as_ref().filter(|c| !c.artwork_id.is_empty())?;
        let url = |suffix: &str| {
            let Badge(wire::Badge { id, version, .. }) = self;
            (*version > 0)
                .then(|| Call::of(ctx).public(format_args!("/b/{id}/v/{version}/artwork.{suffix}")))
        };
        let caption = content.artwork_caption.clone();
        Some(BadgeArtwork { caption, png_url: url("png"), svg_url: url("svg") })
    }

    /// The newest published version; null before the first publication.
    async fn version(&self) -> Option<u32> {
        (self.0.version > 0).then_some(self.0.version)
    }

    /// Whether `content` is not published yet.
    async fn has_draft(&self) -> bool {
        self.0.has_draft
    }

    /// When it was begun.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    /// When the newest version was published.
    async fn published_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.published_at.clone())
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.archived_at.clone())
    }

    /// The page that anyone may see; null before the first publication.
    async fn public_url(&self, ctx: &Context<'_>) -> Option<String> {
        (self.0.version > 0).then(|| Call::of(ctx).public(format_args!("/b/{}", self.0.id)))
    }

    /// Its awards, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn awards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<AwardConnection, Failure> {
        let page = Page { first, after, last, before };
        awards(Call::of(ctx), self.0.id.clone(), String::new(), page).await
    }
}

connection!(BadgeConnection, BadgeEdge, Badge);

/// Reads of badges.
#[derive(Default, Clone)]
pub struct BadgeQuery;

/// Reads of badges.
#[Object]
impl BadgeQuery {
    /// A badge of this tenant; null when there is none of that id.
    async fn badge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<Result<Badge, Failure>> {
        let call = Call::of(ctx);
        match call.argument(Type::Badge, &id) {
            Ok(id) => call.badge(id).await.transpose(),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The badges of this tenant, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn badges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that stand there.")] status: Option<BadgeStatus>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<BadgeConnection, Failure> {
        let call = Call::of(ctx);
        let status = status.map_or(wire::BadgeStatus::Unspecified, BadgeStatus::wire);
        let filter = [status.as_str_name()];
        let all = List::new("badges", &filter);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListBadgesRequest { page, status: status.into() });
        let reply = call.design().list_badges(request).await?.into_inner();
        let nodes = reply.badges.into_iter().map(Badge).collect();
        Ok(BadgeConnection::given(call, &all, nodes, reply.page))
    }
}
