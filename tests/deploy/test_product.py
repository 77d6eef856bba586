"""The product itself takes the configurations that the chart writes, where it is built."""

import subprocess

import pytest
from helm import GOOD, ROOT, objects, of_kind
from settings import APART
from test_image import BINARY

URLS = {"stores/events": "kurrentdb://localhost:1", "stores/models": "redis://localhost:1"}


def texts():
    """Every configuration that the good values lead to, once: role and text."""
    maps = [thing for file in GOOD for thing in of_kind(objects(file), "ConfigMap")]
    entries = {entry for thing in maps for entry in thing["data"].items()}
    return sorted((name, text) for name, text in entries if name.endswith(".toml"))


@pytest.fixture(scope="module")
def etc(tmp_path_factory):
    """The files that the pods find below /etc/laurel."""
    if not BINARY.exists():
        pytest.skip(f"not run: there is no {BINARY}")
    folder = tmp_path_factory.mktemp("etc")
    subprocess.run([ROOT / "deploy/mesh-certificates", folder / "all"], check=True)
    files = {"root-key/root.key": "k" * 32, "mail/url": "smtps://a:b@mail.example.org"}
    files |= {"telemetry/headers": "authorization: Bearer token", **URLS}
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o400)
    return folder


def answer(etc, tmp_path, name, text):
    """What the product says when it is asked for a token under a configuration."""
    role = name.removesuffix(".toml")
    text = text.replace("/etc/laurel/mesh/", f"{etc}/all/{role}/").replace(
        "/etc/laurel/", f"{etc}/"
    )
    (tmp_path / name).write_text(text.replace("laurel-keyvault:7443", "localhost:1"))
    command = [BINARY, "operator-token", "--config", tmp_path / name, "--data", tmp_path / "data"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(not APART, reason="the product runs its roles in one process")
@pytest.mark.parametrize(("name", "text"), texts(), ids=[name for name, _ in texts()])
def test_the_product_takes_the_configuration(etc, tmp_path, name, text):
    said = answer(etc, tmp_path, name, text)
    if name in ("embedded.toml", "keyvault.toml", "eventstore.toml"):
        assert said.returncode == 0 and said.stdout.count(".") == 2, said.stderr
    else:
        # All is well but that there is no key vault.
        assert said.returncode == 1 and "configuration" not in said.stderr, said.stderr


def test_the_product_would_refuse_another(etc, tmp_path):
    said = answer(etc, tmp_path, "embedded.toml", "colour = 'red'\n")
    assert said.returncode == 1 and "configuration" in said.stderr
