import pytest

from recognition.addresses import secret_in, without_secrets
from recognition.configuration.loading import load_config
from recognition.errors import InputError
from tests.conftest import PROJECT

TOKEN = "aB3dE5fG7hI9jK1lM3nO5"
KEYS = [
    "https://me:hunter2@example.org/x.tar.gz",
    "https://me@example.org/x",
    "s3://key:secret@bucket/photos",
    "https://example.org/x?X-Amz-Signature=abc",
    "https://example.org/x?sv=1&sig=abc",
    "https://example.org/x?api_key=1",
    "https://example.org/x?a=" + TOKEN,
    f"https://example.org/{TOKEN}/x.tar.gz",
    f"https://example.org/x#{TOKEN}",
    f"zip://*::https://example.org/{TOKEN}",
]
HOOKS = [
    "https://hooks.slack.com/services/T/B/x",
    "https://HOOKS.SLACK.com/services/T",
    "https://hooks.slack.com./services/T",
    "https://hooks.slack-gov.com/services/T",
    "https://discord.com/api/webhooks/1/x",
    "https://canary.discordapp.com/api/webhooks/1/x",
    "https://contoso.webhook.office.com/webhookb2/x",
    "https://prod-1.westeurope.logic.azure.com/workflows/x",
    "https://api.telegram.org/bot1:x/sendMessage",
    "https://chat.googleapis.com/v1/spaces/x/messages",
    "https://example.org/h?x=abcdefgh",
    "https://example.org/0123456789abcdef0123",
    "https://example.org/hook/6f9619ff-8b86-d011-b42d-00c04fc964ff",
]
PLAIN = [
    "photos",
    "/data/my photos/a@b:c?.jpg",
    "https://example.org/cifar-100-binary.tar.gz",
    "https://example.org:8080/archive?download=1",
    "https://example.org/0123456789abcdef0123/x.tar.gz",
    "s3://bucket/photos/2024-10-17",
    "s3://bucket/phot?.png",
    "models:/pets@champion",
    "zip://*::s3://bucket/photos.zip",
    "file:///data/x",
]


@pytest.mark.parametrize("address", KEYS)
def test_what_holds_a_secret(address):
    assert secret_in(address)
    assert secret_in(address, hook=True)


@pytest.mark.parametrize("address", HOOKS)
def test_what_is_a_secret_where_messages_go(address):
    assert secret_in(address, hook=True)


@pytest.mark.parametrize("address", PLAIN)
def test_what_holds_none(address):
    assert secret_in(address) is None


@pytest.mark.parametrize(
    "address", ["https://example.org/hook", "http://localhost:9000/a/b", "https://x.org/runs/2024"]
)
def test_where_messages_may_go_openly(address):
    assert secret_in(address, hook=True) is None


def test_what_is_told_without_them():
    address = "https://example.org/hunter2/x?token=hunter3"
    told = f"404 for {address}: url: /hunter2/x?token=hunter3; then https://u:hunter4@b.org/y?sig=hunter5"
    assert "hunter" not in without_secrets(told, address)
    assert "example.org" in without_secrets("https://me:pw@example.org/x?y=1")


@pytest.mark.parametrize(
    "override",
    [
        "data.url=https://me:hunter2@example.org/x",
        "data.path=s3://key:hunter2@bucket/x",
        "train.init=https://example.org/x.h5?token=hunter2",
        'predict.paths=["https://example.org/x.png?sig=hunter2"]',
        "notify.url=https://hooks.slack.com/services/hunter2",
    ],
)
def test_no_configuration_holds_one_and_no_message_repeats_it(override):
    with pytest.raises(InputError, match="would be stored") as caught:
        load_config(PROJECT / "configs" / "smoke.yaml", [override])
    assert "hunter2" not in str(caught.value)
