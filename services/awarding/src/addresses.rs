use std::{fmt, sync::Arc};

use awarding_domain::{AwardId, StatusListId};
use design_domain::BadgeId;

/// Where the public finds what credentials speak of.
#[derive(Clone)]
pub(crate) struct Addresses(Arc<str>);

impl Addresses {
    pub(crate) fn new(public_url: Arc<str>) -> Self {
        Self(public_url)
    }

    /// What all the addresses begin with.
    pub(crate) fn origin(&self) -> &str {
        &self.0
    }

    /// The credential's id and its page.
    pub(crate) fn credential(&self, award: AwardId) -> String {
        self.at(format_args!("c/{award}"))
    }

    /// The achievement's id: one version of a badge.
    pub(crate) fn achievement(&self, badge: BadgeId, version: u32) -> String {
        self.at(format_args!("b/{badge}/v/{version}"))
    }

    /// The picture of one version of a badge.
    pub(crate) fn artwork(&self, badge: BadgeId, version: u32) -> String {
        self.at(format_args!("b/{badge}/v/{version}/artwork.png"))
    }

    /// The credential of a status list.
    pub(crate) fn status_list(&self, list: StatusListId) -> String {
        self.at(format_args!("status/{list}"))
    }

    fn at(&self, path: fmt::Arguments<'_>) -> String {
        format!("{}/{path}", self.0)
    }
}
