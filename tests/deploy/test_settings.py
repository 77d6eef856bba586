"""What the deployments configure is what the product knows, and the files that it names are there."""

import posixpath
import re
import tomllib

import pytest

from helm import GOOD, ROOT, objects, of_kind, values, workloads
from settings import known, of_variable, paths
from test_network import APPLICATION, CALLS

good = pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
FILES = re.compile(r"^/etc/laurel/")


def configurations(file):
    """The parsed configuration of each role."""
    (texts,) = [
        thing["data"]
        for thing in of_kind(objects(file), "ConfigMap")
        if thing["metadata"]["name"].endswith("-config")
    ]
    return {name.removesuffix(".toml"): tomllib.loads(text) for name, text in texts.items()}


def leaves(tree):
    """Every value that is no map or list."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if not isinstance(tree, list):
        return [tree]
    return [leaf for below in tree for leaf in leaves(below)]


def test_the_reader_of_settings_knows_what_is_a_setting():
    assert known(["public_url"]) and known(["log", "level"]) and known(["oidc", "audience"])
    assert known(["mesh", "roles", "issuers"]) and known(["stores", "events_file"])
    assert (
        not known(["log", "colour"])
        and not known(["public_ulr"])
        and not known(["log", "level", "x"])
    )


@good
def test_every_setting_is_known_to_the_product(file):
    for role, configuration in configurations(file).items():
        assert not [path for path in paths(configuration) if not known(path)], role
    for work in workloads(objects(file)).values():
        for variable in work["spec"]["template"]["spec"]["containers"][0]["env"]:
            path = of_variable(variable["name"])
            assert path is None or known(path), variable["name"]


def sample_settings(text):
    """The path of every setting in a sample, of those too that are commented out."""
    section, commented = (), None
    for line in text.splitlines():
        plain = line.removeprefix("# ")
        if header := re.fullmatch(r"\[+([\w.]+)\]+", plain):
            if plain == line:
                section = tuple(header[1].split("."))
            commented = None if plain == line else tuple(header[1].split("."))
        elif setting := re.match(r"(\w+) = ", plain):
            yield (*(section if commented is None else commented), setting[1])
        elif not line:
            commented = None


@pytest.mark.parametrize(
    "sample", sorted((ROOT / "deploy").glob("*.toml")), ids=lambda sample: sample.name
)
def test_every_setting_of_the_samples_is_known_even_where_commented_out(sample):
    found = list(sample_settings(sample.read_text()))
    assert len(found) > 10
    assert not [path for path in found if not known(path)]


@good
def test_every_file_that_is_named_is_mounted(file):
    configured = configurations(file)
    for role, work in workloads(objects(file)).items():
        pod = work["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        claims = {
            claim["metadata"]["name"] for claim in work["spec"].get("volumeClaimTemplates", [])
        }
        there, folders = set(), set()
        for mount in pod["containers"][0]["volumeMounts"]:
            volume = volumes.pop(mount["name"], None)
            assert volume or mount["name"] in claims, mount["name"]
            folders.add(mount["mountPath"])
            for source in [volume or {}, *(volume or {}).get("projected", {}).get("sources", [])]:
                held = source.get("secret") or source.get("configMap") or {}
                items = held.get("items") or [
                    {"path": name} for name in ("tls.crt", "tls.key", "ca.crt") if held
                ]
                there |= {posixpath.join(mount["mountPath"], item["path"]) for item in items}
        assert not volumes, f"{role} mounts them nowhere: {[*volumes]}"
        named = {
            leaf for leaf in leaves(configured[role]) if isinstance(leaf, str) and FILES.match(leaf)
        }
        assert named <= there
        # And no secret is there that is of no use.
        unused = there - named - {"/etc/laurel/config/laurel.toml", "/etc/laurel/events/ca.crt"}
        assert {path for path in unused if not path.endswith("ca.crt")} == set()
        assert configured[role]["data"] in folders
        assert {
            mount["mountPath"]
            for mount in pod["containers"][0]["volumeMounts"]
            if not mount.get("readOnly")
        } == {
            "/var/lib/laurel",
            "/tmp",
        }


@good
def test_roles_know_where_the_roles_are_that_they_call(file):
    services = {
        s["metadata"]["name"]: {p["port"] for p in s["spec"]["ports"]}
        for s in of_kind(objects(file), "Service")
    }
    for role, configuration in configurations(file).items():
        ways = configuration.get("mesh", {}).get("roles", {})
        assert ways.keys() == CALLS.get(role, set())
        if role in APPLICATION:
            assert configuration["stores"]["keys"] == ways["keyvault"]
        for called, url in ways.items():
            scheme, host, port = re.fullmatch(r"(https)://([^:]+):(\d+)", url).groups()
            assert host.endswith(f"-{called}") and int(port) in services[host]


@good
def test_the_root_key_is_with_the_keys_and_nowhere_else(file):
    holders = {
        role for role, configuration in configurations(file).items() if "root_key" in configuration
    }
    assert holders == ({"keyvault"} if values(file)["mode"] == "scaled" else {"embedded"})
    for role, work in workloads(objects(file)).items():
        secrets = [v.get("secret", {}) for v in work["spec"]["template"]["spec"]["volumes"]]
        mounted = any(secret.get("secretName") == "laurel-root-key" for secret in secrets)
        assert mounted == (role in holders)
        assert all(secret.get("defaultMode", 0o440) == 0o440 for secret in secrets)
