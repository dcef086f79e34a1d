from tests.operations.kubernetes.conftest import cluster, fake, secrets  # noqa: F401
