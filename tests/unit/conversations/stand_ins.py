"""A scripted answerer and a scripted Rasa, to stage what the real ones do rarely."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from answering.models import Answer, Button, Citation, Inquiry

FOUND_TEXT = "可以。单位就业困难人员社会保险补贴按季度发放。\n依据：示例市人社局〔2025〕8号，现行有效。"
UNKNOWN_TEXT = "抱歉，知识库里没有找到这个问题的答案。"


class ScriptedAnswerer:
    """Answers what contains 补贴, asks back on 哪个, follows up on an entry under discussion, knows nothing else."""

    def __init__(self) -> None:
        self.inquiries: list[Inquiry] = []
        self.error: Exception | None = None
        self.probability = 0.93

    def opens(self, entry_id: int, text: str) -> bool:
        return entry_id == 7 and text == "社会保险补贴"

    def answer(self, inquiry: Inquiry) -> Answer:
        self.inquiries.append(inquiry)
        if self.error:
            raise self.error
        case = inquiry.case
        citation = Citation(entry_id=7, external_id="SB-007", version=2, title="社会保险补贴", source="示例市人社局", url="/e/7")
        common: dict[str, Any] = {"revision": 12, "model_ids": {"encoder": "bigram"}, "buttons": [], "citations": []}
        if "哪个" in inquiry.text:
            return Answer(
                **{**common, "citations": [citation], "buttons": [Button("社会保险补贴", "1")]},
                outcome="clarify", text="您想问哪一项？", resolved_question=inquiry.text, entry_id=None, version=None,
                probability=0.5, score=0.5, case=replace(case, options=[7]),
            )  # fmt: skip
        follows = case.entry_id is not None and len(inquiry.text) < 8
        if "补贴" in inquiry.text or follows:
            return Answer(
                **{**common, "citations": [citation]}, outcome="answer", text=FOUND_TEXT,
                resolved_question=f"社会保险补贴 {inquiry.text}" if follows else inquiry.text, entry_id=7, version=2,
                probability=self.probability, score=0.88, case=replace(case, entry_id=7, options=[]),
            )  # fmt: skip
        return Answer(
            **common, outcome="fallback", text=UNKNOWN_TEXT, resolved_question=inquiry.text, entry_id=None, version=None,
            probability=0.1, score=0.2, case=case,
        )  # fmt: skip


@dataclass
class ScriptedDialogue:
    """Stands for Rasa: classifies by a table and runs the action, or fails as told."""

    perform: Any
    intents: Mapping[str, str] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    before_action: Any = None

    async def ask(self, conversation_id: str, text: str, turn_id: str) -> Mapping[str, Any]:
        self.asked.append(text)
        if self.before_action:
            await self.before_action(text)
        if self.error:
            raise self.error
        name = self.intents.get(text, "policy_lookup")
        return self.perform(turn_id, intent=name, confidence=0.9, entities={})
