"""Whether pods can have an image, as far as can be known from outside."""

from __future__ import annotations

from typing import Any

import requests

from operations.kubernetes.cluster import Cluster

PATIENCE = 10  # seconds for an answer
MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)


def find_image(cluster: Cluster, image: str) -> tuple[bool, str, str]:
    """Whether a node has an image or its registry answers that it is there; unknown counts as there.

    Args:
        cluster: The cluster.
        image: With its registry, and a tag or digest.

    Returns:
        Whether, what was found, and how to mend it.
    """
    if any(image in (each.names or []) for node in _nodes(cluster) for each in node.status.images or []):
        return True, f"{image}, on a node", ""
    host, name, reference = _parts(image)
    if host == "localhost":
        remedy = "load it into the nodes, or push it to a registry that they can pull from"
        return not _nodes(cluster), f"{image} is on no node that says so", remedy
    try:
        address = f"https://{host}/v2/{name}/manifests/{reference}"
        status = requests.head(address, headers={"Accept": MANIFESTS}, timeout=PATIENCE).status_code
    except requests.RequestException:
        return True, f"{image}: its registry does not answer here; the nodes may reach it", ""
    if status == 404:
        return False, f"{image}: its registry does not have it", "push it, or change image and stack apply FILE"
    return True, f"{image}: {'in its registry' if status == 200 else 'its registry asks who you are'}", ""


def _nodes(cluster: Cluster) -> list[Any]:
    """The nodes; none where we may not look. Each tells at most 50 images."""
    from kubernetes.client import ApiException

    try:
        return list(cluster.core.list_node(_request_timeout=PATIENCE).items)
    except ApiException:
        return []


def _parts(image: str) -> tuple[str, str, str]:
    host, _, rest = image.partition("/")
    name, is_digest, digest = rest.partition("@")
    if is_digest:
        return host, name, digest
    name, _, tag = rest.rpartition(":")
    return host, name, tag
