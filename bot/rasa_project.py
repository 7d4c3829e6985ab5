"""The Rasa sidecar as seen from the app: where its interpreter, model, token and run files are, and how it is trained."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from sqlalchemy.exc import SQLAlchemyError

from bot.dialogue_encoder import dialogue_encoder_folder, prepare_dialogue_encoder
from bot.instance_secrets import instance_secret
from database.engine import Database
from errors import WenzhengError
from retrieval.encoder import EncoderManifest
from serving.loading import DialogueModel, OwnDialogue, dialogue_of
from serving.pointer import ServedPointer
from serving.runs import RunStore
from settings import PROJECT_ROOT, Settings

RASA_PYTHON = PROJECT_ROOT / ".venv-rasa" / "bin" / "python"
MODEL_SOURCES = ("config.yml", "domain", "data", "dialogue", "requirements/rasa.lock")
KEPT_MODELS = 3
TRAINING_TIMEOUT_S = 900
# what Rasa has no use for stays out of its environment
PRIVATE_PREFIXES = ("WECHAT_", "WENZHENG_", "DATABASE_", "REDIS_", "RASA_")

Progress = Callable[[str], None]


class RasaProjectError(WenzhengError):
    """Rasa's environment, training or model is not in order."""


def internal_token(settings: Settings) -> str:
    """The secret shared by gateway, Rasa and action endpoint."""
    return instance_secret(settings.root, "internal_token")


