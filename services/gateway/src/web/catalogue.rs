//! Badges and issuers as pages show them, kept in memory for moments: a published version never
//! changes, and a new name of an issuer may take half a minute to show. For awards see
//! [`crate::shelf`].

use std::{sync::Arc, time::Duration};

use kernel::TenantId;
use moka::sync::Cache;
use proto::{
    design::v1::{Badge, BadgeContent, BadgeStatus, GetPublicBadgeRequest},
    issuers::v1::{GetPublicIssuerRequest, Issuer},
};

use super::{Web, engagement::BadgeId, markdown, problem::Problem, words};

pub(super) struct Catalogue {
    badges: Cache<(BadgeId, u32), Arc<BadgeView>>,
    issuers: Cache<String, Arc<IssuerView>>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let kept = Duration::from_secs(30);
        Self {
            badges: Cache::builder().max_capacity(5_000).time_to_live(kept).build(),
            issuers: Cache::builder().max_capacity(5_000).time_to_live(kept).build(),
        }
    }
}

/// A published version of a badge, ready to show.
pub(super) struct BadgeView {
    pub key: BadgeId,
    pub tenant: Option<TenantId>,
    pub issuer: String,
    pub version: u32,
    pub archived: bool,
    pub name: String,
    pub kind: String,
    pub summary: String,
    pub description: String,
    /// As HTML.
    pub criteria: String,
    pub criteria_link: Option<String>,
    pub has_artwork: bool,
    /// Whether the artwork is there as SVG, too.
    pub has_drawing: bool,
    pub caption: String,
    pub tags: Vec<String>,
    pub alignments: Vec<AlignmentView>,
    /// `/b/…/v/…`.
    pub path: String,
    /// The same with the public URL.
    pub url: String,
    /// As the role told it.
    pub content: BadgeContent,
}

/// What a badge corresponds to elsewhere.
pub(super) struct AlignmentView {
    pub name: String,
    pub link: Option<String>,
    pub note: String,
}

/// An issuer, ready to show.
pub(super) struct IssuerView {
    pub id: String,
    pub name: String,
    pub description: String,
    pub summary: String,
    pub site: Option<String>,
    pub email: Option<String>,
    pub did: String,
    /// Where the keys are published.
    pub domain: String,
    /// As the role told it.
    pub issuer: Issuer,
}

impl Web {
    /// A published version of a badge; the newest for 0, which is always asked for anew.
    pub(super) async fn badge(&self, id: &str, version: u32) -> Result<Arc<BadgeView>, Problem> {
        let key: BadgeId = id.parse().map_err(|_| Problem::missing())?;
        if let Some(view) = self.0.catalogue.badges.get(&(key, version)) {
            return Ok(view);
        }
        let request = GetPublicBadgeRequest { badge_id: id.to_owned(), version };
        let reply = self.design().get_public_badge(request).await;
        let reply = reply.map_err(|status| Problem::of_lookup(&status))?.into_inner();
        let badge = reply.badge.ok_or_else(Problem::missing)?;
        let drawing = reply.artwork_media_type == "image/svg+xml";
        let view = BadgeView::of(badge, reply.version, drawing, key, self.public_url());
        let view = Arc::new(view);
        if version != 0 {
            self.0.catalogue.badges.insert((key, version), view.clone());
        }
        Ok(view)
    }

    /// An issuer.
    pub(super) async fn issuer(&self, id: &str) -> Result<Arc<IssuerView>, Problem> {
        match self.0.catalogue.issuers.get(id) {
            Some(view) => Ok(view),
            None => self.issuer_now(id).await,
        }
    }

    /// An issuer as it is at this moment: a new key may have signed already, a lost one is lost.
    pub(super) async fn issuer_now(&self, id: &str) -> Result<Arc<IssuerView>, Problem> {
        let request = GetPublicIssuerRequest { issuer_id: id.to_owned() };
        let reply = self.issuers().get_public_issuer(request).await;
        let reply = reply.map_err(|status| Problem::of_lookup(&status))?.into_inner();
        let view = Arc::new(IssuerView::of(reply.issuer.ok_or_else(Problem::missing)?));
        self.0.catalogue.issuers.insert(id.to_owned(), view.clone());
        Ok(view)
    }
}

impl BadgeView {
    fn of(badge: Badge, version: u32, has_drawing: bool, key: BadgeId, public_url: &str) -> Self {
        let archived = badge.status() == BadgeStatus::Archived;
        let content = badge.content.unwrap_or_default();
        let path = format!("/b/{}/v/{version}", badge.id);
        let alignment = |alignment: &proto::design::v1::Alignment| {
            let parts = [
                &alignment.target_framework,
                &alignment.target_code,
                &alignment.target_description,
            ];
            let parts: Vec<&str> =
                parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            AlignmentView {
                name: alignment.target_name.clone(),
                link: words::link(&alignment.target_url),
                note: parts.join(" · "),
            }
        };
        Self {
            key,
            tenant: badge.tenant_id.parse().ok(),
            issuer: badge.issuer_id,
            version,
            archived,
            name: content.name.clone(),
            kind: words::kind(&content.achievement_type),
            summary: words::summary(&content.description),
            description: content.description.clone(),
            criteria: markdown::html(&content.criteria_narrative),
            criteria_link: words::link(&content.criteria_url),
            has_artwork: !content.artwork_id.is_empty(),
            has_drawing,
            caption: content.artwork_caption.clone(),
            tags: content.tags.clone(),
            alignments: content.alignments.iter().map(alignment).collect(),
            url: format!("{public_url}{path}"),
            path,
            content,
        }
    }
}

impl IssuerView {
    fn of(issuer: Issuer) -> Self {
        let email = Some(issuer.email.clone()).filter(|email| !email.is_empty());
        let summary = match issuer.description.as_str() {
            "" => format!("{} issues badges that anyone can verify.", issuer.name),
            text => words::summary(text),
        };
        Self {
            id: issuer.id.clone(),
            name: issuer.name.clone(),
            description: issuer.description.clone(),
            summary,
            site: words::link(&issuer.url),
            email,
            did: issuer.did.clone(),
            domain: words::did_host(&issuer.did),
            issuer,
        }
    }
}
