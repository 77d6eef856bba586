"""The compose file is one, and each profile of it is whole, closed and modest."""

import hashlib
import re
import subprocess
import sys
import tomllib

import pytest

from helm import ROOT, read
from settings import known, of_variable, paths
from test_network import APPLICATION, CALLS, SEND_MAIL

DEPLOY = ROOT / "deploy"
COMPOSE = read(DEPLOY / "compose.yaml")
SERVICES = COMPOSE["services"]
PROFILES = {
    "embedded": {"laurel"},
    "scaled": APPLICATION | {"keyvault", "kurrentdb", "redis"},
    "observability": {"prometheus", "collector", "traces", "grafana"},
}

each = pytest.mark.parametrize("name", sorted(SERVICES))


def ours(name):
    """Whether it is a process of Laurel."""
    return SERVICES[name]["image"].startswith("laurel:")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """What the script makes, twice: the second run changes nothing."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"

    def make():
        subprocess.run([DEPLOY / "compose-secrets", folder], check=True, capture_output=True)
        return {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    first = make()
    assert make() == first
    return folder


def test_it_is_a_compose_file():
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    answer = subprocess.run([*checker, DEPLOY / "compose.yaml"], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_profile_has_its_services_and_every_service_its_profile():
    found = {
        profile: {name for name, s in SERVICES.items() if profile in s["profiles"]}
        for profile in PROFILES
    }
    assert found == PROFILES
    assert all(len(service["profiles"]) == 1 for service in SERVICES.values())


@each
def test_a_service_can_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {
        "privileged",
        "network_mode",
        "pid",
        "ipc",
        "devices",
        "extra_hosts",
    }
    user, group = service["user"].split(":")
    assert int(user) and int(group)
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    image, tag = service["image"].rsplit(":", 1)
    assert re.match(
        r"\$\{LAUREL_VERSION:-\d|v?\d+\.\d+\.\d+",
        f"{tag}" if "$" not in service["image"] else service["image"].split(":", 1)[1],
    )


@each
def test_a_service_waits_for_what_it_needs_in_its_profile(name):
    service = SERVICES[name]
    for needed, how in service.get("depends_on", {}).items():
        assert set(service["profiles"]) <= set(SERVICES[needed]["profiles"])
        healthy = how["condition"] == "service_healthy"
        assert healthy == ("healthcheck" in SERVICES[needed])


@each
def test_what_a_service_mounts_is_declared_and_there(name, secrets):
    service = SERVICES[name]
    for kind in ("secrets", "configs"):
        targets = [entry.get("target", entry["source"]) for entry in service.get(kind, [])]
        assert len(targets) == len(set(targets))
        for entry in service.get(kind, []):
            file = COMPOSE[kind][entry["source"]]["file"]
            assert (secrets.parent if kind == "secrets" else DEPLOY).joinpath(file).is_file(), file
    for file in service.get("env_file", []):
        assert (secrets.parent / file).is_file()
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (
            (DEPLOY / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]
        )


def test_nothing_that_is_declared_is_of_no_use():
    used = {kind: set() for kind in ("secrets", "configs", "volumes", "networks")}
    for service in SERVICES.values():
        for kind in ("secrets", "configs"):
            used[kind] |= {entry["source"] for entry in service.get(kind, [])}
        used["volumes"] |= {
            volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] != "."
        }
        used["networks"] |= set(service["networks"])
    assert used == {kind: set(COMPOSE[kind]) for kind in used}


def test_only_what_must_has_a_way_out():
    assert COMPOSE["networks"]["mesh"] == {"internal": True}
    out = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert out == {"laurel", "gateway", "grafana"} | (SEND_MAIL - {"embedded"})
    assert all("mesh" in service["networks"] for service in SERVICES.values())


def test_ports_are_those_of_this_machine_alone():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"laurel", "gateway", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", sorted(name for name in SERVICES if ours(name)))
def test_settings_are_known_and_secrets_come_from_files(name):
    service = SERVICES[name]
    for variable, value in service["environment"].items():
        path = of_variable(variable)
        assert path is None or known(path), variable
        assert "password" not in value.lower()
    mounted = {
        f"/run/secrets/{entry.get('target', entry['source'])}" for entry in service["secrets"]
    }
    named = set(re.findall(r"/run/secrets/[\w.-]+", str(service["environment"])))
    if service.get("configs"):
        assert service["environment"]["LAUREL_CONFIG"] == service["configs"][0]["target"]
        text = (DEPLOY / COMPOSE["configs"]["scaled"]["file"]).read_text()
        settings = re.sub(r"^#.*$", "", text, flags=re.M)
        named |= set(re.findall(r"/run/secrets/[\w.-]+", settings)) | {
            "/run/secrets/kurrentdb-ca.crt"
        }
    assert named == mounted
    if name != "laurel":
        assert service["command"] == ["serve", name]
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30


def test_the_shared_configuration_leads_to_the_services():
    configuration = tomllib.loads((DEPLOY / "laurel-scaled.toml").read_text())
    assert all(known(path) for path in paths(configuration))
    ways = configuration["mesh"]["roles"]
    assert ways == {role: f"https://{role}:7443" for role in CALLS["gateway"]}
    assert ways.keys() <= SERVICES.keys()
    assert configuration["stores"]["keys"] == ways["keyvault"]
    assert all("root.key" not in str(SERVICES[role]["secrets"]) for role in APPLICATION)


def test_the_urls_of_the_stores_lead_to_the_services(secrets):
    events, models = (
        (secrets / name).read_text().strip() for name in ("kurrentdb-url", "redis-url")
    )
    assert re.fullmatch(
        r"kurrentdb://admin:[0-9a-f]{48}@kurrentdb:2113\?tls=true&tlsCaFile=/run/secrets/kurrentdb-ca.crt",
        events,
    )
    assert re.fullmatch(r"redis://laurel:[0-9a-f]{48}@redis:6379", models)
    assert (secrets / "kurrentdb-password").read_text().strip() in events
    assert (secrets / "root.key").stat().st_size == 32
    for path in secrets.rglob("*"):
        if path.is_file():
            public = path.suffix == ".crt"
            assert public or path.stat().st_mode & 0o077 == 0, path


def test_redis_lets_laurel_do_what_it_must_and_no_more(secrets):
    listed = re.search(
        r"ACL SETUSER laurel on >SECRET (.*)", (ROOT / "docs/READ-MODELS.md").read_text()
    )
    users = re.findall(r"^user (\w+) on (\S+) (.*)$", (secrets / "redis.conf").read_text(), re.M)
    password = (secrets / "redis-password").read_text().strip()
    assert users == [
        ("default", "nopass", "-@all +ping"),
        ("laurel", "#" + hashlib.sha256(password.encode()).hexdigest(), listed[1]),
    ]


def test_observability_reads_what_is_there():
    prometheus = read(DEPLOY / "observability/prometheus.yaml")
    (laurel,) = [job for job in prometheus["scrape_configs"] if job["job_name"] == "laurel"]
    assert set(laurel["dns_sd_configs"][0]["names"]) == {name for name in SERVICES if ours(name)}
    collector = read(DEPLOY / "observability/collector.yaml")
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= collector[kind].keys()
    sources = read(DEPLOY / "observability/grafana/datasources/laurel.yaml")["datasources"]
    for url in [source["url"] for source in sources] + [
        "http://" + collector["exporters"]["otlp/traces"]["endpoint"]
    ]:
        assert re.match(r"http://(\w+):\d+$", url)[1] in SERVICES