def fingerprint(settings: Settings) -> str:
    """Changes whenever a model trained now would differ."""
    digest = sha256(EncoderManifest.read(dialogue_encoder_folder(settings)).hash.encode())
    for source in MODEL_SOURCES:
        path = PROJECT_ROOT / source
        files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in {".yml", ".yaml", ".py", ".txt"})
        for file in files:
            digest.update(str(file.relative_to(PROJECT_ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model_file(settings: Settings) -> Path:
    """Where the model for the present sources lies in the data folder, or will lie."""
    return settings.root / "models" / f"rasa-{fingerprint(settings)}.tar.gz"


def own_dialogue(settings: Settings) -> OwnDialogue:
    """The model of the present sources; none when it has not been trained on this machine."""
    try:
        file, sources = model_file(settings), fingerprint(settings)
    except WenzhengError:
        return OwnDialogue()
    return OwnDialogue(DialogueModel(file.name.removesuffix(".tar.gz"), file) if file.exists() else None, sources)


def served_dialogue_model(settings: Settings) -> DialogueModel | None:
    """The model that Rasa is to start with: the served run's, if it brings one along and it is whole."""
    own, database = own_dialogue(settings), Database(settings.database_url)
    try:
        run_id = ServedPointer(database).current().run_id
        if run_id is not None:
            run = RunStore(settings.root).get(run_id)
            run.bundle().check()
            return dialogue_of(run, own)
    except (WenzhengError, SQLAlchemyError):  # the gateway says what is wrong with it; Rasa's place is taken by its own model
        pass
    finally:
        database.dispose()
    return own.model


def train(settings: Settings, progress: Progress = lambda _step: None) -> Path:
    """Return the model of the present sources in the data folder, training it only when no instance has yet.

    Raises:
        RasaProjectError: the Rasa environment is missing or training failed.
    """
    prepare_dialogue_encoder(settings, progress)
    model = model_file(settings)
    if model.exists():
        return model
    cached = settings.build_cache.resolve() / "rasa" / model.name
    with _exclusive(cached.parent):
        if not cached.exists():
            _train_into(cached, settings, progress)
            _forget_old_models(cached.parent)
    model.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(cached, model)
    except FileExistsError:
        pass
    except OSError:  # another file system
        part = model.with_suffix(".part")
        shutil.copyfile(cached, part)
        part.replace(model)
    _forget_old_models(model.parent)
    return model


def write_run_files(settings: Settings, model: str | None = None) -> Path:
    """Write what `rasa run` reads (endpoints, credentials, token) into `<data folder>/run`, for the owner only.

    Args: model: name of the model that the server starts with, by which messages ask for it.
    """
    folder = settings.root / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = internal_token(settings)
    endpoints: dict[str, object] = {
        "action_endpoint": {
            "url": f"http://127.0.0.1:{settings.action_port}/webhook",
            "token": token,
            "enable_selective_domain": True,
        },
        "tracker_store": {"type": "dialogue.recent_trackers.RecentTrackers"},
    }
    if settings.redis_url:
        endpoints["lock_store"] = _redis_lock_store(settings.redis_url)
    channel = {"token": token, **({"model": model} if model else {})}
    files = {
        "endpoints.yml": yaml.safe_dump(endpoints),
        "credentials.yml": yaml.safe_dump({"dialogue.guarded_rest.GuardedRest": channel}),
        "auth_token": token,
    }
    for name, text in files.items():
        fresh = folder / f".{name}"
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(folder / name)
    return folder


def rasa_command(settings: Settings) -> list[str]:
    """Starts the server on 127.0.0.1 with the served model; writes the run files it reads.

    Raises:
        RasaProjectError: nothing has been trained from the present sources.
    """
    model = served_dialogue_model(settings)
    if model is None:
        raise RasaProjectError("当前配置还没有训练好的对话模型。", fix="运行 `wenzheng prepare`。")
    write_run_files(settings, model.name)
    return [str(_python()), "-m", "dialogue.server", "run", str(model.file), str(settings.rasa_port)]


def rasa_environment(settings: Settings) -> dict[str, str]:
    """Environment of Rasa's processes: quiet, one worker, few threads, none of the app's secrets."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(PRIVATE_PREFIXES)}
    return inherited | {
        "WENZHENG_RASA_RUN_DIR": str(settings.root / "run"),
        "WENZHENG_ENCODER_DIR": str(dialogue_encoder_folder(settings).resolve()),
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_MAX_CACHE_SIZE": "0",  # our own cache knows the encoder, Rasa's does not
        "LOG_LEVEL": "WARNING",
        "LOG_LEVEL_LIBRARIES": "ERROR",
        "SANIC_WORKERS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_INTRA_OP_PARALLELISM_THREADS": "1",
        "TF_INTER_OP_PARALLELISM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
    }


def _python() -> Path:
    if not RASA_PYTHON.is_file():
        raise RasaProjectError("Rasa 环境 .venv-rasa 尚未安装。", fix="运行 `make run`，它会装好两个环境。")
    return RASA_PYTHON


def train_with_bank(settings: Settings, bank: Path, target: Path, progress: Progress = lambda _step: None) -> Path:
    """A model of the present sources and one more file of examples, written to `target`, which serves nobody yet.

    Raises: RasaProjectError: the Rasa environment is missing or training failed.
    """
    prepare_dialogue_encoder(settings, progress)
    _train_into(target, settings, progress, bank)
    return target


def _train_into(target: Path, settings: Settings, progress: Progress, *more_data: Path) -> None:
    """Train in a folder of its own, so that a broken-off training leaves no half model."""
    progress("训练对话模型（约两分钟）")
    out = target.parent / f".training-{os.getpid()}"
    name = "model"
    command = [str(_python()), "-m", "dialogue.server", "train", str(out), name, *map(str, more_data)]
    try:
        result = subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            env=rasa_environment(settings),
            capture_output=True,
            text=True,
            timeout=TRAINING_TIMEOUT_S,
            check=False,
        )
        made = out / f"{name}.tar.gz"
        if result.returncode != 0 or not made.exists():
            log = settings.root / "logs" / "rasa-train.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(result.stdout + result.stderr, encoding="utf-8")
            last = ([line for line in result.stderr.splitlines() if line.strip()] or ["没有输出"])[-1]
            raise RasaProjectError(
                f"对话模型训练失败：{last[:300]}", fix=f"查看 {log}，改正 config.yml、domain/ 或 data/ 后重试。"
            )
        made.replace(target)
    except subprocess.TimeoutExpired as exc:
        raise RasaProjectError("对话模型训练超过 15 分钟。", fix="机器空闲时重新运行 `wenzheng prepare`。") from exc
    finally:
        shutil.rmtree(out, ignore_errors=True)


@contextlib.contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Two instances preparing at once train once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _forget_old_models(folder: Path) -> None:
    models = sorted(folder.glob("rasa-*.tar.gz"), key=lambda f: f.stat().st_mtime, reverse=True)
    for old in models[KEPT_MODELS:]:
        old.unlink(missing_ok=True)


def _redis_lock_store(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    store: dict[str, object] = {
        "type": "redis",
        "url": parts.hostname or "127.0.0.1",
        "port": parts.port or 6379,
        "db": int(parts.path.strip("/") or 0),
        "use_ssl": parts.scheme == "rediss",
    }
    if parts.username:
        store["username"] = parts.username
    if parts.password:
        store["password"] = parts.password
    return store
