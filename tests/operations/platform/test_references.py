from operations.platform.references import references, write_references


def store():
    from zenml.client import Client

    return Client().active_stack.artifact_store


def test_references_come_back(state):
    folder = f"{store().path}/some_artifact"
    store().makedirs(folder)
    write_references(store(), folder, ["/elsewhere/a.npy", "s3://bucket/it's “b”.npy"])
    assert references(folder) == ["/elsewhere/a.npy", "s3://bucket/it's “b”.npy"]
    write_references(store(), folder, [])
    assert references(folder) == []


def test_most_artifacts_refer_to_nothing(state):
    assert references(f"{store().path}/no_such_artifact") == []
