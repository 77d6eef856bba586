//! Compiles KurrentDB's protocol without `protoc`, when it is to be served or called.

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto");
    let sides: &[fn() -> Outcome] = &[
        #[cfg(feature = "server")]
        served,
        #[cfg(feature = "kurrent")]
        called,
    ];
    sides.iter().try_for_each(|compile| compile())
}

#[cfg(feature = "server")]
fn served() -> Outcome {
    let descriptors = protox::compile(
        [
            "streams.proto",
            "persistent.proto",
            "serverfeatures.proto",
            "gossip.proto",
            "operations.proto",
            "monitoring.proto",
            "users.proto",
            "v2/streams.proto",
            "v2/errors.proto",
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

#[cfg(feature = "kurrent")]
fn called() -> Outcome {
    let folder = std::path::Path::new(&std::env::var("OUT_DIR")?).join("called");
    std::fs::create_dir_all(&folder)?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .out_dir(folder)
        .include_file("kurrent.rs")
        .compile_fds(protox::compile(
            ["streams.proto", "gossip.proto", "serverfeatures.proto"],
            ["proto"],
        )?)?;
    Ok(())
}
