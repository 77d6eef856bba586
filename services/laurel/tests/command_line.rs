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
fn answers_in_json_are_one_document_and_lines_of_them() {
    let (_folder, data) = with_keys();
    let token = json(&run(&["operator-token", "--json", "--data", &data]));
    assert!(token["token"].is_string() && token["validSeconds"] == 3600, "{token}");
    for command in ["status", "rebuild"] {
        let told = run(&["projection", command, "--json", "--data", &data]);
        assert!(told.status.success(), "{told:?}");
        for line in said(&told).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["model"].is_string() && row["ready"] == true, "{row}");
        }
        assert!(said(&told).lines().count() > 5, "{told:?}");
    }
    let nowhere = run(&["key", "status", "--json", "--data", "/nowhere"]);
    assert_eq!((nowhere.status.code(), said(&nowhere).as_str()), (Some(1), ""));
    assert!(!nowhere.stderr.is_empty());
}

#[test]
fn parts_are_copied_examined_and_restored_apart() {
    let (folder, data) = with_keys();
    assert!(run(&["projection", "status", "--data", &data]).status.success(), "there is a log");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let root = format!("{data}/keys/root.key");
    for part in ["log", "keys", "artwork"] {
        let told = run(&["backup", "--json", "--part", part, "--to", &at(part), "--data", &data]);
        assert_eq!(json(&told)["files"].as_array().unwrap().len(), 1, "{told:?}");
    }
    let verify = |more: &[&str]| {
        let told = run(&[&["verify-backup", "--json"][..], more].concat());
        (told.status.code(), json(&told)["outcome"].as_str().unwrap().to_owned())
    };
    let (log, keys, artwork) = (at("log"), at("keys"), at("artwork"));
    let all = [log.as_str(), &keys, &artwork, "--root-key", &root];
    assert_eq!(verify(&all), (Some(0), "sound".into()));
    assert_eq!(verify(&[&keys, "--root-key", &root]), (Some(0), "sound".into()));
    assert_eq!(verify(&[&log]), (Some(3), "unknown".into()));
    let twice = run(&["verify-backup", &log, &log]);
    assert_eq!(twice.status.code(), Some(1), "{twice:?}");

    let fresh = at("fresh-keys");
    fs::create_dir_all(format!("{fresh}/keys")).unwrap();
    fs::copy(&root, format!("{fresh}/keys/root.key")).unwrap();
    let restored = run(&["restore", "--from", &keys, "--data", &fresh]);
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    assert!(Path::new(&fresh).join("keys/keys.sqlite").exists());
    let restored = run(&["restore", "--from", &log, "--data", &at("fresh-log")]);
    assert_eq!(restored.status.code(), Some(3), "{restored:?}");
    assert!(folder.path().join("fresh-log/events/log.sqlite").exists());
    assert!(!folder.path().join("fresh-log/keys/keys.sqlite").exists());
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
