"""The dialogue's training data: the files in data/ as they are, and one more made of the bank's labelled intents."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import yaml

from settings import PROJECT_ROOT
from training.rows import INTENT, OUT_OF_SCOPE, Row

NLU_FOLDER = PROJECT_ROOT / "data" / "nlu"
BANK_FILE = "bank.yml"
_ENTITY = re.compile(r"\[([^\]]+)\]\s*[({][^)}]*[)}]")
MOST_OF_AN_INTENT = 300  # so that one intent, however often labelled, does not crowd out the others


def project_examples(folder: Path = NLU_FOLDER) -> dict[str, str]:
    """Text → intent of the examples that the project brings along, without entity marks."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.yml")):
        for block in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("nlu", []):
            for line in str(block.get("examples", "")).splitlines():
                text = _ENTITY.sub(r"\1", line.strip().removeprefix("-").strip())
                if text and "intent" in block:
                    found.setdefault(text, str(block["intent"]))
    return found


def bank_nlu(rows: Sequence[Row], known: Sequence[str]) -> str:
    """A file for Rasa: labelled messages of intents that the domain has. Args: known: these intents. Empty when there is nothing."""
    texts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        intent = OUT_OF_SCOPE if row.kind == OUT_OF_SCOPE else row.label
        if row.kind in (INTENT, OUT_OF_SCOPE) and intent in known and len(texts[intent]) < MOST_OF_AN_INTENT:
            texts[intent].append(_plain(row.text))
    blocks = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in lines)
        for intent, lines in sorted(texts.items())
        if lines
    ]
    return f'version: "3.1"\nnlu:\n{"".join(blocks)}' if blocks else ""


def write_bank(file: Path, rows: Sequence[Row]) -> Path | None:
    """The file of these rows, with the intents that the project knows; None when there is nothing to write."""
    text = bank_nlu(rows, sorted(set(project_examples().values())))
    if not text:
        return None
    file.write_text(text, encoding="utf-8")
    return file


def _plain(text: str) -> str:
    """One line in which nothing means an entity or a comment to Rasa."""
    return " ".join(re.sub(r"[\[\](){}#]", " ", text).split())
