import pytest

from recognition.gate.latency import ROUNDS, latencies


def test_models_are_measured_in_turns_and_the_median_counts():
    now, calls = [0.0], []

    def model(name, seconds):
        def forward():
            calls.append(name)
            now[0] += seconds if len(calls) % 7 else 5  # something else disturbs now and then

        return forward

    measured = latencies([model("candidate", 0.03), model("champion", 0.01)], lambda: now[0])
    assert measured == pytest.approx((30, 10))
    assert calls[-2 * ROUNDS :] == ["candidate", "champion"] * ROUNDS
