"""`wenzheng ask`, on a store of its own and an encoder without a model."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import services as composition
from bot.cli import COMMANDS, build_app, main
from bot.services import build_services
from knowledge_base.content import parse_content
from knowledge_base.workflow import Actor
from settings import load_settings
from tests.contract.http.conftest import ENTRY
from tests.fixtures.bigram_encoder import BigramHashEncoder


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(composition, "prepare_encoder", lambda *_: tmp_path)
    monkeypatch.setattr(composition, "OnnxEncoder", lambda _folder: BigramHashEncoder())
    return build_services(load_settings())


def ask(*words: str):
    return CliRunner().invoke(build_app(["ask"]), ["ask", *words])


def test_prints_answer_source_and_probability(instance):
    admin = Actor("管理员", "admin")
    entry = instance.entries.create(parse_content(ENTRY), admin)
    instance.entries.publish(entry.entry_id, admin)
    result = ask("食品经营许可证延续要什么材料")
    assert result.exit_code == 0, result.output
    assert "原许可证正副本" in result.output
    assert f"条目 {entry.entry_id}（第 1 版）食品经营许可证延续" in result.output
    assert "概率 0." in result.output or "概率 1." in result.output


def test_an_empty_store_is_said_in_one_sentence(instance, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["wenzheng", "ask", "怎么办"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "还没有已发布的条目" in said
    assert "处理办法" in said
    assert "Traceback" not in said


def test_an_empty_question_is_refused(instance):
    assert ask("\x00 ").exit_code != 0


def test_every_command_is_mounted():
    shown = CliRunner().invoke(build_app(), ["--help"]).output
    assert all(name in shown for name in (*COMMANDS, "ask"))
    for name in COMMANDS:
        assert CliRunner().invoke(build_app([name]), [name, "--help"]).exit_code == 0
