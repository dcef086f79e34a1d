from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "install.py"


@pytest.fixture
def install():
    spec = spec_from_file_location("install", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(install, monkeypatch):
    """A function: pip's settings, statuses by program -> an installation's status, and the commands that it ran."""

    def run(settings="", **statuses):
        ran = []

        def answer(words, env=None, **_):
            words = [str(word) for word in words]
            if words[-2:] == ["config", "list"]:
                return SimpleNamespace(stdout=settings)
            name = "uv" if words[0].endswith("uv") else "pip"
            ran.append((name, Path(words[-1]).name, env))
            return SimpleNamespace(returncode=statuses.get(name, 0))

        monkeypatch.setattr(install.subprocess, "run", answer)
        return install.main("base.txt"), ran

    return run


def test_uv_installs_what_pip_would(commands):
    status, ran = commands("global.timeout='60'\n")
    assert status == 0
    assert [each[:2] for each in ran] == [("pip", "uv.txt"), ("uv", "base.txt")]


def test_uv_takes_packages_from_where_pip_does(commands):
    told = [
        "global.index-url='https://from.a.file/simple'",
        ":env:.index-url='https://from.a.variable/simple'",
        "global.find-links='/wheels\\n/more'",
        ":env:.cert='/etc/certificates.pem'",
    ]
    _, ran = commands("\n".join(told))
    settings = ran[-1][2]
    assert settings["UV_DEFAULT_INDEX"] == "https://from.a.variable/simple"
    assert settings["UV_FIND_LINKS"] == "/wheels,/more"
    assert settings["SSL_CERT_FILE"] == "/etc/certificates.pem"


@pytest.mark.parametrize(
    "setting", ["global.no-index='true'", "install.constraint='mine.txt'", ":env:.proxy='http://a'"]
)
def test_what_uv_cannot_be_told_is_left_to_pip(commands, setting):
    assert [each[:2] for each in commands(setting)[1]] == [("pip", "base.txt")]


def test_pip_tries_where_uv_fails(commands, capfd):
    status, ran = commands(uv=2)
    assert status == 0
    assert [each[:2] for each in ran] == [("pip", "uv.txt"), ("uv", "base.txt"), ("pip", "base.txt")]
    assert "pip tries" in capfd.readouterr().err


def test_without_an_index_nothing_else_is_tried(commands):
    assert commands(pip=1)[0] == 1


def test_the_real_settings_can_be_read(install):
    assert isinstance(install.pip_settings(), dict)
