"""The shapes of objects that Kubernetes' own schemas do not know: what the chart uses of them, as
JSON Schema, closed, so that a misspelt field is found."""

TEXT = {"type": "string", "minLength": 1}
LABELS = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}
ANNOTATIONS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": "^([0-9]+(h|m|s|ms))+$"}


def closed(required, **optional):
    """An object with these fields and no others."""
    fields = {**required, **optional}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*required],
        "properties": fields,
    }


def many(items, least=1):
    """A list of those."""
    return {"type": "array", "minItems": least, "items": items}


def kind(version, name, spec):
    """An object of that kind."""
    metadata = closed(
        {"name": {**TEXT, "maxLength": 63}, "labels": LABELS}, annotations=ANNOTATIONS
    )
    return closed(
        {
            "apiVersion": {"const": version},
            "kind": {"const": name},
            "metadata": metadata,
            "spec": spec,
        }
    )


RELABELING = closed(
    {}, sourceLabels=many(TEXT), targetLabel=TEXT, regex=TEXT, action=TEXT, replacement=TEXT
)
RULE = closed(
    {"expr": TEXT},
    alert=TEXT,
    record=TEXT,
    **{"for": {"type": "string", "pattern": "^([0-9]+(d|h|m|s))+$"}},
    keep_firing_for={"type": "string", "pattern": "^([0-9]+(d|h|m|s))+$"},
    labels=LABELS,
    annotations=ANNOTATIONS,
)
PARENT = closed({"name": TEXT}, namespace=TEXT, sectionName=TEXT, port={"type": "integer"})
PATH = closed(
    {"type": {"enum": ["PathPrefix", "Exact"]}, "value": {"type": "string", "pattern": "^/"}}
)
BACKEND = closed({"name": TEXT, "port": {"type": "integer"}}, weight={"type": "integer"})

SHAPES = {
    "ServiceMonitor": kind(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        closed(
            {
                "selector": closed({"matchLabels": LABELS}),
                "endpoints": many(
                    closed(
                        {"port": TEXT, "path": TEXT},
                        interval=DURATION,
                        scrapeTimeout=DURATION,
                        relabelings=many(RELABELING),
                    )
                ),
            },
            namespaceSelector=closed({"matchNames": many(TEXT)}),
            jobLabel=TEXT,
        ),
    ),
    "PrometheusRule": kind(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        closed({"groups": many(closed({"name": TEXT, "rules": many(RULE)}, interval=DURATION))}),
    ),
    "HTTPRoute": kind(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        closed(
            {
                "parentRefs": many(PARENT),
                "hostnames": many(TEXT),
                "rules": many(
                    closed({"backendRefs": many(BACKEND)}, matches=many(closed({"path": PATH})))
                ),
            }
        ),
    ),
    "Certificate": kind(
        "cert-manager.io/v1",
        "Certificate",
        closed(
            {
                "secretName": TEXT,
                "issuerRef": closed({"name": TEXT, "kind": TEXT, "group": TEXT}),
                "dnsNames": many(TEXT),
            },
            duration=DURATION,
            renewBefore=DURATION,
            privateKey=closed(
                {"algorithm": {"enum": ["ECDSA", "RSA", "Ed25519"]}},
                size={"type": "integer"},
                rotationPolicy={"enum": ["Always", "Never"]},
            ),
            usages=many({"enum": ["digital signature", "server auth", "client auth"]}),
        ),
    ),
}
