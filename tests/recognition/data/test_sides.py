import numpy as np

from recognition.data.sides import assign_sides, shares_in_words


def assign(keys, given=None, test=0.2, validation=0.1, seed=0, gate=0.0):
    return assign_sides(keys, given, test, validation, gate, seed)


KEYS = [f"{number:x}" for number in range(20_000)]


def test_the_shares_are_reached_on_average():
    sides = assign(KEYS)
    assert abs(np.mean(sides == "test") - 0.2) < 0.01
    assert abs(np.mean(sides == "validation") - 0.08) < 0.01  # of the rest


def test_more_images_move_none():
    np.testing.assert_array_equal(assign(KEYS)[5_000:6_000], assign(KEYS[5_000:6_000]))
    np.testing.assert_array_equal(assign(KEYS)[::-1], assign(KEYS[::-1]))


def test_a_larger_test_share_takes_images_and_gives_none_back():
    small, large = assign(KEYS, test=0.1) == "test", assign(KEYS, test=0.3) == "test"
    assert (large | ~small).all()


def test_equal_keys_stay_together():
    keys = [f"group {number % 50}" for number in range(1_000)]
    sides = assign(keys)
    assert len(set(zip(keys, sides.tolist(), strict=True))) == 50
    assert len(set(sides.tolist())) == 3


def test_the_gate_takes_its_images_from_train_alone():
    without, sides = assign(KEYS), assign(KEYS, gate=0.25)
    held = sides == "gate"
    np.testing.assert_array_equal(sides[~held], without[~held])
    assert set(without[held].tolist()) == {"train"}
    assert abs(np.mean(held) - 0.25 * 0.72) < 0.01
    assert "gate 1" in shares_in_words(sides, None, False)


def test_the_seed_holds_out_others():
    assert (assign(KEYS) != assign(KEYS, seed=1)).any()


def test_sides_that_are_given_stay():
    given = ["train"] * 15_000 + ["test"] * 5_000
    sides = assign(KEYS, given)
    assert (sides[15_000:] == "test").all()
    assert set(sides[:15_000].tolist()) == {"train", "validation"}
    assert abs(np.mean(sides[:15_000] == "validation") - 0.1) < 0.01
    whole = ["train", "validation", "test"] * 3
    assert assign(KEYS[:9], whole).tolist() == whole


def test_in_words():
    sides = np.array(["train"] * 6 + ["validation"] * 2 + ["test"] * 2)
    shares = "train 60.0%, validation 20.0%, test 20.0%"
    assert shares_in_words(sides, None, False).startswith("sides are chosen by each image's content")
    assert shares_in_words(sides, None, True).startswith("sides are chosen by each image's group")
    assert shares_in_words(sides, ["train", "test"], False).startswith("validation images are chosen")
    assert shares_in_words(sides, ["train", "validation", "test"], False) == f"sides are the source's own: {shares}"
