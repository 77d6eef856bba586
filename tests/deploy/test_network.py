"""Nothing in the cluster can reach anything but what it needs: every pair of places, every port."""

import itertools
import re

import pytest

from helm import GOOD, NAMESPACE, ROOT, objects, of_kind, values, workloads
from network import Place, may_connect
from settings import APART

APPLICATION = {"gateway", "issuers", "design", "awarding", "backpack", "analytics"}
CALLS = {
    "gateway": APPLICATION - {"gateway"} | {"keyvault"},
    "awarding": {"issuers", "keyvault"},
    "backpack": {"awarding", "keyvault"},
    "issuers": {"keyvault"},
    "design": {"keyvault"},
    "analytics": {"keyvault"},
}
SEND_MAIL = {"issuers", "awarding", "backpack", "embedded"}
MESH, OPS, STORE = 7443, 9090, 2113

OUTSIDE = [
    Place("dns", namespace="kube-system", labels=(("k8s-app", "kube-dns"),)),
    Place("neighbour", namespace="kube-system", labels=(("k8s-app", "dashboard"),)),
    Place("prometheus", namespace="monitoring"),
    Place("ingress", namespace="ingress"),
    Place("kurrentdb", namespace="kurrentdb", labels=(("app", "kurrentdb"),)),
    Place("redis", namespace="redis"),
    Place("stranger", namespace=NAMESPACE, labels=(("app.kubernetes.io/name", "other"),)),
    Place("collector", namespace="observability"),
    Place("relay", address="192.0.2.25"),
    Place("web", address="203.0.113.7"),
    Place("web6", address="2001:db8::7"),
    Place("intranet", address="192.0.2.80"),
    Place("private", address="10.11.12.13"),
    Place("private6", address="fd00::13"),
    Place("metadata", address="169.254.169.254"),
]
# Where the values of this folder put things when they say where.
NAMED = {"events": {"kurrentdb"}, "models": {"redis"}, "mail": {"relay"}, "telemetry": {"collector"}}
PORTS = [22, 25, 53, 80, 443, 465, 587, 2113, 2114, 2525, 4318, 4319, 6379, 7000, 7001, 7443, 8080, 8443, 9090]


def roles(file):
    """A place for the pods of each role."""
    for role, work in workloads(objects(file)).items():
        template = work["spec"]["template"]
        labels = tuple(template["metadata"]["labels"].items())
        ports = tuple(
            (p["name"], p["containerPort"]) for p in template["spec"]["containers"][0]["ports"]
        )
        yield Place(role, namespace=NAMESPACE, labels=labels, ports=ports)


def within(file, source, to, port):
    """Whether one role needs that port of another."""
    if to == "eventstore":
        return source in APPLICATION and port == STORE
    return to in CALLS.get(source, ()) and port == MESH


def outward(file, role, to, port):
    """Whether a role needs that port of something outside."""
    wanted = values(file)
    policy, own_store = wanted["networkPolicy"], wanted["eventstore"]["enabled"]
    at = lambda name, ports: port in ports and (not policy[name]["to"] or to.name in NAMED[name])
    for rule in policy["extraEgress"].get(role, []):
        if to.name == "intranet" and port in {entry["port"] for entry in rule["ports"]}:
            return True
    if role in APPLICATION:
        if not own_store and at("events", [wanted["stores"]["events"]["port"]]):
            return True
        if at("models", wanted["stores"]["models"]["ports"]):
            return True
    if (
        role in SEND_MAIL
        and wanted["mail"]["smtp"]["existingSecret"]
        and at("mail", wanted["mail"]["smtp"]["ports"])
    ):
        return True
    traces = wanted["telemetry"]["endpoint"] and role != "eventstore"
    if traces and at("telemetry", [wanted["telemetry"]["port"]]):
        return True
    if port == 443 and (role in ("gateway", "embedded") or role == "issuers" and wanted["oidc"]):
        public = {"relay", "web", "web6", "intranet"}
        everywhere = (
            public if policy["web"]["except"] else public | {"private", "private6", "metadata"}
        )
        return to.name in everywhere
    asks = role in APPLICATION | {"embedded"} or traces
    return bool(port == 53 and to.name == "dns" and asks)


