import pytest
import yaml

from recognition.configuration.loading import load_config
from recognition.errors import InputError

SLACK = "https://hooks.slack.com/services/T0/B0/hunter2"


@pytest.fixture
def load(tmp_path):
    """A function: keys of section notify -> the section that a file with them makes."""

    def loaded(**keys):
        path = tmp_path / "retrain.yaml"
        path.write_text(yaml.safe_dump({"notify": keys}))
        return load_config(path).notify

    return loaded


@pytest.mark.parametrize(
    "url", ["https://example.org/hook?a=b", "http://127.0.0.1:8080", "env:HOOK", "secret:slack.url"]
)
def test_an_address_is_written_or_named(load, url):
    notify = load(url=url)
    assert (notify.url, notify.form, notify.secret) == (url, "json", None)
    assert notify.events == ("promoted", "kept", "waiting", "data_changed", "failed")


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org", "https://", "env:", "secret:name", "http://[::1", "http://a b", 3, ""]
)
def test_what_is_no_address_is_refused(load, url):
    with pytest.raises(InputError, match=r"retrain\.yaml:\d+.*expected an address"):
        load(url=url)


@pytest.mark.parametrize("url", [SLACK, "https://user:hunter2@example.org/hook"])
def test_a_secret_in_an_address_is_neither_stored_nor_repeated(load, url):
    with pytest.raises(InputError, match=r"would be stored; write env:VARIABLE") as error:
        load(url=url)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("secret", ["hunter2", 3, "env:hunter 2"])
def test_a_secret_that_is_written_down_is_refused_and_not_repeated(load, secret):
    with pytest.raises(InputError, match=r"expected env:VARIABLE, or secret:NAME\.KEY") as error:
        load(url="env:HOOK", secret=secret)
    assert "hunter" not in str(error.value)


def test_events_are_in_one_order(load):
    assert load(url="env:HOOK", events=["failed", "promoted"]).events == ("promoted", "failed")


@pytest.mark.parametrize("events", [[], "failed", ["failed", "failed"], [1], None])
def test_other_events_are_refused(load, events):
    with pytest.raises(InputError, match="expected a list of different ones of promoted"):
        load(url="env:HOOK", events=events)


def test_a_mistyped_event_is_told_the_nearest(load):
    with pytest.raises(InputError, match=r"did you mean data_changed\?"):
        load(url="env:HOOK", events=["data-changed"])
