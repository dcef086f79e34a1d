import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest

from recognition.data.dataset import Duplicates, ImageDataset
from recognition.evaluation.evaluate import evaluate
from recognition.report.suspects import build_suspects_page
from tests.recognition.evaluation.samples import certain, split_of
from tests.recognition.report.reading import Page

NAMES = ("cat", '<script>alert("1")</script>', "قطة", "x" * 200)


def doubted(wrong, images=80, names=NAMES, paths=()):
    """A data set and its evaluations by side, in which the labels at these places are contradicted."""
    true = np.arange(images) % len(names)
    given, wrong = true.copy(), np.array(wrong, np.int64)
    given[wrong] = (true[wrong] + 1) % len(names)
    split = replace(split_of(given, size=8), paths=paths)
    splits = {"validation": split, "test": split}
    dataset = ImageDataset("pets & <others>", splits, names, (), np.empty(0, np.int32), Duplicates({}, {}))
    evaluation = evaluate(certain(true, len(names)), split, names)
    return {"validation": evaluation, "test": evaluation}, dataset


def cards(html):
    return re.findall(r"<li data-classes.*?</li>", html, re.DOTALL)


def test_wrong_labels_are_listed_with_what_the_model_says():
    html = build_suspects_page(*doubted([0, 13]))
    assert html.count("2 suspects among 80 images") == 2
    assert len(cards(html)) == 4
    first = cards(html)[0]
    assert 'data-classes="1 0"' in first
    assert "test image 13, labelled" in html
    assert "90.0\u00a0%" in first
    assert "&lt;script&gt;" in first


def test_paths_are_shown_where_images_are_files():
    evaluations, dataset = doubted([5], paths=tuple(f"a/{i}<b>.png" for i in range(80)))
    assert "<bdi>a/5&lt;b&gt;.png</bdi>" in cards(build_suspects_page(evaluations, dataset))[0]


def test_only_the_most_doubtful_are_shown():
    html = build_suspects_page(*doubted([0, 13, 22, 41, 60]), limit=3)
    assert len(cards(html)) == 6
    assert "The 3 most doubtful are shown" in html
    assert "5 suspects among 80 images" in html


def test_no_suspects():
    html = build_suspects_page(*doubted([]))
    assert html.count("The model contradicts no label strongly enough.") == 2
    assert not cards(html)
    assert not Page(html).attributes("select")


@pytest.mark.parametrize("places", [[], [3, 4]])
def test_the_page_parses_and_fetches_nothing(places):
    html = build_suspects_page(*doubted(places))
    page = Page(html)
    for _, attributes in page.tags:
        for name in ("src", "href", "action", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/webp;base64,"))
    assert all(image["alt"] for image in page.attributes("img"))
    script = re.search("<script>(.*)</script>\n</body>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(meta["content"] for meta in page.attributes("meta") if "http-equiv" in meta)
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_filter_knows_every_class_that_is_shown():
    html = build_suspects_page(*doubted([0, 2]))
    options = {option["value"] for option in Page(html).attributes("option")}
    assert options == {"", "0", "1", "2", "3"}


def test_the_same_input_gives_the_same_text():
    assert build_suspects_page(*doubted([7])) == build_suspects_page(*doubted([7]))
