"""The pages made from the code are those that the code makes now, and every link between pages leads somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((PROJECT / "docs").rglob("*.md"))
GENERATOR = PROJECT / "docs" / "generate.py"
REFERENCE = ("data-dictionary.md", "reference/cli.md", "reference/settings.md", "reference/source-file.md")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def generated():
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGES.keys() == set(REFERENCE)
    return module.PAGES


@pytest.mark.parametrize("name", REFERENCE)
def test_a_page_is_what_the_code_makes_now(generated, name):
    assert (PROJECT / "docs" / name).read_text("utf-8") == generated[name](), "run make docs"


@pytest.mark.parametrize("name", sorted(set(REFERENCE) - {"reference/cli.md"}))
def test_every_key_setting_and_column_is_described(generated, name):
    undescribed = re.findall(r"^\| (`\w+`) .*\|\s*\|$", generated[name](), re.MULTILINE)
    assert undescribed == []


def slugs(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_to_a_file_and_heading(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in slugs(target), f"{page.name}: {link}"


def test_every_page_is_in_the_index():
    index = (PROJECT / "docs" / "index.md").read_text("utf-8")
    for page in (PROJECT / "docs").rglob("*.md"):
        name = str(page.relative_to(PROJECT / "docs"))
        assert name == "index.md" or f"({name})" in index, name


def test_every_module_and_file_that_the_architecture_names_exists():
    text = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    names = re.findall(r"`((?:config|copydesk|flows|tasks|tests|warehouse|docs)/[\w./-]+)`", text)
    assert names
    assert [name for name in names if not (PROJECT / name).exists()] == []
