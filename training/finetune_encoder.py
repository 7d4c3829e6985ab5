"""Fine-tunes the built-in encoder on questions and writes the low-rank adapter that `make run` builds the encoder with.

    wenzheng kb export entries.jsonl
    python -m training.finetune_encoder QUESTIONS.jsonl… --entries entries.jsonl --out retrieval/encoder_build/e5_adapter.npz

Loss: InfoNCE over in-batch and mined hard negatives (`training.contrastive`). Parameters: LoRA, Hu et al. 2021 (`training.low_rank`).
After each epoch OUT.checkpoint is written; the same command again goes on from there, and the adapter replaces OUT at the end.
With --start-from the training begins at an adapter that is there; --again names the questions that one has seen already, of which a
share is drawn so that they are not forgotten.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import BertModel

from errors import WenzhengError
from retrieval.encoder_build.adapter import Adapter, write_adapter
from retrieval.encoder_build.e5_weights import E5Weights
from training.contrastive import NOTHING_AT_FIRST, Embedder, batches, dense_recall, info_nce, mine
from training.e5_model import bert_model, bundled_weights, tokenizer
from training.errors import TrainingError
from training.low_rank import add_low_rank, arrays_of, take_up
from training.misspelling import Misspeller
from training.question_pairs import Entry, Pair, read_entries, read_pairs, read_unanswerable

WARM_UP_STEPS = 20
LEAST_RATE = 0.05  # the rate falls linearly to this share
LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Plan:
    """How to train; a checkpoint is gone on with only under the same plan and the same pairs."""

    epochs: int = 2
    rank: int = 16
    learning_rate: float = 5e-4
    temperature: float = 0.05
    hard_negatives: int = 1
    batch_size: int = 16
    seed: int = 0
    extra_share: float = 0.5  # of the entries' own similar questions, drawn anew each epoch
    again_share: float = 0.3  # of the questions seen by an earlier training, drawn anew each epoch
    unanswerable_share: float = 0.2  # for each question, so many that nothing answers, drawn anew each epoch
    misspelt_share: float = 0.15  # of the questions, drawn and misspelt anew each epoch

    def fingerprint(self, pairs: Sequence[Pair], entries: Sequence[Entry], start: str) -> str:
        """Args: start: version of the adapter that the training begins at; empty: the plain model."""
        content = json.dumps([asdict(self), [asdict(p) for p in pairs], [asdict(e) for e in entries], start], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass
class Trainer:
    """One fine-tuning: model, optimiser, and how far it is."""

    weights: E5Weights
    plan: Plan
    entries: Sequence[Entry]
    pairs: Sequence[Pair]
    report: Callable[[int, int, int, float], None] = lambda _epoch, _step, _steps, _loss: None
    start: Adapter | None = None
    again: Sequence[Pair] = ()
    epoch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        self.model: BertModel = bert_model(self.weights)
        self.model.set_attn_implementation("eager")  # on a processor a quarter faster for texts this short
        self.layers = add_low_rank(self.model, self.plan.rank)
        if self.start:
            take_up(self.layers, self.start)
        self.embedder = Embedder(self.model, tokenizer(self.weights))
        self.nothing = torch.nn.Parameter(torch.tensor([NOTHING_AT_FIRST]))
        self.parameters = [*(p for p in self.model.parameters() if p.requires_grad), self.nothing]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=self.plan.learning_rate, weight_decay=0.01)
        self.asked = [p for p in self.pairs if p.mined and p.right]
        self.unanswerable = [p for p in self.pairs if not p.right]
        self.extra = [p for p in self.pairs if not p.mined]
        self.misspeller = Misspeller(text for p in self.pairs for text in (p.question, *(self.entries[i].title for i in p.right)))
        drawn = len(self.asked) + self._drawn_extra + self._drawn_again + self._drawn_unanswerable
        self.steps = max(drawn // self.plan.batch_size, 1)

    @property
    def _drawn_extra(self) -> int:
        return int(len(self.extra) * self.plan.extra_share)

    @property
    def _drawn_again(self) -> int:
        return int(len(self.again) * self.plan.again_share)

    @property
    def _drawn_unanswerable(self) -> int:
        return min(len(self.unanswerable), int(len(self.asked) * self.plan.unanswerable_share))

    def train(self, checkpoint: Path) -> None:
        """The epochs that are left; writes the checkpoint after each."""
        while self.epoch < self.plan.epochs:
            self._train_epoch(random.Random(f"{self.plan.seed}:{self.epoch}"))  # noqa: S311 - reproducible on purpose
            self.epoch += 1
            self._save(checkpoint)

    def _train_epoch(self, chance: random.Random) -> None:
        self.model.eval()
        pairs = [
            *self.asked,
            *chance.sample(self.extra, self._drawn_extra),
            *chance.sample(self.again, self._drawn_again),
            *chance.sample(self.unanswerable, self._drawn_unanswerable),
        ]
        hard = mine(self.embedder, pairs, self.entries) if self.plan.hard_negatives else [[] for _ in pairs]
        self.model.train()
        plan = self.plan
        pairs = [
            replace(p, question=self.misspeller.misspell(p.question, chance)) if chance.random() < plan.misspelt_share else p
            for p in pairs
        ]
        for step, batch in enumerate(batches(pairs, hard, self.entries, plan.batch_size, plan.hard_negatives, chance)):
            for group in self.optimiser.param_groups:
                group["lr"] = plan.learning_rate * self._rate(self.epoch * self.steps + step)
            loss = info_nce(self.embedder, batch, plan.temperature, self.nothing)
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, LARGEST_GRADIENT)
            self.optimiser.step()
            self.report(self.epoch, step + 1, self.steps, float(loss.detach()))
        self.model.eval()

    @property
    def _fingerprint(self) -> str:
        return self.plan.fingerprint([*self.pairs, *self.again], self.entries, self.start.version if self.start else "")

    def _rate(self, step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP_STEPS) * max(LEAST_RATE, 1 - step / (self.steps * self.plan.epochs))

    def _save(self, file: Path) -> None:
        state = {
            "fingerprint": self._fingerprint, "epoch": self.epoch,
            "parameters": [p.detach() for p in self.parameters], "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip
        partial = file.with_name(f".{file.name}.part")
        torch.save(state, partial)
        partial.replace(file)

    def resume(self, file: Path) -> bool:
        """Take up a checkpoint of the same plan, pairs and entries. Returns: whether there was one.

        Raises: TrainingError when the checkpoint belongs to another training.
        """
        if not file.is_file():
            return False
        state = torch.load(file, weights_only=True)
        if state["fingerprint"] != self._fingerprint:
            raise TrainingError(f"{file.name} 是另一次训练留下的。", fix=f"删除 {file} 后重新训练，或用原来的参数和数据继续。")
        with torch.no_grad():
            for parameter, value in zip(self.parameters, state["parameters"], strict=True):
                parameter.copy_(value)
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch = int(state["epoch"])
        return True

    def recall(self, pairs: Sequence[Pair]) -> dict[str, float]:
        return dense_recall(self.embedder, pairs, self.entries)

    def write(self, out: Path) -> Adapter:
        return write_adapter(out, arrays_of(self.layers))


def finetune(
    weights: E5Weights, plan: Plan, questions: Sequence[Path], entry_files: Sequence[Path], out: Path,
    dev: Path | None = None, extra: bool = False, unanswerable: Sequence[Path] = (), console: Console | None = None,
    start: Adapter | None = None, again: Sequence[Path] = (),
) -> Adapter:  # fmt: skip
    """Read, train or go on, write the adapter, tell recall before and after. Raises: WenzhengError."""
    console = console or Console()
    entries, similar = read_entries(entry_files)
    pairs = [*read_pairs(questions, entries), *(similar if extra else []), *read_unanswerable(unanswerable)]
    measured = read_pairs([dev], entries) if dev else []
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        trainer = Trainer(weights, plan, entries, pairs, start=start, again=read_pairs(again, entries))
        console.print(f"{len(pairs)} 对问题与条目，{len(entries)} 个条目，{sum(p.numel() for p in trainer.parameters)} 个参数")
        if measured:
            console.print("训练前", shown(trainer.recall(measured)))
        if trainer.resume(checkpoint):
            console.print(f"从第 {trainer.epoch} 轮之后继续")
        bar = progress.add_task("训练", total=trainer.steps * plan.epochs, completed=trainer.steps * trainer.epoch)

        def report(epoch: int, step: int, steps: int, loss: float) -> None:
            progress.update(bar, completed=epoch * steps + step, description=f"第 {epoch + 1}/{plan.epochs} 轮 损失 {loss:.3f}")

        trainer.report = report
        trainer.train(checkpoint)
        adapter = trainer.write(out)
        if measured:
            console.print("训练后", shown(trainer.recall(measured)))
    checkpoint.unlink(missing_ok=True)
    console.print(f"已写入 {out}（版本 {adapter.version}）")
    return adapter


def shown(figures: dict[str, float]) -> str:
    return "  ".join(f"{name}={value:.3f}" for name, value in figures.items())


def main(arguments: list[str] | None = None) -> int:
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--entries", nargs="+", type=Path, required=True, help="exports in the generic entry format")
    parser.add_argument("--extra", action="store_true", help="train on the entries' own similar questions too")
    parser.add_argument("--unanswerable", nargs="+", type=Path, default=[], help="questions that no entry answers")
    parser.add_argument("--start-from", type=Path, help="an adapter to begin at; default: the plain model")
    parser.add_argument("--again", nargs="+", type=Path, default=[], help="questions that an earlier training has seen")
    parser.add_argument("--dev", type=Path, help="questions for the recall before and after; never the test half")
    parser.add_argument("--out", type=Path, required=True)
    for name in (
        "epochs",
        "rank",
        "learning_rate",
        "temperature",
        "hard_negatives",
        "batch_size",
        "seed",
        "extra_share",
        "again_share",
        "unanswerable_share",
        "misspelt_share",
    ):
        default = getattr(plan, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"default {default}")
    parser.add_argument("--threads", type=int, default=0, help="default: all cores")
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    plan = Plan(**{name: getattr(given, name) for name in asdict(plan)})
    try:
        start = Adapter.read(given.start_from) if given.start_from else None
        finetune(
            bundled_weights(), plan, given.questions, given.entries, given.out, given.dev, given.extra, given.unanswerable,
            start=start, again=given.again,
        )  # fmt: skip
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
