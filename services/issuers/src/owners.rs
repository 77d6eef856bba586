//! Keeps an organisation's set of owners within its members with the role owner.

use eventstore::{ExecuteError, Execution};
use issuers_domain::{Member, MemberId, Organization, OrganizationCommand, OrganizationRejection};
use kernel::OrganizationId;
use runtime::{Context, command};
use tonic::Status;

/// Takes a member out of the set before the role goes.
///
/// # Errors
/// `LAST_OWNER`.
pub(crate) async fn release(
    context: &Context,
    execution: &Execution,
    organization: OrganizationId,
    member: MemberId,
) -> Result<(), Status> {
    let command = OrganizationCommand::RemoveOwner(member);
    decide(context, execution, organization, command).await.map_err(command::refusal)
}

/// Brings the set in line with what the member is now, whoever else changed it meanwhile.
///
/// # Errors
/// When the stores do not answer.
pub(crate) async fn settle(
    context: &Context,
    execution: &Execution,
    organization: OrganizationId,
    member: MemberId,
) -> Result<(), Status> {
    let (events, home) = (&*context.stores.events, organization.home());
    let now = command::state::<Member>(events, home, &member).await?;
    let owns = matches!(&now, Member::Active { grants, .. } if grants.own());
    let organized = command::state::<Organization>(events, home, &organization).await?;
    let Organization::Active { owners, .. } = organized else { return Ok(()) };
    let command = match (owns, owners.contains(&member)) {
        (true, false) => OrganizationCommand::AddOwner(member),
        (false, true) => OrganizationCommand::RemoveOwner(member),
        (true, true) | (false, false) => return Ok(()),
    };
    match decide(context, execution, organization, command).await {
        // Somebody else left first; the set keeps its last name until there is another owner.
        Ok(()) | Err(ExecuteError::Rejected(OrganizationRejection::LastOwner)) => Ok(()),
        Err(error) => Err(command::refusal(error)),
    }
}

/// A command of its own: its facts stand beside those of the command that asked for it.
async fn decide(
    context: &Context,
    execution: &Execution,
    organization: OrganizationId,
    command: OrganizationCommand,
) -> Result<(), ExecuteError<OrganizationRejection>> {
    let events = &*context.stores.events;
    let own = Execution {
        tenant: organization.home(),
        command: context.stores.ids.command(),
        fingerprint: None,
        causation: Some(execution.command.uuid()),
        ..execution.clone()
    };
    eventstore::execute::<Organization>(events, &own, &organization, command).await.map(drop)
}
