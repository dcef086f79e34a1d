"""Section `resources`: what training may use, of this machine and of a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.values import shortened

CPU = "processors, such as 4, 0.5 or 500m"
BYTES = "an amount with its unit, such as 512Mi or 16Gi"
LABELS = "labels of a node by name, such as {nvidia.com/gpu.product: NVIDIA-L4}"
TAINTS = "a list of taints, such as [nvidia.com/gpu:NoSchedule, pool=training:NoExecute]"
WORDS = "up to 253 lower-case letters, digits, hyphens and dots, a letter or digit first and last"

_CPU = re.compile(r"\d+(\.\d{1,3})?|\d+m")
_BYTES = re.compile(r"\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)")
_LABEL_NAME = r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_VALUE = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_TAINT = re.compile(rf"{_LABEL_NAME}(={_LABEL_VALUE})?:(NoSchedule|PreferNoSchedule|NoExecute)")
_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def _written(pattern: re.Pattern[str], words: str) -> Callable[[Any], str]:
    """A check of a value that is text of a pattern, and not nothing of it."""

    def check(value: Any) -> str:
        text = str(value) if type(value) in (int, float, str) else ""
        if pattern.fullmatch(text) and re.search("[1-9]", text):
            return text
        raise ValueError(f"received {shortened(value)}; expected {words}")

    return check


def _labels(value: Any) -> dict[str, str]:
    pairs: list[Any] = list(value.items()) if isinstance(value, dict) else [(None, None)]
    if all(_matches(_LABEL_NAME, key) and _matches(_LABEL_VALUE, text) for key, text in pairs):
        return dict(pairs)
    raise ValueError(f"received {shortened(value)}; expected {LABELS}")


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _taints(value: Any) -> tuple[str, ...]:
    taints: list[Any] = list(value) if isinstance(value, list | tuple) else [None]
    if all(isinstance(taint, str) and _TAINT.fullmatch(taint) for taint in taints):
        return tuple(taints)
    raise ValueError(f"received {shortened(value)}; expected {TAINTS}")


def _object_name(value: Any) -> str:
    if isinstance(value, str) and _OBJECT_NAME.fullmatch(value):
        return value
    raise ValueError(f"received {shortened(value)}; expected {WORDS}")


Cpu = Annotated[str, PlainValidator(_written(_CPU, CPU)), WithJsonSchema({"type": "string", "words": CPU})]
Bytes = Annotated[str, PlainValidator(_written(_BYTES, BYTES)), WithJsonSchema({"type": "string", "words": BYTES})]
NodeLabels = Annotated[dict[str, str], PlainValidator(_labels), WithJsonSchema({"type": "string", "words": LABELS})]
Taints = Annotated[tuple[str, ...], PlainValidator(_taints), WithJsonSchema({"type": "array", "words": TAINTS})]
ObjectName = Annotated[str, PlainValidator(_object_name), WithJsonSchema({"type": "string", "words": WORDS})]


class ResourcesConfig(Section):
    """What training may use. Of these, only `threads` counts on this machine; a cluster honours all."""

    threads: int | None = Field(None, ge=1, le=1024, description="null: every core")
    cpu: Cpu | None = Field(None, description="processors kept for the train step; null: what the cluster gives")
    memory: Bytes | None = Field(
        None, description="kept for it, its limit and evaluation's; null: what the cluster gives"
    )
    disk: Bytes | None = Field(
        None, description="kept for each step's temporary files, and their limit; null: what the cluster gives"
    )
    gpus: int = Field(0, ge=0, le=64, description="of the train step; no other step gets one")
    shared_memory: Bytes | None = Field(None, description="size of /dev/shm; null: the cluster's 64 MB")
    node_selector: NodeLabels = Field({}, description="labels of the nodes that it may run on")
    tolerations: Taints = Field(
        (), description="taints of nodes that it may run on all the same; with gpus, nvidia.com/gpu is tolerated"
    )
    priority_class: ObjectName | None = Field(None, description="the cluster's; null: its default")
    queue: ObjectName | None = Field(None, description="of Kueue, which admits it when its turn comes")
    deadline: int | None = Field(
        None, ge=60, le=31_536_000, description="seconds after which the train step is ended, waiting included"
    )
    pending_timeout: int = Field(
        900, ge=10, le=604_800, description="seconds after which a run ends whose pod fits on no node"
    )
    retries: int = Field(3, ge=0, le=100, description="how often the train step goes on after its pod was taken away")

    @model_validator(mode="after")
    def _waiting_ends_before_the_deadline(self) -> ResourcesConfig:
        if self.deadline is not None and self.deadline <= self.pending_timeout:
            message = f"resources.deadline: {self.deadline} contradicts resources.pending_timeout: "
            message += f"{self.pending_timeout}, which is not shorter; lower one of them"
            raise ContradictionError(message, "deadline", "pending_timeout")
        return self

    def of_cluster(self) -> dict[str, Any]:
        """The keys that only a cluster honours and that differ from their defaults."""
        return self.model_dump(exclude={"threads"}, exclude_defaults=True)
