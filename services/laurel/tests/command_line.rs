//! The command as others run it: its output, its exit codes, and readers that go away.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs, io,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn laurel(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurel"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    laurel(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A data folder with keys in it.
fn with_keys() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    assert!(run(&["operator-token", "--data", &data]).status.success());
    (folder, data)
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let (_folder, data) = with_keys();
    let commands: [&[&str]; 8] = [
        &["help"],
        &["man"],
        &["completions", "bash"],
        &["config", "show"],
        &["config", "check"],
        &["doctor", "--offline", "--data", &data],
        &["doctor", "--offline", "--json", "--data", &data],
        &["key", "status", "--data", &data],
    ];
    for arguments in commands {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let ended = laurel(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let complaint = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(complaint, "", "{arguments:?}");
        // The help is clap's, which ends well.
        let code = if arguments == ["help"] { 0 } else { 141 };
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
    }
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = laurel(&["man"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert!(complaint.contains("cannot write to standard output"), "{complaint}");
    assert_eq!(ended.status.code(), Some(1));
}

fn state(data: &str) -> (Option<i32>, Value) {
    let told = run(&["key", "status", "--json", "--data", data]);
    (told.status.code(), json(&told))
}

#[test]
fn the_root_key_is_rotated_and_put_in_its_place() {
    let (folder, data) = with_keys();
    let next = folder.path().join("next.key");
    let next_name = next.display().to_string();
    let place = Path::new(&data).join("keys/root.key");
    let (code, before) = state(&data);
    assert_eq!((code, &before["fits"], &before["tenants"]), (Some(0), &true.into(), &1.into()));
    assert_eq!(before["vault"], before["configured"]);

    let rotate = |more: &[&str]| {
        let arguments = ["key", "rotate", "--json", "--data", &data, "--new-root-key", &next_name];
        let told = run(&[&arguments[..], more].concat());
        (told.status.code(), json(&told))
    };
    let (code, told) = rotate(&["--dry-run"]);
    assert_eq!((code, &told["outcome"]), (Some(0), &"rehearsed".into()));
    assert!(!next.exists(), "nothing was changed");
    assert_eq!(state(&data), (Some(0), before.clone()));

    let (code, told) = rotate(&[]);
    assert_eq!((code, &told["outcome"], &told["tenants"]), (Some(0), &"done".into(), &1.into()));
    assert_eq!(told["from"], before["vault"]);
    let (code, between) = state(&data);
    assert_eq!((code, &between["vault"]), (Some(1), &told["to"]), "the old one opens nothing");
    let refused = run(&["operator-token", "--data", &data]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(rotate(&[]).1["outcome"], "already");

    fs::rename(&next, &place).unwrap();
    let (code, after) = state(&data);
    assert_eq!((code, &after["fits"]), (Some(0), &true.into()));
    assert!(after["since"].is_string(), "{after}");
    assert!(run(&["operator-token", "--data", &data]).status.success());
    fs::remove_file(&place).unwrap();
    assert_eq!(state(&data).0, Some(3), "nobody can tell without a root key");
    let told = run(&["key", "status", "--data", &data]);
    assert!(said(&told).contains("root.key"), "{told:?}");
}
