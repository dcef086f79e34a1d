"""The machine's own Chromium, driven by Playwright; it never downloads one."""

import os
import shutil
from dataclasses import dataclass, field

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask", buffered: true });
"""
SETTLED = (
    """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"""
)


def missing(reason):
    if os.environ.get("RECOGNITION_REQUIRE_BROWSER") == "1":
        pytest.fail(f"RECOGNITION_REQUIRE_BROWSER is 1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the package playwright is not installed")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        missing(f"there is no browser: none of {', '.join(NAMES)}")
    arguments = ["--host-resolver-rules=MAP evil.test 127.0.0.1", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield started
        started.close()


@dataclass
class Visit:
    """An open page, and what it has complained of and asked for."""

    page: object
    complaints: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def longest_task(self, action):
        """Milliseconds of the longest task that an action leads to; 0 where none lasts 50 or more."""
        self.page.evaluate(SETTLED)
        self.page.evaluate("longTasks.length = 0")
        action()
        self.page.evaluate(SETTLED)
        return max(self.page.evaluate("longTasks"), default=0)

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def style(self, selector, name):
        """A computed style of the first element that a selector finds."""
        return self.page.evaluate(
            "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]", [selector, name]
        )


@pytest.fixture
def visit(browser, tmp_path):
    """A function: a page's text and options of a browser context -> the open page."""
    contexts = []

    def open_page(html, viewport=WIDE, **options):
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        contexts.append(browser.new_context(viewport=viewport, **options))
        visited = Visit(contexts[-1].new_page())
        visited.page.set_default_timeout(20_000)
        visited.page.on("console", lambda message: visited.complaints.append(f"{message.type}: {message.text}"))
        visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
        visited.page.on("request", lambda request: visited.requests.append(request.url))
        if options.get("java_script_enabled", True):
            visited.page.add_init_script(WATCH)
        visited.page.goto(file.as_uri())
        return visited

    yield open_page
    for context in contexts:
        context.close()
