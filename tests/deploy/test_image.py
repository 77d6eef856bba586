"""The image: its recipe is clean, and what it holds is all that the binary needs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helm import ROOT, read

DOCKERFILE = ROOT / "deploy/Dockerfile"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = TARGET / "debug/laurel"


def test_the_linter_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"
    answer = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_it_runs_as_the_user_and_on_the_toolchain_of_the_project():
    text = DOCKERFILE.read_text()
    version = re.search(r'^rust-version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    assert f"FROM rust:{version}-bookworm AS build" in text
    assert re.search(r"^FROM scratch$", text, re.M)
    assert "--locked --profile dist" in text
    users = re.findall(r"^USER (.+)$", text, re.M)
    compose = read(ROOT / "deploy/compose.yaml")["services"]["laurel"]["user"]
    assert users == ["10001:10001"] == [compose]
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", text))
    assert labels >= {"title", "description", "licenses", "version", "revision"}


def test_secrets_and_builds_stay_out_of_it():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"target", ".git", "deploy/secrets", "laurel-data"} <= set(ignored)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The file system of the image, with the binary of the other suites."""
    if not BINARY.exists():
        pytest.skip(f"not run: there is no {BINARY}")
    folder = tmp_path_factory.mktemp("rootfs")
    subprocess.run([ROOT / "deploy/rootfs", BINARY, folder], check=True)
    volume = folder / "var/lib/laurel"
    volume.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(volume, 10001, 10001)
    yield folder
    shutil.rmtree(folder)


def test_it_holds_libraries_and_authorities_and_nothing_that_starts_but_the_binary(root):
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    libraries = {file for file in files if re.match(r"(usr/)?lib(64)?/", file)}
    assert all(re.search(r"\.so(\.\d+)*$", file) for file in libraries)
    assert files - libraries == {
        "etc/group",
        "etc/nsswitch.conf",
        "etc/passwd",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/local/bin/laurel",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root")
def test_the_binary_runs_with_what_it_holds_as_its_user(root):
    enter = ["chroot", "--userspec=10001:10001", root, "/usr/local/bin/laurel"]
    answer = subprocess.run([*enter, "--version"], capture_output=True, text=True)
    assert re.fullmatch(r"laurel \d+\.\d+\.\d+\n", answer.stdout), answer.stderr
    # Opens every store in the volume, and writes to it.
    token = subprocess.run(
        [*enter, "operator-token", "--data", "/var/lib/laurel"], capture_output=True, text=True
    )
    assert token.returncode == 0 and token.stdout.count(".") == 2, token.stderr
    assert (root / "var/lib/laurel/keys").stat().st_uid == 10001
