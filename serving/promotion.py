"""Promoting a run and going back: who may be served is decided here, for the command line, the API and the panel alike."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from serving.errors import ForceNotAllowedError, NotPromotableError
from serving.loading import SetLoader
from serving.pointer import Served, ServedPointer
from serving.runs import Run, RunStore
from staff.members import Member


class Promotions:
    """Moves the pointer after everything that can be known before has been checked."""

    def __init__(self, pointer: ServedPointer, runs: RunStore, loader: SetLoader) -> None:
        self.pointer, self._runs, self._loader = pointer, runs, loader

    def promote(self, run_id: str, member: Member, reason: str = "", *, force: bool = False) -> Served:
        """Serve this run, on every process. A run that is served already stays so.

        Args:
            force: whatever the gate says; for administrators, and `reason` must say why.

        Raises:
            UnknownRunError, BundleError, RetrievalError: the run cannot be served.
            NotPromotableError: the gate has not let it pass, or a forced promotion has no reason.
            ForceNotAllowedError: the member is no administrator.
        """
        run, current = self._runs.get(run_id), self.pointer.current()
        if current.run_id == run_id:
            return current
        objection = self.objection(run, current.run_id)
        if objection and not force:
            raise NotPromotableError(objection[0], fix=objection[1])
        if force and member.role != "admin":
            raise ForceNotAllowedError("强制上线只有管理员可以决定。", fix="请管理员操作，或改进数据后重新训练。")
        if force and not reason.strip():
            raise NotPromotableError("强制上线要写明理由。", fix="写一句话说明为什么不按评测结果。")
        self._loader.load(Served(current.generation + 1, run_id, None))
        forced = force and objection is not None
        return self.pointer.promote(run_id, run.bundle().hash, member, reason.strip(), forced)

    def rollback(self, member: Member, reason: str = "") -> Served:
        """Serve what was served before.

        Raises:
            NothingToRollBackError: there is nothing before.
            UnknownRunError, BundleError: it is there no more; what is served stays.
        """
        before = self.pointer.predecessor()
        if before is not None:
            self._loader.load(before)
        return self.pointer.rollback(member, reason.strip())

    def objection(self, run: Run, served: str | None) -> tuple[str, str] | None:
        """Why this run may not be promoted now, and what to do about it."""
        again = f"在训练页打开它，点“重新比较”；或在服务器上运行 `wenzheng gate {run.run_id}`。"
        if run.gate is None:
            return f"训练 {run.run_id} 还没有和现用模型比较过。", again
        if is_outdated(run, served):
            return f"训练 {run.run_id} 是和另一个模型比较的，现用模型已经换了。", again
        if not run.gate.get("passed"):
            reasons = "；".join(str(reason) for reason in run.gate.get("reasons") or ())
            return f"训练 {run.run_id} 没有通过评测：{reasons}。", "改进数据后重新训练；确有必要时由管理员写明理由强制上线。"
        return None

    def state(self) -> Mapping[str, Any]:
        """What is served, what a rollback leads to, how far the processes are, and the last decisions."""
        current, before = self.pointer.current(), self.pointer.predecessor()
        workers = self.pointer.workers()
        return {
            "run_id": current.run_id,
            "generation": current.generation,
            "since": current.at.isoformat(timespec="seconds") if current.at else None,
            "can_roll_back": before is not None,
            "predecessor": before.run_id if before else None,
            "workers": [asdict(w) | {"current": w.generation == current.generation} for w in workers],
            "history": [_row(served) for served in self.pointer.history(20)],
        }

    def settled(self) -> bool:
        """Whether every serving process answers by the newest decision."""
        generation = self.pointer.current().generation
        return all(worker.generation == generation for worker in self.pointer.workers())

    def never_pruned(self) -> set[str | None]:
        """The served run and its predecessor."""
        before = self.pointer.predecessor()
        return {self.pointer.current().run_id, before.run_id if before else None}


def is_outdated(run: Run, served: str | None) -> bool:
    """Whether the run was never compared, or with something else than what is served."""
    return run.gate is None or run.gate.get("against") != served


def _row(served: Served) -> dict[str, Any]:
    values = asdict(served)
    return values | {"at": served.at.isoformat(timespec="seconds") if served.at else None}
