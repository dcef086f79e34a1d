import base64
import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from recognition.report.page import build_page
from recognition.report.thumbnails import thumbnail
from tests.recognition.evaluation.samples import evaluation_of, split_of
from tests.recognition.report.reading import Page
from tests.recognition.report.samples import decision_of, facts_of, full_decision, history_of, judged

EVIL = (
    "\"quoted\" & 'single'",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "🦊 fox",
    "قطة",
    "x" * 200,
    "{{ 7*7 }}",
    "<!--",
    "$\\frac$",
    "]]>",
)


def page_of(evaluation, split, history=None, decision=None, facts=None):
    return build_page(evaluation, history or history_of(), decision or decision_of(), facts or facts_of(), split)


@pytest.fixture(scope="module")
def hundred():
    return judged(classes=100, images=10_000, superclasses=20, size=32)


@pytest.fixture(scope="module")
def html(hundred):
    return page_of(*hundred)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture(scope="module")
def small():
    return judged()


def test_parses(page):
    assert page.attributes("html") == [{"lang": "en"}]


def test_is_small_enough(html):
    assert len(html.encode()) <= 3_000_000


def test_fetches_nothing(html, page):
    assert not page.attributes("link")
    assert all("src" not in script for script in page.attributes("script"))
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/webp;base64,"))
    assert all(target.startswith("#") for target in re.findall(r"url\([\"']?([^)]*)\)", html))
    assert "@import" not in html


def test_policy_allows_our_script_alone(html, page):
    (policy,) = [meta["content"] for meta in page.attributes("meta") if "http-equiv" in meta]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    assert "http" not in policy


def test_same_input_same_page(hundred, html):
    assert page_of(*hundred) == html


def test_says_what_the_run_is_worth(hundred, page):
    evaluation, _ = hundred
    text = page.texts["header"]
    metrics = evaluation.metrics
    for share in (metrics.accuracy, metrics.top5, metrics.superclass_accuracy):
        assert f"{100 * share:.1f}\u00a0%" in text
    for part in (f"{metrics.loss:.3f}", "cifar100", "12", "seed", "CPU", "0123456789ab", "+1.00", "Promoted:"):
        assert part in text
    assert decision_of().reason in text


@pytest.mark.usefixtures("undrawn")
def test_shows_what_the_gate_looked_at(small):
    text = Page(page_of(*small, decision=full_decision())).texts["main"]
    for part in ("p 0.0012", "0.0041", "decision 7 on these images", "95 % interval +0.40 to +1.60", "+1.72"):
        assert part in text
    for part in ("\u221231.00 points", "\u221210.00 points", "sea_lion loses", "\u22120.012 nats", "3.21\u00a0ms"):
        assert part in text
    for part in ("1.5\u00a0×", "brightness", "failed", "warned", "skipped"):
        assert part in text


@pytest.mark.usefixtures("undrawn")
def test_without_a_champion(small):
    html = page_of(*small, decision=decision_of(champion=None, champion_version=None))
    assert "there is none yet" in Page(html).texts["header"]
    assert "What the gate looked at" not in html
    failing = full_decision(champion=None, champion_version=None, p=None, number=None)
    assert "sea_lion loses" in Page(page_of(*small, decision=failing)).texts["main"]


@pytest.mark.usefixtures("undrawn")
def test_a_decision_that_waits_for_a_person_and_a_champion_that_cannot_be_compared(small):
    decision = decision_of(decision="waiting", champion=None, champion_version="6")
    text = Page(page_of(*small, decision=decision)).texts["header"]
    assert "Waits for a person:" in text
    assert "version 6 cannot be compared" in text


def test_headings_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_images_have_alternatives(page):
    assert page.attributes("img")
    assert all(image["alt"] for image in page.attributes("img"))
    drawings = [svg for svg in page.attributes("svg") if svg["role"] == "img" and svg["aria-label"]]
    assert len(drawings) == 8


def test_example_images_are_those_of_the_split(hundred, page):
    _, split = hundred
    images = page.attributes("img")
    for image in (images[0], images[-1]):
        index = int(re.search(r"test image (\d+)", image["alt"]).group(1))
        assert image["src"] == thumbnail(split.images[index])


def matrix_data(html, of="classes"):
    return json.loads(re.search(rf'id="data-of-{of}">(.*?)</script>', html, re.DOTALL).group(1))


def test_matrix_data_are_the_confusions(hundred, html):
    evaluation, _ = hundred
    data = matrix_data(html)
    counts = np.zeros((100, 100), int)
    for row, column, count in np.reshape(data["cells"], (-1, 3)):
        counts[row, column] = count
    np.testing.assert_array_equal(counts, evaluation.confusion)
    assert data["names"] == list(evaluation.class_names)
    assert data["groups"][:6] == ["superclass_0"] * 5 + ["superclass_1"]
    assert matrix_data(html, "superclasses")["names"] == [f"superclass_{i}" for i in range(20)]


