import pytest

from operations.outcomes.run_lookup import _champion
from operations.registry import registry
from operations.tracking.paging import mlflow_pages
from recognition.errors import InputError


class Page(list):
    """A page of MLflow's."""

    token = None


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_mlflows_pages_are_read_to_the_end(count):
    asked = []

    def search(condition, page_token):
        asked.append((condition, page_token))
        start = int(page_token or 0)
        page = Page(range(count)[start : start + 3])
        page.token = str(start + 3) if start + 3 < count else None
        return page

    assert list(mlflow_pages(search, "c")) == list(range(count))
    assert asked[0] == ("c", None)
    assert len(asked) == max(1, -(-count // 3))


def test_the_champion_is_found_behind_a_hundred_models(client, monkeypatch):
    """MLflow gives a hundred models a page."""
    names = [f"other-{number:03d}" for number in range(101)]
    monkeypatch.setattr(registry, "champion", lambda client, name: name if name == names[-1] else None)
    for name in names:
        client.create_registered_model(name)
    try:
        with pytest.raises(InputError, match="other-100@champion"):
            _champion("photographs")
    finally:
        for name in names:
            client.delete_registered_model(name)
