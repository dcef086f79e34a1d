import json

import numpy as np
import pytest

from recognition.augmentation.plan import AugmentationPlan, check_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.data.dataset import Split
from recognition.errors import InputError


@pytest.fixture(scope="module")
def whitening_plan(small_photographs, plan_for):
    return plan_for(small_photographs, featurewise_center=True, zca_whitening=True, rotation_range=5)


def test_shares_and_pixels_become_pixels_of_their_own_side(plan_for):
    images = np.zeros((2, 20, 40, 3), np.uint8)
    plan = plan_for(images, height_shift_range=0.25, width_shift_range=0.25)
    assert (plan.height_shift, plan.width_shift) == (5, 10)
    plan = plan_for(images, height_shift_range=1, width_shift_range=39.5)
    assert (plan.height_shift, plan.width_shift) == (1, 39.5)


@pytest.mark.parametrize(("option", "size"), [("height_shift_range", 20), ("width_shift_range", 40)])
def test_a_shift_of_the_whole_image_is_refused(plan_for, option, size):
    with pytest.raises(InputError, match=rf"augmentation\.{option}[^$]+{size} pixels"):
        plan_for(np.zeros((2, 20, 40, 3), np.uint8), **{option: size})


@pytest.mark.parametrize("shape", [(20, 40), (40, 20)])
def test_a_crop_beyond_the_mirrored_image_is_refused(plan_for, shape):
    images = np.zeros((2, *shape, 3), np.uint8)
    assert plan_for(images, random_crop=19).options.random_crop == 19
    with pytest.raises(InputError, match=r"augmentation\.random_crop reaches [^$]+at most 19 pixels"):
        plan_for(images, random_crop=20)


@pytest.mark.parametrize("option", ["saturation", "hue"])
def test_colors_of_grey_images_are_refused(plan_for, option):
    with pytest.raises(InputError, match=rf"augmentation\.{option} changes colours"):
        plan_for(np.zeros((2, 8, 8, 1), np.uint8), **{option: 0.1})
    assert plan_for(np.zeros((2, 8, 8, 1), np.uint8), brightness=0.1, contrast=0.1).changes_colors


@pytest.mark.parametrize("options", [{"random_crop": 8}, {"hue": 0.1}])
def test_options_are_checked_before_any_pixel_is_read(options):
    split = Split(np.zeros((2, 8, 8, 1), np.uint8), np.zeros(2, np.int32), np.zeros(2, np.uint64))
    with pytest.raises(InputError, match=r"augmentation\.(random_crop|hue)"):
        check_plan(AugmentationConfig.model_validate(options), split)


def test_statistics_are_fitted_only_where_they_are_needed(photographs, plan_for):
    plain = plan_for(photographs, samplewise_center=True, horizontal_flip=True)
    assert (plain.mean, plain.std, plain.zca) == (None, None, None)
    centred = plan_for(photographs, featurewise_center=True)
    assert len(centred.mean) == 3
    assert centred.std is None


@pytest.mark.parametrize(
    "option", ["rotation_range", "width_shift_range", "height_shift_range", "horizontal_flip", "vertical_flip"]
)
def test_any_geometric_option_moves_images(photographs, plan_for, option):
    assert plan_for(photographs, **{option: 1 if "range" in option else True}).moves_images
    assert not plan_for(photographs, samplewise_center=True).moves_images


@pytest.mark.parametrize("option", ["brightness", "contrast", "saturation", "hue"])
def test_any_option_of_color_changes_colors(photographs, plan_for, option):
    assert plan_for(photographs, **{option: 0.1}).changes_colors
    assert not plan_for(photographs, cutout=0.5).changes_colors


@pytest.mark.parametrize("option", ["mixup", "cutmix"])
def test_mixup_and_cutmix_mix_images(photographs, plan_for, option):
    assert plan_for(photographs, **{option: 0.1}).mixes_images
    assert not plan_for(photographs, cutout=0.5).mixes_images


def test_rand_augment_has_magnitude_nine_where_none_is_given(photographs, plan_for):
    assert plan_for(photographs, rand_augment=2).rand_augment_magnitude == 9
    assert plan_for(photographs, rand_augment=2, rand_augment_magnitude=0).rand_augment_magnitude == 0


def test_a_plan_survives_its_files(whitening_plan, tmp_path):
    whitening_plan.to_files(tmp_path / "plan")
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == ["plan.json", "zca.npy"]
    read = AugmentationPlan.from_files(tmp_path / "plan")
    assert read.digest == whitening_plan.digest
    assert (read.options, read.image_shape, read.mean) == (
        whitening_plan.options,
        whitening_plan.image_shape,
        whitening_plan.mean,
    )
    np.testing.assert_array_equal(read.zca, whitening_plan.zca)


def test_digests_differ_where_plans_do(photographs, plan_for):
    plans = [
        plan_for(photographs),
        plan_for(photographs, horizontal_flip=True),
        plan_for(photographs, mixup=0.2),
        plan_for(photographs, featurewise_center=True),
        plan_for(photographs[:20], featurewise_center=True),
    ]
    assert len({plan.digest for plan in plans}) == 5
    assert plan_for(photographs).digest == plans[0].digest


def test_missing_files_are_an_input_error(whitening_plan, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        AugmentationPlan.from_files(tmp_path)
    whitening_plan.to_files(tmp_path)
    (tmp_path / "zca.npy").unlink()
    with pytest.raises(InputError, match=r"zca\.npy"):
        AugmentationPlan.from_files(tmp_path)


@pytest.mark.parametrize("change", [{"height_shift": 3.0}, {"mean": [0.5]}, {"options": {}}, {"extra": 1}])
def test_altered_files_are_an_input_error(whitening_plan, tmp_path, change):
    whitening_plan.to_files(tmp_path)
    content = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(InputError, match="cannot be read"):
        AugmentationPlan.from_files(tmp_path)


def test_arrays_of_objects_are_never_read(whitening_plan, tmp_path):
    whitening_plan.to_files(tmp_path)
    np.save(tmp_path / "zca.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="allow_pickle=False"):
        AugmentationPlan.from_files(tmp_path)
