import keras
import pytest
import tensorflow as tf

from recognition.training.keras_internals import variable_index


class Seen(keras.optimizers.SGD):
    """Writes down which variables its steps were about."""

    def update_step(self, gradient, variable, learning_rate):
        self.steps.append(variable_index(self, variable))
        super().update_step(gradient, variable, learning_rate)


@pytest.mark.parametrize("strategy", [tf.distribute.get_strategy, lambda: tf.distribute.MirroredStrategy(["/cpu:0"])])
def test_a_step_knows_its_variable(strategy):
    with (strategy := strategy()).scope():
        variables = [keras.Variable([float(number)]) for number in range(3)]
        optimizer = Seen(0.1)
        optimizer.steps = []
        optimizer.build(variables)
    chosen = [variables[2], variables[0]]
    strategy.run(lambda: optimizer.apply([tf.ones(1)] * 2, chosen))
    assert optimizer.steps == [2, 0]


def test_keras_own_example_asks_so():
    assert "self._get_variable_index(variable)" in keras.optimizers.Optimizer.__doc__
