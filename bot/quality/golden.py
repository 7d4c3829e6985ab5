"""Golden conversations: what is said, and the facts that must come back. They assert facts, never wording.

A turn of tests/golden/<topic>.yml: `user`, and under `expect` any of: intent, outcome, external_id (of the first citation),
says (a piece of fact that must be in the text, or several), never (what must not be in it).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.errors import QualityFileError
from settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "tests" / "golden"
FACTS = {"intent": "意图", "outcome": "结果", "external_id": "条目"}
KEYS = frozenset({*FACTS, "says", "never"})

Chat = Callable[[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Turn:
    """What the citizen says and what must hold of the reply."""

    user: str
    expect: Mapping[str, Any]


@dataclass(frozen=True)
class GoldenConversation:
    """Attributes: topic: the file's name."""

    topic: str
    name: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class TurnResult:
    """Attributes: problem: what did not hold, None when all did."""

    conversation: GoldenConversation
    number: int
    problem: str | None


def read_conversations(folder: Path = FOLDER) -> list[GoldenConversation]:
    """Raises: QualityFileError naming file and conversation."""
    found: list[GoldenConversation] = []
    for file in sorted(folder.glob("*.yml")):
        try:
            rows = yaml.safe_load(file.read_text(encoding="utf-8")) or []
            for row in rows:
                turns = tuple(Turn(turn["user"], turn.get("expect") or {}) for turn in row["turns"])
                if unknown := {key for turn in turns for key in turn.expect} - KEYS:
                    raise QualityFileError(
                        f"{file.name} 的“{row['conversation']}”里有不认识的要求：{'、'.join(sorted(unknown))}。",
                        fix=f"只能写 {'、'.join(sorted(KEYS))}。",
                    )
                found.append(GoldenConversation(file.stem, row["conversation"], turns))
        except (OSError, yaml.YAMLError, KeyError, TypeError) as exc:
            raise QualityFileError(f"{file.name} 读不懂：{exc}。", fix="对照 tests/golden 里其他文件的写法改正。") from exc
    if not found:
        raise QualityFileError(f"{folder} 里没有对话。", fix="给出放着 *.yml 对话文件的文件夹。")
    return found


def play(conversation: GoldenConversation, chat: Chat) -> list[TurnResult]:
    """Hold the conversation to its end, whatever goes wrong on the way."""
    sender = f"{conversation.topic}-{conversation.name}"
    return [
        TurnResult(conversation, number, problem_of(turn, chat(turn.user, sender)))
        for number, turn in enumerate(conversation.turns, start=1)
    ]


def problem_of(turn: Turn, reply: Mapping[str, Any]) -> str | None:
    """The first requirement that the reply does not meet."""
    text = "\n".join(message["text"] for message in reply["messages"])
    citations = [c["external_id"] for message in reply["messages"] for c in message.get("citations") or []]
    got = {"intent": reply["intent"]["name"], "outcome": reply["outcome"], "external_id": (citations or [None])[0]}
    said = f"答的是：{text[:200]}"
    for key, name in FACTS.items():
        if key in turn.expect and got[key] != turn.expect[key]:
            return f"“{turn.user}”的{name}应为 {turn.expect[key]}，实为 {got[key]}。{said}"
    for piece in _pieces(turn.expect.get("says")):
        if piece not in text:
            return f"“{turn.user}”的回答没有说“{piece}”。{said}"
    for piece in _pieces(turn.expect.get("never")):
        if piece in text:
            return f"“{turn.user}”的回答不该说“{piece}”。{said}"
    return None


def _pieces(value: str | Sequence[str] | None) -> Sequence[str]:
    return () if value is None else (str(value),) if not isinstance(value, list) else value
