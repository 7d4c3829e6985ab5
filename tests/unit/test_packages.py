"""What `pip install` brings: every package that something serving imports, also when a new one joins the house."""

from fnmatch import fnmatch

import tomllib

from settings import PROJECT_ROOT

NOT_INSTALLED = {"bench", "tests"}


def test_every_package_is_installed_and_under_the_import_contracts() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    installed = project["setuptools"]["packages"]["find"]["include"]
    packages = sorted(f.parent.name for f in PROJECT_ROOT.glob("*/__init__.py") if f.parent.name not in NOT_INSTALLED)
    assert [p for p in packages if p not in project["importlinter"]["root_packages"]] == []
    assert [p for p in packages if not any(fnmatch(p, pattern) for pattern in installed) and p != "training"] == []
