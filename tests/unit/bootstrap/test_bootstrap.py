"""The bootstrap's decisions, with fake interpreters and commands; a real installation is what `.ci/run` does."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import bootstrap
from bootstrap import BootstrapError, Steps

HERE = sys.version_info[:2]
NAME = f"python{HERE[0]}.{HERE[1]}"


def script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n" + textwrap.dedent(body))
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, PATH or pyenv of this machine takes part."""
    for name, value in {
        "ROOT": tmp_path,
        "APP": tmp_path / ".venv",
        "RASA": tmp_path / ".venv-rasa",
        "TRAIN": tmp_path / ".t",
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.setattr(bootstrap, "_pip_options", {"": ""})


def test_a_shim_that_refuses_to_run_is_passed_over_for_pyenvs_version(tmp_path: Path) -> None:
    script(tmp_path / "bin" / NAME, f"echo 'pyenv: {NAME}: command not found' >&2; exit 127")
    pyenv = tmp_path / "home" / ".pyenv" / "versions" / f"{HERE[0]}.{HERE[1]}.4" / "bin" / NAME
    script(pyenv, f'exec {sys.executable} "$@"')
    found = [c for c in bootstrap.candidates([HERE]) if c != sys.executable]
    assert found[:2] == [str(tmp_path / "bin" / NAME), str(pyenv)]
    assert bootstrap.probe(found[0]) is None
    version = bootstrap.probe(found[1])
    assert version is not None
    assert version[0] == HERE


def test_an_interpreter_of_another_version_is_not_taken_at_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "bin" / "python3.10", f'exec {sys.executable} "$@"')
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 0))
    assert str(tmp_path / "bin" / "python3.10") in list(bootstrap.candidates([(3, 10)]))
    found = bootstrap.find_python([(3, 10)])
    assert found is None or "3.10" in found  # the machine's own /usr/bin/python3.10 may be there


def test_a_python_without_its_libraries_does_not_count(tmp_path: Path) -> None:
    broken = script(tmp_path / "python", "echo \"ModuleNotFoundError: No module named '_ssl'\" >&2; exit 1")
    assert bootstrap.probe(str(broken)) is None
    assert bootstrap.probe("/nonexistent/python") is None


def test_newer_patch_versions_come_first(tmp_path: Path) -> None:
    for patch in ("9", "13", "2"):
        script(tmp_path / "home/.pyenv/versions" / f"3.10.{patch}" / "bin/python3.10", "exit 1")
    order = [Path(c).parent.parent.name for c in bootstrap.candidates([(3, 10)]) if ".pyenv" in c]
    assert order == ["3.10.13", "3.10.9", "3.10.2"]


def test_no_python_at_all_is_one_sentence_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "find_python", lambda _versions: None)
    with pytest.raises(BootstrapError, match=r"3\.11.*处理办法.*安装"):
        bootstrap.app_python()


def test_a_missing_310_is_fetched_by_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = script(tmp_path / "managed" / "python3.10", f"echo 3 10 {tmp_path}/managed/python3.10")
    uv = script(tmp_path / "uv", f'[ "$2" = install ] && touch {tmp_path}/asked; [ "$2" = find ] && echo {fetched}; exit 0')
    monkeypatch.setattr(bootstrap, "find_python", lambda _versions: None)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert bootstrap.rasa_python(str(uv)) == str(fetched)
    assert (tmp_path / "asked").exists()


def test_a_310_that_cannot_be_fetched_is_one_sentence_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "find_python", lambda _versions: None)
    uv = script(tmp_path / "uv", "exit 2")
    with pytest.raises(BootstrapError, match=r"3\.10.*处理办法"):
        bootstrap.rasa_python(str(uv))


