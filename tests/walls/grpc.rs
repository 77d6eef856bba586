//! The methods of the roles, behind their wires.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorSet;
use runtime::Refusal;

use super::{
    grpc_table::{ROWS, Row},
    ids::{Ids, Thing},
    matrix::{Absent, Answer, Operation, Verdict},
    who::Who,
    wires,
    world::World,
};

impl Operation for Row {
    fn name(&self) -> String {
        self.method.to_owned()
    }

    fn who(&self) -> Who {
        self.who
    }

    fn names(&self) -> Vec<Thing> {
        self.names.to_vec()
    }

    fn absent(&self) -> Absent {
        self.absent
    }

    fn writes(&self) -> bool {
        let verb = self.method.split('/').nth(1).unwrap_or_default();
        !["Get", "List", "Watch"].iter().any(|reading| verb.starts_with(reading))
    }

    fn refused(&self) -> Option<&'static str> {
        self.refused
    }

    async fn send(&self, world: &World, token: Option<&str>, ids: &Ids) -> Answer {
        let wires = world.house.process.front().expect("a gateway").wires();
        let answer = wires::call(wires, self.method, token, (self.message)(ids)).await;
        let (verdict, mut whole) = match answer {
            // Byte for byte, each as a character.
            Ok(bytes) => (Verdict::Done, bytes.iter().map(|byte| char::from(*byte)).collect()),
            Err(status) => {
                let details = status.details();
                let whole = format!("{:?} {:?} {details:?}", status.code(), status.message());
                (Verdict::Refused(Refusal::of(&status).code), whole)
            }
        };
        for thing in self.names {
            whole = whole.replace(&ids.get(*thing), "{id}");
        }
        Answer { verdict, whole }
    }
}

/// The methods of the descriptors, as `Service/Method`; without those of the key vault, which asks
/// for certificates and not for tokens, and whose own tests say who may call it.
pub fn methods() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).expect("descriptors");
    let roles = set.file.iter().filter(|file| file.package() != "laurel.keyvault.v1");
    let services = roles.flat_map(|file| &file.service);
    services
        .flat_map(|service| {
            service.method.iter().map(|m| format!("{}/{}", service.name(), m.name()))
        })
        .collect()
}

/// The methods of the table.
pub fn rows() -> BTreeSet<String> {
    ROWS.iter().map(|row| row.method.to_owned()).collect()
}
