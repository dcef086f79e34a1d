"""Step: score the whole test set, once."""

from typing import Annotated

from zenml import step

from materializers.evaluation import EvaluationMaterializer
from operations.console import say
from operations.environment import load_tensorflow
from recognition.configuration.schema import EvaluationConfig
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluate import evaluate as evaluate_predictions
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.predict import predict
from recognition.model_file import ModelFile, load_model


@step(output_materializers=EvaluationMaterializer)
def evaluate(
    dataset: ImageDataset, model: ModelFile, config: EvaluationConfig, code: str
) -> Annotated[Evaluation, "evaluation"]:
    """Predict every test image with the very file that will be registered.

    Args:
        dataset: Only its test split is read.
        model: The trained model.
        config: How to go through the images.
        code: Hash of the code behind this step, for the cache.
    """
    load_tensorflow()
    test = dataset.splits["test"]
    probabilities = predict(load_model(model.path), test.images, config.batch_size)
    evaluation = evaluate_predictions(probabilities, test, dataset.classes, dataset.superclasses, dataset.superclass_of)
    say(f"evaluate: accuracy {evaluation.metrics.accuracy:.2%} on {len(test):,} test images")
    return evaluation
