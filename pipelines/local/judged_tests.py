"""How often test rows have judged: a file that is edited and run again asks them once more.

Test rows that have been asked many times say yes to somebody by chance. So each question that they
were asked is written down in judged.json beside the cache, in its order. A run is told of those
before its own; asking the same question again, which the cache may answer, counts once.
"""

from __future__ import annotations

import json
from pathlib import Path

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.files import Document, digest_json, read_document, write_document
from mdlc.pipelines.stage_arguments import Arguments
from mdlc.state.workspace import Workspace

KEPT = 10_000
"""Questions remembered; older ones are about rows that nobody tests on any more."""
EARLIER = "earlier"
"""Argument of the pipeline: digests of the test rows of the questions before."""


class Question(Document):
    """One run's question and the test rows that answered it."""

    asked: str
    """Digest of the run's arguments."""
    test: str
    """Digest of the test rows."""


class Judged(Document):
    """All questions, oldest first: judged.json."""

    questions: list[Question] = []


def with_earlier(workspace: Workspace, arguments: Arguments) -> Arguments:
    """Return the arguments with what was asked before this question was asked first."""
    asked, known = _digest(arguments), _read(workspace).questions
    first = next((n for n, question in enumerate(known) if question.asked == asked), len(known))
    before = [question.test for question in known[:first]]
    return {**arguments, EARLIER: json.dumps(before) if before else ""}


def record(workspace: Workspace, arguments: Arguments, *, evaluation: Path) -> None:
    """Write down that a run's question was answered; a second time changes nothing."""
    asked, judged = _digest(arguments), _read(workspace)
    if any(question.asked == asked for question in judged.questions):
        return
    test = read_document(evaluation / "evaluation.json", Evaluation).test_digest
    questions = [*judged.questions, Question(asked=asked, test=test)][-KEPT:]
    write_document(_path(workspace), Judged(questions=questions))


def _digest(arguments: Arguments) -> str:
    return digest_json({name: value for name, value in arguments.items() if name != EARLIER})


def _path(workspace: Workspace) -> Path:
    return workspace.folder / "judged.json"


def _read(workspace: Workspace) -> Judged:
    path = _path(workspace)
    return read_document(path, Judged) if path.exists() else Judged()
