"""Of an environment all is looked at that its interpreter would import, and what is not is said."""

from __future__ import annotations

import os
import venv
from pathlib import Path

import pytest

from weighmaster.engine.environment import environment, walked
from weighmaster.model.errors import ConfigError


@pytest.fixture
def made(tmp_path: Path) -> Path:
    venv.create(tmp_path / "env", with_pip=False, symlinks=os.name == "posix")
    return tmp_path / "env"


def site(made: Path) -> Path:
    return next(made.glob("[lL]ib*/**/site-packages"))


def names(made: Path) -> list[str]:
    return [name for _, name in walked(str(made), environment(str(made)), ()).files]


def test_packages_scripts_and_settings_belong_to_it_and_nothing_else(made: Path) -> None:
    (site(made) / "a.py").write_text("x = 1\n")
    (made / "notes.txt").write_text("mine\n")
    listed = names(made)
    assert "pyvenv.cfg" in listed
    assert f"{site(made).relative_to(made).as_posix()}/a.py" in listed
    assert any(name.endswith("activate") for name in listed)
    assert "notes.txt" not in listed


def test_the_interpreter_is_no_gap_and_a_note_says_where_it_is(made: Path) -> None:
    found = environment(str(made))
    assert walked(str(made), found, ()).gaps == ()
    assert any("interpreter" in note for note in found.notes)


def test_any_other_link_out_of_it_is_a_gap(made: Path, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("x = 1\n")
    (site(made) / "b.py").symlink_to(tmp_path / "other.py")
    (gap,) = walked(str(made), environment(str(made)), ()).gaps
    assert gap.where.root.endswith("site-packages/b.py")


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_a_package_that_is_edited_elsewhere_is_looked_at_there(made: Path, tmp_path: Path, ending: str) -> None:
    source = tmp_path / "project" / "src"
    source.mkdir(parents=True)
    (source / "edited.py").write_text("x = 1\n")
    (site(made) / "__editable__.edited-1.pth").write_text(f"{source}{ending}", newline="")
    found = environment(str(made))
    assert found.elsewhere == (str(source),)
    assert str(source / "edited.py") in names(made)


def test_a_hook_of_setuptools_says_where_packages_are(made: Path, tmp_path: Path) -> None:
    source = tmp_path / "project" / "edited"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text("")
    hook = f"from __future__ import annotations\nMAPPING: dict[str, str] = {{'edited': {str(source)!r}}}\n"
    (site(made) / "__editable___edited_1_finder.py").write_text(hook)
    assert environment(str(made)).elsewhere == (str(source),)


def test_a_project_around_its_own_environment_is_named_and_not_read(made: Path) -> None:
    (site(made) / "project.pth").write_text(f"{made.parent}\n")
    found = environment(str(made))
    assert found.elsewhere == ()
    assert any("not looked at" in note and str(made.parent) in note for note in found.notes)


def test_packages_of_the_system_are_named(made: Path) -> None:
    text = (made / "pyvenv.cfg").read_text().replace("packages = false", "packages = true")
    (made / "pyvenv.cfg").write_text(text)
    assert any("system's site-packages" in note for note in environment(str(made)).notes)


def test_one_of_conda_has_its_records(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "a.json").write_text("{}")
    (tmp_path / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    (tmp_path / "lib" / "libm.so").write_bytes(b"\x7fELF")
    assert names(tmp_path) == ["conda-meta/a.json"]


def test_what_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Python environment"):
        environment(str(tmp_path))
