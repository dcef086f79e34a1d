"""Step: score the whole test set, once, and the validation split again with the model as it is registered."""

from typing import Annotated

from zenml import step

from materializers.evaluation import EvaluationMaterializer
from operations.platform.console import echo
from operations.platform.environment import load_tensorflow
from recognition.configuration.sections.evaluation import EvaluationConfig
from recognition.data.dataset import ImageDataset, Split
from recognition.data.folds import first_fold
from recognition.evaluation.evaluate import evaluate as evaluate_predictions
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.predict import predict
from recognition.training.history import History
from recognition.training.model_file import ModelFile, load_model


# by name: of one materializer for all, ZenML makes a set, whose order changes from process to process and with it the
# cache key
@step(output_materializers={"evaluation": EvaluationMaterializer, "validation": EvaluationMaterializer})
def evaluate(
    dataset: ImageDataset, model: ModelFile, history: History, config: EvaluationConfig, folds: int | None, code: str
) -> tuple[Annotated[Evaluation, "evaluation"], Annotated[Evaluation, "validation"]]:
    """Predict every test and validation image with the very file that will be registered.

    Args:
        dataset: Its test split is judged; its validation split tells of doubtful labels.
        model: The trained model.
        history: Its temperature.
        config: How to go through the images.
        folds: How the training was cross-validated; None for the split as it is.
        code: Hash of the code behind this step, for the cache.
    """
    load_tensorflow()
    network = load_model(model.path)
    names = dataset.classes, dataset.superclasses, dataset.superclass_of

    def judged(split: Split) -> Evaluation:
        probabilities = predict(network, split.images, config.batch_size)
        return evaluate_predictions(probabilities, split, *names, history.temperature)

    evaluation = judged(dataset.splits["test"])
    echo(f"evaluate: accuracy {evaluation.metrics.accuracy:.2%} on {evaluation.metrics.images:,} test images")
    return evaluation, judged(first_fold(dataset, folds).splits["validation"])
