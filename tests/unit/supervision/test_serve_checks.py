"""What `wenzheng serve` looks at before it starts anything."""

import socket
from pathlib import Path

import pytest

from bot.cli_serve import PartName, ServeError, check_ports, lock_part
from settings import Settings, load_settings

BOTH = [PartName.RASA, PartName.GATEWAY]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WENZHENG_PORT", str(free_port()))
    monkeypatch.setenv("RASA_URL", f"http://127.0.0.1:{free_port()}")
    return load_settings()


def test_free_ports_are_fine(settings: Settings) -> None:
    check_ports(settings, BOTH)


@pytest.mark.parametrize(
    ("which", "remedy"), [("port", "WENZHENG_PORT="), ("rasa_port", "RASA_URL="), ("action_port", "RASA_URL=")]
)
def test_a_taken_port_is_named_with_the_variable_that_changes_it(settings: Settings, which: str, remedy: str) -> None:
    port = getattr(settings, which)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        with pytest.raises(ServeError) as caught:
            check_ports(settings, BOTH)
    assert str(port) in caught.value.problem
    assert remedy in caught.value.fix


def test_only_the_parts_asked_for_need_their_ports(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()
        check_ports(settings, [PartName.RASA])


def test_one_data_folder_runs_a_part_once(settings: Settings) -> None:
    with lock_part(settings, PartName.GATEWAY):
        with pytest.raises(ServeError, match="WENZHENG_DATA_DIR"):
            lock_part(settings, PartName.GATEWAY)
        lock_part(settings, PartName.RASA).close()
    lock_part(settings, PartName.GATEWAY).close()
