"""Trains and writes a run folder; what `wenzheng train` and the weekly job start.

python -m training.run --kind light|full
python -m training.run --kind pairs --pairs LETTERS.jsonl --out DIR
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from errors import WenzhengError
from retrieval.bundle import sha256_of
from retrieval.fusion import Fusion
from retrieval.pairs import hashes_of, read_pairs
from retrieval.parallel_encoder import ParallelEncoder
from retrieval.query_adapter import QueryAdapter
from retrieval.ranking import KNOWN_TEXTS, Ranking
from settings import Settings, load_settings
from training.bundle import BUNDLE_FOLDER, DATA_FOLDER, KINDS, Run, environment, new_run_id, write_bundle
from training.errors import RunFolderError
from training.pairs import PairsPlan, prepare, train
from training.progress import Steps
from training.store_run import train_store


def train_pairs(settings: Settings, file: Path, out: Path, steps: Steps) -> Run:
    """Train on letters with replies alone. Raises: WenzhengError; `out` holds no run.json then."""
    started = time.monotonic()
    if (out / "run.json").exists():
        raise RunFolderError(f"{out} 里已有一次训练的结果。", fix="换一个文件夹，或先删除它。")
    pairs = read_pairs(file)
    encoder = ParallelEncoder(prepare_encoder(settings, steps.say))
    plan = PairsPlan()
    prepared = prepare(pairs, encoder, steps)
    trained = train(prepared, plan, lambda: build_searcher(settings, encoder), steps)
    data = out / DATA_FOLDER
    data.mkdir(parents=True, exist_ok=True)
    known = data / KNOWN_TEXTS
    known.write_text("".join(f"{h}\n" for h in sorted(set().union(*map(hashes_of, pairs)))), encoding="utf-8")
    text = json.dumps(trained.weights, ensure_ascii=False, indent=1) + "\n"
    ranking = Ranking(Fusion.load(), QueryAdapter.identity(encoder.dimension), trained.adapter, trained.associations)
    bundle = write_bundle(out / BUNDLE_FOLDER, ranking, text, encoder.hash)
    run = Run(
        new_run_id("pairs"), "pairs", datetime.now(UTC).isoformat(timespec="seconds"),
        data={file.name: {"sha256": sha256_of(file), "rows": len(pairs)}, known.name: {"sha256": sha256_of(known)}},
        parameters={**plan.parameters(), "questions": len(prepared.asked), "replies": len(prepared.documents)},
        environment=environment(), bundle=bundle.hash, seconds=round(time.monotonic() - started, 1),
    )  # fmt: skip
    run.write(out)
    return run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--pairs", type=Path, help="for the kind `pairs`")
    parser.add_argument("--out", type=Path, help="for the kind `pairs`")
    given = parser.parse_args(arguments)
    if given.kind == "pairs" and not (given.pairs and given.out):
        parser.error("the kind `pairs` needs --pairs and --out")
    try:
        with Steps() as steps:
            if given.kind == "pairs":
                run, folder = train_pairs(load_settings(), given.pairs, given.out, steps), given.out
            else:
                run, folder = train_store(load_settings(), steps, full=given.kind == "full")
            steps.say(f"训练完成：{folder}，用时 {run.seconds:.0f} 秒")
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
