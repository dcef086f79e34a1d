import re

import pytest

from recognition.serving.limits import Limits
from recognition.serving.pages import try_page
from tests.recognition.serving.served import StubEngine, serving

NAMES = ("<script>alert(1)</script>", "\u202eevil", "large_name_with_underscores")


@pytest.fixture(scope="module")
def client():
    with serving(StubEngine(classes=NAMES)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_ask_nothing_of_anyone_else(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert not re.findall(r'(?:src|href)="(?!data:|#)[a-z+.-]*:?//', response.text)
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]+)"', response.text)[1]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_names_of_the_data_are_escaped_and_isolated(client):
    html = client.get("/").text
    assert "<script>alert" not in html
    assert "<bdi>&lt;script&gt;" in html
    assert "<bdi>\u202eevil</bdi>" in html


def test_limits_are_told():
    html = try_page(StubEngine().card, Limits(files=1, body=3 * 2**20, pixels=7_000_000))
    for told in ("1\u00a0image".replace("\u00a0", " "), "3 MiB", "7 megapixels"):
        assert told in html


def test_every_endpoint_and_document_has_a_place(client):
    html = client.get("/docs").text
    for path in ("/predict", "/healthz", "/readyz", "/model", "/metrics"):
        assert f"<code>{path}</code>" in html
    for target in set(re.findall('href="#([^"]+)"', html)):
        assert f'id="{target}"' in html
    assert f"{client.address}/predict" in html