def test_cards_of_the_gallery_name_classes_and_probabilities(hundred, page):
    evaluation, _ = hundred
    cards = [attributes for attributes in page.attributes("li") if attributes.get("class") == "card"]
    pairs = {(int(card["data-true"]), int(card["data-predicted"])) for card in cards}
    assert {true for true, _ in pairs} == {predicted for _, predicted in pairs} == set(range(100))
    assert sum("hidden" not in card for card in cards) == 3 * 12
    first = evaluation.predictions.query("true != predicted").nlargest(1, "probability_1").iloc[0]
    assert (int(cards[0]["data-true"]), int(cards[0]["data-predicted"])) == (first["true"], first["predicted"])
    assert f"{100 * first['probability_1']:.1f}\u00a0%" in page.texts["b"]


@pytest.mark.usefixtures("undrawn")
def test_source_paths_are_shown_where_there_are_some():
    evaluation, split = judged(images=40)
    table = evaluation.predictions.assign(path=[f"<b>cats</b>/{i}.png" for i in range(40)])
    text = Page(page_of(replace(evaluation, predictions=table), split)).texts["main"]
    assert "<b>cats</b>/7.png" in text


@pytest.mark.usefixtures("undrawn")
def test_hostile_names_are_only_text():
    evaluation, split = judged(classes=10, superclasses=2, names=EVIL, superclass_names=("<b>bold</b>", "שלום"))
    decision = decision_of(reason="<script>alert(2)</script>", champion_version="<i>")
    facts = facts_of(model="<u>", model_version="</title><script>", recipe='"><script>', commit="<s>" * 14)
    html = page_of(evaluation, split, decision=decision, facts=facts)
    page = Page(html)
    assert len(page.attributes("script")) == 3  # ours, and data of two matrices
    assert not page.attributes("u") + page.attributes("s")
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "<b>bold" not in html
    assert "alert(1)" not in page.texts["style"]
    for name in EVIL:
        assert name in page.texts["main"]
    assert matrix_data(html)["names"] == list(EVIL)
    assert [option["value"] for option in page.attributes("option")][: len(EVIL)] == list(EVIL)


@pytest.mark.usefixtures("undrawn")
def test_a_fallback_is_loud(small):
    page = Page(page_of(*small, facts=facts_of(fallback=True, data="digits")))
    assert "NOT CIFAR-100" in page.texts["title"]
    assert "These are NOT CIFAR-100 results." in page.texts["strong"]


def test_no_alarm_without_a_fallback(html):
    assert "NOT CIFAR-100" not in html


@pytest.mark.usefixtures("undrawn")
def test_a_candidate_that_is_not_promoted_of_a_commit_that_nobody_knows(small):
    reason = "accuracy 59.00% is not better than the 60.00% of champion version 6"
    decision = decision_of(decision="kept", reason=reason, candidate=0.59)
    texts = Page(page_of(*small, decision=decision, facts=facts_of(commit=None))).texts
    for part in ("Not promoted:", reason, "\u22121.00", "not known"):
        assert part in texts["header"]
    assert "Superclass" not in texts["header"] + texts["main"]


@pytest.mark.usefixtures("undrawn")
def test_another_metric_in_charge_is_named(small, html):
    evaluation, split = small
    texts = Page(page_of(evaluation, split, history=history_of(metric="macro_f1"))).texts
    assert f"Macro F1{100 * evaluation.metrics.macro_f1:.1f}\u00a0%" in texts["header"]
    assert "macro F1 42.0\u00a0%, which decided, and loss" in texts["main"]
    assert "which decided" not in html


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("classes", "superclasses"), [(2, 0), (2, 1), (30, 6), (1000, 50)])
def test_any_number_of_classes(classes, superclasses):
    page = Page(page_of(*judged(classes, images=2 * classes, superclasses=superclasses)))
    assert ("Top-5" in page.texts["header"]) == (classes > 5)
    assert len(page.attributes("tr")) == 3 + 2 * min(10, classes // 2) + classes + 6 + 4


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("channels", [1, 4])  # three have all others
def test_images_of_any_kind(channels):
    Page(page_of(*judged(channels=channels, size=100)))


@pytest.mark.usefixtures("undrawn")  # drawn in test_confidence.py
def test_perfect_and_constant_predictors():
    labels = [0, 1, 2, 3]
    assert "No image was mistaken." in page_of(evaluation_of(labels, labels), split_of(labels))
    Page(page_of(evaluation_of(labels, [2, 2, 2, 2]), split_of(labels)))


@pytest.mark.usefixtures("undrawn")
def test_a_class_without_test_images_and_one_without_predictions():
    page = Page(page_of(evaluation_of([0, 0, 1, 1], [0, 0, 0, 0], 3), split_of([0, 0, 1, 1])))
    rows = [row for row in page.attributes("tr") if "data-class" in row]
    assert len(rows) == 3
    assert "nan" not in page.texts["main"].lower()


@pytest.mark.usefixtures("undrawn")
def test_a_single_epoch(small):
    assert "epoch 1 of 1" in page_of(*small, history=history_of(1, best_epoch=1))
