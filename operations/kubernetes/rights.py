"""What one has to be allowed in a namespace, as Kubernetes' own reviews tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.kubernetes.cluster import Cluster, asked, is_forbidden

Rights = Mapping[tuple[str, str], tuple[str, ...]]  # verbs by API group and resource

SUBMITTER: Rights = {
    ("", "pods"): ("get", "list"),
    ("", "pods/log"): ("get",),
    ("", "events"): ("list",),
    ("batch", "jobs"): ("get", "list", "create", "patch", "delete"),
    ("batch", "cronjobs"): ("get", "list", "create", "patch", "delete"),
    ("", "secrets"): ("create", "patch", "delete"),
}
ORCHESTRATOR: Rights = {
    ("", "pods"): ("get", "list"),
    ("", "pods/log"): ("get",),
    ("", "events"): ("list",),
    ("batch", "jobs"): ("get", "list", "create", "patch", "delete"),
    ("", "secrets"): ("delete",),
}


TRAINER: Rights = {
    ("", "pods"): ("get", "list"),
    ("", "pods/log"): ("get",),
    ("", "services"): ("create", "delete"),
    ("batch", "jobs"): ("create", "delete"),
}


def lacking(cluster: Cluster, namespace: str) -> list[str]:
    """What of SUBMITTER we are not allowed, such as "create jobs"."""
    from kubernetes import client

    def ask(attributes: Any) -> Any:
        review = client.V1SelfSubjectAccessReview(spec={"resourceAttributes": attributes})
        with asked(cluster, "review our rights"):
            return cluster.authorization.create_self_subject_access_review(review)

    return [word for word, attributes in _each(SUBMITTER, namespace) if not ask(attributes).status.allowed]


def lacking_of_account(cluster: Cluster, namespace: str, account: str, rights: Rights) -> list[str] | None:
    """What a ServiceAccount is not allowed; None where we may not know.

    Args:
        cluster: The cluster.
        namespace: Where the account and its pods are.
        account: Its name.
        rights: What it needs.
    """
    from kubernetes import client

    user = f"system:serviceaccount:{namespace}:{account}"
    missing = []
    for word, attributes in _each(rights, namespace):
        spec = {"user": user, "resourceAttributes": attributes}
        metadata = {"namespace": namespace}
        review = client.V1LocalSubjectAccessReview(metadata=metadata, spec=spec)
        try:
            answer = cluster.authorization.create_namespaced_local_subject_access_review(namespace, review)
        except client.ApiException as error:
            if is_forbidden(error):
                return None
            raise
        if not answer.status.allowed:
            missing.append(word)
    return missing


def _each(rights: Rights, namespace: str) -> Iterator[tuple[str, dict[str, str]]]:
    for (group, name), verbs in rights.items():
        resource, _, part = name.partition("/")
        for verb in verbs:
            attributes = {"namespace": namespace, "group": group, "resource": resource, "verb": verb}
            yield f"{verb} {name}", attributes | ({"subresource": part} if part else {})
