"""An MLflow server on this machine, which can die and come back."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 120  # seconds


class MlflowServer:
    """Databases and files lie in a folder; the port stays the same after a restart."""

    def __init__(self, folder):
        self._folder, self._process = folder, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.kill()

    def start(self):
        """Start it and wait until it answers."""
        stores = [
            f"--backend-store-uri=sqlite:///{self._folder}/mlflow.db",
            f"--artifacts-destination={self._folder}/files",
        ]
        command = [sys.executable, "-m", "mlflow", "server", *stores, "--workers=1", f"--port={self._port}"]
        settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        with open(self._folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=kept | settings, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def kill(self):
        """End it, workers and all, as a machine does that is switched off."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
