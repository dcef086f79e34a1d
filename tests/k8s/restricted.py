"""The `restricted` level of Kubernetes' pod security standards, as far as a manifest can break it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
CAPABILITIES = {"NET_BIND_SERVICE"}
SECCOMP = {"RuntimeDefault", "Localhost"}
HOST = ("hostNetwork", "hostPID", "hostIPC")


def violations(spec):
    """What a pod's specification breaks, a sentence each."""
    pod = spec.get("securityContext", {})
    found = [f"{key} is set" for key in HOST if spec.get(key)]
    found += [f"volume {v['name']} is no allowed one" for v in spec.get("volumes", []) if set(v) - {"name"} - VOLUMES]
    found += ["sysctls are set"] if pod.get("sysctls") else []
    for container in containers(spec):
        found += [f"{container['name']}: {text}" for text in _of_container(container, pod)]
    return found


def containers(spec):
    """All containers of a pod, those that run first included."""
    return [*spec.get("initContainers", []), *spec.get("containers", []), *spec.get("ephemeralContainers", [])]


def _of_container(container, pod):
    own = container.get("securityContext", {})
    both = {**pod, **own}
    capabilities = own.get("capabilities", {})
    if both.get("runAsNonRoot") is not True:
        yield "may run as root"
    if both.get("runAsUser") == 0:
        yield "runs as root"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may escalate its privileges"
    if own.get("privileged"):
        yield "is privileged"
    if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - CAPABILITIES:
        yield "keeps capabilities"
    if both.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "has no seccomp profile"
    if own.get("procMount", "Default") != "Default":
        yield "unmasks /proc"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "has a port of the node"
