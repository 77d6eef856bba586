//! Compiles KurrentDB's protocol without `protoc`, when it is to be served.

#[cfg(not(feature = "server"))]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}

#[cfg(feature = "server")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(
        [
            "streams.proto",
            "persistent.proto",
            "serverfeatures.proto",
            "gossip.proto",
            "operations.proto",
            "monitoring.proto",
            "users.proto",
        ],
        ["proto"],
    )?;
    // Records are put on the wire as they come from the log: `server::event` says how.
    let event = "crate::server::event::ReadEvent";
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .extern_path(".event_store.client.streams.ReadResp.ReadEvent", event)
        .extern_path(".event_store.client.persistent_subscriptions.ReadResp.ReadEvent", event)
        .include_file("kurrent.rs")
        .compile_fds(descriptors)?;
    Ok(())
}
