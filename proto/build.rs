//! Compiles the protocol without `protoc`.

use std::{env, fs, path::PathBuf};

use prost::Message;

const FILES: [&str; 8] = [
    "laurel/write/v1/write.proto",
    "laurel/page/v1/page.proto",
    "laurel/issuers/v1/issuers.proto",
    "laurel/design/v1/design.proto",
    "laurel/awarding/v1/awarding.proto",
    "laurel/backpack/v1/backpack.proto",
    "laurel/analytics/v1/analytics.proto",
    "laurel/keyvault/v1/keyvault.proto",
];

/// Messages that hold keys and secrets: wiped from memory when dropped.
const SECRET: [&str; 4] = ["Key", "SecretResponse", "PutRequest", "GetResponse"];
/// Messages around those, which are not printed either.
const AROUND: [&str; 2] = ["EnsureResponse", "KeyResponse"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=laurel");
    let descriptors = protox::Compiler::new(["."])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(FILES)?
        .file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("laurel.bin"), descriptors.encode_to_vec())?;
    let path = |name: &&str| format!(".laurel.keyvault.v1.{name}");
    let mut builder = tonic_prost_build::configure()
        .build_transport(false)
        .skip_debug(SECRET.iter().chain(&AROUND).map(path).collect::<Vec<_>>());
    for message in SECRET.iter().map(path) {
        builder =
            builder.type_attribute(message, "#[derive(zeroize::Zeroize, zeroize::ZeroizeOnDrop)]");
    }
    builder.compile_fds(descriptors)?;
    Ok(())
}
