import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.preprocessing import build_preprocessing, preprocess
from recognition.errors import InputError

NORMALIZATIONS = {
    "nothing": {},
    "featurewise_center": {"featurewise_center": True},
    "featurewise_std_normalization": {"featurewise_center": True, "featurewise_std_normalization": True},
    "samplewise_center": {"samplewise_center": True},
    "samplewise_std_normalization": {"samplewise_center": True, "samplewise_std_normalization": True},
    "zca_whitening": {"featurewise_center": True, "zca_whitening": True},
}
each_normalization = pytest.mark.parametrize("options", NORMALIZATIONS.values(), ids=NORMALIZATIONS)


def by_keras(images, options):
    generator = tf.keras.preprocessing.image.ImageDataGenerator(dtype="float64", **options)
    generator.fit(images / 255)
    return np.stack([generator.standardize(image / 255) for image in images])


@each_normalization
def test_normalization_is_that_of_keras(photographs, small_photographs, plan_for, options):
    images = small_photographs if "zca_whitening" in options else photographs
    ours = build_preprocessing(plan_for(images, **options))(images)
    np.testing.assert_allclose(ours, by_keras(images, options), rtol=1e-5, atol=1e-5)


@each_normalization
def test_whole_and_fractional_pixels_give_the_same(small_photographs, plan_for, options):
    plan, images = plan_for(small_photographs, **options), small_photographs[:50]
    whole, fractional = build_preprocessing(plan, "uint8"), build_preprocessing(plan, "float32")
    np.testing.assert_array_equal(whole(images), fractional(images.astype(np.float32)))


@each_normalization
def test_a_saved_model_needs_nothing_but_keras(small_photographs, plan_for, options, tmp_path):
    model = build_preprocessing(plan_for(small_photographs, **options))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(small_photographs[:50]), model(small_photographs[:50]))
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert "Lambda" not in config
    assert all(module.startswith("keras") for module in modules(json.loads(config)))


def modules(config):
    if isinstance(config, list):
        return [module for part in config for module in modules(part)]
    if not isinstance(config, dict):
        return []
    here = [config["module"]] if config.get("module") and "class_name" in config else []
    return here + [module for part in config.values() for module in modules(part)]


@each_normalization
def test_results_are_float32_under_mixed_precision(small_photographs, plan_for, options):
    plan, images = plan_for(small_photographs, **options), small_photographs[:50]
    expected = build_preprocessing(plan)(images)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = build_preprocessing(plan)(images)
    finally:
        keras.config.set_dtype_policy(policy)
    assert mixed.dtype == tf.float32
    np.testing.assert_array_equal(mixed, expected)


def test_layers_have_readable_names_at_every_build(small_photographs, plan_for):
    options = {"featurewise_center": True, "zca_whitening": True}
    names = ["pixels", "rescaling", "featurewise_normalization", "zca_flatten", "zca_whitening", "zca_reshape"]
    for _ in range(2):
        model = build_preprocessing(plan_for(small_photographs, **options))
        assert [layer.name for layer in model.layers] == names
    samplewise = build_preprocessing(plan_for(small_photographs, **NORMALIZATIONS["samplewise_std_normalization"]))
    assert [layer.name for layer in samplewise.layers] == ["pixels", "rescaling", "samplewise_normalization"]


def test_nothing_trains(small_photographs, plan_for):
    model = build_preprocessing(plan_for(small_photographs, featurewise_center=True, zca_whitening=True))
    assert model.trainable_variables == []


def test_images_of_one_colour_stay_finite(plan_for):
    images = np.full((3, 8, 8, 3), 200, np.uint8)
    for kind in ("featurewise", "samplewise"):
        plan = plan_for(images, **NORMALIZATIONS[f"{kind}_std_normalization"])
        assert np.isfinite(build_preprocessing(plan)(images)).all()


def test_images_of_another_shape_are_refused(small_photographs, plan_for):
    with pytest.raises(InputError, match="received: 8 × 8 × 3"):
        preprocess(keras.Input((8, 8, 3)), plan_for(small_photographs))
