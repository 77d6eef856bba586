use kernel::{Aggregate, Base64, Class, OrganizationId, Rejection};
use serde::{Deserialize, Serialize};

use crate::{ClientId, Grants, Name};

/// A program that works for an organisation, in the tenant of its stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// Never made.
    #[default]
    Absent,
    /// It works.
    Active(ClientCreated),
    /// It works no more.
    Revoked(ClientCreated),
}

/// What can be asked about a client.
#[derive(Clone, Debug)]
pub enum ClientCommand {
    /// Makes it.
    Create(ClientCreated),
    /// Ends it.
    Revoke,
}

/// What can happen to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientEvent {
    /// It was made.
    #[serde(rename = "client-created.v1")]
    Created(ClientCreated),
    /// It was ended.
    #[serde(rename = "client-revoked.v1")]
    Revoked {},
}

/// A new client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCreated {
    /// Which.
    pub client: ClientId,
    /// For whom it works.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: Name,
    /// SHA-256 of its secret, which is 32 random bytes in text form and so needs no slow hash.
    pub secret_sha256: Base64,
    /// What it may do.
    pub grants: Grants,
}

/// Why nothing happens to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientRejection {
    /// There is none.
    #[error("there is no such client")]
    NotFound,
}

impl Rejection for ClientRejection {
    fn code(&self) -> &'static str {
        "NOT_FOUND"
    }

    fn class(&self) -> Class {
        Class::Missing
    }
}

impl Aggregate for Client {
    const CATEGORY: &'static str = "client";
    type Id = ClientId;
    type Command = ClientCommand;
    type Event = ClientEvent;
    type Rejection = ClientRejection;

    fn decide(&self, command: ClientCommand) -> Result<Vec<ClientEvent>, ClientRejection> {
        use ClientCommand::{Create, Revoke};
        match (self, command) {
            (Client::Absent, Create(created)) => Ok(vec![ClientEvent::Created(created)]),
            (Client::Absent, Revoke) => Err(ClientRejection::NotFound),
            (Client::Active(_), Revoke) => Ok(vec![ClientEvent::Revoked {}]),
            (Client::Active(_), Create(_)) | (Client::Revoked(_), Create(_) | Revoke) => Ok(vec![]),
        }
    }

    fn evolve(self, event: ClientEvent) -> Self {
        match (self, event) {
            (_, ClientEvent::Created(created)) => Client::Active(created),
            (Client::Active(client) | Client::Revoked(client), ClientEvent::Revoked {}) => {
                Client::Revoked(client)
            }
            (Client::Absent, ClientEvent::Revoked {}) => Client::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    fn creation() -> ClientCreated {
        ClientCreated {
            client: ClientId::derived([1; 16]),
            organization: OrganizationId::derived([2; 16]),
            name: "Campus system".parse().expect("a name"),
            secret_sha256: Base64(vec![7; 32]),
            grants: Grants::owner(),
        }
    }

    #[test]
    fn making_it_again_changes_nothing() {
        let create = ClientCommand::Create(creation());
        let created = ClientEvent::Created(creation());
        assert_eq!(Client::Absent.decide(create.clone()), Ok(vec![created.clone()]));
        assert_eq!(given::<Client>([created.clone()]).decide(create.clone()), Ok(vec![]));
        let revoked = given::<Client>([created, ClientEvent::Revoked {}]);
        assert_eq!(revoked.decide(create), Ok(vec![]), "a repeat brings nothing back");
    }

    #[test]
    fn what_was_revoked_stays_revoked() {
        let client = given::<Client>([ClientEvent::Created(creation())]);
        assert_eq!(client.decide(ClientCommand::Revoke), Ok(vec![ClientEvent::Revoked {}]));
        let revoked = client.evolve(ClientEvent::Revoked {});
        assert_eq!(revoked.decide(ClientCommand::Revoke), Ok(vec![]));
        let nobody = Client::Absent.decide(ClientCommand::Revoke);
        assert_eq!(nobody, Err(ClientRejection::NotFound));
    }
}
