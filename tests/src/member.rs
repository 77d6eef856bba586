//! A process of a fleet. The process is the test binary itself, told by an environment variable to
//! run one test that serves instead of testing.

use std::{ffi::OsString, process::ExitCode};

use laurel::fleet::Starter;
use tokio::process::Command;

const ARGUMENTS: &str = "LAUREL_MEMBER";

/// Starts members; `test` is the name of the test that calls [`serve_if_told`].
#[must_use]
pub fn starter(test: &'static str) -> Starter {
    Box::new(move |arguments| {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(ARGUMENTS, serde_json::Value::from(arguments.to_vec()).to_string());
        Ok(command)
    })
}

/// Serves until it is told to end when this process was started as a member; returns at once
/// otherwise.
///
/// # Panics
/// When it was started as a member and failed.
pub fn serve_if_told() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    let arguments: Vec<String> = serde_json::from_str(&arguments).expect("arguments");
    let named = ["laurel".to_owned()].into_iter().chain(arguments).map(OsString::from);
    let code = laurel::cli::run_with(named);
    assert!(code == ExitCode::SUCCESS, "the member failed");
}
