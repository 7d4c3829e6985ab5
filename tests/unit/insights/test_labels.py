"""Staff say what a question is; training reads it."""

import pytest

from database.engine import Database
from insights.errors import LabelError, UnknownLabelError
from insights.labels import QuestionLabels
from tests.unit.conversations.conftest import SettableClock


@pytest.fixture
def labels(database: Database, clock: SettableClock) -> QuestionLabels:
    return QuestionLabels(database, clock)


def test_a_label_is_kept_masked_and_can_be_taken_back(labels: QuestionLabels, clock: SettableClock) -> None:
    first = labels.add("我电话13800138000，社保怎么补缴", "intent", "小林", "gap", intent="filing_steps", conversation_id="c1")
    second = labels.add("帮我写首诗", "out_of_scope", "小林", "active_learning")
    assert first.question == "我电话[电话号码]，社保怎么补缴"
    assert [label.verdict for label in labels.listed()] == ["intent", "out_of_scope"]

    clock.advance(minutes=5)
    labels.revoke(second.label_id)
    assert [label.label_id for label in labels.listed()] == [first.label_id]
    assert labels.listed(revoked=True)[1].revoked_at == clock.at
    clock.advance(minutes=5)
    assert labels.revoke(second.label_id).revoked_at != clock.at
    assert [label.intent for label in labels.listed("intent")] == ["filing_steps"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "  ", "verdict": "out_of_scope"},
        {"question": "问", "verdict": "intent"},
        {"question": "问", "verdict": "entry", "intent": "greet"},
        {"question": "问", "verdict": "out_of_scope", "entry_id": 1},
        {"question": "问", "verdict": "whatever"},
    ],
)
def test_a_label_that_says_nothing_clear_is_refused(labels: QuestionLabels, wrong: dict) -> None:
    with pytest.raises(LabelError):
        labels.add(**wrong, labelled_by="小林", source="desk")
    assert labels.listed() == []


def test_an_unknown_label_cannot_be_taken_back(labels: QuestionLabels) -> None:
    with pytest.raises(UnknownLabelError, match="7"):
        labels.revoke(7)
