"""The description that the server gives of itself is true: schemathesis asks what it allows, and what it does not."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from recognition.serving.limits import Limits
from tests.recognition.serving.served import StubEngine, picture, serving

EXAMPLES = 40
NOT_EVERY_BYTE_STRING_IS_AN_IMAGE = [positive_data_acceptance]


@pytest.fixture(scope="module")
def described():
    with serving(StubEngine(), Limits(body=2**20, pixels=100_000, seconds=10)) as client:
        yield schemathesis.openapi.from_url(f"{client.address}/openapi.json")


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, GenerationMode.POSITIVE) for path in ("/predict", "/healthz", "/readyz", "/model", "/metrics")),
        ("/predict", GenerationMode.NEGATIVE),
    ],
)
def test_what_is_described_is_what_happens(described, path, mode):
    (operation,) = described[path].values()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(excluded_checks=NOT_EVERY_BYTE_STRING_IS_AN_IMAGE)

    ask()


def test_a_real_image_is_answered_as_described(described):
    with serving(StubEngine()) as client:
        operation = described["/predict"]["POST"]
        operation.validate_response(client.send(picture("red")))


def test_all_endpoints_of_programs_are_described(described):
    paths = described.raw_schema["paths"]
    assert set(paths) == {"/predict", "/healthz", "/readyz", "/model", "/metrics"}
    assert set(paths["/predict"]["post"]["requestBody"]["content"]) == {
        "multipart/form-data",
        "image/*",
        "application/octet-stream",
    }
