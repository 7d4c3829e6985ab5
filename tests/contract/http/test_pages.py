"""Pages for people, as HTML."""

import io

import pytest

from bot.entry_page import linked
from tests.contract.http.conftest import ADMIN, days_from_now, publish

PUBLIC = "https://zw.example.gov.cn"


async def page(client, path):
    return await client.get(path, headers={"Accept": "text/html"})


class TestEntryPage:
    async def test_shows_facets_source_and_validity(self, client):
        entry = await publish(client, effective_to=days_from_now(30))
        response = await page(client, f"/e/{entry['entry_id']}")
        assert response.status_code == 200
        for part in (
            "食品经营许可证延续", "现行有效", "原许可证正副本", "领取新证", 'href="tel:057187654321"',
            'href="https://example.org/food"', "市监总局令第78号", "原文一句。", "示例市市场监督管理局", "990100",
        ):  # fmt: skip
            assert part in response.text, part
        assert "qr.png" not in response.text, "no public address, no code"
        assert "<script" not in response.text

    async def test_what_is_not_stated_is_left_out(self, client):
        entry = await publish(client, facets={"conditions": "无"}, source={}, authority=None, region_code=None)
        text = (await page(client, f"/e/{entry['entry_id']}")).text
        assert "办理条件" not in text
        assert "None" not in text
        assert "没有载明来源" in text

    async def test_expired_says_so_and_names_the_successor(self, client):
        successor = await publish(client, external_id="SP-02", title="食品经营许可证延续（新）")
        entry = await publish(client, effective_to=days_from_now(-1), replaced_by="SP-02")
        response = await page(client, f"/e/{entry['entry_id']}")
        assert response.status_code == 200
        assert "失效，仅供查阅" in response.text
        assert f'href="/e/{successor["entry_id"]}"' in response.text

    async def test_not_yet_in_force_says_so(self, client):
        entry = await publish(client, effective_from=days_from_now(5))
        assert "尚未生效" in (await page(client, f"/e/{entry['entry_id']}")).text

    async def test_withdrawn_is_gone_politely(self, client):
        entry = await publish(client)
        await client.post(f"/api/entries/{entry['entry_id']}/withdraw", json={}, headers=ADMIN)
        response = await page(client, f"/e/{entry['entry_id']}")
        assert (response.status_code, "已经停用" in response.text) == (410, True)
        assert entry["title"] not in response.text
        assert (await client.get(f"/e/{entry['entry_id']}")).json()["status"] == 410

    async def test_a_draft_looks_like_nothing(self, client):
        draft = (await client.post("/api/entries", json={"kind": "qa", "title": "秘密", "answer": "不说"}, headers=ADMIN)).json()
        response = await page(client, f"/e/{draft['entry_id']}")
        assert (response.status_code, "秘密" in response.text) == (404, False)

    async def test_markup_in_an_entry_is_text(self, client):
        evil = "<img src=x onerror=alert(1)>"
        entry = await publish(
            client, title=evil, answer=evil, facets={"online_url": "javascript:alert(1)", "steps": [evil, evil]},
            source={"url": "javascript:alert(1)", "quote": evil},
        )  # fmt: skip
        text = (await page(client, f"/e/{entry['entry_id']}")).text
        assert "<img src=x" not in text
        assert 'href="javascript' not in text


class TestCode:
    async def test_leads_to_the_page(self, open_client, build):
        client = open_client(build(WENZHENG_PUBLIC_URL=PUBLIC))
        entry = await publish(client)
        response = await client.get(f"/e/{entry['entry_id']}/qr.png")
        assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
        import segno

        expected = io.BytesIO()
        segno.make(f"{PUBLIC}/e/{entry['entry_id']}", error="m").save(expected, kind="png", scale=8, border=3)
        assert response.content == expected.getvalue()
        assert "qr.png" in (await page(client, f"/e/{entry['entry_id']}")).text

    async def test_without_a_public_address_there_is_none(self, client):
        entry = await publish(client)
        response = await client.get(f"/e/{entry['entry_id']}/qr.png")
        assert response.status_code == 404
        assert "WENZHENG_PUBLIC_URL" in response.json()["fix"]


class TestChatPage:
    async def test_root_leads_there(self, client):
        response = await client.get("/")
        assert (response.status_code, response.headers["location"]) == (307, "/chat")

    async def test_offers_questions_that_are_really_answered(self, client):
        await publish(client)
        text = (await page(client, "/chat")).text
        assert "食品经营许可证快到期了怎么延续" in text
        assert "您可以这样问" in text

    async def test_an_empty_knowledge_base_offers_none(self, client):
        assert "您可以这样问" not in (await page(client, "/chat")).text

    async def test_names_the_entry_one_comes_from(self, client):
        entry = await publish(client)
        assert f'data-entry="{entry["entry_id"]}"' in (await page(client, f"/chat?entry={entry['entry_id']}")).text
        assert (await page(client, "/chat?entry=4711")).status_code == 200

    async def test_has_no_inline_script_or_style(self, client):
        text = (await page(client, "/chat")).text
        assert "style=" not in text
        assert "onclick" not in text
        assert '<script type="module" src=' in text


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("0571-87654321转801", ["tel:057187654321"]),
        ("87654321、12345", ["tel:87654321", "tel:12345"]),
        ("400-800-1234（工作日）", ["tel:4008001234"]),
        ("0000-12345611", ["tel:000012345611"]),
        ("见 https://example.org/a?b=c。", ["https://example.org/a?b=c"]),
        ("文号2024年第5号", []),
    ],
)
def test_phones_and_addresses_are_linked(text, links):
    pieces = linked(text, phones=True)
    assert [piece.href for piece in pieces if piece.href] == links
    assert "".join(piece.text for piece in pieces) == text


async def test_examples_to_begin_with_are_questions_that_one_would_ask(client, services):
    for number, title in enumerate(("幸福路什么时候拓宽", "强烈呼吁尽快治理月亮河的污水")):
        await publish(
            client, external_id=f"Q-{number}", kind="qa", title=title, answer=f"{title}：见公告。", similar_questions=[]
        )
    services.index.follow()
    assert services.starters() == ("幸福路什么时候拓宽",)
