"""What the chart renders hangs together: pods are restricted, selectors select, files are mounted."""

import re

import pytest

from helm import GOOD, NAMESPACE, RELEASE, objects, of_kind, values, workloads
from restricted import faults

good = pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)


def pods(file):
    """The pod template of every role."""
    return {role: work["spec"]["template"] for role, work in workloads(objects(file)).items()}


@good
def test_every_pod_passes_the_restricted_profile(file):
    assert {
        role: faults(pod["spec"]) for role, pod in pods(file).items() if faults(pod["spec"])
    } == {}


@good
def test_the_roles_of_the_mode_are_there_with_their_replicas(file):
    stateless = {"gateway", "issuers", "design", "awarding", "backpack", "analytics"}
    wanted = values(file)
    own_store = {"eventstore"} if wanted["eventstore"]["enabled"] else set()
    scaled = wanted["mode"] == "scaled"
    found = workloads(objects(file))
    assert found.keys() == (stateless | {"keyvault"} | own_store if scaled else {"embedded"})
    scalers = {
        thing["metadata"]["name"]: thing["spec"]
        for thing in of_kind(objects(file), "HorizontalPodAutoscaler")
    }
    budgets = {
        thing["metadata"]["name"]: thing["spec"]
        for thing in of_kind(objects(file), "PodDisruptionBudget")
    }
    for role, work in found.items():
        name, spec = work["metadata"]["name"], work["spec"]
        if role not in stateless:
            assert (work["kind"], spec["replicas"]) == ("StatefulSet", 1)
            assert name not in scalers and name not in budgets
            continue
        assert work["kind"] == "Deployment"
        assert ("replicas" in spec) != (name in scalers)
        least = spec.get("replicas") or scalers[name]["minReplicas"]
        off = wanted["roles"][role].get("podDisruptionBudget", {}).get("enabled") is False
        assert (name in budgets) == (least > 1 and not off)
    assert {spec["scaleTargetRef"]["name"] for spec in scalers.values()} <= {
        work["metadata"]["name"] for work in found.values()
    }


@good
def test_names_are_unique_and_labelled(file):
    things = objects(file)
    names = [(thing["kind"], thing["metadata"]["name"]) for thing in things]
    assert len(names) == len(set(names))
    for thing in things:
        assert len(thing["metadata"]["name"]) <= 63
        labels = thing["metadata"]["labels"]
        for label in ("name", "instance", "version", "part-of", "managed-by"):
            assert labels[f"app.kubernetes.io/{label}"], thing["metadata"]["name"]
        assert values(file)["commonLabels"].items() <= labels.items()


@good
def test_no_secret_is_made_and_none_is_in_the_environment(file):
    assert not of_kind(objects(file), "Secret")
    for pod in pods(file).values():
        for variable in pod["spec"]["containers"][0]["env"]:
            assert not re.search(r"password|secret|token", variable["name"], re.I)
    for thing in of_kind(objects(file), "ConfigMap"):
        for text in thing["data"].values():
            assert not re.search(r"://[^/\s]*@", text)


@good
def test_every_selector_selects_pods_and_every_named_port_is_there(file):
    labels = {role: pod["metadata"]["labels"] for role, pod in pods(file).items()}
    ports = {
        role: {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        for role, pod in pods(file).items()
    }

    def selected(wanted):
        return {role for role, has in labels.items() if wanted.items() <= has.items()}

    for role, work in workloads(objects(file)).items():
        assert selected(work["spec"]["selector"]["matchLabels"]) == {role}
    for budget in of_kind(objects(file), "PodDisruptionBudget"):
        assert len(selected(budget["spec"]["selector"]["matchLabels"])) == 1
    services = of_kind(objects(file), "Service")
    for service in services:
        roles = selected(service["spec"]["selector"])
        assert roles
        for port in service["spec"]["ports"]:
            assert all(port["targetPort"] in ports[role] for role in roles)
    for monitor in of_kind(objects(file), "ServiceMonitor"):
        chosen = [
            s
            for s in services
            if monitor["spec"]["selector"]["matchLabels"].items() <= s["metadata"]["labels"].items()
        ]
        assert len(chosen) == 1 and selected(chosen[0]["spec"]["selector"]) == set(labels)
        assert chosen[0]["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "laurel"
        assert {e["port"] for e in monitor["spec"]["endpoints"]} <= {
            p["name"] for p in chosen[0]["spec"]["ports"]
        }
    fronts = {s["metadata"]["name"]: {p["port"] for p in s["spec"]["ports"]} for s in services}
    for route in of_kind(objects(file), "HTTPRoute"):
        for backend in (b for rule in route["spec"]["rules"] for b in rule["backendRefs"]):
            assert backend["port"] in fronts[backend["name"]]
    for ingress in of_kind(objects(file), "Ingress"):
        for path in (p for rule in ingress["spec"]["rules"] for p in rule["http"]["paths"]):
            assert path["backend"]["service"]["name"] in fronts


@good
def test_probes_ask_the_listener_for_the_platform(file):
    for pod in pods(file).values():
        container = pod["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = {
            probe: container[probe]["httpGet"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert all(ports[question["port"]] == 9090 for question in asked.values())
        assert asked["livenessProbe"]["path"] == "/-/live"
        assert asked["readinessProbe"]["path"] == "/-/ready"


@good
def test_there_is_time_for_the_drain(file):
    for pod in pods(file).values():
        wait = pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["spec"]["terminationGracePeriodSeconds"] >= wait + 25


@good
def test_certificates_name_the_role_and_the_address(file):
    work = {role: w["metadata"]["name"] for role, w in workloads(objects(file)).items()}
    for certificate in of_kind(objects(file), "Certificate"):
        role = certificate["metadata"]["labels"]["app.kubernetes.io/component"]
        names = set(certificate["spec"]["dnsNames"])
        own = set() if role == "eventstore" else {f"{role}.laurel"}
        assert names == own | {work[role], f"{work[role]}.{NAMESPACE}.svc"}
        assert {name for name in names if name.endswith(".laurel")} == own
        mounted = {
            v["secret"]["secretName"] for v in pods(file)[role]["spec"]["volumes"] if "secret" in v
        }
        assert certificate["spec"]["secretName"] in mounted


def test_another_configuration_is_another_revision_of_that_role_alone():
    least, more = (next(f for f in GOOD if f.stem == stem) for stem in ("scaled", "scaled-sign-in"))
    sums = [
        {r: p["metadata"]["annotations"]["checksum/config"] for r, p in pods(f).items()}
        for f in (least, more)
    ]
    assert {role for role in sums[0] if sums[0][role] != sums[1][role]} == {"gateway", "issuers"}
    assert RELEASE
