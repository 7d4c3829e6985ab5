"""How golden conversations are read and judged."""

from pathlib import Path
from typing import Any

import pytest

from bot.errors import QualityFileError
from bot.quality.golden import Turn, problem_of, read_conversations


def reply(text: str = "免费，当天办好。", outcome: str = "answer", cited: str | None = "SS-0101") -> dict[str, Any]:
    citations = [{"external_id": cited}] if cited else []
    return {"messages": [{"text": text, "citations": citations}], "intent": {"name": "filing_steps"}, "outcome": outcome}


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ({}, True),
        ({"intent": "filing_steps", "outcome": "answer", "external_id": "SS-0101", "says": "当天"}, True),
        ({"says": ["免费", "当天"], "never": "收费"}, True),
        ({"says": ["免费", "三天"]}, False),
        ({"never": "免费"}, False),
        ({"outcome": "clarify"}, False),
        ({"external_id": "SS-0102"}, False),
        ({"intent": "complaint"}, False),
    ],
)
def test_every_requirement_is_looked_at(expect: dict[str, Any], holds: bool) -> None:
    assert (problem_of(Turn("怎么办执照", expect), reply()) is None) is holds


def test_there_are_enough_conversations_and_each_has_its_own_name() -> None:
    conversations = read_conversations()
    assert len(conversations) >= 75
    assert len({(c.topic, c.name) for c in conversations}) == len(conversations)


def test_a_requirement_nobody_knows_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "new.yml").write_text(
        "- conversation: 甲\n  turns:\n    - {user: 你好, expect: {intend: greet}}\n", encoding="utf-8"
    )
    with pytest.raises(QualityFileError, match=r"new\.yml.*甲.*intend"):
        read_conversations(tmp_path)


def test_an_empty_folder_is_no_test(tmp_path: Path) -> None:
    with pytest.raises(QualityFileError, match="没有对话"):
        read_conversations(tmp_path)
