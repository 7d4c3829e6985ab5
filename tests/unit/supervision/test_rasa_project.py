"""The Rasa sidecar's files: token, run files, environment, model cache. Training itself is tested in tests/sidecar."""

import stat
from pathlib import Path

import pytest
import yaml

from bot import rasa_project
from bot.rasa_project import RasaProjectError
from retrieval.encoder import EncoderManifest
from settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    EncoderManifest("m", "0123456789abcdef", 4, "", "", "mean", "int8", "model.onnx").write(encoder)
    monkeypatch.setenv("WENZHENG_ENCODER", str(encoder))
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WENZHENG_BUILD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RASA_URL", "http://127.0.0.1:6105")
    return load_settings()


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_token_stays_the_same_and_is_the_owners_only(settings: Settings) -> None:
    token = rasa_project.internal_token(settings)
    assert len(token) >= 32
    assert rasa_project.internal_token(settings) == token
    assert mode(settings.root / "secrets" / "internal_token") == 0o600


def test_run_files_point_to_the_action_endpoint_with_the_token_and_are_private(settings: Settings) -> None:
    folder = rasa_project.write_run_files(settings)
    token = rasa_project.internal_token(settings)
    endpoints = yaml.safe_load((folder / "endpoints.yml").read_text())
    assert endpoints["action_endpoint"]["url"] == "http://127.0.0.1:6155/webhook"
    assert endpoints["action_endpoint"]["token"] == token
    assert "lock_store" not in endpoints
    assert yaml.safe_load((folder / "credentials.yml").read_text()) == {"dialogue.guarded_rest.GuardedRest": {"token": token}}
    assert {mode(file) for file in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700


def test_with_redis_the_locks_are_shared(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://u:p@cache:6380/2")
    folder = rasa_project.write_run_files(load_settings())
    store = yaml.safe_load((folder / "endpoints.yml").read_text())["lock_store"]
    assert store == {"type": "redis", "url": "cache", "port": 6380, "db": 2, "use_ssl": False, "username": "u", "password": "p"}


def test_rasa_gets_no_secret_of_the_app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WECHAT_APP_SECRET", "WENZHENG_ADMIN_TOKEN", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "secret-value")
    environment = rasa_project.rasa_environment(settings)
    assert "secret-value" not in environment.values()
    assert environment["RASA_TELEMETRY_ENABLED"] == "false"
    assert environment["SANIC_WORKERS"] == "1"


def test_the_token_is_not_on_the_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rasa_project, "RASA_PYTHON", tmp_path / "python")
    (tmp_path / "python").touch()
    model = rasa_project.model_file(settings)
    model.parent.mkdir(parents=True)
    model.touch()
    command = rasa_project.rasa_command(settings)
    assert command[-2:] == [str(model), "6105"]
    assert rasa_project.internal_token(settings) not in " ".join(command)


def test_without_a_model_it_says_what_to_run(settings: Settings) -> None:
    with pytest.raises(RasaProjectError, match="wenzheng prepare"):
        rasa_project.rasa_command(settings)


def test_without_its_environment_it_says_what_to_run(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rasa_project, "RASA_PYTHON", tmp_path / "missing")
    with pytest.raises(RasaProjectError, match="make run"):
        rasa_project.train(settings)


def test_a_model_is_trained_once_and_shared_by_instances(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained: list[Path] = []

    def fake_training(target: Path, *_rest: object) -> None:
        trained.append(target)
        target.write_bytes(b"model")

    monkeypatch.setattr(rasa_project, "_train_into", fake_training)
    first = rasa_project.train(settings)
    assert rasa_project.train(settings) == first
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "other"))
    second = rasa_project.train(load_settings())
    assert len(trained) == 1
    assert second != first
    assert second.read_bytes() == first.read_bytes()


def test_another_encoder_or_another_rule_is_another_model(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "nlu.yml").write_text("a")
    monkeypatch.setattr(rasa_project, "PROJECT_ROOT", project)
    seen = {rasa_project.fingerprint(settings)}
    (project / "data" / "nlu.yml").write_text("b")
    seen.add(rasa_project.fingerprint(settings))
    EncoderManifest("m", "fedcba9876543210", 4, "", "", "mean", "int8", "model.onnx").write(Path(settings.encoder))
    seen.add(rasa_project.fingerprint(settings))
    (project / "data" / ".notes.swp").write_text("no source")
    seen.add(rasa_project.fingerprint(settings))
    assert len(seen) == 3


def test_old_models_are_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasa_project, "_train_into", lambda target, *_rest: target.write_bytes(b"model"))
    for number in range(5):
        monkeypatch.setattr(rasa_project, "fingerprint", lambda _settings, number=number: f"{number:016d}")
        rasa_project.train(settings)
    assert len(list((settings.root / "models").iterdir())) == rasa_project.KEPT_MODELS