class FakeSetup:
    """Replaces the commands by ones that succeed at once."""

    def __init__(self, folder: Path) -> None:
        self.ran: list[str] = []
        self.folder = folder

    def command(self, name: str, environment: Path) -> list[list[str]]:
        self.ran.append(name)
        return [["/bin/sh", "-c", f"mkdir -p {environment}/bin && touch {environment}/bin/python"]]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSetup:
    setup = FakeSetup(tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(bootstrap, "_make_app", lambda: setup.command("make app", bootstrap.APP))
    monkeypatch.setattr(bootstrap, "_make_rasa", lambda: setup.command("make rasa", bootstrap.RASA))
    monkeypatch.setattr(bootstrap, "_make_train", lambda: setup.command("make train", bootstrap.TRAIN))
    monkeypatch.setattr(bootstrap, "_install_train", lambda: setup.command("install train", bootstrap.TRAIN))
    monkeypatch.setattr(bootstrap, "_editable", lambda: ["/bin/true"])
    monkeypatch.setattr(bootstrap, "_install", lambda place, *files: setup.command(" ".join(files), place))
    return setup


def test_everything_is_set_up_once_and_then_skipped(fake: FakeSetup) -> None:
    bootstrap.set_up()
    assert fake.ran == ["make app", "app.lock", "make rasa", "rasa.lock"]
    fake.ran.clear()
    bootstrap.set_up()
    assert fake.ran == []
    bootstrap.set_up(("dev", "train"))
    assert fake.ran == ["dev.lock", "rasa.lock rasa-dev.lock", "make train", "install train"]


def test_a_changed_lock_is_installed_again(fake: FakeSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for name in ("bootstrap.txt", "app.lock", "rasa.lock"):
        (requirements / name).write_text("a==1")
    (tmp_path / "pyproject.toml").write_text("packages = 1")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    bootstrap.set_up()
    fake.ran.clear()
    (requirements / "rasa.lock").write_text("a==2")
    bootstrap.set_up()
    assert fake.ran == ["make rasa", "rasa.lock"]
    fake.ran.clear()
    (tmp_path / "pyproject.toml").write_text("packages = 2")  # a new package is found only once it is installed
    bootstrap.set_up()
    assert fake.ran == ["make app", "app.lock"]


def test_a_broken_off_installation_is_taken_up_again(fake: FakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    installs = bootstrap._install

    def failing(place: Path, *files: str) -> Any:
        return (
            [["/bin/sh", "-c", "echo 'connection reset by peer' >&2; exit 1"]]
            if "rasa.lock" in files
            else installs(place, *files)
        )

    monkeypatch.setattr(bootstrap, "_install", failing)
    with pytest.raises(BootstrapError, match=r"connection reset by peer.*处理办法.*网络"):
        bootstrap.set_up()
    fake.ran.clear()
    monkeypatch.setattr(bootstrap, "_install", installs)
    bootstrap.set_up()
    assert fake.ran == ["make rasa", "rasa.lock"]


def test_too_little_disk_is_said_before_anything_is_installed(fake: FakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _place: type("Usage", (), {"free": 3e9})())
    with pytest.raises(BootstrapError, match=r"磁盘空间不足.*3\.0 GB.*5 GB.*处理办法"):
        bootstrap.set_up()
    assert fake.ran == []


def test_a_disk_that_fills_up_is_said_so(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo 'OSError: No space left on device'; exit 1"]
    with pytest.raises(BootstrapError, match="磁盘空间不足"):
        Steps(1, tmp_path / "log").run("安装", lambda: [command], "重试")


def test_steps_tell_number_name_and_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Steps(3, tmp_path / "log").run("安装依赖", lambda: [["/bin/sh", "-c", "echo output"]], "重试")
    told = capsys.readouterr().out
    assert "[步骤 1/3] 安装依赖……" in told
    assert "完成（0 秒）" in told
    assert "output" not in told
    assert "output" in (tmp_path / "log").read_text()


def test_it_imports_nothing_but_the_standard_library() -> None:
    result = subprocess.run([sys.executable, "-I", "-S", bootstrap.__file__], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "run|test" in result.stdout
