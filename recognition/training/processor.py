"""What the processor can do, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def multiplies_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether the processor has matrix units for bfloat16: Intel's AMX, which oneDNN and so TensorFlow use.

    Without them bfloat16 is emulated, and slower than float32.

    Args:
        cpuinfo: The system's description of its processors; where there is none the answer is no.
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = text.partition("\nflags")[2].partition("\n")[0]
    return "amx_bf16" in flags.split()
