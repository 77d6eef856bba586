//! The contract between the roles: the messages, clients and servers generated from
//! `proto/laurel/*/v1/*.proto`. To add a call, write it there; the servers that lack it stop
//! compiling.

#![allow(missing_docs, clippy::all, clippy::pedantic)]

/// The descriptors of all files, for reflection and for tests that walk every call.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/laurel.bin"));

pub mod write {
    pub mod v1 {
        tonic::include_proto!("laurel.write.v1");
    }
}
pub mod page {
    pub mod v1 {
        tonic::include_proto!("laurel.page.v1");
    }
}
pub mod issuers {
    pub mod v1 {
        tonic::include_proto!("laurel.issuers.v1");
    }
}
pub mod design {
    pub mod v1 {
        tonic::include_proto!("laurel.design.v1");
    }
}
pub mod awarding {
    pub mod v1 {
        tonic::include_proto!("laurel.awarding.v1");
    }
}
pub mod backpack {
    pub mod v1 {
        tonic::include_proto!("laurel.backpack.v1");
    }
}
pub mod analytics {
    pub mod v1 {
        tonic::include_proto!("laurel.analytics.v1");
    }
}
pub mod keyvault {
    pub mod v1 {
        tonic::include_proto!("laurel.keyvault.v1");
    }
}
