"""The "restricted" profile of Kubernetes' Pod Security Standards, and a little more."""

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def faults(pod):
    """What is wrong with the spec of a pod."""
    found = []

    def expect(holds, what):
        if not holds:
            found.append(what)

    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        expect(not pod.get(field), field)
    for volume in pod.get("volumes", []):
        expect(
            len(volume.keys() - {"name"}) == 1 and volume.keys() - {"name"} <= VOLUMES,
            f"volume {volume['name']}",
        )
    whole = pod.get("securityContext", {})
    expect("sysctls" not in whole, "sysctls")
    for container in [
        *pod["containers"],
        *pod.get("initContainers", []),
        *pod.get("ephemeralContainers", []),
    ]:
        own = container.get("securityContext", {})
        both = {**whole, **own}
        name = container["name"]
        expect(both.get("runAsNonRoot") is True, f"{name}: runAsNonRoot")
        expect(both.get("runAsUser", 1) != 0, f"{name}: runAsUser")
        expect(
            both.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
            f"{name}: seccomp",
        )
        expect(own.get("allowPrivilegeEscalation") is False, f"{name}: allowPrivilegeEscalation")
        expect(not own.get("privileged"), f"{name}: privileged")
        capabilities = own.get("capabilities", {})
        expect(capabilities.get("drop") == ["ALL"], f"{name}: drops")
        expect(set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}, f"{name}: adds")
        expect(own.get("procMount", "Default") == "Default", f"{name}: procMount")
        expect("hostPort" not in str(container.get("ports")), f"{name}: hostPort")
        # More than the profile asks.
        expect(own.get("readOnlyRootFilesystem") is True, f"{name}: readOnlyRootFilesystem")
        expect(
            container.get("resources", {}).get("limits", {}).get("memory"), f"{name}: memory limit"
        )
    expect(pod.get("automountServiceAccountToken") is False, "automountServiceAccountToken")
    return found
