import pytest

from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.change import DataChange
from recognition.training.retraining import RetrainingRefused, check_change, with_new_seeds


def changed(verdict):
    return DataChange(verdict=verdict, reason="half of the cats are gone", version="3")


@pytest.mark.parametrize("verdict", ["unknown", "same", "similar", "shifted"])
def test_what_is_new_or_like_the_champions_data_is_trained_on(verdict):
    check_change(changed(verdict), RetrainConfig())


@pytest.mark.parametrize("verdict", ["similar", "shifted", "different"])
def test_an_empty_policy_trains_on_no_change(verdict):
    with pytest.raises(RetrainingRefused, match="half of the cats are gone"):
        check_change(changed(verdict), RetrainConfig(on_change=[]))


def test_an_empty_policy_trains_on_the_champions_own_data():
    check_change(changed("same"), RetrainConfig(on_change=[]))


def test_a_refusal_says_how_to_train_all_the_same():
    with pytest.raises(RetrainingRefused) as refusal:
        check_change(changed("different"), RetrainConfig())
    assert "'retrain.on_change=[similar, shifted, different]'" in refusal.value.remedy
    check_change(changed("different"), RetrainConfig(on_change=["similar", "shifted", "different"]))


def test_a_refusal_has_an_exit_status_of_its_own():
    assert RetrainingRefused.exit_status not in (0, 1, 2, 3)


def test_a_first_training_has_the_recipes_seed():
    assert with_new_seeds(TrainConfig(seed=7), []).seed == 7


def test_a_forced_training_has_the_next_seed_that_none_had():
    train = with_new_seeds(TrainConfig(seed=7), {(7,), (8,), (5,)})
    assert (train.seed, train.seeds) == (9, None)


def test_several_seeds_are_all_new():
    train = with_new_seeds(TrainConfig(seeds=(0, 1, 2)), {(0, 1, 2), (4,)})
    assert (train.seed, train.seeds) == (5, (5, 6, 7))
