"""The development overlay in a namespace of its own, installed with the product's own commands."""

import base64
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster.permission import current_context

PROJECT = Path(__file__).resolve().parents[2]
PORTS = {"zenml": 8080, "mlflow": 5000, "s3": 8333}
PATIENCE = 600  # seconds for servers to begin


class Installation:
    """A namespace with servers, whose Services this machine knows by their own names.

    Attributes:
        namespace: Its name.
    """

    def __init__(self, folder):
        self.namespace = f"recognition-test-{random.randrange(16**6):06x}"
        self._folder, self._forwards, self._ended = folder, [], threading.Event()
        self._address = f"127.{random.randrange(8, 250)}.{random.randrange(250)}.{random.randrange(2, 250)}"

    def install(self):
        """From nothing to servers with accounts."""
        kustomization = self._overlay()
        text = subprocess.check_output(["kubectl", "kustomize", str(kustomization)], text=True)
        namespace = next(each for each in yaml.safe_load_all(text) if each["kind"] == "Namespace")
        self.kubectl("create", "-f", "-", words=json.dumps(namespace))
        self._python("k8s/make_secrets.py", "dev", "--namespace", self.namespace)
        # by the server, so that two installations may make the cluster's policies in the same moment
        self.kubectl("apply", "--server-side", "-k", str(kustomization))
        servers = [f"deployment/{name}" for name in ("zenml", "mlflow")]
        self.kubectl("wait", "--for=condition=Available", *servers, f"--timeout={PATIENCE}s")
        self.kubectl("wait", "--for=condition=Ready", "pod/s3-0", f"--timeout={PATIENCE}s")
        for name, port in PORTS.items():
            thread = threading.Thread(target=self._forward, args=(name, port), daemon=True)
            thread.start()
            self._forwards.append(thread)
        self._wait_for_ports()
        addresses = ("--zenml", self.url("zenml"), "--mlflow", self.url("mlflow"))
        self._python("k8s/make_accounts.py", *addresses, "--namespace", self.namespace)

    def remove(self):
        """Leave nothing behind."""
        self._ended.set()
        remove_namespace(self.namespace)

    def url(self, service):
        """Its address in the cluster, and here."""
        return f"http://{service}.{self.namespace}.svc.cluster.local:{PORTS[service]}"

    @contextmanager
    def reachable(self):
        """Let this very process know the Services by their names."""
        resolve, end = socket.getaddrinfo, f".{self.namespace}.svc.cluster.local"

        def resolved(host, *arguments, **options):
            return resolve(self._address if str(host).endswith(end) else host, *arguments, **options)

        socket.getaddrinfo = resolved
        try:
            yield
        finally:
            socket.getaddrinfo = resolve

    def environment(self):
        """Variables of a user of the installation."""
        return {
            **self._names(),
            "ZENML_STORE_URL": self.url("zenml"),
            "ZENML_STORE_API_KEY": self.secret("zenml-client")["api-key"],
            **self.secret("data"),
        }

    def secret(self, name):
        """A Secret's values."""
        data = json.loads(self.kubectl("get", "secret", name, "-o", "json"))["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def stack_file(self):
        """k8s/stacks/dev.yaml with this namespace's names."""
        stack = yaml.safe_load((PROJECT / "k8s" / "stacks" / "dev.yaml").read_text())
        stack["name"] = self.namespace
        stack["orchestrator"] |= {"context": current_context(), "namespace": self.namespace}
        stack["artifact_store"]["endpoint_url"] = self.url("s3")
        stack["tracker"]["uri"] = self.url("mlflow")
        stack["image"] = os.environ.get("TEST_IMAGE", stack["image"])
        path = self._folder / "stack.yaml"
        path.write_text(yaml.safe_dump(stack))
        return path

    def kubectl(self, *arguments, words=None):
        """What kubectl answers."""
        command = ["kubectl", "-n", self.namespace, *arguments]
        done = subprocess.run(command, input=words, capture_output=True, text=True, timeout=PATIENCE + 60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pods(self, step, run):
        """Names of the pods that a run's step has had."""
        pods = json.loads(self.kubectl("get", "pods", "-l", f"step_name={step}", "-o", "json"))["items"]
        return [pod["metadata"]["name"] for pod in pods if run in json.dumps(pod["metadata"])]

    def _overlay(self):
        folder = self._folder / "overlay"
        folder.mkdir()
        hosts = f"mlflow:5000,localhost:5000,mlflow.{self.namespace}.svc.cluster.local:5000"
        container = {"name": "mlflow", "env": [{"name": "MLFLOW_SERVER_ALLOWED_HOSTS", "value": hosts}]}
        patch = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "mlflow"},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        content = {
            "namespace": self.namespace,
            "resources": [os.path.relpath(PROJECT / "k8s" / "overlays" / "dev", folder.resolve())],
            "patches": [{"patch": yaml.safe_dump(patch)}],
            "images": _images(),
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
        return folder

    def _forward(self, name, port):
        """Forward a port, again whenever the pod behind it was replaced."""
        words = ["port-forward", f"--address={self._address}", f"service/{name}", str(port)]
        while not self._ended.is_set():
            with subprocess.Popen(
                ["kubectl", "-n", self.namespace, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                while process.poll() is None and not self._ended.wait(0.5):
                    pass
                process.terminate()

    def _wait_for_ports(self):
        deadline = time.monotonic() + 60
        for port in PORTS.values():
            while True:
                try:
                    socket.create_connection((self._address, port), 5).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, f"port {port} is not forwarded"
                    time.sleep(0.2)

    def _names(self):
        names = f".{self.namespace}.svc.cluster.local={self._address}"
        return {"CLUSTER_NAMES": names, "PYTHONPATH": str(Path(__file__).parent / "names")}

    def _python(self, script, *arguments):
        words = [sys.executable, str(PROJECT / script), *arguments]
        done = subprocess.run(words, env={**os.environ, **self._names()}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def remove_namespace(name):
    """Remove it and, where it was the last installation, what those share."""
    subprocess.run(["kubectl", "delete", "namespace", name, "--timeout=180s"], capture_output=True)
    left = ["kubectl", "get", "namespaces", "-l", "recognition/admission", "-o", "name"]
    if subprocess.run(left, capture_output=True, text=True).stdout:
        return
    kinds = "validatingadmissionpolicies,validatingadmissionpolicybindings"
    subprocess.run(["kubectl", "delete", kinds, "-l", "app.kubernetes.io/part-of=recognition"], capture_output=True)


def _images():
    """Other images than those of the overlay, where the environment names some."""
    found = []
    for name, variable in {"recognition": "TEST_IMAGE", "recognition-services": "TEST_SERVICES_IMAGE"}.items():
        if image := os.environ.get(variable):
            new_name, _, tag = image.rpartition(":")
            found.append({"name": f"localhost/{name}", "newName": new_name, "newTag": tag})
    return found
