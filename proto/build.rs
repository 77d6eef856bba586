//! Compiles the protocol without `protoc`.

use std::{env, fs, path::PathBuf};

use prost::Message;

const FILES: [&str; 7] = [
    "laurel/write/v1/write.proto",
    "laurel/page/v1/page.proto",
    "laurel/issuers/v1/issuers.proto",
    "laurel/design/v1/design.proto",
    "laurel/awarding/v1/awarding.proto",
    "laurel/backpack/v1/backpack.proto",
    "laurel/analytics/v1/analytics.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=laurel");
    let descriptors = protox::Compiler::new(["."])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(FILES)?
        .file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("laurel.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
