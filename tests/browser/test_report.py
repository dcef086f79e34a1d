"""The report in a browser, as a reader uses it."""

import re

import numpy as np
import pytest

from recognition.report.page import build_page
from tests.browser.conftest import NARROW
from tests.recognition.evaluation.samples import evaluation_of, split_of
from tests.recognition.report.samples import facts_of, full_decision, history_of, judged

pytestmark = pytest.mark.slow  # together more than 15 s
LIMIT = 100  # milliseconds that a task may last
EVIL = (
    "\"quoted\" & 'single'",
    "</script><script>document.title='evil'</script>",
    "<img src=http://evil.example/x onerror=\"document.title='evil'\">",
    "🦊 fox",
    "قطة",
    "x" * 200,
    "{{ 7*7 }}",
    "<!--",
    "a_b_" * 50,
    "]]>",
)


def page_of(evaluation, split):
    return build_page(evaluation, history_of(), full_decision(), facts_of(), split)


@pytest.fixture(scope="session")
def hundred():
    """Of CIFAR-100's size, with paths."""
    evaluation, split = judged(classes=100, images=10_000, superclasses=20, size=32)
    evaluation.predictions["path"] = [f"some/folder/{index}.png" for index in range(10_000)]
    return evaluation, page_of(evaluation, split)


@pytest.fixture(scope="session")
def thousand():
    """A thousand classes, and mistakes everywhere."""
    generator = np.random.default_rng(0)
    true = np.arange(10_000) % 1_000
    predicted = np.where(generator.random(10_000) < 0.5, true, generator.integers(0, 1_000, 10_000))
    return page_of(evaluation_of(true, predicted, 1_000), split_of(true))


@pytest.fixture
def report(visit, hundred):
    return visit(hundred[1])


@pytest.fixture
def page(report):
    return report.page


def readout(page):
    return {part: page.text_content(f'[data-cell="{part}"]') for part in ("true", "predicted", "count", "share")}


def visible_cards(page, part):
    """True and predicted class of the cards that are seen."""
    cards = page.locator(f"[aria-labelledby=gallery-{part}] .card:not([hidden])")
    return cards.evaluate_all("cards => cards.map(({dataset}) => [Number(dataset.true), Number(dataset.predicted)])")


def table(page, column):
    """Texts of a column of the table of classes, of the rows that are seen."""
    return page.locator(f"#class-table tbody tr:not([hidden]) > :nth-child({column})").all_text_contents()


@pytest.mark.parametrize("classes", [2, 10])
def test_small_pages_ask_for_nothing_and_complain_of_nothing(visit, classes):
    report = visit(page_of(*judged(classes=classes)))
    report.page.click("#matrix-of-classes")
    assert report.complaints == []
    assert report.requests == [report.page.url]
    assert report.overflow() <= 0


@pytest.mark.parametrize("predicted", [[0, 1, 2, 3], [2, 2, 2, 2]])
def test_perfect_and_constant_predictors(visit, predicted):
    report = visit(page_of(evaluation_of([0, 1, 2, 3], predicted, 6), split_of([0, 1, 2, 3])), viewport=NARROW)
    for view in ("counts", "errors", "shares"):
        report.page.check(f"[value={view}]")
    report.page.fill("#search", "class_5")
    assert "class_5: 0 of 0 right" in report.page.text_content("#findings")
    assert report.complaints == []
    assert report.overflow() <= 0


def test_a_large_page_asks_for_nothing_complains_of_nothing_and_opens_quickly(report):
    assert report.complaints == []
    assert [url for url in report.requests if not url.startswith("data:")] == [report.page.url]


def test_hostile_names_are_only_text(visit):
    evaluation, split = judged(10, 400, 2, names=EVIL, superclass_names=("<b>bold</b>", "שלום" * 50))
    report = visit(page_of(evaluation, split), viewport=NARROW)
    for name in EVIL:
        report.page.fill("#search", name)
        assert report.page.text_content("#findings p").startswith(name)
        report.page.fill("#gallery-class", name)
        report.page.fill("#class-filter", name)
        assert table(report.page, 1)[0] == name
    report.page.focus("#matrix-of-classes")
    assert readout(report.page)["true"] in EVIL
    assert "evil" not in report.page.title()
    assert report.complaints == []
    assert [url for url in report.requests if not url.startswith("data:")] == [report.page.url]
    assert report.overflow() <= 0


def test_the_switch_changes_what_is_drawn(report):
    right = "#matrix-of-classes .view.{} path.right"
    shown = report.page.locator(".fine .view, .coarse .view").and_(report.page.locator("g"))
    for view in ("counts", "errors", "shares"):
        report.page.check(f"[value={view}]")
        assert {element.get_attribute("class") for element in shown.all() if element.is_visible()} == {f"view {view}"}
        assert report.page.locator(".controls .legend:visible").count() == 1
    assert report.page.locator(right.format("shares")).count() > 0
    assert report.page.locator(right.format("errors")).count() == 0


