"""What a server counts, for Prometheus: docs/serving.md lists the names."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from recognition.serving.engine import ModelCard

PREFIX = "recognition"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counters in a registry of their own, so that several servers in a process do not mix.

    Args:
        waiting: How many images are queued or with the model.
    """

    def __init__(self, waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests by path and status", "path", "status")
        self.seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "From a request's head to the end of its answer",
            ("path",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.batch_images = Histogram(
            f"{PREFIX}_batch_images", "Images in a call of the model", buckets=IMAGES, registry=self.registry
        )
        self.images = self._counter("images", "Classified images by answer: class, or none of these", "answer")
        self.loads = self._counter("model_loads", "Models loaded, or not, by result: ok, failed", "result")
        queue = Gauge(f"{PREFIX}_queue_images", "Images queued or with the model", registry=self.registry)
        queue.set_function(waiting)
        self._model = Gauge(
            f"{PREFIX}_model_info", "The model that answers: 1", ("name", "version", "sha256"), registry=self.registry
        )

    def show_model(self, card: ModelCard) -> None:
        """Name the model that answers from now on."""
        self._model.clear()
        self._model.labels(card.name, card.version, card.sha256).set(1)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)
