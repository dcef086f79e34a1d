import numpy as np
import pytest

from recognition.data.change import Baseline, DataChange, compare
from recognition.data.inspection import inspect_dataset
from tests.recognition.data.samples import dataset_of

MANY = {"train": 200, "validation": 40, "test": 80}


def summary_of(**options):
    return inspect_dataset(dataset_of(**{"sides": MANY, **options})).summary


@pytest.fixture(scope="module")
def champions():
    return summary_of()


def change(data, before):
    return compare(data, Baseline(summary=before, version="7"))


def measure(found, side, name):
    [measure] = [each for each in found.measures if (each.side, each.name) == (side, name)]
    return measure


def test_without_a_champion_there_is_nothing_to_compare(champions):
    found = compare(champions, Baseline(why="there is no champion yet"))
    assert (found.verdict, found.version, found.measures) == ("unknown", None, ())
    assert found.in_words() == "not compared: there is no champion yet"


def test_the_same_data(champions):
    found = change(champions, champions)
    assert found.verdict == "same"
    assert found.in_words() == "the same as those of champion version 7: every image and label is"


def test_more_images_of_the_same_kind_are_similar(champions):
    found = change(summary_of(sides={**MANY, "train": 220}, seed=50), champions)
    assert found.verdict == "similar"
    assert found.reason == "6.2% more images (1,020); the same classes"
    assert found.images["train"] == (600, 660)


def test_other_images_of_the_same_kind_are_similar(champions):
    verdicts = [change(summary_of(seed=seed), champions).verdict for seed in range(10, 30)]
    assert verdicts == ["similar"] * 20


def test_few_images_are_not_judged_by_chance():
    few = {"train": 5, "validation": 2, "test": 2}
    before = summary_of(sides=few)
    assert {change(summary_of(sides=few, seed=seed), before).verdict for seed in range(10, 30)} == {"similar"}


def test_classes_that_come_and_go_make_data_different(champions):
    found = change(summary_of(names=("class_0", "class_1", "new")), champions)
    assert found.verdict == "different"
    assert (found.added, found.removed) == (("new",), ("class_2",))
    assert found.reason.startswith("1 class added (new); 1 class removed (class_2); ")


def test_the_order_of_the_classes_means_nothing(champions):
    train = champions.sides["train"].model_copy(update={"counts": (150, 250, 200)})
    one = champions.model_copy(update={"digest": "one", "sides": {**champions.sides, "train": train}})
    turned = {side: numbers.model_copy(update={"counts": numbers.counts[::-1]}) for side, numbers in one.sides.items()}
    other = one.model_copy(update={"classes": one.classes[::-1], "sides": turned, "digest": "other"})
    found = change(other, one)
    assert found.verdict == "similar"
    assert measure(found, "train", "class shares").value == 0


def test_class_shares_by_hand(champions):
    train = champions.sides["train"].model_copy(update={"counts": (100, 300, 200)})
    other = champions.model_copy(update={"digest": "other", "sides": {**champions.sides, "train": train}})
    found = change(other, champions)
    then, now = np.full(3, 1 / 3), np.array([100.5, 300.5, 200.5]) / 601.5
    expected = np.sum((now - then) * np.log(now / then))
    assert measure(found, "train", "class shares").value == pytest.approx(expected)
    assert measure(found, "train", "class shares").level == "shifted"
    assert found.halved == ("class_0",)
    assert found.verdict == "shifted"
    assert "1 class with half the training images or less (class_0)" in found.reason


def test_a_class_that_lost_half_of_its_images_is_named_though_the_shares_hardly_move(champions):
    counts = tuple([100] * 99 + [50])
    many = tuple(f"class_{index}" for index in range(100))
    sides = {side: numbers.model_copy(update={"counts": (100,) * 100}) for side, numbers in champions.sides.items()}
    before = champions.model_copy(update={"classes": many, "sides": sides})
    less = {**sides, "train": sides["train"].model_copy(update={"counts": counts})}
    found = change(before.model_copy(update={"digest": "other", "sides": less}), before)
    assert (found.verdict, found.halved) == ("shifted", ("class_99",))
    assert measure(found, "train", "class shares").level == "similar"


@pytest.mark.parametrize(("share", "verdict"), [(0.95, "similar"), (0.8, "shifted"), (0.4, "different")])
def test_images_that_have_gone(champions, share, verdict):
    found = change(summary_of(sides={side: round(share * each) for side, each in MANY.items()}), champions)
    assert found.verdict == verdict
    assert "fewer images" in found.reason
    assert found.halved == ()


def brighter(levels):
    return lambda side, images: np.clip(images.astype(int) + levels, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("deviations", "verdict"), [(0.1, "similar"), (0.22, "shifted"), (1.5, "different")])
def test_brighter_images(champions, deviations, verdict):
    spread = 255 * min(champions.sides["train"].spreads)
    found = change(summary_of(change=brighter(round(deviations * spread))), champions)
    assert found.verdict == verdict
    assert measure(found, "train", "red").value == pytest.approx(deviations, rel=0.1, abs=0.04)
    assert ("train images have changed in" in found.reason) == (verdict != "similar")


def test_a_colour_cast_is_seen_in_its_channel(champions):
    def bluer(side, images):
        images[..., 2] = np.minimum(images[..., 2].astype(int) + 60, 255)
        return images

    found = change(summary_of(change=bluer), champions)
    assert measure(found, "train", "blue").level == "different"
    assert measure(found, "train", "red").level == "similar"


def test_flatter_images(champions):
    found = change(summary_of(change=lambda side, images: images // 2 + 64), champions)
    assert measure(found, "test", "contrast").level == "different"


def test_another_shape_makes_data_different(champions):
    other = champions.model_copy(update={"image_shape": (64, 64, 1), "digest": "other"})
    found = change(other, champions)
    assert found.verdict == "different"
    assert "images of 64×64×1 values, not 12×12×3" in found.reason
    assert not [each for each in found.measures if each.kind == "difference"]


def test_no_class_in_common_and_a_class_without_images(champions):
    found = change(summary_of(names=("x", "y", "z")), champions)
    assert measure(found, "train", "class shares").value == 0
    train = champions.sides["train"].model_copy(update={"counts": (0, 0, 600)})
    empty = champions.model_copy(update={"digest": "other", "sides": {**champions.sides, "train": train}})
    assert change(empty, champions).verdict == "different"
    assert change(champions, empty).verdict == "different"


def test_images_that_are_all_alike_compare_too():
    def flat(level):
        return lambda side, images: np.full_like(images, level)

    one, other = (summary_of(sides={"train": 20, "validation": 9, "test": 9}, change=flat(level)) for level in (9, 90))
    assert change(other, one).verdict == "different"


def test_a_change_comes_back_from_json(champions):
    found = change(summary_of(seed=3), champions)
    assert DataChange.model_validate_json(found.model_dump_json()) == found
