"""Guards for files that people upload: size, and archives that unpack to far more than they are."""

import io
from zipfile import BadZipFile, ZipFile

from knowledge_base.errors import UploadError

MAX_UPLOAD = 20 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_MEMBERS = 5000
MAX_RATIO = 200  # of a member; text compresses 5 to 20 times, a bomb a thousand times
SMALL = 1024 * 1024  # members below it may compress as well as they like


def check_upload(name: str, data: bytes) -> None:
    """Refuse what is empty, too large, or a zip bomb (.xlsx and .docx are zip archives).

    Raises:
        UploadError
    """
    if not data:
        raise UploadError(f"“{name}”是空文件。", fix="核对文件后重新上传。")
    if len(data) > MAX_UPLOAD:
        raise UploadError(f"“{name}”超过 {MAX_UPLOAD // 1024 // 1024} MB。", fix="拆成几个较小的文件后分别上传。")
    if name.lower().endswith((".xlsx", ".docx")):
        _check_archive(name, data)


def _check_archive(name: str, data: bytes) -> None:
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise UploadError(f"“{name}”已损坏，或不是它的扩展名所说的格式。", fix="在办公软件中打开并另存一份后再上传。") from exc
    unpacked = sum(member.file_size for member in members)
    bomb = any(m.file_size > SMALL and m.file_size > MAX_RATIO * max(m.compress_size, 1) for m in members)
    if unpacked > MAX_UNPACKED or len(members) > MAX_MEMBERS or bomb:
        raise UploadError(f"“{name}”解压后过大，没有读取。", fix="删去文件中的图片和空白区域，另存一份后再上传。")
