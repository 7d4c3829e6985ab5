"""Intents: what Rasa's pipeline makes of messages that it has never seen."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue_encoder import prepare_dialogue_encoder
from bot.errors import QualityFileError, TrialError
from bot.quality.figures import ClassFigures, class_figures
from bot.quality.trial import TrialInstance
from bot.rasa_project import RASA_PYTHON, rasa_environment
from retrieval.evaluation import read_jsonl
from settings import PROJECT_ROOT, Settings

QUESTIONS = PROJECT_ROOT / "bench" / "questions" / "intents.jsonl"
FOLDS = 5
# what the assistant can do; the other classes are dialogue acts ("affirm"), which only mean something within a conversation
TASKS = frozenset({
    "greet", "goodbye", "thanks", "eligibility", "filing_steps", "policy_lookup", "complaint", "progress_query",
    "human_handoff", "feedback_positive", "feedback_negative", "policy_match", "out_of_scope",
})  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """A message, its intent, and what the model took it for."""

    text: str
    intent: str
    given: str
    confidence: float


def read_messages(file: Path) -> list[tuple[str, str]]:
    """(text, intent) of lines `{"text", "intent"}`. Raises: EvaluationFileError, QualityFileError."""
    rows = read_jsonl(file)
    for number, row in rows:
        if not (isinstance(row.get("text"), str) and isinstance(row.get("intent"), str)):
            raise QualityFileError(f"{file.name} 第 {number} 行读不懂。", fix='每行写成 {"text": "…", "intent": "…"}。')
    return [(row["text"], row["intent"]) for _, row in rows]


def on_messages(instance: TrialInstance, messages: Sequence[tuple[str, str]], progress: Callable[[], None]) -> list[Guess]:
    """Parse each message with the model that an instance runs."""
    guesses = []
    for text, intent in messages:
        guesses.append(Guess(text, intent, *instance.intent_of(text)))
        progress()
    return guesses


def by_cross_validation(settings: Settings, progress: Callable[[], None], folds: int = FOLDS) -> list[Guess]:
    """Every training message, parsed by a model trained without its fold. Takes about two minutes a fold.

    Raises: TrialError when a training fails.
    """
    prepare_dialogue_encoder(settings, lambda _step: None)
    with tempfile.TemporaryDirectory(prefix="wenzheng-folds-") as folder:
        out = Path(folder) / "guesses.jsonl"
        log = Path(folder) / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [str(RASA_PYTHON), "-m", "dialogue.intent_trial", str(folds), str(out)], cwd=PROJECT_ROOT,
                env=rasa_environment(settings), stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
            try:
                for line in process.stdout or ():
                    if line.startswith("fold "):
                        progress()
            finally:
                if process.poll() is None:
                    process.wait(30)
        if process.returncode != 0 or not out.exists():
            last = ([line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()] or ["没有输出"])[-1]
            raise TrialError(
                f"交叉验证的训练失败：{last[:300]}", fix="先运行 `wenzheng prepare`，按它的提示改正 config.yml 或 data/。"
            )
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [Guess(row["text"], row["intent"], row["given"], row["confidence"]) for row in rows]


def figures_of(guesses: Sequence[Guess], *, tasks_only: bool) -> ClassFigures:
    """Args: tasks_only: dialogue acts are not counted as classes."""
    names = TASKS & {g.intent for g in guesses} if tasks_only else None
    return class_figures([g.intent for g in guesses], [g.given for g in guesses], names)
