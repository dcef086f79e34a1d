"""Keys that do not fit: told before anything is submitted, each with its remedy."""

import sys

import pytest
import s3fs

from tests.cluster.installation import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
WRONG = {
    "s3": {"aws_access_key_id": "wrong", "aws_secret_access_key": "hunter2"},
    "mlflow": {"username": "pipeline", "password": "hunter2"},
}


@pytest.fixture
def wrong(installation, submit):
    """A function: s3 or mlflow -> the stack uses keys that do not fit, until the test ends."""
    sys.path.insert(0, str(PROJECT / "k8s"))
    import make_accounts

    path = installation.stack_file()
    stack = path.read_text()

    def use(name):
        with installation.reachable():
            token = make_accounts.log_in(installation.url("zenml"), installation.secret("zenml")["admin-password"])
            make_accounts.make_zenml_secret(installation.url("zenml"), token, f"wrong-{name}", WRONG[name])
        path.write_text(stack.replace(f"secret: {name}\n", f"secret: wrong-{name}\n"))
        assert submit.run("stack", "apply", path).status == 0

    yield use
    path.write_text(stack)
    assert submit.run("stack", "apply", path).status == 0


@pytest.mark.parametrize(("name", "part"), [("s3", "bucket"), ("mlflow", "MLflow tracker")])
def test_a_key_that_does_not_fit(wrong, submit, digits_words, name, part):
    wrong(name)
    refused = submit.run(*digits_words, "--set=model.name=cluster-wrong")
    assert refused.status == 2, refused.stderr
    assert "nothing was submitted" in refused.stderr
    assert f"{part}: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "hunter2" not in refused.stdout + refused.stderr
    checked = submit.run("stack", "check")
    assert checked.status == 1
    assert f"FAIL  {part}" in checked.stdout


def test_the_key_with_which_runs_read_images_neither_writes_nor_removes(installation):
    server, data = installation.secret("s3"), installation.secret("data")
    keys = {
        "server": (server["access-key-id"], server["secret-access-key"]),
        "data": (data["AWS_ACCESS_KEY_ID"], data["AWS_SECRET_ACCESS_KEY"]),
    }
    path = "recognition/credentials/image"
    with installation.reachable():
        files = {
            name: s3fs.S3FileSystem(
                key=key, secret=secret, endpoint_url=installation.url("s3"), skip_instance_cache=True
            )
            for name, (key, secret) in keys.items()
        }
        files["server"].pipe_file(path, b"pixels")
        assert files["data"].cat_file(path) == b"pixels"
        for change in (lambda: files["data"].pipe_file(path, b"others"), lambda: files["data"].rm_file(path)):
            with pytest.raises(PermissionError):
                change()
        assert files["server"].cat_file(path) == b"pixels"
        files["server"].rm_file(path)


def test_a_key_of_zenmls_that_does_not_fit(submit, digits_words):
    refused = submit.run(*digits_words, ZENML_STORE_API_KEY="ZENKEY_d3Jvbmc=")
    assert refused.status == 2, refused.stderr
    assert "ZENML_STORE_API_KEY" in refused.stderr
    assert "Traceback" not in refused.stderr
