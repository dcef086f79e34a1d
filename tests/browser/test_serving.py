"""The page where a person tries the model, served as it really is."""

import pytest

from recognition.prediction.rejection import Rejection
from tests.browser.conftest import NARROW, WIDE
from tests.recognition.serving.served import StubEngine, picture, serving

pytestmark = pytest.mark.slow
SURE = Rejection(target_error=0.1, threshold=0.9, error=0.1, coverage=0.5, images=10)


@pytest.fixture(scope="module")
def client():
    with serving(StubEngine(classes=("<b>red</b>", "green_grass", "blue"), rejection=SURE)) as client:
        yield client


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def page(browser, client, request):
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(client.address)
    yield page
    context.close()


def file(name, content):
    return {"name": name, "mimeType": "image/png", "buffer": content}


def test_chosen_images_are_answered_in_their_order(page):
    page.set_input_files("#files", [file("one.png", picture("red")), file("two<i>.png", picture("blue"))])
    page.wait_for_selector(".answers li >> nth=1")
    assert page.locator(".answers h3").all_inner_texts() == ["<b>red</b>", "blue"]
    assert page.locator(".answers figcaption").all_inner_texts() == ["one.png", "two<i>.png"]
    assert page.locator(".answers td").first.inner_text().endswith("%")
    assert page.evaluate("document.querySelector('.answers img').naturalWidth") == 6
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.complaints == []


def test_none_of_these_is_said_in_words(page):
    page.set_input_files("#files", [file("torn.png", picture("#ff00ff"))])
    page.wait_for_selector(".answers li")
    assert page.locator(".answers h3").inner_text() == "None of these"
    assert "not sure enough" in page.locator(".answers .none.hint").inner_text()


def test_what_is_wrong_is_said_and_goes_away(page):
    page.set_input_files("#files", [file("text.png", b"no image")])
    page.wait_for_selector("#problem:not([hidden])")
    assert page.locator("#problem").inner_text().startswith("text.png: not an image")
    page.set_input_files("#files", [file("red.png", picture("red"))])
    page.wait_for_selector(".answers li")
    assert page.locator("#problem").is_hidden()


def test_images_may_be_dropped_anywhere(page):
    transfer = page.evaluate_handle(
        """async () => {
          const image = await new Promise((done) => Object.assign(document.createElement("canvas"),
            { width: 4, height: 4 }).toBlob(done));
          const transfer = new DataTransfer();
          transfer.items.add(new File([image], "dropped.png", { type: "image/png" }));
          return transfer;
        }"""
    )
    page.dispatch_event("h1", "drop", {"dataTransfer": transfer})
    page.wait_for_selector(".answers li")
    assert page.locator(".answers figcaption").inner_text() == "dropped.png"


def test_the_keyboard_reaches_the_choice(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "files"


def test_the_endpoints_fit_the_window(page, client):
    page.goto(f"{client.address}/docs")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.complaints == []
