use std::sync::Arc;

use eventstore::EventStore;
use kernel::CommandId;
use keyvault::KeyVault;
use moka::sync::Cache;
use openbadges::EddsaRdfc2022;
use readmodel::View;
use runtime::{Clock, Context, Wire};
use uuid::Uuid;

use crate::{
    addresses::Addresses, awards, badges::Badges, batches, issue::Issuing, places::Places,
    show::Show, signer::Signer, status_lists::StatusLists,
};

/// The role: what its use cases share.
pub(crate) struct Awarding {
    pub(crate) context: Context,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) vault: Arc<dyn KeyVault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) awards: View,
    pub(crate) batches: View,
    pub(crate) badges: Badges,
    pub(crate) issuing: Issuing,
    pub(crate) show: Show,
    pub(crate) lists: StatusLists,
    pub(crate) addresses: Addresses,
    /// Commands carried out of late and what they asked for: an award's stream is named after badge
    /// and person, so another request under the same key would go unnoticed there.
    pub(crate) recent: Cache<CommandId, Uuid>,
}

impl Awarding {
    pub(crate) fn new(context: &Context, issuers: Wire) -> Self {
        let context = context.clone();
        let (events, vault) =
            (Arc::clone(&context.stores.events), Arc::clone(&context.stores.vault));
        let clock = Arc::clone(&context.stores.clock);
        let addresses = Addresses::new(Arc::clone(&context.public_url));
        let processor = jsonld::Processor::new(jsonld::Contexts::bundled());
        let suite = EddsaRdfc2022::new(Arc::new(processor));
        let (tokens, tasks) = (Arc::clone(&context.tokens), context.tasks.clone());
        let signer = Signer::new(issuers, tokens, Arc::clone(&clock), tasks);
        let badges = Badges::new(&context, addresses.clone(), suite.clone());
        let places = Places::new(
            Arc::clone(&events),
            Arc::clone(&vault),
            Arc::clone(&clock),
            context.stores.ids.clone(),
        );
        Self {
            awards: context.views.view(awards::MODEL),
            batches: context.views.view(batches::MODEL),
            badges,
            show: Show::new(Arc::clone(&events), Arc::clone(&vault)),
            lists: StatusLists::new(suite.clone(), signer.clone(), addresses.clone()),
            issuing: Issuing {
                places,
                signer,
                vault: Arc::clone(&vault),
                suite,
                addresses: addresses.clone(),
            },
            events,
            vault,
            clock,
            addresses,
            recent: Cache::new(50_000),
            context,
        }
    }
}
