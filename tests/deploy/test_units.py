"""The units of systemd are ones, fit the product, and are hardened."""

import re
import shutil
import subprocess

import pytest

from helm import ROOT
from settings import known, of_variable

UNITS = sorted((ROOT / "deploy").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")

each = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def settings(unit):
    """What the unit sets: name and value of each line."""
    return re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.M)


@pytest.fixture
def installed(tmp_path, unit):
    """The unit where it can be looked at, with a program that is there."""
    if not ANALYZE:
        pytest.skip("not run: there is no systemd-analyze")
    name = unit.name.replace("@.", "@issuers.")
    text = unit.read_text().replace("/usr/local/bin/laurel", "/bin/true")
    (tmp_path / name).write_text(text)
    return tmp_path / name


@each
def test_systemd_understands_it(installed):
    answer = subprocess.run(
        [ANALYZE, "verify", "--man=no", installed], capture_output=True, text=True
    )
    assert answer.returncode == 0 and installed.name not in answer.stderr, answer.stderr


@each
def test_it_is_little_exposed(installed):
    command = [ANALYZE, "security", "--offline=true", "--threshold=15", installed]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


@each
def test_its_settings_are_known_and_its_credentials_loaded(unit):
    lines = settings(unit)
    variables = dict(value.split("=", 1) for name, value in lines if name == "Environment")
    for variable in variables:
        path = of_variable(variable)
        assert path is None or known(path), variable
    loaded = {value.split(":")[0] for name, value in lines if name == "LoadCredential"}
    assert {value[3:] for value in variables.values() if value.startswith("%d/")} == loaded
    values = dict(lines)
    assert values["User"] == "laurel" == (ROOT / "deploy/laurel.sysusers").read_text().split()[1]
    assert variables["LAUREL__DATA"] == f"/var/lib/{values['StateDirectory']}"
    assert int(values["TimeoutStopSec"]) > 30
