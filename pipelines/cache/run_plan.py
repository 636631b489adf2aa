"""The plan of a run: each stage's question, and whether the cache answers it. kfp is not loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from mdlc.core.files import Document, digest_json
from mdlc.pipelines.cache.plugin_digests import question_code
from mdlc.pipelines.cache.result_store import CacheEntry, ResultStore, StageQuestion
from mdlc.pipelines.stage_arguments import Arguments


class StagePlan(Document):
    """One stage of a plan."""

    stage: str
    state: Literal["cached", "run", "depends"]
    """depends: an earlier stage runs, and this one runs only if that stage's result differs."""
    why: str
    seconds: float | None
    """How long the stage took the last time."""


class RunPlan(Document):
    """All stages in the order in which they run."""

    stages: list[StagePlan]

    @property
    def done(self) -> bool:
        """Whether every stage is cached."""
        return all(stage.state == "cached" for stage in self.stages)


def read_tasks(pipeline: Path) -> dict[str, Any]:
    """Return the tasks of a compiled pipeline; each comes after those whose artifacts it reads."""
    ir = next(iter(YAML(typ="safe", pure=False).load_all(pipeline.read_text())))
    tasks: dict[str, Any] = ir["root"]["dag"]["tasks"]
    ordered: dict[str, Any] = {}
    while len(ordered) < len(tasks):
        ready = [n for n in tasks if n not in ordered and producers(tasks[n]) <= ordered.keys()]
        ordered.update({name: tasks[name] for name in ready})
    return ordered


def producers(task: dict[str, Any]) -> set[str]:
    """Return the tasks whose artifacts a task reads."""
    artifacts = task.get("inputs", {}).get("artifacts", {})
    return {source["taskOutputArtifact"]["producerTask"] for source in artifacts.values()}


def make_plan(
    pipeline: Path, *, arguments: Arguments, store: ResultStore
) -> tuple[RunPlan, dict[str, CacheEntry]]:
    """Return the plan, and the cache entries of the stages that need not run."""
    entries: dict[str, CacheEntry] = {}
    stages = []
    for name, task in read_tasks(pipeline).items():
        latest = store.latest(name)
        seconds = latest.seconds if latest else None
        waiting = sorted(producers(task) - entries.keys())
        if waiting:
            why = f"reads what {' and '.join(waiting)} will write"
            stages.append(StagePlan(stage=name, state="depends", why=why, seconds=seconds))
            continue
        question = _question(name, task=task, arguments=arguments, entries=entries)
        entry = store.get(question)
        if entry:
            entries[name] = entry
            why = "nothing it depends on changed"
        else:
            why = store.why(question)
        state: Literal["cached", "run"] = "cached" if entry else "run"
        stages.append(StagePlan(stage=name, state=state, why=why, seconds=seconds))
    return RunPlan(stages=stages), entries


def _question(
    name: str, *, task: dict[str, Any], arguments: Arguments, entries: dict[str, CacheEntry]
) -> StageQuestion:
    inputs = task.get("inputs", {})
    given = {
        key: arguments[source["componentInputParameter"]]
        for key, source in inputs.get("parameters", {}).items()
    }
    parameters = {key: digest_json(value) for key, value in given.items()}
    artifacts = {}
    for key, source in inputs.get("artifacts", {}).items():
        producer = source["taskOutputArtifact"]
        output = entries[producer["producerTask"]].outputs[producer["outputArtifactKey"]]
        artifacts[key] = output.digest
    code = question_code(name, given)
    return StageQuestion(stage=name, code=code, parameters=parameters, inputs=artifacts)
