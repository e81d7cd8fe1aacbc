"""The page that people read is the definitions that programs use."""

from pathlib import Path

from customer.features.definitions import FEATURES
from customer.features.reference_page import reference_page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "features.md"


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "write it anew: python -m customer.features.reference_page > docs/reference/features.md"
    )


def test_every_feature_is_on_the_page_once() -> None:
    page = reference_page()
    assert [feature.name for feature in FEATURES if page.count(f"| `{feature.name}` |") != 1] == []
