"""The guides for operators: their values render, their objects are good, their files are there."""

import functools
import json
import re
import subprocess
import tomllib

import pytest
import yaml
from helm import CHART, ROOT, of_kind, read, template
from restricted import faults
from settings import known, of_variable, paths
from test_image import BINARY
from test_values import fault

GUIDES = [
    ROOT / "docs/operations/first-install.md",
    ROOT / "docs/operations/key-rotation.md",
    ROOT / "docs/operations/scaling.md",
    ROOT / "docs/operations/upgrade.md",
]


def blocks(guide, language):
    """The texts of that language in a guide, without the indentation of their lists."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", guide.read_text(), re.M | re.S)
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in found]


def manifests(guide):
    """The Kubernetes objects that a guide shows."""
    texts = [text for text in blocks(guide, "yaml") if text.startswith("apiVersion")]
    return [thing for text in texts for thing in yaml.safe_load_all(text)]


EVERY = sorted((ROOT / "docs/operations").glob("*.md"))

each = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
every = pytest.mark.parametrize("guide", EVERY, ids=lambda guide: guide.stem)


# Where a command begins, as opposed to a user or a release that is called laurel.
CALL = re.compile(
    r"(?:^ *|\bexec |\$\(|-- |-u laurel |--rm )laurel ([a-z-][^|&;)'\"<>\n]*)", re.M
)


def calls(guide):
    """The words after `laurel` in each command of a guide that calls the product."""
    scripts = [script.replace("\\\n", " ") for script in blocks(guide, "sh")]
    return [call.split() for script in scripts for call in CALL.findall(script)]


@functools.cache
def manual(*command):
    """What the product says of a command of its own; nothing when it has no such command."""
    said = subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True)
    return said.stdout if said.returncode == 0 else None


@every
def test_the_product_knows_the_commands_and_flags(guide):
    if not BINARY.exists():
        pytest.skip(f"not run: there is no {BINARY}")
    for words in calls(guide):
        command = []
        while "\nCommands:" in manual(*command) and words[len(command)][0] != "-":
            command.append(words[len(command)])
            assert manual(*command), f"laurel {' '.join(words)}"
        flags = {word.partition("=")[0] for word in words if word.startswith("--")}
        unknown = [flag for flag in flags if not re.search(rf"{flag}\b", manual(*command))]
        assert not unknown, f"laurel {' '.join(words)}"


def test_the_calls_of_the_guides_are_found():
    found = {words[0] for guide in EVERY for words in calls(guide)}
    assert {"audit", "backup", "demo", "doctor", "operator-token", "tenant", "verify"} <= found


@every
def test_scripts_are_ones(guide):
    for script in blocks(guide, "sh"):
        answer = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr + script


@each
def test_the_files_that_are_named_are_there(guide):
    named = set(re.findall(r"(?<![\w/])(?:deploy|helm)/[\w@./-]*\w", guide.read_text()))
    made = re.compile(r"deploy/(secrets\b.*|mail\.yaml|\.env)")
    assert named
    assert not [path for path in named if not made.fullmatch(path) and not (ROOT / path).exists()]


@every
def test_links_lead_somewhere(guide):
    for path, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", guide.read_text()):
        target = (guide.parent / path).resolve() if path else guide
        assert target.exists(), path
        if anchor:
            titles = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}


@each
def test_values_are_taken_each_over_the_one_before(guide, tmp_path):
    files = []
    for text in blocks(guide, "yaml"):
        if re.match(r"# \w+\.yaml\n", text):
            files.append(tmp_path / f"{len(files)}.yaml")
            files[-1].write_text(text)
            answer = template(files, CHART)
            assert answer.returncode == 0, answer.stderr
            things = [thing for thing in yaml.safe_load_all(answer.stdout) if thing]
            assert not [found for thing in things if (found := check(thing))]
    assert files or guide.stem in {"key-rotation", "upgrade"}


def check(thing):
    """What is wrong with an object, if anything."""
    return fault("1.37", json.dumps(thing, sort_keys=True))


@each
def test_objects_are_good_and_their_pods_restricted(guide):
    things = [thing for thing in manifests(guide) if thing["kind"] != "Issuer"]
    assert not [found for thing in things if (found := check(thing))]
    assert not [found for pod in of_kind(things, "Pod") if (found := faults(pod["spec"]))]


@each
def test_configurations_have_known_settings(guide):
    for script in blocks(guide, "sh"):
        for text in re.findall(
            r"tee /etc/laurel/\w+\.toml <<'END'\n(.*?)^END$", script, re.M | re.S
        ):
            assert not [
                path for path in paths(tomllib.loads(text.replace("# ", ""))) if not known(path)
            ]


def test_what_is_laid_over_the_compose_file_fits_it():
    services = read(ROOT / "deploy/compose.yaml")["services"]
    scripts = "".join(blocks(ROOT / "docs/operations/first-install.md", "sh"))
    (text,) = re.findall(r"tee deploy/mail\.yaml <<'END'\n(.*?)^END$", scripts, re.M | re.S)
    over = yaml.safe_load(text)
    for name, service in over["services"].items():
        assert name in services
        assert all(known(of_variable(variable)) for variable in service["environment"])
        mounted = {f"/run/secrets/{secret['target']}" for secret in service["secrets"]}
        files = {v for k, v in service["environment"].items() if k.endswith("_FILE")}
        assert files == mounted
        assert {secret["source"] for secret in service["secrets"]} == set(over["secrets"])