def inward(file, source, role, port):
    """Whether something outside needs that port of a role."""
    wanted = values(file)
    if port == OPS:
        return source.name == "prometheus" and wanted["metrics"]["serviceMonitor"]["enabled"]
    public = [8080, 8443] if wanted["tls"]["existingSecret"] else [8080]
    allowed = not wanted["networkPolicy"]["public"]["from"] or source.name == "ingress"
    return role in ("gateway", "embedded") and port in public and allowed


def policies(file):
    """The network policies that a file leads to."""
    return of_kind(objects(file), "NetworkPolicy")


guarded = [file for file in GOOD if values(file)["networkPolicy"]["enabled"]]
good = pytest.mark.parametrize("file", guarded, ids=lambda file: file.stem)


@good
def test_every_policy_selects_pods_and_every_pod_is_selected(file):
    ours = list(roles(file))
    for policy in policies(file):
        assert any(role.has(policy["spec"]["podSelector"]) for role in ours), policy["metadata"][
            "name"
        ]
    for role in ours:
        named = [p for p in policies(file) if role.has(p["spec"]["podSelector"])]
        assert {"Ingress", "Egress"} == {kind for p in named for kind in p["spec"]["policyTypes"]}


def differences(file, rules):
    """Connections that are let through and not needed, or needed and not let through."""
    ours = list(roles(file))
    for port, protocol in [
        *((port, "TCP") for port in PORTS),
        (53, "UDP"),
        (443, "UDP"),
        (7443, "UDP"),
    ]:
        tcp = protocol == "TCP" or port == 53
        for source, to in itertools.product(ours, ours):
            needed = tcp and within(file, source.name, to.name, port)
            if may_connect(rules, source, to, port, protocol, NAMESPACE) != needed:
                yield source.name, to.name, port, protocol
        for role, other in itertools.product(ours, OUTSIDE):
            needed = tcp and outward(file, role.name, other, port)
            if may_connect(rules, role, other, port, protocol, NAMESPACE) != needed:
                # A stranger in the namespace is under no policy of ours.
                yield role.name, other.name, port, protocol
            needed = protocol == "TCP" and inward(file, other, role.name, port)
            if may_connect(rules, other, role, port, protocol, NAMESPACE) != needed:
                yield other.name, role.name, port, protocol


@good
def test_what_is_needed_is_let_through_and_nothing_else(file):
    assert not list(differences(file, policies(file)))


@pytest.mark.parametrize("name", ["gateway", "awarding", "keyvault", "eventstore", "nothing"])
def test_a_policy_that_is_missing_is_noticed(name):
    (file,) = [file for file in GOOD if file.stem == "scaled-eventstore"]
    rest = [
        policy for policy in policies(file) if not policy["metadata"]["name"].endswith(f"-{name}")
    ]
    assert len(rest) == len(policies(file)) - 1
    if name != "nothing":
        assert list(differences(file, rest))
        return
    # The policy that denies all is for pods that no role's policy selects.
    newcomer = Place(
        "newcomer",
        namespace=NAMESPACE,
        labels=tuple(
            {"app.kubernetes.io/name": "laurel", "app.kubernetes.io/instance": "laurel"}.items()
        ),
    )
    assert may_connect(rest, newcomer, OUTSIDE[0], 443, "TCP", NAMESPACE)
    assert not may_connect(policies(file), newcomer, OUTSIDE[0], 443, "TCP", NAMESPACE)


def callers():
    """Who may call each role, by the product."""
    text = (ROOT / "crates/runtime/src/role_name.rs").read_text()
    body = re.search(r"fn callers\(.*?match self \{\n(.*?)^        \}", text, re.M | re.S)[1]
    found = {}
    for roles, named in re.findall(r"^ +((?:Self::\w+(?: \| )?)+) => &(.+?),$", body, re.M):
        who = (
            APPLICATION if named == "Self::APPLICATION" else set(re.findall(r"Self::(\w+)", named))
        )
        found |= {
            role.lower(): {name.lower() for name in who}
            for role in re.findall(r"Self::(\w+)", roles)
        }
    return found


@pytest.mark.skipif(not APART, reason="the product runs its roles in one process")
def test_the_product_lets_the_same_roles_call():
    ours = {
        role: {caller for caller, called in CALLS.items() if role in called} for role in callers()
    }
    assert ours == callers() and len(ours) == 8
