"""`python -m dialogue.intent_trial FOLDS OUT.jsonl`: intents by cross-validation of data/nlu with the pipeline of config.yml.

Each fold trains Rasa's real pipeline on the other messages and parses its own; every message is parsed once, by a model that
has never seen it. Writes lines {"text", "intent", "given", "confidence"}; prints one line a fold. Reports no figure itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dialogue.without_tensorflow import can_do_without, do_without

SEED = 20260301  # folds are the same on every machine


def main(folds: int, out: Path) -> None:
    """Run in the project's folder, with the variables that Rasa's processes get."""
    if can_do_without(yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))):
        do_without()
    warnings.simplefilter("ignore")
    rows = []
    for number, fold in enumerate(_folds(folds), start=1):
        rows += _parsed(*fold)
        sys.stdout.write(f"fold {number}/{folds}\n")
        sys.stdout.flush()
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _folds(number: int) -> Iterator[tuple[Any, list[Any]]]:
    """(training data, messages to parse) of each fold, every intent in its share."""
    from rasa.shared.nlu.training_data.loading import load_data
    from rasa.shared.nlu.training_data.training_data import TrainingData
    from sklearn.model_selection import StratifiedKFold

    data = load_data("data/nlu")
    examples = sorted(data.intent_examples, key=lambda e: (e.get("intent"), e.get("text")))
    splits = StratifiedKFold(n_splits=number, shuffle=True, random_state=SEED)
    for train, test in splits.split(examples, [e.get("intent") for e in examples]):
        yield (
            TrainingData(
                training_examples=[examples[i] for i in train], entity_synonyms=data.entity_synonyms,
                regex_features=data.regex_features, lookup_tables=data.lookup_tables, responses=data.responses,
            ),
            [examples[i] for i in test],
        )  # fmt: skip


def _parsed(training: Any, messages: list[Any]) -> list[dict[str, Any]]:
    import jieba
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage
    from rasa.model_training import train_nlu
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLWriter

    jieba.setLogLevel("WARNING")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nlu.yml"
        RasaYAMLWriter().dump(file, training)
        model = train_nlu("config.yml", str(file), folder)
        processor = Agent.load(model).processor

        async def parse() -> list[dict[str, Any]]:
            rows = []
            for message in messages:
                parsed = await processor.parse_message(UserMessage(message.get("text")))
                intent = parsed["intent"]
                rows.append({
                    "text": message.get("text"), "intent": message.get("intent"), "given": intent["name"],
                    "confidence": round(float(intent["confidence"]), 4),
                })  # fmt: skip
            return rows

        return asyncio.run(parse())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
