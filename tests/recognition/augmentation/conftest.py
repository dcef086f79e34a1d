"""Small real images, and plans made for them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images

from recognition.augmentation.plan import AugmentationPlan, resolve_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import Split

Images = NDArray[np.uint8]
PlanFor = Callable[..., AugmentationPlan]


def split_of(images: Images) -> Split:
    return Split(images, np.zeros(len(images), np.int32), np.zeros(len(images), np.uint64))


def tiles(photograph: Images, size: int) -> Images:
    height, width = (side // size for side in photograph.shape[:2])
    cut = photograph[: height * size, : width * size].reshape(height, size, width, size, -1)
    return cut.swapaxes(1, 2).reshape(height * width, size, size, -1)


@pytest.fixture(scope="session")
def photographs() -> Images:
    """40 real 32 × 32 colour images."""
    return np.concatenate([tiles(photograph, 32)[::13] for photograph in load_sample_images().images])[:40]


@pytest.fixture(scope="session")
def small_photographs() -> Images:
    """Thousands of 6 × 6 colour images, many more than the 108 values of one."""
    return np.concatenate([tiles(photograph[::2, ::2], 6) for photograph in load_sample_images().images])


@pytest.fixture(scope="session")
def plan_for() -> PlanFor:
    """Resolve the given options against the given images."""

    def resolve(images: Images, **options: bool | float) -> AugmentationPlan:
        return resolve_plan(AugmentationConfig.model_validate(options), split_of(images))

    return resolve
