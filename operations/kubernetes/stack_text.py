"""A stack as a person reads it."""

from __future__ import annotations

import textwrap

from operations.kubernetes.stack_check import Finding
from operations.platform.console import render_lines
from operations.platform.target import UPLOADED, Target

WIDTH = 16  # of a part's name


def render_applied(name: str, lines: list[str]) -> str:
    """What applying a file changed."""
    return "\n".join(lines) if lines else f"stack {name}: unchanged"


def render_target(target: Target) -> str:
    """What a stack runs."""
    orchestrator, step = target.accounts
    gpu = [("GPU image", target.gpu_image)] if target.gpu_image != target.image else []
    kept = [("state", f"on volume {target.state_volume}")] if target.state_volume else []
    data = [("data", f"read with the variables of Secret {target.data_secret}")] if target.data_secret else []
    lines = [
        ("cluster", f"context {target.context}, namespace {target.namespace}"),
        ("accounts", f"{orchestrator} starts the steps, which are {step}"),
        ("image", target.image),
        *gpu,
        ("code", "uploaded for each run" if target.code == UPLOADED else "in the image"),
        *kept,
        *data,
    ]
    return render_lines(f"stack {target.stack}", lines)


def render_finding(finding: Finding) -> str:
    """A line, and one more with the remedy."""
    line = f"{'OK  ' if finding.ok else 'FAIL'}  {finding.part:<{WIDTH}}{finding.detail}"
    return line if not finding.remedy else f"{line}\n{textwrap.indent(f'to mend: {finding.remedy}', ' ' * (WIDTH + 6))}"
