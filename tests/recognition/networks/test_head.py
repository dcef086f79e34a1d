import keras
import numpy as np
import pytest

from recognition.networks.head import head


@pytest.mark.parametrize("classes", [2, 1_000])
def test_the_first_logits_do_not_depend_on_the_number_of_classes(classes):
    features = keras.Input((4096,))
    kernel, bias = keras.Model(features, head(features, classes)).get_weights()
    assert kernel.shape == (4096, classes)
    assert kernel.std() == pytest.approx(np.sqrt(1 / (3 * 4096)), rel=0.05)
    assert not bias.any()
