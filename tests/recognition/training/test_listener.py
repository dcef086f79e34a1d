from recognition.training.listener import TrainingListener
from tests.recognition.report.samples import history_of


def test_a_listener_may_leave_everything_unheard():
    listener = TrainingListener()
    listener.log("training on cpu")
    listener.on_step(images=100, total=1000, images_per_second=50.0)
    listener.on_epoch(history_of().epochs[0])
    assert vars(listener) == {}
