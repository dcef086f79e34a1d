import pytest

from operations.registry.details import details, render_details
from operations.registry.registry import register
from operations.registry.rejection import settle_rejection, stored_rejection
from recognition.prediction.rejection import EVERY_ANSWER, Rejection, RejectionChoice
from tests.operations.stored_models import stored, versions

FOUND = Rejection(target_error=0.1, threshold=0.3, error=0.02, coverage=0.8, images=100)
CHOSEN = RejectionChoice(target_error=0.1, rejection=FOUND)
NOT_ASKED = (None, EVERY_ANSWER)


@pytest.fixture
def version(client, request):
    """A version of a model that no other test uses, with a threshold."""
    (model,) = versions(client, "".join(filter(str.isalnum, request.node.name))[:60], 1)
    assert settle_rejection(client, model, 0.1, CHOSEN) == CHOSEN
    return model


def test_a_version_keeps_its_threshold_until_a_run_is_asked_for_another(client, version):
    assert settle_rejection(client, version, *NOT_ASKED) == CHOSEN
    assert stored_rejection(client, version) == FOUND
    other = FOUND.model_copy(update={"threshold": 0.5})
    settle_rejection(client, version, 0.05, RejectionChoice(target_error=0.05, rejection=other))
    assert stored_rejection(client, version) == other


@pytest.mark.parametrize("choice", [EVERY_ANSWER, RejectionChoice(target_error=0.001)])
def test_a_threshold_goes_where_a_run_finds_none_or_is_asked_for_every_answer(client, version, choice):
    for _ in range(2):
        assert settle_rejection(client, version, choice.target_error or 1, choice) == choice
        assert stored_rejection(client, version) is None
    assert settle_rejection(client, version, *NOT_ASKED) == EVERY_ANSWER


def test_versions_of_one_stored_model_have_thresholds_of_their_own(client):
    file = stored(client, b"shared by two names")
    one, other = (register(client, name, file, {}, []) for name in ("sharing-one", "sharing-other"))
    settle_rejection(client, one, 0.1, CHOSEN)
    assert stored_rejection(client, other) is None
    settle_rejection(client, other, 1, EVERY_ANSWER)
    assert stored_rejection(client, one) == FOUND


def test_the_details_of_a_version_tell_its_threshold(client, version):
    assert "below 30.00% none of these" in render_details(details(client, version))
