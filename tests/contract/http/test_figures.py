"""Figures over HTTP: with definitions, for a range of days, and as an Excel file."""

import json
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from bot.cli_figures import app
from bot.services import Services
from errors import WenzhengError
from tests.contract.http.conftest import ADMIN, ask, days_from_now, publish


async def test_what_was_asked_today_is_counted(client: httpx.AsyncClient) -> None:
    entry = await publish(client)
    assert (await ask(client, "食品经营许可证快到期了怎么延续"))["outcome"] == "answer"
    await ask(client, "你好")
    found = (await client.get("/api/figures", headers=ADMIN)).json()
    figures = {line["key"]: line for line in found["figures"]}
    assert (figures["consultations"]["value"], figures["answer_rate"]["value"], figures["messages"]["value"]) == (1, 100.0, 2)
    assert all(line["definition"] and line["formula"] and line["sources"] for line in found["figures"])
    assert (found["since"], found["until"]) == (days_from_now(-29), days_from_now(0))
    assert found["days"][-1] == {"day": days_from_now(0), "answer": 1, "clarify": 0, "fallback": 0}
    entries = (await client.get("/api/figures/entries", headers=ADMIN)).json()
    assert [(line["entry_id"], line["uses"]) for line in entries["used"]] == [(entry["entry_id"], 1)]
    assert entries["never_used"] == []
    none = (await client.get("/api/figures", params={"channel": "wechat"}, headers=ADMIN)).json()
    assert {line["key"]: line["value"] for line in none["figures"]}["consultations"] == 0


async def test_the_file_opens_in_excel(client: httpx.AsyncClient) -> None:
    reply = await client.get("/api/figures/export.xlsx", params={"since": "2026-01-01", "until": "2026-01-31"}, headers=ADMIN)
    assert reply.status_code == 200
    assert "2026-01-01" in reply.headers["content-disposition"]
    assert load_workbook(BytesIO(reply.content)).sheetnames == ["指标", "每日", "部门工单", "条目使用", "从未用到"]


async def test_wrong_ranges_are_refused(client: httpx.AsyncClient) -> None:
    for given in ({"since": "2026-02-02", "until": "2026-02-01"}, {"since": "1900-01-01"}, {"since": "gestern"}):
        reply = await client.get("/api/figures", params=given, headers=ADMIN)
        assert (reply.status_code, reply.json()["ok"]) == (422, False)
    assert (await client.get("/api/figures")).status_code == 401


async def test_the_command_line_prints_the_same_figures(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(client)
    await ask(client, "食品经营许可证快到期了怎么延续")
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(services.settings.root))
    days = {"since": days_from_now(-3), "until": days_from_now(0)}
    page = (await client.get("/api/figures", params=days, headers=ADMIN)).json()
    given = ["--since", days["since"], "--until", days["until"]]
    assert json.loads(CliRunner().invoke(app, [*given, "--json"]).output) == page
    table = CliRunner().invoke(app, given, terminal_width=200)
    assert table.exit_code == 0, table.output
    assert "咨询量" in table.output
    wrong = CliRunner().invoke(app, ["--since", days["until"], "--until", days["since"]])
    assert isinstance(wrong.exception, WenzhengError)
