"""The documentation points to things that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if "node_modules" not in page.parts
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_every_decision_is_in_their_list() -> None:
    decisions = ROOT / "docs" / "decisions"
    listed = (decisions / "README.md").read_text()
    assert [page.name for page in sorted(decisions.glob("0*.md")) if page.name not in listed] == []


def test_no_page_names_a_path_of_somebodys_machine() -> None:
    suspicious = re.compile(r"/root/|/home/[a-z]+/")
    assert [str(page) for page in PAGES if suspicious.search(page.read_text())] == []
