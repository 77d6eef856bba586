"""The script for the mesh makes certificates by which each role is known for itself alone."""

import subprocess

import pytest

from helm import ROOT
from test_network import APPLICATION

SCRIPT = ROOT / "deploy/mesh-certificates"
ROLES = sorted(APPLICATION | {"keyvault"})


def openssl(*arguments):
    """What openssl prints."""
    answer = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    """Certificates for a release in a cluster."""
    folder = tmp_path_factory.mktemp("mesh")
    subprocess.run([SCRIPT, folder, "laurel-%,laurel-%.badges.svc"], check=True)
    return folder


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_named_and_signed_for_both_ends_of_a_connection(mesh, role):
    at = mesh / role
    for purpose in ("sslserver", "sslclient"):
        for name in (f"{role}.laurel", f"laurel-{role}", f"laurel-{role}.badges.svc"):
            openssl(
                "verify",
                "-CAfile",
                at / "ca.crt",
                "-purpose",
                purpose,
                "-verify_hostname",
                name,
                at / "tls.crt",
            )
    for other in ROLES:
        if other != role:
            command = [
                "openssl",
                "verify",
                "-CAfile",
                at / "ca.crt",
                "-verify_hostname",
                f"{other}.laurel",
                at / "tls.crt",
            ]
            assert subprocess.run(command, capture_output=True).returncode != 0
    assert openssl("x509", "-in", at / "tls.crt", "-noout", "-pubkey") == openssl(
        "pkey", "-in", at / "tls.key", "-pubout"
    )
    assert (at / "tls.key").stat().st_mode & 0o007 == 0


def test_what_is_good_for_a_month_is_kept_and_what_is_not_renewed(mesh):
    def run():
        subprocess.run([SCRIPT, mesh, "laurel-%"], check=True)
        return {role: (mesh / role / "tls.crt").read_text() for role in ROLES}

    before = run()
    assert run() == before
    (mesh / "design/tls.crt").unlink()
    after = run()
    assert {role for role in ROLES if before[role] != after[role]} == {"design"}
    assert not list(mesh.rglob("*.new")) and not list(mesh.rglob("request"))


def test_an_authority_signs_no_other_authority(mesh):
    text = openssl("x509", "-in", mesh / "authority/ca.crt", "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text and "Certificate Sign" in text
    assert (mesh / "authority/ca.key").stat().st_mode & 0o077 == 0
