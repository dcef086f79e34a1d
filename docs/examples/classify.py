"""Classify image files with an exported model, without the project that trained it.

    python classify.py EXPORT_FOLDER IMAGE...

needs NumPy, Pillow and the one package that runs the format: tensorflow, onnxruntime or ai-edge-litert.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def prepare(path, transform):
    """The pixels that the model sees: uint8, (height, width, channels)."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", image.size, transform["background"]), image).convert("RGB")
    size, method = (transform["width"], transform["height"]), Image.Resampling.BICUBIC
    if transform["resize"] == "crop":
        picture = ImageOps.fit(picture, size, method)
    elif transform["resize"] == "pad":
        picture = ImageOps.pad(picture, size, method, transform["background"])
    else:
        picture = picture.resize(size, method)
    pixels = np.asarray(picture if transform["channels"] == 3 else picture.convert("L"))
    return pixels.reshape(transform["height"], transform["width"], transform["channels"])


def run_savedmodel(path, images, told):
    """Probabilities by TensorFlow."""
    import tensorflow as tf

    model = tf.saved_model.load(path)
    answers = model.signatures["serving_default"](**{told["input"]["name"]: tf.constant(images)})
    return answers[told["output"]["name"]].numpy()


def run_onnx(path, images, told):
    """Probabilities by ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run([told["output"]["name"]], {told["input"]["name"]: images})[0]


def run_litert(path, images, told):
    """Probabilities by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    model = Interpreter(model_path=path)
    given, answer = model.get_input_details()[0]["index"], model.get_output_details()[0]["index"]
    model.resize_tensor_input(given, images.shape)
    model.allocate_tensors()
    model.set_tensor(given, images)
    model.invoke()
    return model.get_tensor(answer)


RUN = {"savedmodel": run_savedmodel, "onnx": run_onnx, "litert": run_litert}


def main(folder, *paths):
    """Print a line for each image: its file, the label or "none of these", the probability.

    Returns:
        The exit status: 3 if a file is no image; the others are classified.
    """
    told = json.loads((Path(folder) / "export.json").read_text(encoding="utf-8"))
    prepared = {}
    for path in paths:
        try:
            prepared[path] = prepare(path, told["transform"])
        except (OSError, Image.DecompressionBombError) as error:
            print(f"{path}: {error}", file=sys.stderr)
    if not prepared:
        return 3
    images = np.stack(list(prepared.values()))
    probabilities = RUN[told["format"]](str(Path(folder) / told["file"]), images, told)
    threshold = told["rejection"]["threshold"] if told["rejection"] else 0
    for path, row in zip(prepared, probabilities, strict=True):
        best = int(row.argmax())
        label = told["classes"][best] if row[best] >= threshold else "none of these"
        print(f"{path}: {label} {row[best]:.3f}")
    return 0 if len(prepared) == len(set(paths)) else 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
