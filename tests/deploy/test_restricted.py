"""The check of the restricted profile finds what it should."""

import copy

import pytest

from helm import GOOD, objects, workloads
from restricted import faults

POD = workloads(objects(GOOD[0]))["embedded"]["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("where", "value", "fault"),
    [
        ("hostNetwork", True, "hostNetwork"),
        ("automountServiceAccountToken", True, "automountServiceAccountToken"),
        ("securityContext", {}, "laurel: runAsNonRoot"),
        ("securityContext.seccompProfile", {"type": "Unconfined"}, "laurel: seccomp"),
        ("securityContext.runAsUser", 0, "laurel: runAsUser"),
        ("volumes", [{"name": "host", "hostPath": {"path": "/"}}], "volume host"),
        ("containers.0.securityContext.capabilities", {}, "laurel: drops"),
        ("containers.0.securityContext.capabilities.add", ["NET_RAW"], "laurel: adds"),
        (
            "containers.0.securityContext.allowPrivilegeEscalation",
            True,
            "laurel: allowPrivilegeEscalation",
        ),
        ("containers.0.securityContext.privileged", True, "laurel: privileged"),
        (
            "containers.0.securityContext.readOnlyRootFilesystem",
            False,
            "laurel: readOnlyRootFilesystem",
        ),
        ("containers.0.resources", {}, "laurel: memory limit"),
    ],
)
def test_a_weakened_pod_is_found(where, value, fault):
    pod = copy.deepcopy(POD)
    *path, last = where.split(".")
    at = pod
    for key in path:
        at = at[int(key)] if key.isdigit() else at[key]
    at[last] = value
    assert fault in faults(pod)
