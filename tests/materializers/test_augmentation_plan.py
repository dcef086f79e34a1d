from pathlib import Path

import numpy as np
import pytest

from materializers.augmentation_plan import AugmentationPlanMaterializer
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.augmentation.plan import resolve_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.errors import InputError
from recognition.pictures.grid import image_grid
from tests.recognition.evaluation.samples import split_of


def illustrated(seed=0, **options):
    split = split_of([0, 1] * 200, 4, seed=seed)
    picture = image_grid(split.images[:8], ["before"] * 8, columns=4)
    return IllustratedPlan(resolve_plan(AugmentationConfig.model_validate(options), split), picture)


WHITENING = {"featurewise_center": True, "zca_whitening": True, "rotation_range": 5}


@pytest.fixture(scope="module")
def data():
    return illustrated(**WHITENING)


def test_a_plan_comes_back(stored, data):
    _, loaded = stored(AugmentationPlanMaterializer, data)
    assert loaded.plan.digest == data.plan.digest
    assert (loaded.plan.options, loaded.plan.mean) == (data.plan.options, data.plan.mean)
    np.testing.assert_array_equal(loaded.plan.zca, data.plan.zca)
    assert loaded.picture == data.picture


def test_a_plan_without_statistics_comes_back(stored):
    data = illustrated(horizontal_flip=True)
    assert stored(AugmentationPlanMaterializer, data)[1].plan.digest == data.plan.digest


def test_a_plan_that_was_altered_is_refused(stored, data):
    written, _ = stored(AugmentationPlanMaterializer, data)
    path = Path(written.uri, "plan.json")
    path.write_text(path.read_text().replace('"rotation_range": 5', '"rotation_range": 6'))
    with pytest.raises(InputError, match="cannot be read"):
        written.load(IllustratedPlan)


def test_nothing_is_pickled(stored, data, check_no_pickles):
    check_no_pickles(stored(AugmentationPlanMaterializer, data)[0].uri)


def test_the_same_images_before_and_after_are_shown(stored, data, check_visualizations):
    written, _ = stored(AugmentationPlanMaterializer, data)
    assert check_visualizations(written, data) == ["augmentation.png"]


def test_the_hash_is_one_of_the_plan(artifact, stored, data):
    materializer = artifact(AugmentationPlanMaterializer)
    same = materializer.compute_content_hash(data)
    assert materializer.compute_content_hash(illustrated(**WHITENING)) == same
    assert materializer.compute_content_hash(IllustratedPlan(data.plan, b"another picture")) == same
    assert materializer.compute_content_hash(stored(AugmentationPlanMaterializer, data)[1]) == same
    assert materializer.compute_content_hash(illustrated(seed=1, **WHITENING)) != same
    assert materializer.compute_content_hash(illustrated(horizontal_flip=True)) != same


def test_metadata_tells_the_plan_in_words(artifact, data):
    metadata = artifact(AugmentationPlanMaterializer).extract_metadata(data)
    assert metadata["digest"] == data.plan.digest
    assert any("5°" in line for line in metadata["plan"])
    assert any("whitening" in line for line in metadata["plan"])
