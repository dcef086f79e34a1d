"""ZenML writes with an artifact where its type and its materializer are; whatever moves, they are found there."""

import pytest
from zenml.utils import source_utils

STORED = """
    materializers.augmentation_plan.AugmentationPlanMaterializer
    materializers.calibration.CalibrationMaterializer
    materializers.data_summary.DataSummaryMaterializer
    materializers.evaluation.EvaluationMaterializer
    materializers.history.HistoryMaterializer
    materializers.image_dataset.ImageDatasetMaterializer
    materializers.model_file.ModelFileMaterializer
    materializers.predictions.PredictionsMaterializer
    materializers.training_state.TrainingStateMaterializer
    operations.registry.RegisteredModel
    recognition.augmentation.illustrated_plan.IllustratedPlan
    recognition.calibration.result.Calibration
    recognition.configuration.schema.RunConfig
    recognition.configuration.schema.TrainConfig
    recognition.data.change.Baseline
    recognition.data.change.DataChange
    recognition.data.dataset.ImageDataset
    recognition.data.summary.DataSummary
    recognition.evaluation.evaluation.Evaluation
    recognition.gate.decision.GateDecision
    recognition.model_file.ModelFile
    recognition.prediction.predictions.Predictions
    recognition.prediction.rejection.RejectionChoice
    recognition.training.checkpoint.Checkpoint
    recognition.training.history.History
"""  # by version 0.1.0


@pytest.mark.parametrize("address", STORED.split())
def test_what_version_0_1_0_stored_has_a_type(address):
    found = source_utils.load(address)
    assert found.__name__ == address.rpartition(".")[2]
