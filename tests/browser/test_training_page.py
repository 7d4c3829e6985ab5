"""A maintainer at the training page: figures, report, promotion, the way back, labelling by key."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from bot.services import Services
from insights.active_learning import Asked, Proposal
from knowledge_base.workflow import Actor
from staff.accounts import COMMAND_LINE
from tests.browser.conftest import OpenPage
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # the machine may be busy
PASSWORD = "four words long"
EDITOR = Actor("编辑", "admin")
FIGURES = {"recall@1": 0.60, "recall@3": 0.8, "recall@10": 0.9, "mrr": 0.7, "coverage": 0.5, "accuracy": 0.8, "declined": 0.8}
GATE = {
    "passed": True, "against": None, "reasons": [], "current": FIGURES, "candidate": {**FIGURES, "recall@1": 0.65}, "guards": [],
    "primary": {"mean": 0.05, "low": 0.01, "high": 0.09, "questions": 400}, "sets": [{"name": "题", "sha256": "ab" * 32, "rows": 1, "used": 1}],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def runs(services: Services) -> None:
    services.accounts.add("wei", PASSWORD, "maintainer", COMMAND_LINE, display_name="魏工")
    folder = make_run(services.settings.root, "better", BigramHashEncoder(), gate=GATE)
    (folder / "report.html").write_text("<!doctype html><h1>训练评测报告</h1>", encoding="utf-8")
    refused = {**GATE, "passed": False, "reasons": ["MRR从 0.700 变为 0.600，超出允许的 0.010"]}
    make_run(services.settings.root, "worse", BigramHashEncoder(), gate=refused, created="2026-11-02T02:00:00+00:00")


def at_training(open_page: OpenPage) -> Page:
    """Logged in and with the page's figures before one's eyes."""
    page = open_page(1366, 768)
    page.goto("/panel/training")
    page.fill("#name", "wei")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="worse", exact=True)).to_be_visible()
    return page


def test_a_run_is_read_promoted_and_taken_back(open_page: OpenPage, services: Services) -> None:
    page = at_training(open_page)
    expect(page.get_by_text("程序自带的模型", exact=True)).to_be_visible()
    page.get_by_role("cell", name="worse", exact=True).click()
    expect(page.get_by_text(re.compile("未通过：MRR从"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^(强制)?上线$"))).to_have_count(0)  # only an administrator may force
    page.get_by_role("button", name="关闭").click()
    page.get_by_role("cell", name="better", exact=True).click()
    page.get_by_role("button", name="评测报告").click()
    expect(page.frame_locator("iframe").get_by_text("训练评测报告")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("理由（记入操作记录）").fill("更准")
    page.get_by_role("button", name="上线", exact=True).click()
    expect(page.get_by_text("已上线，各服务进程会在几秒内换上")).to_be_visible()
    expect(page.get_by_text("1 个服务进程都已换上")).to_be_visible()
    assert services.index.model_ids["run"] == "better"
    page.get_by_role("button", name=re.compile("退回到 程序自带的模型")).click()
    page.get_by_role("button", name="退回", exact=True).click()
    expect(page.get_by_text("已退回")).to_be_visible()
    page.get_by_text("上线记录").click()
    expect(page.get_by_text(re.compile("魏工")).filter(has_text="上线 better，理由：更准")).to_be_visible()


def test_what_was_compared_with_something_else_is_compared_again(
    open_page: OpenPage, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(services.settings.root, "late", BigramHashEncoder(), gate={**GATE, "against": "long-gone"})
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(type(services.jobs), "compare", lambda _self, run_id, by: asked.append((run_id, by)))
    page = at_training(open_page)
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="late", exact=True))
    expect(row.get_by_text("通过（比的是以前的模型）")).to_be_visible()
    row.click()
    expect(page.get_by_text("上面是和以前的模型比较的结果，比较后再决定是否上线。")).to_be_visible()
    expect(page.get_by_role("button", name="上线", exact=True)).to_have_count(0)
    page.get_by_role("button", name="重新比较").click()
    expect(page.get_by_text("已开始比较")).to_be_visible()
    assert asked == [("late", "wei")]


def test_questions_are_labelled_by_key_and_the_next_one_moves_up(
    open_page: OpenPage, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = services.entries.by_external_id("SP-02")
    content = entry.content.model_copy(update={"external_id": "SP-02-b", "authority": "示例县市场监督管理局"})
    other = services.entries.publish(services.entries.create(content, EDITOR).entry_id, EDITOR)
    questions = ["<b>开个小饭馆</b>要哪些证", "明天会不会下雨", "豆腐坊怎么登记"]
    proposals = [
        Proposal(Asked(q, 3, 0.4, 0.4, "filing_steps", 0.6), tuple((e.entry_id, e.content.title, 0.4) for e in (entry, other)))
        for q in questions
    ]
    monkeypatch.setattr(type(services.active_learning), "proposals", lambda _self, _count=50: list(proposals))
    page = at_training(open_page)
    page.get_by_text("待标注的问题").first.click()
    expect(page.get_by_text("<b>开个小饭馆</b>要哪些证")).to_be_visible()  # as text
    expect(page.get_by_role("button", name=re.compile("示例县市场监督管理局"))).to_have_count(3)  # the same title twice
    page.keyboard.press("1")
    expect(page.get_by_text("<b>开个小饭馆</b>要哪些证")).to_have_count(0)
    page.keyboard.press("0")
    expect(page.get_by_text("还有 1 题，已标 2 题")).to_be_visible()
    labels = services.insights.labels.listed()
    assert [(label.verdict, label.entry_id, label.labelled_by) for label in labels] == [
        ("entry", entry.entry_id, "wei"), ("out_of_scope", None, "wei"),
    ]  # fmt: skip
    page.get_by_role("button", name="撤回刚才的标注").click()
    expect(page.get_by_text("已撤回")).to_be_visible()
    assert len(services.insights.labels.listed()) == 1


def test_what_there_is_to_learn_from(open_page: OpenPage, services: Services) -> None:
    report = {
        "rows": 3, "train": 2, "test": 1, "leaks": 0, "frozen": {},
        "sources": [{"source": "label", "kind": "entry", "train": 2, "test": 1, "found": 3}],
        "balance": {"entries": 9, "entries_with_questions": 2, "largest": [], "share_of_ten_largest": 0.5, "intents": {"greet": 2}},
        "conflicts": [{"text": "开饭馆", "rows": [{"kind": "entry", "label": "SP-02", "source": "label"}]}],
        "suspicious": [{"text": "啊", "reason": "太短", "kind": "entry", "label": "SP-02", "source": "label"}],
    }  # fmt: skip
    (services.settings.root / "models" / "data_report.json").write_text(json.dumps(report), encoding="utf-8")
    page = at_training(open_page)
    page.get_by_text("训练数据").first.click()
    expect(page.get_by_text("用于训练 2 条，留作固定测试 1 条")).to_be_visible()
    expect(page.get_by_role("cell", name="开饭馆")).to_be_visible()
    expect(page.get_by_role("cell", name="太短")).to_be_visible()
