"""`wenzheng kb …`, `backup`, `restore` as an operator types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot import cli_data, cli_kb
from errors import WenzhengError
from tests.fixtures.bigram_encoder import BigramHashEncoder

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr("bot.store_session.prepare_encoder", lambda settings, report: tmp_path)
    monkeypatch.setattr("bot.store_session.OnnxEncoder", lambda folder: BigramHashEncoder())
    monkeypatch.setattr(cli_kb.console, "width", 200)
    app = typer.Typer()
    app.add_typer(cli_kb.app, name="kb")
    app.add_typer(cli_data.app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [{"kind": "qa", "title": f"问题{n}", "answer": "答。", "external_id": str(n)} for n in (70, 71)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*(json.dumps(row) for row in rows), "{oops"]), "utf-8")
    return path


def test_import_publish_withdraw_export(run: Run, file: Path, tmp_path: Path) -> None:
    refused = run("kb", "import", file, "--strict")
    assert (refused.exit_code, "没有导入" in refused.output) == (1, True)
    done = run("kb", "import", file, "--publish")
    assert done.exit_code == 0
    assert "a.jsonl 第 3 行，(整行)" in done.output
    assert "新增 2" in done.output
    assert "已撤下：1 问题70" in run("kb", "withdraw", "-x", "70", "--comment", "停止").output
    assert "已发布：1 问题70" in run("kb", "publish", "1").output
    assert isinstance(run("kb", "withdraw", "1", "99").exception, WenzhengError)
    status = run("kb", "status")
    assert "修订号 4" in status.output
    assert "已导出 2 个" in run("kb", "export", tmp_path / "b.xlsx").output
    assert "未变 2" in run("kb", "import", tmp_path / "b.xlsx").output


def test_backup_and_restore(run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("kb", "import", file, "--publish")
    assert run("backup", tmp_path / "b.zip").exit_code == 0
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "second"))
    assert "已恢复" in run("restore", tmp_path / "b.zip").output
    assert "未变 2" in run("kb", "import", file).output
    assert "已有数据" in str(run("restore", tmp_path / "b.zip").exception)
    assert run("restore", tmp_path / "b.zip", "--force").exit_code == 0


def test_the_sample_on_the_command_line(run: Run, file: Path) -> None:
    assert "示例知识共" in run("kb", "sample", "load").output
    assert "已移除" in run("kb", "sample", "remove").output
    run("kb", "import", file)
    assert "自己的条目" in str(run("kb", "sample", "load").exception)


def test_many_problems_go_to_a_file(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{\n" * 30, "utf-8")
    result = run("kb", "import", bad)
    assert result.exit_code == 1
    assert "另有 10 处有误" in result.output
    (saved,) = (tmp_path / "var" / "imports").glob("*.csv")
    assert len(saved.read_text("utf-8-sig").splitlines()) == 31
