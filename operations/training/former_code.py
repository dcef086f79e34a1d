"""Hashes of code that does what version 0.1.0's did, so that what that version left is gone on with.

0.1.0 hashed other files, and their bytes. Its hashes of itself with its locked libraries stand here beside today's: any
change of the code or of a library, and they are no longer the same. To be dropped with the release after 0.2.0.
"""

from __future__ import annotations

FORMER = "0.1.0"
_FORMER = {  # today's hash of a step's code: the former one
    "181e194158fb1fdf": "5691ce6d977eede7",  # augmentation
    "17130dc7ff788143": "ef94686407b6f4f9",  # calibrate
    "4f963ce711e6ad9f": "2871ab2149ce04a9",  # evaluate
    "de51cb45cdbe03de": "0520b9a1ff1128b2",  # train
}


def former_code(code: str) -> str | None:
    """Version 0.1.0's hash of code that gives the same results; None where there is none.

    Args:
        code: Today's, from `code_hash`.
    """
    return _FORMER.get(code)
