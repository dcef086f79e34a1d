import base64
import hashlib
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise

import numpy as np
import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data.change import Baseline, compare
from recognition.data.findings import Findings, Unreadable
from recognition.data.image_transform import ImageTransform
from recognition.data.inspection import inspect_dataset
from recognition.data.sources import read_dataset
from recognition.report.data_page import build_data_page
from tests.recognition.data.samples import dataset_of, images_of
from tests.recognition.report.reading import Page

HOSTILE = (
    "\"quoted\" & 'single'",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "🦊 fox",
    "قطة",
    "x" * 200,
    "{{ 7*7 }}",
    "<!--",
)
TRANSFORM = ImageTransform(12, 12, 3, "crop", "#000000")


def with_twins(side, images):
    images[:2] = images_of(1, seed=99)[0]
    return images


def page_of(dataset, baseline=Baseline(why="there is no champion yet")):  # noqa: B008 - it is frozen
    inspection = inspect_dataset(dataset)
    return build_data_page(dataset, inspection, compare(inspection.summary, baseline), baseline)


def words(html):
    """What a reader reads, a space for each tag."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", html[html.index("<body>") :])).split())


def against(dataset, other):
    return page_of(dataset, Baseline(summary=inspect_dataset(other).summary, version="7"))


def of_files(dataset, paths="photo.png", unreadable=()):
    """The data set as if it had been read from files."""
    splits = {
        side: replace(
            split,
            paths=tuple(f"{index}/{paths}" for index in range(len(split))),
            sizes=np.full((len(split), 2), (10, 50), np.int32),
        )
        for side, split in dataset.splits.items()
    }
    findings = Findings(unreadable=tuple(unreadable), counts={"two labels": 0})
    return replace(dataset, splits=splits, transform=TRANSFORM, findings=findings)


@pytest.fixture(scope="module")
def html():
    return against(dataset_of(change=with_twins), dataset_of({"train": 9, "validation": 3, "test": 3}, seed=9))


def test_parses(html):
    assert Page(html).attributes("html") == [{"lang": "en"}]


def test_fetches_nothing(html):
    page = Page(html)
    assert not page.attributes("link")
    for _, attributes in page.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in html
    assert "@import" not in html


def test_policy_allows_our_script_alone(html):
    (policy,) = [meta["content"] for meta in Page(html).attributes("meta") if "http-equiv" in meta]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_links_lead_somewhere(html):
    page = Page(html)
    links = {attributes["href"].removeprefix("#") for attributes in page.attributes("a")}
    assert links
    assert links <= {attributes["id"] for _, attributes in page.tags if "id" in attributes}


def test_headings_are_in_order_and_images_have_alternatives(html):
    page = Page(html)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(image["alt"] for image in page.attributes("img"))
    assert all(drawing["aria-label"] for drawing in page.attributes("svg"))


def test_the_verdict_comes_first(html):
    text = words(html)
    assert "Shifted against the data of champion version 7 :" in text
    assert "fewer images" in text
    assert "Train 18 was 27 Validation 6 was 9 Test 9 was 9" in text
    assert text.index("Shifted") < text.index("Train 18")


def test_the_change_is_told_in_figures(html):
    text = words(html)
    assert "Images 27 → 18 9 → 6 9 → 9" in text
    assert "Class shares, PSI 0.000" in text
    assert "champion’s train" in text


def test_without_a_champion_nothing_is_compared():
    page = Page(page_of(dataset_of()))
    assert "Not compared: there is no champion yet" in " ".join(page.texts["header"].split())
    assert "champion" not in page.texts["main"]


def test_the_same_data_need_no_table():
    page = Page(against(dataset_of(), dataset_of()))
    assert "every image and label is" in page.texts["header"]
    assert "Change against" not in page.texts["main"]


def test_pairs_are_shown_with_their_names(html):
    page = Page(html)
    alternatives = [image["alt"] for image in page.attributes("img")]
    assert "class_0, train image 0, beside class_0, train image 1" in alternatives
    assert "Copies with one label" in page.texts["h3"]
    assert "2" in page.texts["main"]


def test_classes_that_came_are_marked():
    html = against(dataset_of(names=("class_0", "class_1", "<new>")), dataset_of())
    text = " ".join(Page(html).texts["main"].split())
    assert "Added: <new>" in text
    assert "Removed: class_2" in text
    assert text.count(" new ") == 1


def test_files_are_told_by_their_paths():
    unreadable = [Unreadable(f"broken-{index}.png", "the file is empty") for index in range(600)]
    text = words(page_of(of_files(dataset_of(), unreadable=unreadable)))
    assert "Unreadable: 600 files" in text
    assert "broken-499.png the file is empty" in text
    assert "broken-500.png" not in text
    assert "The first 500 are shown." in text
    assert "Train 10, 10, 10 50, 50, 50 18" in text
    assert re.search(r"train (\d+) class_ \d \1/photo.png", text)
    assert "600 files could not be read" in text
    assert "Every file could be read." in page_of(of_files(dataset_of()))


def test_hostile_names_are_only_text():
    dataset = dataset_of(names=HOSTILE, classes=len(HOSTILE), change=with_twins, notes=("<b>note</b>",))
    unreadable = [Unreadable("<u>.png", "<s>reason</s>")]
    dataset = replace(of_files(dataset, "<i>'\".png", unreadable), name="</title><script>alert(2)</script>")
    baseline = Baseline(summary=inspect_dataset(dataset_of(names=("<em>", "b", "c"))).summary, version="<b>")
    html = page_of(dataset, baseline)
    page = Page(html)
    assert len(page.attributes("script")) == 1
    assert not [tag for tag, _ in page.tags if tag in ("b", "u", "s", "em")]
    assert "alert(1)" not in page.texts["style"] + page.texts["script"]
    for name in HOSTILE:
        assert name in page.texts["main"]
    assert html.count("onerror") == html.count("onerror=alert(1)&gt;")
    assert all("src" in image and image["src"].startswith("data:") for image in page.attributes("img"))


@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (2, 3), (1000, 1)])
def test_any_number_of_classes(classes, channels):
    dataset = dataset_of(
        {"train": 2, "validation": 1, "test": 1}, classes, change=lambda _, images: images[..., :channels]
    )
    html = page_of(dataset)
    assert len(re.findall('<div class="class">', html)) == classes
    assert len(html) < 3_000_000


def test_a_class_without_images_and_very_unequal_ones():
    dataset = dataset_of({"train": 200, "validation": 2, "test": 2})
    kept = np.r_[0:200, 200:201]
    page = Page(page_of(replace(dataset, splits={**dataset.splits, "train": dataset.splits["train"].take(kept)})))
    assert "class_0 has 200 times as many training images as class_2" in page.texts["header"]
    assert "training images of class_2" not in [image["alt"] for image in page.attributes("img")]


def test_same_input_same_page():
    assert page_of(dataset_of()) == page_of(dataset_of())


def test_cifar100_stays_small(cifar100_path, tmp_path):
    config = DataConfig(source="cifar100", path=str(cifar100_path), validation=0.1, train_limit=5_000)
    html = page_of(read_dataset(config, tmp_path))
    assert len(html.encode()) <= 3_000_000
    assert len(re.findall('<div class="class">', html)) == 100
