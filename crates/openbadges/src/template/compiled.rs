//! What a template keeps, once it is signed with, of what all its credentials share.

use std::sync::Arc;

use super::canonical::CanonicalForm;
use super::fill::Fill;
use super::hole::Hole;
use super::slot::{self, Slot};
use super::{CredentialTemplate, unsigned};
use crate::data_integrity::EddsaRdfc2022;

/// What is the same in the canonical forms of all that is signed by this template.
#[derive(Debug)]
pub(super) struct Compiled {
    suite: EddsaRdfc2022,
    /// None when only the general algorithm can do it.
    pub(super) credential: Option<CanonicalForm>,
    /// The canonical proof configuration around the time of signing.
    pub(super) proof: Option<(String, String)>,
}

impl CredentialTemplate {
    /// What is compiled, if it was compiled for these contexts.
    pub(super) fn compiled(&self, suite: &EddsaRdfc2022) -> Option<&Compiled> {
        let compiled = self.compiled.get_or_init(|| {
            Arc::new(Compiled {
                suite: suite.clone(),
                credential: self.compile_credential(suite),
                proof: self.compile_proof(suite),
            })
        });
        compiled.suite.shares_processor_with(suite).then_some(compiled)
    }

    /// It is taken into use only when it gives what the general algorithm gives, for an award that
    /// has everything and for one that has nothing.
    fn compile_credential(&self, suite: &EddsaRdfc2022) -> Option<CanonicalForm> {
        let sample = slot::sample();
        let text = self.render_with(|hole, out| match hole {
            Hole::StatusListIndex => {
                out.extend_from_slice(Slot::StatusListIndex.marked().as_bytes());
            }
            other => other.write(out, &sample, ""),
        });
        let form = CanonicalForm::of_sample(&suite.canonical(&unsigned(&text).ok()?).ok()?)?;
        let mut all = slot::sample();
        let mut story = all.evidence[0].clone();
        story.id = None;
        all.evidence.push(story);
        let nothing = Fill {
            valid_until: None,
            awarded_date: None,
            narrative: None,
            evidence: Vec::new(),
            ..slot::sample()
        };
        let is_right = |fill: Fill| {
            let fill = Fill { status_list_index: self.has_status.then_some(7), ..fill };
            form.hash(&fill).is_some_and(|hash| self.general_hash(suite, &fill).ok() == Some(hash))
        };
        (is_right(all) && is_right(nothing)).then_some(form)
    }

    /// The configuration is one blank node with five properties; only the time varies, and that
    /// neither its label nor the order of the lines depends on.
    fn compile_proof(&self, suite: &EddsaRdfc2022) -> Option<(String, String)> {
        let created = "2000-01-01T00:00:00Z";
        let text = self.proof_text(suite, created).ok()?;
        let (before, after) = text.split_once(created)?;
        (!after.contains(created)).then(|| (before.to_owned(), after.to_owned()))
    }
}
