import numpy as np
import pytest

from operations.gate.ledger import TAG, load_ledger, store_ledger
from recognition.gate.ledger import Entry

HASHES = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64)
ENTRY = Entry(number=1, hypothesis="h", level=0.01, rejected=True)


@pytest.fixture
def name(client, request):
    client.create_registered_model(request.node.name)
    return request.node.name


def test_what_was_decided_on_images_is_found_again(client, name):
    ledger = load_ledger(client, name, HASHES)
    assert ledger.entries == ()
    store_ledger(client, name, ledger.record(ENTRY))
    assert load_ledger(client, name, HASHES).entries == (ENTRY,)
    assert load_ledger(client, name, HASHES + np.uint64(1)).entries == ()


def test_a_ledger_of_likely_the_same_images_is_written_in_its_place(client, name):
    store_ledger(client, name, load_ledger(client, name, HASHES).record(ENTRY))
    store_ledger(client, name, load_ledger(client, name, HASHES[5:]))
    assert len([key for key in client.get_registered_model(name).tags if key.startswith(TAG)]) == 1


def test_what_is_no_ledger_is_passed_over(client, name):
    client.set_registered_model_tag(name, f"{TAG}edited", "by hand")
    client.set_registered_model_tag(name, "other", "tag")
    assert load_ledger(client, name, HASHES).entries == ()


def test_ledgers_outlive_versions(client, name, tmp_path):
    version = client.create_model_version(name, source=f"file://{tmp_path}")
    store_ledger(client, name, load_ledger(client, name, HASHES).record(ENTRY))
    client.delete_model_version(name, version.version)
    assert load_ledger(client, name, HASHES).entries == (ENTRY,)
