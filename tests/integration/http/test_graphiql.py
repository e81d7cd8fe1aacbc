"""GraphiQL in a real browser, with nothing but this server to load from."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.integration.http.conftest import Live

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def page() -> Iterator[Page]:
    executable = next(path for name in _BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser.new_page()
        browser.close()


def test_a_query_is_written_run_and_answered_offline(live: Live, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live.url}/graphql?x=1#token={live.tokens['agent']}")
    editor = page.locator(".graphiql-query-editor .CodeMirror")
    editor.wait_for(timeout=30_000)
    editor.evaluate("(element, query) => element.CodeMirror.setValue(query)", 'query Newest { hello(name: "browser") }')
    page.locator("button.graphiql-execute-button").click()
    page.get_by_text("hello browser").wait_for(timeout=30_000)
    assert [url for url in asked if not url.startswith((live.url, "data:", "blob:"))] == []
    assert complaints == []
    assert "token" not in page.url
