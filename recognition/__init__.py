"""Everything that knows about images, networks and numbers; imports neither zenml nor mlflow."""

import os
import platform

# TensorFlow takes oneDNN's kernels by itself only where there is AVX-512 VNNI; without, they train up to twice as fast.
# It reads this when it is first imported, which whatever of ours computes with it does later than this line.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
