"""What kustomize makes of each overlay."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

K8S = Path(__file__).resolve().parent.parent.parent / "k8s"
OVERLAYS = ("dev", "production")


def build(folder):
    """The objects that kustomize makes of a folder; the test is skipped where there is no kustomize, or fails."""
    words = [["kustomize", "build"]] if shutil.which("kustomize") else []
    words += [["kubectl", "kustomize"]] if shutil.which("kubectl") else []
    if not words:
        reason = "neither kustomize nor kubectl is installed"
        if os.environ.get("RECOGNITION_REQUIRE_KUSTOMIZE") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    answer = subprocess.run([*words[0], str(folder)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return [each for each in yaml.safe_load_all(answer.stdout) if each]


@pytest.fixture(scope="session")
def built():
    """The objects of each overlay, by its name."""
    return {overlay: build(K8S / "overlays" / overlay) for overlay in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def objects(request, built):
    """The objects of an overlay."""
    return built[request.param]
