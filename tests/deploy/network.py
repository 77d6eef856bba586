"""What network policies let through: pods and addresses, and whether one may connect to another."""

import ipaddress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Something that connects or is connected to: a pod, or an address outside the cluster."""

    name: str
    address: str = ""
    namespace: str = ""
    labels: tuple = ()
    ports: tuple = field(default=(), compare=False)

    def has(self, selector):
        """Whether its labels fit a label selector."""
        return fits(dict(self.labels), selector)


def fits(labels, selector):
    """Whether labels fit a selector."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for rule in selector.get("matchExpressions", []):
        at, values = labels.get(rule["key"]), rule.get("values", [])
        answer = {
            "In": at in values,
            "NotIn": at not in values,
            "Exists": at is not None,
            "DoesNotExist": at is None,
        }[rule["operator"]]
        if not answer:
            return False
    return True


def is_peer(place, peer, namespace):
    """Whether a peer of a policy in that namespace means this place."""
    if "ipBlock" in peer:
        if place.namespace or not place.address:
            return False
        address = ipaddress.ip_address(place.address)
        inside = lambda block: (
            address.version == ipaddress.ip_network(block).version
            and address in ipaddress.ip_network(block)
        )
        return inside(peer["ipBlock"]["cidr"]) and not any(
            map(inside, peer["ipBlock"].get("except", []))
        )
    if not place.namespace:
        return False
    if "namespaceSelector" in peer:
        if not fits({"kubernetes.io/metadata.name": place.namespace}, peer["namespaceSelector"]):
            return False
    elif place.namespace != namespace:
        return False
    return place.has(peer.get("podSelector", {}))


def covers(rule, port, protocol, to):
    """Whether the ports of a rule cover this one of the place that is connected to."""
    if not rule.get("ports"):
        return True
    for entry in rule["ports"]:
        number = entry.get("port")
        if isinstance(number, str):
            number = dict(to.ports).get(number)
        last = entry.get("endPort", number)
        if entry.get("protocol", "TCP") == protocol and (number is None or number <= port <= last):
            return True
    return False


def side(policies, of, other, port, protocol, to, direction, peers):
    """Whether one side lets the connection through: it does when no policy speaks of it."""
    speaking = [
        policy
        for policy in policies
        if policy["metadata"].get("namespace", of.namespace) == of.namespace
        and of.has(policy["spec"]["podSelector"])
        and direction in policy["spec"]["policyTypes"]
    ]
    rules = [rule for policy in speaking for rule in policy["spec"].get(direction.lower()) or []]
    return not speaking or any(
        covers(rule, port, protocol, to)
        and (not rule.get(peers) or any(is_peer(other, peer, of.namespace) for peer in rule[peers]))
        for rule in rules
    )


def may_connect(policies, source, to, port, protocol="TCP", governed=""):
    """Whether `source` may connect to that port of `to`; the policies govern one namespace."""
    out = source.namespace != governed or side(
        policies, source, to, port, protocol, to, "Egress", "to"
    )
    into = to.namespace != governed or side(
        policies, to, source, port, protocol, to, "Ingress", "from"
    )
    return out and into