def test_the_switch_works_from_the_keyboard(page):
    page.focus("[value=shares]")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("[value=counts]")
    assert page.is_visible("#matrix-of-classes g.counts")
    assert not page.is_visible("#matrix-of-classes g.shares")


def test_the_page_can_be_read_without_scripts(visit, hundred):
    report = visit(hundred[1], java_script_enabled=False)
    assert report.page.is_visible("#matrix-of-classes g.shares")
    report.page.check("[value=errors]")
    assert not report.page.is_visible("#matrix-of-classes g.shares")
    assert report.page.locator(".card").and_(report.page.locator(":visible")).count() == 36
    for useless in ("#search", "#class-filter", "#gallery-class", ".more >> nth=0", "#readout"):
        assert not report.page.is_visible(useless)


def test_a_freeze_would_be_seen(report):
    freeze = "() => setTimeout(() => { const end = performance.now() + 150; while (performance.now() < end); })"
    assert report.longest_task(lambda: (report.page.evaluate(freeze), report.page.wait_for_timeout(300))) > LIMIT


@pytest.mark.parametrize("name", ["hundred", "thousand"])
def test_nothing_freezes(visit, name, request):
    made = request.getfixturevalue(name)
    report = visit(made if isinstance(made, str) else made[1])
    page = report.page
    actions = {
        "switch": lambda turn: page.check(f"[value={('counts', 'errors', 'shares')[turn % 3]}]"),
        "search": lambda turn: page.fill("#search", f"class_{turn}"),
        "hover": lambda turn: page.hover("#matrix-of-classes", position={"x": 50 + 10 * turn, "y": 90}),
    }
    for action, act in actions.items():
        times = [report.longest_task(lambda turn=turn, act=act: act(turn)) for turn in range(4)]
        assert min(times) <= LIMIT, f"{action}: {times} ms"


def test_pointing_at_a_cell_tells_what_it_is(page, hundred):
    evaluation, _ = hundred
    matrix = page.locator("#matrix-of-classes")
    box = matrix.bounding_box()
    matrix.hover(position={"x": 0.305 * box["width"], "y": 0.305 * box["height"]})
    count, total = evaluation.confusion[30, 30], evaluation.confusion[30].sum()
    told = {
        "true": "class_30",
        "predicted": "class_30",
        "count": str(count),
        "share": f"{100 * count / total:.1f}\u00a0%",
    }
    assert readout(page) == told
    assert page.text_content('[data-cell="true-group"]') == "superclass_6"


def test_tapping_tells_too(visit, hundred):
    report = visit(hundred[1], viewport=NARROW, has_touch=True, is_mobile=True)
    report.page.locator("#matrix-of-superclasses").tap()
    assert readout(report.page)["true"].startswith("superclass_")
    assert report.page.is_visible("[data-step] >> nth=0")
    before = readout(report.page)["true"]
    report.page.click('[data-step="1,0"]')
    assert readout(report.page)["true"] != before


def test_arrow_keys_move_and_stop_at_the_edge(page):
    page.focus("#matrix-of-classes")
    assert (readout(page)["true"], readout(page)["predicted"]) == ("class_0", "class_0")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert (readout(page)["true"], readout(page)["predicted"]) == ("class_1", "class_0")


def test_shift_jumps_to_the_next_cell_that_is_not_empty(page, hundred):
    evaluation, _ = hundred
    page.focus("#matrix-of-classes")
    page.keyboard.press("Shift+ArrowRight")
    column = int(np.flatnonzero(evaluation.confusion[0, 1:])[0]) + 1
    assert readout(page)["predicted"] == f"class_{column}"


def test_superclasses_have_the_same_explorer(page, hundred):
    evaluation, _ = hundred
    page.focus("#matrix-of-superclasses")
    page.keyboard.press("ArrowRight")
    expected = evaluation.confusion[:5, 5:10].sum()
    told = readout(page)
    assert (told["true"], told["predicted"], told["count"]) == ("superclass_0", "superclass_1", str(expected))
    assert page.is_hidden("#matrix-of-classes .cross >> nth=0")


def test_the_search_marks_a_class_and_tells_its_confusions(page, hundred):
    evaluation, _ = hundred
    page.fill("#search", "CLASS 42")
    row = evaluation.confusion[42].copy()
    row[42] = 0
    assert f"class_42: {evaluation.confusion[42, 42]} of 100 right" in page.text_content("#findings")
    first = re.search(r"Taken for class_(\d+) \((\d+)\)", page.text_content("#findings"))
    assert int(first[2]) == row.max() == row[int(first[1])]
    box, bar = (page.locator(f"#matrix-of-classes{part}").bounding_box() for part in ("", " .found.row"))
    assert bar["y"] - box["y"] == pytest.approx(0.42 * box["height"], abs=3)
    page.fill("#search", "nothing like it")
    assert "No class" in page.text_content("#findings")
    assert page.is_hidden("#matrix-of-classes .found >> nth=0")
    page.fill("#search", "")
    assert page.text_content("#findings") == ""


