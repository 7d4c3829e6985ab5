"""Eligibility, the policy check-up and the memory over HTTP, without Rasa: words alone must do."""

from tests.contract.http.conftest import ADMIN, ask, publish

GRANT = {
    "kind": "service_item", "title": "灯塔工厂技改补助", "answer": "设备投资达到200万元的工业企业，按8%补助。", "external_id": "JG-01",
    "facets": {"materials": ["申请表", "设备发票"], "online_url": "https://example.org/jg"},
    "source": {"title": "《技改补助办法》", "clause": "第七条"}, "audience": ["企业"], "tags": ["灯塔工厂"], "similar_questions": [],
    "eligibility": [
        {"fact": "设备投资", "operator": ">=", "value": 200, "unit": "万元", "clause": "第七条", "text": "设备投资达到200万元"},
        {"fact": "从业人数", "operator": "<=", "value": 300, "clause": "第八条", "text": "从业人数不超过300人"},
    ],
}  # fmt: skip
QUESTION = "灯塔工厂技改补助我们能申请吗"


def said(reply: dict) -> str:
    return "\n".join(message["text"] for message in reply["messages"])


class TestEligibility:
    async def test_facts_are_asked_one_by_one_and_concluded(self, client):
        await publish(client, **GRANT)
        first = await ask(client, QUESTION)
        assert (first["outcome"], "设备投资" in said(first)) == ("clarify", True)
        second = await ask(client, "三百来万")
        assert (second["outcome"], second["intent"]["name"]) == ("clarify", "eligibility")
        last = await ask(client, "五十个人")
        assert last["outcome"] == "answer"
        assert said(last).startswith("按您说的情况，符合")
        for fact in ("第七条", "申请表", "https://example.org/jg", "《技改补助办法》"):
            assert fact in said(last)
        assert len(said(last)) <= 600
        assert last["messages"][0]["citations"][0]["external_id"] == "JG-01"
        assert "answer_id" in last

    async def test_a_failed_condition_names_its_clause_and_ends_the_asking(self, client):
        await publish(client, **GRANT)
        await ask(client, QUESTION)
        reply = await ask(client, "才80万")
        assert reply["outcome"] == "answer"
        assert said(reply).startswith("不符合")
        assert "第七条" in said(reply)

    async def test_about_the_limit_is_to_be_verified(self, client):
        await publish(client, **GRANT)
        await ask(client, QUESTION)
        await ask(client, "大概200万左右")
        reply = await ask(client, "50个人")
        assert said(reply).startswith("待核实")

    async def test_an_entry_withdrawn_meanwhile_is_not_concluded_on(self, client):
        entry = await publish(client, **GRANT)
        await ask(client, QUESTION)
        await client.post(f"/api/entries/{entry['entry_id']}/withdraw", json={}, headers=ADMIN)
        reply = await ask(client, "三百万")
        assert (reply["outcome"], "停用" in said(reply)) == ("fallback", True)

    async def test_a_question_in_between_is_answered_and_the_asking_goes_on(self, client):
        await publish(client, **GRANT)
        await ask(client, QUESTION)
        aside = await ask(client, "要什么材料？")
        assert (aside["outcome"], "设备发票" in said(aside), "接着刚才" in said(aside)) == ("answer", True, True)
        assert "多少人" in said(await ask(client, "三百万"))

    async def test_cancelling(self, client):
        await publish(client, **GRANT)
        await ask(client, QUESTION)
        assert (await ask(client, "取消"))["outcome"] == "smalltalk"
        assert (await ask(client, "三百万"))["intent"]["name"] is None

    async def test_a_human_and_a_complaint_leave_the_asking(self, client):
        await publish(client, **GRANT)
        await ask(client, QUESTION)
        assert (await ask(client, "转人工"))["outcome"] == "handoff"

    async def test_a_wrong_condition_is_refused_with_the_field(self, client):
        wrong = {**GRANT, "eligibility": [{"fact": "员工星座", "operator": "=", "value": "是", "text": "星座"}]}
        response = await client.post("/api/entries", json=wrong, headers=ADMIN)
        assert response.status_code == 422
        assert "eligibility.0.fact" in response.text


class TestCheckUp:
    async def test_what_suits_comes_first_and_opens_by_number(self, client):
        await publish(client, **GRANT)
        other = {
            "kind": "qa",
            "title": "灯塔工厂怎么评",
            "answer": "由工信局评定。",
            "external_id": "JG-02",
            "tags": ["灯塔工厂"],
            "similar_questions": [],
            "audience": ["企业"],
        }
        await publish(client, **other)
        await ask(client, "我们公司设备投资300万，员工50人")
        reply = await ask(client, "政策体检")
        assert reply["outcome"] == "answer"
        assert "符合：\n1. 灯塔工厂技改补助" in said(reply)
        assert "符合 1 项" in said(reply)
        assert reply["messages"][0]["citations"][0]["external_id"] == "JG-01"
        assert "JG-01" in str((await ask(client, "1"))["messages"][0]["citations"])

    async def test_an_entry_without_conditions_is_never_said_to_suit(self, client):
        await publish(client)
        await ask(client, "我们公司50个人，做餐饮的")
        assert "符合：\n" not in said(await ask(client, "政策体检")).replace("不符合", "").split("待核实：")[0]

    async def test_at_most_three_questions_when_nothing_is_known(self, client):
        await publish(client, **GRANT)
        outcomes = [(await ask(client, "政策体检"))["outcome"]]
        outcomes += [(await ask(client, text))["outcome"] for text in ("公司", "制造业", "50个人")]
        assert outcomes == ["clarify", "clarify", "clarify", "answer"]


class TestMemory:
    async def test_told_listed_changed_erased(self, client):
        await publish(client, **GRANT)
        assert "50人" in said(await ask(client, "我们公司50个人"))
        assert "120人" in said(await ask(client, "改成120人"))
        listed = said(await ask(client, "你记得我什么"))
        assert ("120人" in listed, "50人" in listed) == (True, False)
        assert "删除" in said(await ask(client, "把我的信息忘掉"))
        assert "没有记下" in said(await ask(client, "你记得我什么"))

    async def test_remembered_facts_are_not_asked_again(self, client):
        await publish(client, **GRANT)
        await ask(client, "我们公司员工50个人，设备投资300万")
        assert said(await ask(client, QUESTION)).startswith("按您说的情况，符合")
