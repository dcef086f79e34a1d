"""Step: predict the images that the configuration names."""

from typing import Annotated

from zenml import step

from materializers.predictions import PredictionsMaterializer
from operations.inference.classifiers import load_registered
from operations.inference.prediction import answer, find_images
from operations.platform.console import echo
from operations.registry.registered_model import RegisteredModel
from recognition.configuration.schema import RunConfig
from recognition.prediction.predictions import Predictions, temporary_path, temporary_predictions
from recognition.prediction.writers import written_whole


@step(enable_cache=False, output_materializers=PredictionsMaterializer)
def predict(configuration: RunConfig, model: RegisteredModel) -> Annotated[Predictions, "predictions"]:
    """Predict; always runs, as images may have come or changed.

    Args:
        configuration: Its section `predict` says which images.
        model: The version that answers.
    """
    config, path = configuration.predict, temporary_path()
    sources = find_images(config.paths or ())
    classifier = load_registered(model, configuration.resources.threads)
    top = min(config.top, len(classifier.classes))
    with written_whole(path, top) as writer:
        tally = answer(classifier, sources, writer, top, config.batch_size)
    echo(f"predict: {tally.answered:,} answered, {tally.rejected:,} none of these, {tally.failed:,} unreadable")
    return temporary_predictions(path, tally)
