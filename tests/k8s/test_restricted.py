import copy

import pytest

from tests.k8s.restricted import violations

GOOD = {
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "c", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}


def test_a_pod_that_keeps_to_the_standard_breaks_nothing():
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda pod: pod.update(hostNetwork=True), "hostNetwork is set"),
        (lambda pod: pod["volumes"].append({"name": "node", "hostPath": {"path": "/"}}), "volume node"),
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "may run as root"),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "runs as root"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "seccomp"),
        (lambda pod: pod["securityContext"].update(sysctls=[{"name": "a", "value": "b"}]), "sysctls"),
        (lambda pod: pod["containers"][0].pop("securityContext"), "escalate"),
        (lambda pod: pod["containers"][0]["securityContext"].update(privileged=True), "privileged"),
        (lambda pod: pod["containers"][0]["securityContext"].update(procMount="Unmasked"), "unmasks"),
        (lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]), "capabilities"),
        (lambda pod: pod["containers"][0].update(ports=[{"containerPort": 1, "hostPort": 1}]), "port of the node"),
        (lambda pod: pod.update(initContainers=[{"name": "first"}]), "first: "),
    ],
)
def test_each_way_to_break_it_is_told(spoil, told):
    pod = copy.deepcopy(GOOD)
    spoil(pod)
    assert any(told in text for text in violations(pod))
