"""`wenzheng user …` as an operator types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli_user import app
from database.engine import Database
from errors import WenzhengError
from staff.accounts import StaffAccounts
from staff.errors import MemberRuleError, UnknownMemberError
from tests.unit.staff.conftest import PASSWORD


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "wenzheng.db"


def run(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(app, arguments, input=typed)
    if isinstance(result.exception, WenzhengError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_an_account_from_a_pipe_and_a_generated_password(file: Path) -> None:
    run("add", "wang", "--role", "agent", "--display-name", "王敏", "--department", "12345 中心", typed=f"{PASSWORD}\n")
    shown = run("password", "wang", "--generate").output
    password = shown.rsplit("：", 1)[1].strip()
    accounts = StaffAccounts(Database(f"sqlite:///{file}"))
    assert accounts.authenticate("wang", password).display_name == "王敏"
    assert password not in run("list").output
    run("role", "wang", "reviewer")
    assert accounts.get("wang").member.role == "reviewer"
    run("disable", "wang")
    assert "已停用" in run("list").output
    run("enable", "wang")
    assert accounts.get("wang").active


def test_a_token_is_shown_once_and_revoked(file: Path) -> None:
    run("add", "wang", "--role", "agent", typed=f"{PASSWORD}\n")
    token = run("token", "add", "wang", "--label", "桌面", "--days", "9").output.split()[-1]
    tokens = StaffAccounts(Database(f"sqlite:///{file}")).tokens
    assert tokens.member(token).name == "wang"
    assert token not in run("token", "list").output
    run("token", "revoke", "1")
    assert tokens.member(token) is None


def test_what_is_wrong_is_said(file: Path) -> None:
    with pytest.raises(MemberRuleError):
        run("add", "wang", "--role", "agent", typed="short\n")
    with pytest.raises(UnknownMemberError):
        run("disable", "nobody")
