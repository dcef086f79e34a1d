from materializers.calibration import CalibrationMaterializer
from tests.recognition.calibration.samples import calibration_of, trial_of


def test_a_calibration_comes_back(stored, check_no_pickles):
    written, loaded = stored(CalibrationMaterializer, calibration_of())
    assert loaded == calibration_of()
    check_no_pickles(written.uri)


def test_the_picture_is_shown(artifact, check_visualizations):
    assert check_visualizations(artifact(CalibrationMaterializer), calibration_of()) == ["calibration.png"]


def test_metadata_tells_what_was_found(artifact):
    metadata = artifact(CalibrationMaterializer).extract_metadata(calibration_of())
    assert (metadata["learning_rate"], metadata["batch_size"], metadata["epochs"]) == (0.3, 64, 3)
    assert (metadata["best_score"], metadata["first_score"], metadata["trials"]) == (0.64, 0.5, 4)
    diverged = calibration_of(trial_of(1, None, "diverged", loss=None), trial_of(2, 0.4))
    assert "first_score" not in artifact(CalibrationMaterializer).extract_metadata(diverged)


def test_the_hash_is_one_of_content(artifact):
    materializer = artifact(CalibrationMaterializer)
    assert materializer.compute_content_hash(calibration_of()) == materializer.compute_content_hash(calibration_of())
    assert materializer.compute_content_hash(calibration_of()) != materializer.compute_content_hash(
        calibration_of(metric="macro_f1")
    )
