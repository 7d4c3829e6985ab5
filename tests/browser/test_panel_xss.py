"""What strangers and imported files say comes out as text on every page of the panel, stored or in an address."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from bot.services import Services
from conversations.handoff_desk import HandoffDesk
from conversations.ticket_desk import CallersRequest
from conversations.turns import TurnRequest
from knowledge_base.content import parse_content
from staff.accounts import COMMAND_LINE
from tests.browser.conftest import ADMIN, OpenPage
from tests.browser.test_panel_login import PASSWORD, log_in
from tests.contract.http.conftest import ENTRY
from tests.contract.http.route_permissions import PAGES

pytestmark = pytest.mark.browser
ATTACK = (
    '<script>window.hit=1</script><img src=x onerror="window.hit=1"><svg onload="window.hit=1"></svg>'
    '{{constructor.constructor("window.hit=1")()}}`${window.hit=1}`"><iframe srcdoc="<script>parent.hit=1</script>"></iframe>'
    "[点我](javascript:window.hit=1)"
)
HOSTILE = 4  # number of the hostile entry: three others are there before it
IN_ADDRESSES = (
    "/panel/tickets?view={}&department={}", "/panel/tickets?number={}", "/panel/knowledge?q={}", "/panel/gaps?q={}",
    "/panel/desk?conversation={}", "/panel/{}", "/panel/login?reason=expired&next={}", "/panel/figures?since={}",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
async def hostile(services: Services) -> None:
    services.accounts.add("boss", PASSWORD, "admin", COMMAND_LINE, display_name=ATTACK[:60], department=ATTACK[:60])
    entry = services.entries.create(
        parse_content({
            **ENTRY, "external_id": "XSS-1", "title": ATTACK[:120], "answer": ATTACK, "similar_questions": [ATTACK[:150]], "tags": [ATTACK[:40]],
            "authority": ATTACK[:60], "owner_department": ATTACK[:60],
        }), ADMIN,
    )  # fmt: skip
    assert entry.entry_id == HOSTILE
    services.entries.publish(entry.entry_id, ADMIN)
    services.entries.create(parse_content({**ENTRY, "external_id": "XSS-2", "title": ATTACK[:120], "answer": ATTACK}), ADMIN)
    services.index.follow()
    for channel in ("wechat", "web"):
        said = await services.turns.handle(TurnRequest(channel, f"stranger-{channel}", ATTACK))
        await services.turns.handle(TurnRequest(channel, f"stranger-{channel}", "转人工"))
    desk = HandoffDesk(services.database)
    desk.take(said.conversation_id, "boss")
    desk.say(said.conversation_id, "boss", ATTACK)
    services.ticket_desk.create(CallersRequest(key="xss-ticket", kind="complaint", what=ATTACK, where=ATTACK[:150]), COMMAND_LINE)


def is_inert(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_timeout(900)  # whatever comes over the socket has come
    assert page.evaluate("window.hit") is None, address
    found = page.locator('img[src="x"], svg[onload], iframe[srcdoc]:not([sandbox]), a[href^="javascript"]')
    assert [element.evaluate("e => e.parentElement.outerHTML") for element in found.all()] == [], address


def test_what_is_stored_is_text_on_every_page(open_page: OpenPage) -> None:
    page = open_page(1366, 768)
    log_in(page, "boss")
    for path in PAGES:
        is_inert(page, "/panel" + re.sub(r"\{\w+\}", str(HOSTILE), path))
    page.goto("/panel/tickets")
    page.locator(".ticket-card").first.click()
    page.get_by_role("button", name="查看联系方式和原话").click()
    page.wait_for_timeout(500)
    assert page.locator(".ticket-detail").inner_text().count("<img src=x") >= 2
    page.goto("/panel/desk")
    page.get_by_text("<script>").first.click()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.hit") is None
    assert page.locator('img[src="x"], svg[onload], iframe[srcdoc]:not([sandbox]), a[href^="javascript"]').count() == 0


def test_what_is_in_an_address_is_text(open_page: OpenPage) -> None:
    page = open_page(1366, 768)
    log_in(page, "boss")
    for address in IN_ADDRESSES:
        is_inert(page, address.format(*[quote(ATTACK, safe="")] * 2))