def test_headings_sort_both_ways_and_from_the_keyboard(page, hundred):
    evaluation, _ = hundred
    recalls = sorted(each.recall for each in evaluation.metrics.classes)
    texts = [f"{100 * recall:.1f}\u00a0%" for recall in recalls]
    page.focus("#class-recall button")
    page.keyboard.press("Enter")
    assert table(page, 3) == texts
    assert page.get_attribute("#class-recall", "aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert table(page, 3) == texts[::-1]
    page.click("#class-table th >> nth=0 >> button")
    assert table(page, 1) == [f"class_{index}" for index in range(100)]
    assert page.get_attribute("#class-recall", "aria-sort") is None


def test_one_click_shows_the_weakest_and_the_strongest(page, hundred):
    evaluation, _ = hundred
    recalls = [each.recall for each in evaluation.metrics.classes]
    page.click("text=Weakest first")
    assert table(page, 3)[0] == f"{100 * min(recalls):.1f}\u00a0%"
    page.click("text=Strongest first")
    assert table(page, 3)[0] == f"{100 * max(recalls):.1f}\u00a0%"


def test_the_table_is_filtered_by_name(page):
    page.fill("#class-filter", "class 7")
    assert sorted(table(page, 1)) == sorted(["class_7", *(f"class_7{digit}" for digit in range(10))])
    assert "11 of 100" in page.text_content("#class-filter-count")
    page.fill("#class-filter", "")
    assert len(table(page, 1)) == 100


def test_the_gallery_is_filtered_by_class_and_by_its_part(page):
    for part in ("errors", "hits", "random"):
        assert len(visible_cards(page, part)) == 12
    page.fill("#gallery-class", "class_17")
    for part in ("errors", "hits", "random"):
        assert visible_cards(page, part)
        assert all(17 in pair for pair in visible_cards(page, part))
    page.select_option("#gallery-role", "predicted")
    assert {predicted for _, predicted in visible_cards(page, "errors")} == {17}
    page.select_option("#gallery-role", "true")
    assert {true for true, _ in visible_cards(page, "errors")} == {17}
    page.fill("#gallery-class", "no such class")
    assert visible_cards(page, "errors") == []
    assert page.locator(".gallery-part .none:visible").count() == 3


def test_more_pictures_are_shown_when_asked_for(page):
    button = page.locator("[aria-labelledby=gallery-errors] .more")
    button.click()
    assert len(visible_cards(page, "errors")) == 24
    page.fill("#gallery-class", "class_3")
    assert len(visible_cards(page, "errors")) <= 12


def test_pictures_are_really_there(page):
    picture = page.locator(".card:not([hidden]) img").last
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [32, 32]
    assert "some/folder/" in page.text_content(".card .path")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_without_scrolling_sideways(visit, hundred, scheme):
    report = visit(hundred[1], viewport=NARROW, color_scheme=scheme)
    assert report.overflow() <= 0
    report.page.fill("#search", "class_99")
    report.page.fill("#gallery-class", "class_99")
    assert report.overflow() <= 0
    assert report.complaints == []


def test_a_laptop_shows_the_whole_matrix_at_once(page):
    page.evaluate("document.querySelector('#confusion').scrollIntoView()")
    for of in ("classes", "superclasses"):
        box = page.locator(f"#matrix-of-{of}").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 800
    assert page.locator("#matrix-of-classes").bounding_box()["width"] > 450


def test_dark_and_light_differ_and_print_is_light(visit, hundred):
    light, dark = (visit(hundred[1], color_scheme=scheme) for scheme in ("light", "dark"))
    cell = "#matrix-of-classes path.right"
    assert light.style("body", "backgroundColor") == "rgb(255, 255, 255)"
    assert dark.style("body", "backgroundColor") != light.style("body", "backgroundColor")
    assert dark.style(cell, "fill") != light.style(cell, "fill")
    dark.page.emulate_media(media="print", color_scheme="dark")
    assert dark.style("body", "backgroundColor") == "rgb(255, 255, 255)"
    assert dark.style(cell, "fill") == light.style(cell, "fill")
    assert not dark.page.is_visible("#search")
    assert dark.page.is_visible("#matrix-of-classes g.shares")
    assert dark.page.is_visible("#class-table tr >> nth=100")
    assert dark.overflow() <= 0
