import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from recognition.report.comparison import compare_runs
from recognition.report.comparison_page import build_comparison_page
from recognition.report.thumbnails import thumbnail
from tests.recognition.evaluation.samples import split_of
from tests.recognition.report.compared import compared_run
from tests.recognition.report.reading import Page
from tests.recognition.report.samples import decision_of, history_of

EVIL = (
    "\"quoted\" & 'single'",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "🦊 fox",
    "قطة",
    "x" * 200,
    "{{ 7*7 }}",
    "<!--",
)


@pytest.fixture(scope="module")
def comparison():
    return compare_runs([compared_run(name, seed=seed, classes=100) for seed, name in enumerate("xyz")])


@pytest.fixture(scope="module")
def html(comparison):
    return build_comparison_page(comparison)


def test_is_the_same_for_the_same_input(comparison, html):
    assert build_comparison_page(comparison) == html


def test_asks_nothing_of_anyone(html):
    page = Page(html)
    assert not page.attributes("link")
    assert all("src" not in script for script in page.attributes("script"))
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/webp;base64,"))
    assert "@import" not in html
    assert "url(" not in html.replace("url(#", "")


def test_policy_allows_our_script_alone(html):
    (policy,) = [meta["content"] for meta in Page(html).attributes("meta") if "http-equiv" in meta]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_headings_are_in_order(html):
    levels = [int(tag[1]) for tag, _ in Page(html).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_says_what_differs(comparison, html):
    texts = Page(html).texts
    assert "3 runs compared" in texts["h1"]
    for opponent in comparison.opponents:
        difference = opponent.metrics["accuracy"]
        assert f"{100 * difference.other:.2f}\u00a0%" in texts["header"]
        assert f"{100 * difference.low:+.2f} to {100 * difference.high:+.2f}".replace("-", "\u2212") in texts["main"]
    assert "train.seed" in texts["code"]
    assert "train.epochs" not in texts["code"]


def test_every_class_is_in_the_table(html):
    assert all(f"class_<wbr>{i}</bdi>" in html for i in range(100))


def test_nothing_configured_differently():
    html = build_comparison_page(compare_runs([compared_run(configuration={}), compared_run(configuration={})]))
    assert "every key has the same value" in Page(html).texts["main"]


def test_pictures_are_those_of_the_images(comparison, html):
    first = comparison.opponents[0].gained[0]
    row = comparison.shared.answers[0].rows[first.image]
    image = Page(html).attributes("img")[0]
    assert image["alt"] == f"{first.true}, taken for {first.predicted} by A"
    assert image["src"] == thumbnail(comparison.runs[0].dataset.splits["test"].images[row])


def test_pictures_come_from_whoever_still_has_the_data():
    order = np.arange(40)[::-1]
    split = split_of(np.arange(40) % 4, size=8)
    runs = [compared_run(seed=0, split=split, stored=False), compared_run(seed=1, split=split.take(order))]
    comparison = compare_runs(runs)
    image = Page(build_comparison_page(comparison)).attributes("img")[0]
    shown = comparison.opponents[0].gained[0].image
    assert image["src"] == thumbnail(split.images[comparison.shared.answers[0].rows[shown]])


def test_without_pictures_hashes_are_shown():
    comparison = compare_runs([compared_run(seed=seed, stored=False) for seed in (0, 1)])
    page = Page(build_comparison_page(comparison))
    assert not page.attributes("img")
    assert comparison.shared.hashes[comparison.opponents[0].gained[0].image] in page.texts["code"]
    assert "The stored data of A and B are gone" in page.texts["header"]


def test_without_pictures_paths_are_shown_where_there_are_any():
    split = replace(split_of(np.arange(40) % 4), paths=tuple(f"photos/{i}.jpg" for i in range(40)))
    comparison = compare_runs([compared_run(seed=seed, split=split, stored=False) for seed in (0, 1)])
    row = comparison.opponents[0].gained[0].image
    assert f"photos/{row}.jpg" in Page(build_comparison_page(comparison)).texts["code"]


def test_hostile_names_are_only_text():
    runs = [
        compared_run(
            EVIL[1],
            seed=seed,
            classes=8,
            names=EVIL,
            model="<u>",
            started="<s>",
            configuration={"data.path": f"<s>{seed}"},
            data={"<u>": f"<u>{seed}"},
            code={"commit": "</title><script>"},
            decision=decision_of(reason="<u>"),
        )
        for seed in (0, 1)
    ]
    html = build_comparison_page(compare_runs(runs))
    page = Page(html)
    assert len(page.attributes("script")) == 1
    assert not page.attributes("u") + page.attributes("s")
    for name in EVIL:
        assert name in page.texts["main"]
    assert "{{" not in html.replace("{{ 7*7 }}", "")


@pytest.mark.parametrize(("classes", "runs"), [(2, 2), (6, 6), (1000, 2)])
def test_any_number_of_classes_and_runs(classes, runs):
    split = split_of(np.arange(2 * classes) % classes)
    made = [
        compared_run(f"run-{i}", seed=i, split=split, classes=classes, history=history_of(1 + i, 1))
        for i in range(runs)
    ]
    page = Page(build_comparison_page(compare_runs(made)))
    assert len(page.attributes("details")) == runs - 1
    assert ("Top-5 accuracy" in page.texts["main"]) == (classes > 5)


def test_one_image():
    split = split_of([1])
    html = build_comparison_page(
        compare_runs([compared_run(predicted=[guess], split=split, classes=2) for guess in (0, 1)])
    )
    assert "too few images for an interval" in Page(html).texts["main"]
    assert "nan" not in Page(html).texts["main"]
