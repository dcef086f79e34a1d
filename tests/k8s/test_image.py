"""What can be told of the images without building them."""

import re
import subprocess
import tomllib

import pytest

from operations.platform.environment import OFFLINE
from tests.k8s.conftest import K8S

PROJECT = K8S.parent
IMAGE = (K8S / "image" / "Containerfile").read_text(encoding="utf-8")
SERVICES = K8S / "image" / "services"


def copied(text):
    """What is copied from the folder that the image is built in."""
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith("COPY ") and "--from=" not in line]
    return [word for words in lines for word in words[:-1] if not word.startswith("--")]


def test_all_of_our_code_is_in_the_image_and_nothing_else():
    code = {path.parent.name for path in PROJECT.glob("*/__init__.py")} | {"configs", "run_pipeline.py", "LICENSE"}
    assert {word for word in copied(IMAGE) if not word.startswith("requirements/")} == code


def test_the_builder_is_sent_what_is_copied():
    lines = (PROJECT / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {word.split("/")[0] for word in copied(IMAGE)}


@pytest.mark.parametrize(
    "path", [K8S / "image" / "Containerfile", SERVICES / "Containerfile"], ids=["image", "services"]
)
def test_images_are_pinned_run_as_nobody_special_and_say_what_they_are(path):
    text = path.read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG PYTHON=(.*)$", text, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}", base)
    assert base in IMAGE  # one for both
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON}"}
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["1000:1000"]
    assert "--require-hashes" in text
    for label in ("title", "description", "licenses"):
        assert f"org.opencontainers.image.{label}=" in text


def test_pods_of_runs_phone_nobody_either():
    settings = dict(re.findall(r"\b([A-Z_]+)=(\w+)", IMAGE[IMAGE.index("ENV ") :]))
    for name in set(OFFLINE) - {"ZENML_AUTO_OPEN_DASHBOARD"}:
        assert settings[name] == OFFLINE[name]


@pytest.mark.parametrize("path", sorted(SERVICES.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_ones_that_the_shell_reads_and_end_as_the_server(path):
    subprocess.run(["sh", "-n", path], check=True)
    text = path.read_text(encoding="utf-8")
    assert "set -eu" in text
    assert re.search(r"^exec ", text, re.MULTILINE)
    assert path.name in copied((SERVICES / "Containerfile").read_text(encoding="utf-8"))


def test_our_images_have_the_version_of_the_project():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    files = [PROJECT / ".ci" / "cluster", *K8S.rglob("*.yaml"), *K8S.rglob("*.md"), *K8S.rglob("Containerfile")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    tags = re.findall(r"(?:recognition(?:-gpu|-services)?:|newTag: |ARG VERSION=)(\d+\.[\w.]+)", text)
    assert len(tags) > 10
    assert set(tags) == {version}
