"""Intent accuracy on questions that the training messages have never seen: `python -m bench.intents [FILE.jsonl]`.

Starts Rasa alone with the present model and asks its parser. A message left to `nlu_fallback` counts as wrong. Reporting only:
hyperparameters are chosen by cross-validation on data/nlu.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from bot.rasa_project import internal_token, rasa_command, rasa_environment, train
from settings import PROJECT_ROOT, Settings, load_settings
from tests.sidecar.instance import free_ports

QUESTIONS = PROJECT_ROOT / "bench" / "questions" / "intents.jsonl"
START_S = 180


def main(file: Path) -> None:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory(prefix="wenzheng-intents-") as folder:
        settings = load_settings(WENZHENG_DATA_DIR=Path(folder), RASA_URL=f"http://127.0.0.1:{free_ports()[1]}")
        train(settings, print)
        guesses, milliseconds = parse_all(settings, [row["text"] for row in rows])
    report(rows, guesses, milliseconds)


def parse_all(settings: Settings, texts: list[str]) -> tuple[list[tuple[str, float]], list[float]]:
    """Intent and confidence of each text, and the milliseconds that each took."""
    process = subprocess.Popen(
        rasa_command(settings), env=rasa_environment(settings), cwd=PROJECT_ROOT, stderr=subprocess.DEVNULL
    )
    token = {"token": internal_token(settings)}
    guesses, milliseconds = [], []
    try:
        with httpx.Client(base_url=settings.rasa_url, params=token, timeout=30, trust_env=False) as client:
            wait_until_up(client)
            for text in texts:
                started = time.perf_counter()
                intent = client.post("/model/parse", json={"text": text}).raise_for_status().json()["intent"]
                milliseconds.append((time.perf_counter() - started) * 1000)
                guesses.append((intent["name"], intent["confidence"]))
    finally:
        process.terminate()
        process.wait(10)
    return guesses, milliseconds


def wait_until_up(client: httpx.Client) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if client.get("/status").status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise SystemExit("Rasa did not start")


def report(rows: list[dict[str, str]], guesses: list[tuple[str, float]], milliseconds: list[float]) -> None:
    wanted = [row["intent"] for row in rows]
    named = [name for name, _ in guesses]
    right = sum(w == n for w, n in zip(wanted, named, strict=True))
    print(f"\naccuracy {right}/{len(rows)} = {right / len(rows):.3f}   left to fallback {named.count('nlu_fallback')}")
    milliseconds.sort()
    print(f"parse p50 {milliseconds[len(milliseconds) // 2]:.1f} ms, p95 {milliseconds[int(len(milliseconds) * 0.95)]:.1f} ms\n")
    print(f"{'intent':<20}{'n':>4}{'recall':>8}{'precision':>11}")
    for intent in sorted(set(wanted)):
        hits = sum(w == n == intent for w, n in zip(wanted, named, strict=True))
        total, claimed = wanted.count(intent), named.count(intent)
        print(f"{intent:<20}{total:>4}{hits / total:>8.2f}{hits / claimed if claimed else 0:>11.2f}")
    print("\nconfused most often:")
    for (want, name), count in Counter((w, n) for w, n in zip(wanted, named, strict=True) if w != n).most_common(10):
        print(f"  {want} → {name}: {count}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS)
