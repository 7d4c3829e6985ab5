"""What the encoder is fine-tuned on: questions with the entries that answer them, and the entries' own similar questions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.content import EntryContent, parse_content
from knowledge_base.errors import ContentError
from knowledge_base.passages import context_of
from retrieval.evaluation import read_jsonl, read_questions
from retrieval.text import normalise
from training.errors import TrainingDataError


@dataclass(frozen=True)
class Entry:
    """An entry as training sees it: two short passages that name its matter."""

    external_id: str
    title: str
    context: str

    @property
    def passages(self) -> tuple[str, str]:
        return self.title, self.context


@dataclass(frozen=True)
class Pair:
    """A question and the positions of the entries that answer it, none if nothing does.

    Attributes: mined: whether hard negatives are looked for. wrong: entries that people said do not answer it; these are its hard ones.
    """

    question: str
    right: tuple[int, ...]
    mined: bool = True
    wrong: tuple[int, ...] = ()


def read_entries(files: Iterable[Path]) -> tuple[list[Entry], list[Pair]]:
    """Entries of exports in the generic format (`wenzheng kb export`), and a pair for each of their similar questions.

    Raises: TrainingDataError naming file and line.
    """
    entries: list[Entry] = []
    pairs: list[Pair] = []
    for file in files:
        for number, row in read_jsonl(file):
            content = _content(row, f"{file.name} 第 {number} 行")
            pairs += [Pair(question, (len(entries),), mined=False) for question in content.similar_questions]
            entries.append(Entry(content.external_id or f"{file.name}:{number}", content.title, context_of(content)))
    if len({entry.external_id for entry in entries}) != len(entries):
        raise TrainingDataError("条目文件里有重复的外部编号。", fix="同一条目只导出一次。")
    return entries, pairs


def _content(row: object, place: str) -> EntryContent:
    try:
        return parse_content(row)
    except ContentError as exc:
        raise TrainingDataError(f"{place} 不是合法的条目：{exc.problem}", fix="用 `wenzheng kb export` 导出条目文件。") from exc


def read_pairs(files: Iterable[Path], entries: Sequence[Entry]) -> list[Pair]:
    """Questions (the format of `wenzheng evaluate`, and perhaps `wrong`: external ids) whose gold is among the entries; others are
    passed over.

    Raises: TrainingDataError when a file has none.
    """
    places = {entry.external_id: i for i, entry in enumerate(entries)}
    pairs: list[Pair] = []
    for file in files:
        usable = []
        for q, (_, row) in zip(read_questions(file), read_jsonl(file), strict=True):
            right, wrong = (tuple(places[name] for name in named if name in places) for named in (q.gold, row.get("wrong") or ()))
            if right:
                usable.append(Pair(normalise(q.text), right, wrong=wrong))
        if not usable:
            raise TrainingDataError(f"{file.name} 里没有一个问题对应所给的条目。", fix="核对 --entries 是否为这些问题的条目。")
        pairs += usable
    return pairs


def read_unanswerable(files: Iterable[Path]) -> list[Pair]:
    """Questions that no entry answers (lines with empty `gold`)."""
    return [Pair(normalise(q.text), ()) for file in files for q in read_questions(file) if not q.gold]
