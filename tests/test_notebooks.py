"""Are the stored notebooks fit to be checked and read? nbval runs and compares them; this is the rest."""

import pytest
from hygiene import NOTEBOOKS, ROOT, faults, images_without_alt, toc_faults


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


def test_the_address_of_the_repository_stands_in_one_place():
    import yaml

    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    kinds = (".md", ".yml", ".toml", ".py", ".ipynb", ".cff", ".txt", ".css")
    files = [p for p in ROOT.rglob("*") if p.suffix in kinds and not {".venv", "_build"} & set(p.parts)]
    assert [p.name for p in files if url.removeprefix("https://") in p.read_text(encoding="utf-8")] == ["_config.yml"]
