"""`instance`: one real instance for all sidecar tests of a run."""

from collections.abc import Iterator

import pytest

from settings import PROJECT_ROOT
from tests.sidecar.instance import START_S, Instance, start_instance


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/sidecar" in str(item.path):
            item.add_marker(pytest.mark.sidecar)
            item.add_marker(pytest.mark.timeout(START_S + 300))  # the first one waits for the instance


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    if not (PROJECT_ROOT / ".venv-rasa" / "bin" / "python").exists():
        pytest.fail("Rasa 环境未安装：先运行 `python3 bootstrap.py setup`。")
    running = start_instance(tmp_path_factory.mktemp("instance"))
    yield running
    running.process.terminate()
    assert running.process.wait(30) == 0
