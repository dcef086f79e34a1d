"""A strict reader of pages: tags must close in order, ids be unique."""

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr", "wbr"}


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, html):
        super().__init__()
        self.stack, self.tags, self.texts = [], [], {}
        self.feed(html)
        self.close()
        assert not self.stack, f"never closed: {self.stack}"
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), "an id occurs twice"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        for tag in {*self.stack}:
            self.texts[tag] = self.texts.get(tag, "") + data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]
