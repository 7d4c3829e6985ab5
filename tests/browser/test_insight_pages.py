"""Staff close a gap in the browser; what strangers wrote stays text on all these pages."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.authorization import TOKEN_MEMBER
from bot.services import Services
from conversations.clock import now
from conversations.models import Conversation, UnansweredQuestion
from insights.letters import import_letters
from staff.accounts import COMMAND_LINE
from staff.members import Member
from tests.browser.conftest import OpenPage
from tests.browser.test_panel_login import PASSWORD, log_in

pytestmark = pytest.mark.browser
VARIANTS = ("集中供暖的缴费标准是多少", "集中供暖缴费标准是多少", "集中供暖的缴费标准是多少钱")
EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
BOSS = Member("boss", "主任", "admin")


@pytest.fixture(scope="module", autouse=True)
def people(services: Services) -> None:
    services.accounts.add("boss", PASSWORD, "admin", COMMAND_LINE, display_name="主任")
    services.accounts.add("agent1", PASSWORD, "agent", COMMAND_LINE, display_name="小陈")


def ask(page: Page, text: str, sender: str) -> dict[str, Any]:
    return page.request.post("/api/chat", data={"sender_id": sender, "text": text}).json()


def miss(services: Services, text: str, sender: str) -> None:
    """As the record of a declined question: what the test encoder declines differs from the real one."""
    with services.database.write() as session:
        conversation = Conversation(
            id=sender, channel="wechat", sender_id=sender, holder="bot", case={}, profile={}, created_at=now(), updated_at=now()
        )
        session.add(conversation)
        session.flush()
        session.add(
            UnansweredQuestion(
                conversation_id=sender, question=text, reason="not_found", near_entries=[], state="open", created_at=now()
            )
        )


def test_close_a_gap(open_page: OpenPage, services: Services) -> None:
    for number, text in enumerate(VARIANTS):
        miss(services, text, f"resident{number}")
    page = open_page(1366, 768)
    log_in(page, "boss", "/panel/gaps")
    page.get_by_role("button", name="立即整理").click()
    row = page.locator(".insight-list tbody tr", has_text=VARIANTS[0])
    expect(row).to_contain_text("3")
    row.click()
    detail = page.locator(".insight-detail")
    for text in VARIANTS:
        expect(detail).to_contain_text(text)
    page.keyboard.press("n")
    form = page.locator(".insight-form")
    expect(form.get_by_label("标准问题")).to_have_value(VARIANTS[0])
    form.get_by_label(re.compile("答复")).fill("每平方米 22 元，按建筑面积收。")
    form.get_by_role("button", name="直接发布").click()
    expect(page.get_by_text("已发布，即时生效")).to_be_visible()
    page.get_by_role("button", name=re.compile("已补 1")).click()
    expect(detail).to_contain_text("新写条目")
    for number, text in enumerate(VARIANTS):
        reply = ask(page, text, f"later{number}")
        assert reply["outcome"] == "answer"
        assert "22 元" in reply["messages"][0]["text"]


def test_strangers_words_stay_text(open_page: OpenPage, services: Services) -> None:
    miss(services, f"{EVIL}暂住证在哪里补", "stranger")
    services.insights.gap_job.run_once()
    line = '{{"id": "E{n}", "subject": {s}, "message": "", "asked_at": "2026-01-0{n} 10:00:00"}}'
    subject = '"<img src=x onerror=\\"window.hit=1\\">搅拌站噪音扰民"'
    import_letters(services.database, EVIL, [line.format(n=n, s=subject) for n in range(1, 5)], TOKEN_MEMBER)
    number = services.insights.topics.begin("letters", BOSS, collection=EVIL[:100])
    services.insights.topics.work(number)
    conversation = services.records.find_or_create("web", "evil")
    services.records.reserve("web", "evil", f"{EVIL}怎么办", None)
    services.insights.bank.propose(services.records.say(conversation, "agent", f"{EVIL}带身份证到窗口办理。"), BOSS)
    page = open_page(1024, 768)  # a tablet
    log_in(page, "boss", "/panel/gaps")
    for place, words in (("gaps", "暂住证在哪里补"), ("topics", "搅拌站噪音扰民"), ("bank", "带身份证到窗口办理")):
        page.goto(f"/panel/{place}")
        page.locator(".insight-list tbody tr", has_text="<img").first.click()
        expect(page.locator(".insight-detail")).to_contain_text("<img")
        expect(page.locator(".insight-split")).to_contain_text(words if place != "bank" else "怎么办")
        assert page.evaluate("window.hit") is None
        assert page.evaluate("document.documentElement.scrollWidth") == 1024


def test_figures_are_shown_with_their_definitions_and_exported(open_page: OpenPage) -> None:
    page = open_page(1366, 768)
    log_in(page, "agent1", "/panel/figures")
    card = page.locator(".insight-number", has_text="精准命中率")
    expect(card).to_contain_text("一次答上的占多少")
    expect(page.locator(".insight-chart svg .bars-room")).to_have_count(30)
    page.get_by_role("button", name="近 7 天").click()
    expect(page.locator(".insight-chart svg .bars-room")).to_have_count(7)
    with page.expect_download() as download:
        page.get_by_text("导出 Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    for place in ("gaps", "topics", "bank"):
        assert page.request.get(f"/panel/{place}").status == 403
