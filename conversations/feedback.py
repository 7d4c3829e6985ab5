"""What citizens say of an answer: one rating an answer, the newest word counts, the reason is kept with it."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations.masking import mask_personal_data
from conversations.models import AnswerRow, Feedback, UnansweredQuestion

MOST_WORDS = 2000  # kept of rating and reasons together
_SKIN_OR_STYLE = "\U0001f3fb-\U0001f3ff\ufe0f\u200d"
_SIGNS = {
    "feedback_positive": re.compile(rf"(?:[👍👌💯🌹❤🙂😊😄][{_SKIN_OR_STYLE}]*\s*)+"),
    "feedback_negative": re.compile(rf"(?:[👎😡😠🤬💩][{_SKIN_OR_STYLE}]*\s*)+"),
}
_ENDING = r"[了啊呀哦吧的!！。.,，~～;；、:：\s]"
_WORDS = {
    "feedback_positive": r"(?:很|挺|真|太|非常|还是?)?(?:有用|有帮助|好评|点赞|赞)",
    "feedback_negative": r"(?:根本|完全|一点(?:都|也))?(?:没有?(?:什么)?用|没有?(?:什么)?帮助|差评|踩)",
}
_RATED = {intent: re.compile(rf"(?:{words}){_ENDING}*(?P<reason>.*)", re.DOTALL) for intent, words in _WORDS.items()}
_ASKS = re.compile(r"[?？]|怎么|如何|什么|哪|多少|几|吗|能不能|可不可以|是不是|我(?:想|要)问|请问")
_MISSING = re.compile(
    r"(?:因为|就是|主要)?(?:你们?|您)?(?:都|也|又|根本)?没(?:有)?(?:说|讲|写|告诉|答)"
)  # "你没说在哪办" asks nothing
_LEAST_REASON = 3  # characters


def rating_in(text: str) -> tuple[str, str] | None:
    """(intent, reason) of a message that is a rating by sign or word, with the reason if one follows ("没用，电话是空号")."""
    plain = text.strip()
    for intent, sign in _SIGNS.items():
        if match := sign.match(plain):
            reason = plain[match.end() :].strip()
            return (intent, reason) if not _ASKS.search(reason) else None
    for intent, pattern in _RATED.items():
        match = pattern.fullmatch(plain)
        if match and _stands_apart(plain, match) and not _ASKS.search(match["reason"]):
            return intent, match["reason"].strip()
    return None


def is_reason(text: str) -> bool:
    """Whether a message after a bad rating tells why, and does not ask something."""
    return len(text.strip()) >= _LEAST_REASON and not (_ASKS.search(text) and not _MISSING.match(text.strip()))


def rate(
    session: Session, conversation_id: str, answer_id: int | None, rating: int, words: str, moment: datetime
) -> None:  # fmt: skip
    """Record a rating of an answer; a bad one is a gap to fill."""
    rated = session.get(AnswerRow, answer_id) if answer_id is not None else None
    known = session.scalar(select(Feedback).where(Feedback.answer_id == answer_id)) if rated else None
    changed = known is None or known.rating != rating
    if known is not None:
        known.rating, known.text, known.created_at = rating, _kept(words), moment
    else:
        session.add(
            Feedback(
                conversation_id=conversation_id, answer_id=rated.id if rated else None, rating=rating, text=_kept(words),
                created_at=moment,
            )
        )  # fmt: skip
    if rating < 0 and rated is not None and changed:
        session.add(
            UnansweredQuestion(
                conversation_id=conversation_id, answer_id=rated.id, question=rated.question, reason="negative_feedback",
                near_entries=[rated.entry_id] if rated.entry_id is not None else [], state="open", created_at=moment,
            )
        )  # fmt: skip


def add_reason(session: Session, conversation_id: str, words: str) -> None:
    """Keep the reason with the newest rating of the conversation."""
    newest = select(Feedback).where(Feedback.conversation_id == conversation_id).order_by(Feedback.created_at.desc())
    known = session.scalar(newest.order_by(Feedback.id.desc()).limit(1))
    if known is not None:
        known.text = f"{known.text}；{_kept(words)}"[:MOST_WORDS]


def _kept(words: str) -> str:
    return mask_personal_data(words)[:MOST_WORDS]


def _stands_apart(text: str, match: re.Match[str]) -> bool:
    """Whether rating and reason are told apart by something ("没用过这个系统" is no rating)."""
    start = match.start("reason")
    return not match["reason"] or not text[start - 1].isalnum() or text[start - 1] in "了啊呀哦吧的"
