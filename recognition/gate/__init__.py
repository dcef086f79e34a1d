"""The gate: whether a candidate becomes the champion, as docs/gate.md argues."""

from recognition.gate.decision import GateDecision

__all__ = ["GateDecision"]
