"""The chart takes good values and refuses bad ones, and what it makes of them is Kubernetes."""

import json
import re
import shutil
from functools import lru_cache, cache

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import pytest

from helm import BAD, CHART, GOOD, ROOT, objects, of_kind, read, run, template
from kinds import SHAPES

VERSIONS = ["1.34", "1.35", "1.36", "1.37"]
# The validator reads its schemas anew for every object, which is most of its time.
kubernetes_validate.utils.schema_contents = lru_cache(maxsize=None)(
    kubernetes_validate.utils.schema_contents
)

good = pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
bad = pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)


def test_there_are_many_values_of_either_kind():
    assert len(GOOD) >= 20 and len(BAD) >= 20


@good
def test_good_values_pass_the_strict_lint(file):
    answer = run("lint", "--strict", CHART, "--values", file)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@bad
def test_bad_values_are_refused_with_the_reason(file):
    text = file.read_text()
    head = {
        name: (re.findall(rf"^# {name}: (.*)$", text, re.M) or [None])[0]
        for name in ("over", "refused", "kubernetes")
    }
    below = [file.parents[1] / f"good/{head['over']}.yaml"] if head["over"] else []
    answer = template([*below, file], kubernetes=head["kubernetes"] or "1.37")
    assert answer.returncode != 0, f"{file.name} was taken"
    assert head["refused"] in answer.stderr


@cache
def fault(version, text):
    """What Kubernetes of that version finds wrong with an object."""
    thing = json.loads(text)
    try:
        if thing["kind"] in SHAPES:
            jsonschema.validate(thing, SHAPES[thing["kind"]])
        else:
            kubernetes_validate.validate(thing, version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        return f"{thing['kind']} {thing['metadata']['name']}: {error.message} at {list(error.path)}"


@good
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_kubernetes_takes_every_object(file, version):
    faults = [fault(version, json.dumps(thing, sort_keys=True)) for thing in objects(file)]
    assert not list(filter(None, faults))


@pytest.mark.parametrize(
    "kind", ["Deployment", "NetworkPolicy", "Service", "Certificate", "ServiceMonitor"]
)
def test_a_misspelt_field_would_be_found(kind):
    thing = of_kind([thing for file in GOOD for thing in objects(file)], kind)[0]
    spec = {**thing["spec"], "slector": {}}
    assert "slector" in fault("1.37", json.dumps({**thing, "spec": spec}))


def test_every_kind_that_needs_a_shape_is_rendered_by_some_values():
    rendered = {thing["kind"] for file in GOOD for thing in objects(file)}
    if list((ROOT / "deploy/alerts").glob("*.yaml")):
        assert SHAPES.keys() <= rendered
    else:
        assert SHAPES.keys() - {"PrometheusRule"} <= rendered


def test_alert_rules_and_dashboards_reach_the_cluster_as_they_are(tmp_path):
    chart = tmp_path / "laurel"
    shutil.copytree(CHART, chart)
    rules = 'groups:\n  - name: planted\n    rules:\n      - alert: Down\n        expr: up == 0\n        annotations: { summary: "{{ $labels.role }} is down" }\n'
    (chart / "alerts/planted.yaml").write_text(rules)
    (chart / "dashboards/planted.json").write_text('{"title": "{{ planted }}"}')
    things = objects(CHART.parents[1] / "tests/deploy/values/good/scaled-route.yaml", chart)
    (rule,) = of_kind(things, "PrometheusRule")
    assert fault("1.37", json.dumps(rule)) is None
    names = {group["name"] for group in rule["spec"]["groups"]}
    shipped = [read(path) for path in (ROOT / "deploy/alerts").glob("*.yaml")]
    assert names == {"planted"} | {group["name"] for file in shipped for group in file["groups"]}
    planted = [group for group in rule["spec"]["groups"] if group["name"] == "planted"]
    assert planted[0]["rules"][0]["annotations"]["summary"] == "{{ $labels.role }} is down"
    maps = {
        key: text for thing in of_kind(things, "ConfigMap") for key, text in thing["data"].items()
    }
    assert json.loads(maps["planted.json"]) == {"title": "{{ planted }}"}
    for path in (ROOT / "deploy/dashboards").glob("*.json"):
        assert maps[path.name] == path.read_text()


def every_key(tree, path=()):
    """The path of every map and every value in it."""
    for key, below in tree.items():
        yield (*path, key)
        if isinstance(below, dict):
            yield from every_key(below, (*path, key))


def test_the_schema_knows_every_default_and_closes_every_object():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def resolve(part):
        while "$ref" in part:
            part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]]
        return part

    def find(part, path):
        for key in path:
            part = resolve(part)
            part = next(
                (
                    resolve(all_of)
                    for all_of in part.get("allOf", [])
                    if "properties" in resolve(all_of) and "type" not in part
                ),
                part,
            )
            part = part["properties"].get(key) or part.get("additionalProperties")
        return part

    for path in every_key(read(CHART / "values.yaml")):
        if "labels" in path[:-1] or "matchLabels" in path[:-1]:
            continue
        assert find(schema, path), path

    def objects_in(part):
        if isinstance(part, dict):
            if part.get("type") == "object" and "properties" in part and "then" not in part:
                yield part
            for key, below in part.items():
                if key not in ("if", "then", "else", "allOf"):
                    yield from objects_in(below)
        elif isinstance(part, list):
            for below in part:
                yield from objects_in(below)

    opened = [part for part in objects_in(schema) if part.get("additionalProperties") is not False]
    assert not opened


def test_the_read_me_lists_every_value_and_no_other():
    defaults = read(CHART / "values.yaml")
    known = {".".join(path) for path in every_key(defaults)}
    table = (CHART / "README.md").read_text().split("## Values")[1]
    named = re.findall(r"^\| `([^`]+)`", table, re.M)
    assert set(named) <= known and len(named) == len(set(named))
    # A row may stand for all that is below it.
    covered = {key for key in known for name in named if f"{key}.".startswith(f"{name}.")}
    over_rows = {key for key in known for name in named if name.startswith(f"{key}.")}
    assert covered | over_rows == known
