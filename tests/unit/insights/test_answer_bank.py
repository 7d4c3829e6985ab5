"""An agent's good reply becomes an entry, without what belongs to one person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.handoff_desk import HandoffDesk
from database.engine import Database
from insights.answer_bank import AnswerBank
from insights.depersonalise import depersonalise
from insights.errors import ProposalStateError, UnknownProposalError
from insights.models import BankProposal
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.workflow import Actor
from tests.unit.conversations.conftest import SettableClock
from tests.unit.insights.conftest import BOSS, EDITOR, Say

ACTOR = Actor("boss", "admin")


@pytest.fixture
def bank(database: Database, entries: EntryStore, clock: SettableClock) -> AnswerBank:
    return AnswerBank(database, entries, clock)


@pytest.fixture
def reply(say: Say, database: Database, clock: SettableClock):
    """What an agent says after a citizen asked; returns the message's id."""

    def _reply(words: str, asked: str = "您好，我叫张三丰，孩子转学要什么材料？") -> int:
        conversation = say(asked)["conversation_id"]
        say("转人工", "human_handoff")
        desk = HandoffDesk(database, now=clock)
        desk.take(conversation, "小陈")
        return int(desk.say(conversation, "小陈", words)["message_id"])

    return _reply


def test_a_reply_becomes_a_proposal_and_an_entry_in_review(
    bank: AnswerBank, reply, entries: EntryStore, database: Database
) -> None:
    said = reply("张先生您好，孩子转学带户口簿、房产证和学籍证明到教育局办理。有问题打13800138000找我。再见！")
    found = bank.propose(said, EDITOR)
    assert found["question"] == "我叫[姓名]，孩子转学要什么材料？"
    assert found["answer"] == "孩子转学带户口簿、房产证和学籍证明到教育局办理。有问题打[电话号码]找我。"
    assert ("电话号码", "13800138000") in {(change["kind"], change["before"]) for change in found["changes"]}
    assert found["original"].startswith("张先生您好")
    assert bank.propose(said, BOSS)["id"] == found["id"]
    with database.read() as session:
        stored = session.get_one(BankProposal, found["id"])
        assert not any(name in stored.question + stored.answer for name in ("张", "138"))

    done = bank.accept(
        found["id"], EDITOR, title="孩子转学要什么材料", department="教育局",
        similar_questions=["转学怎么办", "我叫张小明，电话13800138000，孩子怎么转学"],
    )  # fmt: skip
    assert done["state"] == "accepted"
    entry = entries.get(done["entry_id"])
    assert (entry.state, entry.content.title, entry.content.owner_department) == ("in_review", "孩子转学要什么材料", "教育局")
    assert entry.content.similar_questions[0] == "转学怎么办"
    assert "张小明" not in entry.content.similar_questions[1]
    assert "13800138000" not in entry.content.similar_questions[1]
    assert entry.content.attributes == {"来源": "坐席答复", "答题库提案": str(found["id"])}
    assert done["conversation_id"] not in entry.content.to_json()  # knowing it is the right to read the conversation
    with pytest.raises(ProposalStateError, match="已采纳"):
        bank.reject(found["id"], "晚了", BOSS)
    assert entries.count() == 1


def test_a_proposal_is_turned_down_with_a_reason(bank: AnswerBank, reply) -> None:
    found = bank.propose(reply("孩子转学带户口簿到教育局办理。"), EDITOR)
    assert bank.listed()["counts"] == {"proposed": 1, "accepted": 0, "rejected": 0}
    done = bank.reject(found["id"], "已有条目", BOSS)
    assert (done["state"], done["reason"], done["decided_by"]) == ("rejected", "已有条目", "boss")
    assert bank.listed()["proposals"] == []
    assert bank.listed(None)["total"] == 1


def test_the_phone_of_an_office_stays(bank: AnswerBank, reply, entries: EntryStore) -> None:
    entry = entries.create(parse_content({"kind": "qa", "title": "教育局电话", "answer": "0571-87654321。"}), ACTOR)
    entries.publish(entry.entry_id, ACTOR)
    found = bank.propose(reply("请打教育局电话0571-87654321，或者我的0571-81112222。"), EDITOR)
    assert found["answer"] == "请打教育局电话0571-87654321，或者我的[电话号码]。"


def test_only_what_an_agent_said_can_be_proposed(bank: AnswerBank, reply) -> None:
    said = reply("您好，请稍等。")
    with pytest.raises(UnknownProposalError, match="没有内容"):
        bank.propose(said, EDITOR)
    for number in (1, 10**6):  # the citizen's own words; no message
        with pytest.raises(UnknownProposalError, match="没有这条"):
            bank.propose(number, EDITOR)
    with pytest.raises(UnknownProposalError, match="77"):
        bank.read(77)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("您好，李女士，可以网上办。", "可以网上办。"),
        ("可以办，王总，带执照就行。", "可以办，带执照就行。"),
        ("我们会派人到阳光小区3栋2单元501室查看。", "我们会派人到[住址]查看。"),
        ("车牌浙A12345的违章在交警大队处理。", "车牌[车牌号]的违章在交警大队处理。"),
        ("请到市民中心二楼12号窗口办理，电话12345。", "请到市民中心二楼12号窗口办理，电话12345。"),
        ("身份证33010619900307123X已登记，三天内办结。", "身份证[身份证号]已登记，三天内办结。"),
        ("您的工单WZ202603020001正在办理。", "您的工单 正在办理。"),
        ("申请人：陈小明，材料齐全即可。", "申请人：[姓名]，材料齐全即可。"),
        ("满足条件的高先生才可以申请", "满足条件的您才可以申请"),
    ],
)
def test_what_belongs_to_one_person_goes(said: str, kept: str) -> None:
    assert depersonalise(said)[0] == kept


@given(st.text(alphabet="您好，。张李先生女士总13800138000浙A栋单元室小区 姓名：办理", max_size=60))
def test_twice_changes_nothing_that_is_personal(text: str) -> None:
    once = depersonalise(text)[0]
    assert "13800138000" not in once
    assert "13800138000" not in depersonalise(once)[0]
