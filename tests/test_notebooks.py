"""Are the stored notebooks fit to be checked and read? nbval runs and compares them; this is the rest."""

import pytest
from hygiene import faults, images_without_alt, toc_faults
from places import NOTEBOOKS, ROOT


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_fit_to_be_checked(path):
    found = faults(path)
    assert not found, "\n".join(found)


def test_pytest_alone_runs_and_compares_every_cell(pytestconfig):
    option = pytestconfig.option
    assert "chapters" in pytestconfig.getini("testpaths")
    assert option.nbval and not option.nbval_lax and not option.nbval_sanitize_with


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.md")), ids=lambda path: path.name)
def test_every_image_of_a_page_has_alt_text(path):
    assert images_without_alt(path.read_text(encoding="utf-8")) == []


def test_every_page_is_in_the_table_of_contents():
    assert toc_faults(ROOT) == []
