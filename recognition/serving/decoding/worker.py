"""The process that decodes: `python -m recognition.serving.decoding.worker`, with a socket as its input and output.

A message is two lengths, a JSON document, and bytes. The process says `{}` once it is ready; then it answers one
request's body after another with pixels, `{"large": true}` or a problem, until its input ends.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

from recognition.data.image_structure import announced_pixels
from recognition.data.image_transform import ImageTransform
from recognition.serving.decoding.images import images_of
from recognition.serving.decoding.uploads import uploads_of
from recognition.serving.problems import Problem

LENGTHS = struct.Struct(">II")  # of the document and of the bytes behind it
NICE = 5  # behind the server and the model, which wait for no image but hold up everybody
CPU_SECONDS = 10  # for a request; the system ends the process then
OWN_MEMORY, PIXEL_MEMORY = 128 * 2**20, 24  # bytes for Python and a body; a pixel of the most wasteful kind, WebP


def main() -> None:
    """Decode until the input ends."""
    channel, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may be written between answers
    os.nice(NICE)
    write(answers, {})
    while lengths := channel.read(LENGTHS.size):
        document, body = (channel.read(length) for length in LENGTHS.unpack(lengths))
        write(answers, *answer(json.loads(document), body))


def answer(request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """What is answered to a request, and the pixels.

    Args:
        request: As `Decoders` makes it: "content_type", "transform", "files", "pixels", and "small", the number of
            pixels above which to say that it is large and decode nothing, or null.
        body: The request's body.
    """
    small = request["small"]
    limit(small or request["pixels"])
    try:
        uploads = uploads_of(request["content_type"], body, request["files"])
        if small is not None and sum(announced_pixels(upload.content) for upload in uploads) > small:
            return {"large": True}, b""
        images = images_of(uploads, ImageTransform.from_json(request["transform"]), request["pixels"])
    except Problem as problem:
        return {"problem": problem.to_json()}, b""
    return {"names": images.names}, images.pixels.tobytes()


def limit(pixels: int) -> None:
    """Limit this process's memory, and the processor time from now on.

    Args:
        pixels: To be decoded at most.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (OWN_MEMORY + PIXEL_MEMORY * pixels, hard))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)


def write(channel: BinaryIO, document: dict[str, Any], content: bytes = b"") -> None:
    """Write a message.

    Args:
        channel: Where to.
        document: JSON.
        content: The bytes behind it.
    """
    text = json.dumps(document).encode()
    channel.write(LENGTHS.pack(len(text), len(content)) + text + content)
    channel.flush()


if __name__ == "__main__":
    main()
