"""Fine-tunes the built-in encoder on questions and writes the low-rank adapter that `make run` builds the encoder with.

    wenzheng kb export entries.jsonl
    python -m training.finetune_encoder QUESTIONS.jsonl… --entries entries.jsonl --out retrieval/encoder_build/e5_adapter.npz

Loss: InfoNCE over in-batch and mined hard negatives (`training.contrastive`). Parameters: LoRA, Hu et al. 2021 (`training.low_rank`).
OUT.checkpoint is written every minute and after each epoch; the same command again goes on from there, and the adapter replaces OUT at
the end. With --start-from the training begins at an adapter that is there; --again names the questions that one has seen already, of
which a share is drawn so that they are not forgotten.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from transformers import BertModel

from errors import WenzhengError
from panel.times import duration
from retrieval.encoder_build.adapter import Adapter, write_adapter
from retrieval.encoder_build.e5_weights import E5Weights
from training.contrastive import NOTHING_AT_FIRST, Batch, Embedder, batches, dense_recall, embed_all, info_nce, mine
from training.e5_model import bert_model, bundled_weights, tokenizer
from training.errors import TrainingError
from training.low_rank import add_low_rank, arrays_of, take_up
from training.misspelling import Misspeller
from training.progress import Steps
from training.question_pairs import Entry, Pair, read_entries, read_pairs, read_unanswerable

WARM_UP_STEPS = 20
LEAST_RATE = 0.05  # the rate falls linearly to this share
LARGEST_GRADIENT = 1.0
CHECKPOINT_EVERY_S = 60.0
TIMED_PASSAGES = 64


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
    """One fine-tuning: model, optimiser, and how far it is.

    Attributes:
        report: called after each step with the epoch, the steps done of it, the steps of an epoch, and the loss.
        say: told what takes time before the steps of an epoch.
        start: what an earlier training learned, to begin with; again: questions which that one has seen.
        epoch, step: epochs done, and steps done of the next one. hard: its hard negatives, once they are mined.
    """

    weights: E5Weights
    plan: Plan
    entries: Sequence[Entry]
    pairs: Sequence[Pair]
    report: Callable[[int, int, int, float], None] = lambda _epoch, _step, _steps, _loss: None
    say: Callable[[str], None] = lambda _what: None
    start: Adapter | None = None
    again: Sequence[Pair] = ()
    checkpoint_every_s: float = CHECKPOINT_EVERY_S
    epoch: int = field(default=0, init=False)
    step: int = field(default=0, init=False)
    hard: list[list[int]] | None = field(default=None, init=False)

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
        """What is left; writes the checkpoint every now and then."""
        while self.epoch < self.plan.epochs:
            self._train_epoch(random.Random(f"{self.plan.seed}:{self.epoch}"), checkpoint)  # noqa: S311 - reproducible on purpose
            self.epoch, self.step, self.hard = self.epoch + 1, 0, None
            self._save(checkpoint)

    def _train_epoch(self, chance: random.Random, checkpoint: Path) -> None:
        """From `self.step` on: what is drawn by chance is drawn again, what the model as it was had mined is kept."""
        plan = self.plan
        pairs = [
            *self.asked,
            *chance.sample(self.extra, self._drawn_extra),
            *chance.sample(self.again, self._drawn_again),
            *chance.sample(self.unanswerable, self._drawn_unanswerable),
        ]
        self.model.eval()
        if self.hard is None:
            self.say(f"第 {self.epoch + 1} 轮：找出容易混淆的条目")
            self.hard = mine(self.embedder, pairs, self.entries) if plan.hard_negatives else [[] for _ in pairs]
            self._save(checkpoint)
        self.model.train()
        pairs = [
            replace(p, question=self.misspeller.misspell(p.question, chance)) if chance.random() < plan.misspelt_share else p
            for p in pairs
        ]
        saved = time.monotonic()
        for step, batch in enumerate(batches(pairs, self.hard, self.entries, plan.batch_size, plan.hard_negatives, chance)):
            if step < self.step:
                continue
            loss = self._learn(batch, plan.learning_rate * self._rate(self.epoch * self.steps + step))
            self.step = step + 1
            if time.monotonic() - saved >= self.checkpoint_every_s:
                self._save(checkpoint)
                saved = time.monotonic()
            self.report(self.epoch, self.step, self.steps, loss)
        self.model.eval()

    def _learn(self, batch: Batch, rate: float) -> float:
        """One step; returns the loss before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = info_nce(self.embedder, batch, self.plan.temperature, self.nothing)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, LARGEST_GRADIENT)
        self.optimiser.step()
        return float(loss.detach())

    def seconds_left(self) -> float:
        """Of what is left to do, by timing a little of it here; changes nothing."""
        chance = random.Random(0)  # noqa: S311 - which texts are timed matters little
        asked = chance.sample(self.asked, min(len(self.asked), self.plan.batch_size))
        hard = [[chance.randrange(len(self.entries))] * self.plan.hard_negatives for _ in asked]
        batch = next(batches(asked, hard, self.entries, self.plan.batch_size, self.plan.hard_negatives, chance))
        texts = [
            text for e in chance.sample(list(self.entries), min(len(self.entries), TIMED_PASSAGES // 2)) for text in e.passages
        ]
        with torch.random.fork_rng():
            info_nce(self.embedder, batch, self.plan.temperature, self.nothing).backward()  # the first one is slow
            started = time.monotonic()
            info_nce(self.embedder, batch, self.plan.temperature, self.nothing).backward()
            a_step = time.monotonic() - started
        self.optimiser.zero_grad()
        started = time.monotonic()
        embed_all(self.embedder.passages, texts)
        a_text = (time.monotonic() - started) / len(texts)
        mined = a_text * (2 * len(self.entries) + len(self.asked) + self._drawn_again) if self.plan.hard_negatives else 0.0
        epochs = self.plan.epochs - self.epoch
        return epochs * (self.steps * a_step + mined) - self.step * a_step - (mined if self.hard is not None else 0.0)

    @property
    def _fingerprint(self) -> str:
        return self.plan.fingerprint([*self.pairs, *self.again], self.entries, self.start.version if self.start else "")

    def _rate(self, step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP_STEPS) * max(LEAST_RATE, 1 - step / (self.steps * self.plan.epochs))

    def _save(self, file: Path) -> None:
        state = {
            "fingerprint": self._fingerprint, "epoch": self.epoch, "step": self.step, "hard": self.hard,
            "parameters": [p.detach() for p in self.parameters], "optimiser": self.optimiser.state_dict(),
            "chance": torch.get_rng_state(),
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
        torch.set_rng_state(state["chance"])
        self.epoch, self.step, self.hard = int(state["epoch"]), int(state["step"]), state["hard"]
        return True

    def recall(self, pairs: Sequence[Pair]) -> dict[str, float]:
        return dense_recall(self.embedder, pairs, self.entries)

    def write(self, out: Path) -> Adapter:
        return write_adapter(out, arrays_of(self.layers))


def finetune(
    weights: E5Weights, plan: Plan, questions: Sequence[Path], entry_files: Sequence[Path], out: Path, steps: Steps,
    dev: Path | None = None, extra: bool = False, unanswerable: Sequence[Path] = (), start: Adapter | None = None,
    again: Sequence[Path] = (),
) -> Adapter:  # fmt: skip
    """Read, train or go on, write the adapter, tell recall before and after. Raises: WenzhengError."""
    entries, similar = read_entries(entry_files)
    pairs = [*read_pairs(questions, entries), *(similar if extra else []), *read_unanswerable(unanswerable)]
    measured = read_pairs([dev], entries) if dev else []
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    trainer = Trainer(weights, plan, entries, pairs, say=steps.say, start=start, again=read_pairs(again, entries))
    steps.say(f"准备训练编码器：{len(pairs)} 对问题与条目，{len(entries)} 个条目")
    if measured:
        steps.say("训练前 " + shown(trainer.recall(measured)))
    resumed = trainer.resume(checkpoint)
    done = trainer.epoch * trainer.steps + trainer.step
    if resumed:
        steps.say(f"从上次中断处继续：已完成 {done} 步，共 {trainer.steps * plan.epochs} 步")
    steps.say(
        f"训练编码器预计要 {duration(trainer.seconds_left())}：{plan.epochs} 轮，每轮 {trainer.steps} 步；中断后再次运行会接着训练"
    )
    with steps.step("训练编码器", trainer.steps * plan.epochs, done) as advance:
        trainer.report = lambda _epoch, _step, _steps, _loss: advance(1)
        trainer.train(checkpoint)
    adapter = trainer.write(out)
    if measured:
        steps.say("训练后 " + shown(trainer.recall(measured)))
    checkpoint.unlink(missing_ok=True)
    steps.say(f"已写入 {out}（版本 {adapter.version}）")
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
        with Steps() as steps:
            finetune(
                bundled_weights(), plan, given.questions, given.entries, given.out, steps, given.dev, given.extra, given.unanswerable,
                start=start, again=given.again,
            )  # fmt: skip
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
