//! Who was awarded what: awards and batches of them, the status lists that say which are withdrawn,
//! and the erasure of people.
//!
//! A process takes [`projections`] and [`role`]. One file per use case (`create.rs`, `change.rs`,
//! `read.rs`, `people.rs`, `batch.rs`, `watch.rs`, `status_lists.rs`, `submission.rs`), one per
//! read model
//! (`awards.rs`, `batches.rs`, `catalogue.rs`), one per policy under `policies/`.
//!
//! On the way to an award: `terms.rs` checks what was asked, `naming.rs` names person and award by
//! keyed hash, `badges.rs` holds what the badge says, `places.rs` finds a place in a status list,
//! `issue.rs` has the credential signed (`signer.rs`), checks the signature and seals the rest.

mod addresses;
mod award_rows;
mod awards;
mod badges;
mod batch;
mod batch_work;
mod batches;
mod catalogue;
mod change;
mod create;
mod csv_file;
mod grpc;
mod hygiene;
mod issue;
mod naming;
mod pages;
mod people;
mod places;
mod policies;
mod read;
mod rights;
mod role;
mod row_refusals;
mod show;
mod signer;
mod status_lists;
mod submission;
mod terms;
mod trouble;
mod watch;

use std::{future::Future, sync::Arc};

use proto::awarding::v1::awarding_server::AwardingServer;
use readmodel::{Projection, ReadModelError, ReadModels, Standing};
use runtime::{Context, Policy, RoleParts, Wire};
use tonic::service::Routes;

use crate::{
    grpc::{Grpc, PUBLIC},
    policies::{batches::BatchWorker, erasure::Erasure, follow, mail::Letters},
    role::Awarding,
};

/// The read models of the role.
#[must_use]
pub fn projections() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(awards::Awards), Arc::new(batches::Batches), Arc::new(catalogue::Catalogue)]
}

/// The tenants that stand still in the role's policies, each under the policy's name as the model.
///
/// # Errors
/// When the policies' memories cannot be read.
pub async fn standing(models: &dyn ReadModels) -> Result<Vec<Standing>, ReadModelError> {
    let mut all = Vec::new();
    for name in policies::NAMES {
        all.extend(Standing::all(models, policies::memory::slot(name)).await?);
    }
    Ok(all)
}

/// The largest request: a CSV of 8 MiB and a little around it.
const LARGEST_REQUEST: usize = 9 << 20;

/// The role: its calls and what it does on its own. `issuers` is the wire to the role that signs.
#[must_use]
pub fn role(context: &Context, issuers: Wire) -> RoleParts {
    let awarding = Arc::new(Awarding::new(context, issuers));
    let server =
        AwardingServer::new(Grpc(Arc::clone(&awarding))).max_decoding_message_size(LARGEST_REQUEST);
    let until = |name, work: fn(Arc<Awarding>) -> Work| {
        let (cancelled, awarding) = (context.tasks.cancelled(), Arc::clone(&awarding));
        let make =
            move || ended_by(cancelled.clone().cancelled_owned(), work(Arc::clone(&awarding)));
        Policy::led(name, make)
    };
    let measured = Arc::clone(&awarding);
    let lists = Policy::measuring("status-lists", context.tasks.cancelled(), move || {
        measured.lists.measure(measured.clock.now());
        std::future::ready(())
    });
    RoleParts {
        name: "awarding",
        routes: Routes::new(server),
        public: PUBLIC,
        policies: vec![
            until("awarding-batches", |awarding| Box::pin(BatchWorker::new(awarding).run())),
            until("awarding-mail", |awarding| Box::pin(follow(Letters(awarding)))),
            until("awarding-erasure", |awarding| Box::pin(follow(Erasure(awarding)))),
            lists,
        ],
    }
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Works until the end is called; what is under way is left, for the facts tell how to go on.
async fn ended_by(end: impl Future<Output = ()>, work: Work) {
    tokio::select! {
        () = end => {}
        () = work => {}
    }
}
