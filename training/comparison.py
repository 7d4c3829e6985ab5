"""New against current on the same questions: what changed, whether it is more than noise, and whether it may be served. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from retrieval.evaluation import Outcome, summarise

PRIMARY, PRIMARY_LABEL = "recall@1", "首位命中率"
RESAMPLES = 4000
SEED = 20250101
LATENCY_SHARE, LATENCY_MS = 0.20, 5.0


@dataclass(frozen=True)
class Guard:
    """A figure that must not get worse by more than `limit`. Attributes: least: the smallest difference that can be measured."""

    name: str
    label: str
    current: float
    candidate: float
    limit: float
    least: float = 0.0

    @property
    def holds(self) -> bool:
        return self.current - self.candidate <= max(self.limit, self.least) + 1e-9

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True)
class Difference:
    """Mean paired difference (new minus current) with its 95 % interval by bootstrap over the questions."""

    mean: float
    low: float
    high: float
    questions: int

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval is below zero."""
        return self.high < 0.0


@dataclass(frozen=True)
class Verdict:
    """Attributes: reasons: why not, each a plain Chinese sentence without a full stop; empty: it may be served."""

    primary: Difference | None
    guards: tuple[Guard, ...]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.reasons


# guarded figures of a search: name, label, limit
SEARCH_GUARDS = (
    ("recall@10", "前十命中率", 0.01),
    ("mrr", "MRR", 0.01),
    ("coverage", "覆盖率（有把握作答的比例）", 0.05),
    ("accuracy", "作答正确率", 0.02),
    ("declined", "答不了的问题被正确拒答的比例", 0.02),
)


def paired_difference(current: Sequence[float], candidate: Sequence[float]) -> Difference:
    """Args: one value a question, in the same order. Raises: ValueError when the lengths differ or nothing is compared."""
    differences = np.asarray(candidate, float) - np.asarray(current, float)
    if not len(differences):
        raise ValueError("nothing to compare")
    generator = np.random.default_rng(SEED)
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        means[i] = differences[generator.integers(0, len(differences), len(differences))].mean()
    low, high = np.quantile(means, [0.025, 0.975])
    return Difference(float(differences.mean()), float(low), float(high), len(differences))


def first_right(outcomes: Sequence[Outcome]) -> list[float]:
    """1.0 where the first hit is right, of the questions that have an answer."""
    return [float(o.rank == 1) for o in outcomes if o.question.gold]


def search_guards(current: Sequence[Outcome], candidate: Sequence[Outcome]) -> list[Guard]:
    before, after = summarise(current).row(), summarise(candidate).row()
    known = sum(bool(o.question.gold) for o in current)
    counts = {
        "declined": len(current) - known,
        "accuracy": sum(o.answered for o in current if o.question.gold),
    }
    guards = []
    for name, label, limit in SEARCH_GUARDS:
        if before[name] is None or after[name] is None:
            continue
        guards.append(Guard(name, label, before[name], after[name], limit, 1 / max(counts.get(name, known), 1)))
    return guards


def macro_f1(wanted: Sequence[str], named: Sequence[str]) -> float:
    """Mean over the intents that occur in `wanted`; 0 for nothing."""
    scores = []
    for intent in sorted(set(wanted)):
        hits = sum(w == n == intent for w, n in zip(wanted, named, strict=True))
        total, claimed = list(wanted).count(intent), list(named).count(intent)
        scores.append(2 * hits / (total + claimed) if total + claimed else 0.0)
    return float(np.mean(scores)) if scores else 0.0


def latency_guard(current_ms: float, candidate_ms: float) -> Guard:
    """Less is better, hence with the sign turned."""
    limit = max(current_ms * LATENCY_SHARE, LATENCY_MS)
    return Guard("latency_p95", "一次检索的处理器时间 p95（毫秒）", -current_ms, -candidate_ms, limit)


def judge(primary: Difference | None, guards: Sequence[Guard]) -> Verdict:
    """May it be served? Only what was measured counts; without any question nothing may."""
    reasons = []
    if primary is None:
        reasons.append("没有可用的固定测试题，无法和现用模型比较")
    elif primary.is_worse:
        reasons.append(
            f"{PRIMARY_LABEL}下降 {-primary.mean * 100:.1f} 个百分点（95% 区间 {primary.low * 100:.1f} 至 {primary.high * 100:.1f}），超出误差"
        )
    for guard in guards:
        if not guard.holds:
            before, after = (abs(value) for value in (guard.current, guard.candidate))
            reasons.append(f"{guard.label}从 {before:.3f} 变为 {after:.3f}，超出允许的 {max(guard.limit, guard.least):.3f}")
    return Verdict(primary, tuple(guards), tuple(reasons))
