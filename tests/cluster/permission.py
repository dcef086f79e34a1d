"""Whether the tests may run on the cluster of the kubeconfig: asked before anything is installed there."""

import os
import sys
from urllib.parse import urlsplit

from kubernetes import config


def current_context():
    """Name of the kubeconfig's current context."""
    return config.list_kube_config_contexts()[1]["name"]


def refusal():
    """Why the tests may not run on the cluster of the kubeconfig; "" where they may."""
    try:
        host = urlsplit(config.new_client_from_config().configuration.host).hostname or ""
    except config.ConfigException as error:
        return f"no cluster: {error}"
    context = current_context()
    if host == "localhost" or host.startswith("127.") or host == "::1" or os.environ.get("ALLOW_CLUSTER") == context:
        return ""
    return f"the API server is at {host}, not on this machine: ALLOW_CLUSTER={context} lets the tests run there"


if __name__ == "__main__":
    if why := refusal():
        print(why, file=sys.stderr)
        sys.exit(2)
