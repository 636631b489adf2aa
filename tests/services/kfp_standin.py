"""A stand-in for Kubeflow Pipelines' REST API (v2beta1), for tests where there is no cluster.

It parses requests with the real API's models and the IR with the real schema, refuses what the real
one refuses (names that are taken 409, ids that are not there 404, wrong pipelines and parameters
400, no token 401), and runs what is submitted: kfp.local executes the IR in a process of its own.
It has no cache of its own, no users, no pods: of these it says nothing that would be invented.

`python -m tests.services.kfp_standin FOLDER` serves; `standin(folder)` starts it in a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[2]
EXECUTE = [sys.executable, "-m", "tests.services.kfp_standin", "--execute"]
KINDS = {
    "pipelines": ("V2beta1Pipeline", "pipeline_id"),
    "experiments": ("V2beta1Experiment", "experiment_id"),
    "runs": ("V2beta1Run", "run_id"),
    "recurringruns": ("V2beta1RecurringRun", "recurring_run_id"),
}
CODES = {400: 3, 401: 16, 404: 5, 409: 6, 501: 12}
TASK = re.compile(
    r"Task (?:\x1b\[\d+m)?'([\w-]+)'(?:\x1b\[0m)? finished with status (?:\x1b\[\d+m)?(\w+)"
)
STARTED = re.compile(r"Executing task (?:\x1b\[\d+m)?'([\w-]+)'")


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse(data: dict[str, Any], kind: str) -> Any:
    """Return a model of the real API; an unknown key is refused."""
    import kfp_server_api as api

    known = getattr(api, kind).attribute_map.values()
    if unknown := sorted(set(data) - set(known)):
        raise RefusedError(400, f"unknown field {unknown[0]!r} of {kind}")
    return api.ApiClient()._ApiClient__deserialize(data, kind)


def plain(model: Any) -> Any:
    import kfp_server_api as api

    return api.ApiClient().sanitize_for_serialization(model)


def check_ir(text: str) -> dict[str, Any]:
    """Return the IR's pipeline spec if it fits the schema."""
    import yaml
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    spec = next(iter(yaml.safe_load_all(text)))
    try:
        json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    except json_format.ParseError as error:
        raise RefusedError(400, f"Failed to parse the pipeline: {error}") from error
    if spec.get("schemaVersion") != "2.1.0":
        raise RefusedError(400, f"schema version {spec.get('schemaVersion')} is not supported")
    found: dict[str, Any] = spec
    return found


class State:
    """All that is stored; the IR of each version as a file."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.command = command
        self.lock = threading.RLock()
        self.things: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.versions: dict[str, Any] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def create(self, kind: str, data: dict[str, Any]) -> Any:
        name, key = KINDS[kind]
        made = parse(data, name)
        if not made.display_name:
            raise RefusedError(400, f"{name} needs a display name")
        place = {"namespace": getattr(made, "namespace", None) or ""}
        taken = any(t.display_name == made.display_name for t in self.listed(kind, place))
        if taken and kind in ("pipelines", "experiments"):
            raise RefusedError(409, f"The name {made.display_name} already exists")
        if kind in ("runs", "recurringruns"):
            self.check_run(made)
        setattr(made, key, str(uuid.uuid4()))
        made.created_at = datetime.now(UTC).replace(microsecond=0)
        if kind == "recurringruns" and made.trigger is None:
            raise RefusedError(400, "a recurring run needs a trigger")
        self.things[kind][getattr(made, key)] = made
        if kind == "runs":
            made.state = "PENDING"
            self.start(made)
        return made

    def check_run(self, run: Any) -> None:
        """Refuse a run of what is not there, or whose parameters are not the pipeline's."""
        if run.experiment_id not in self.things["experiments"]:
            raise RefusedError(404, f"Experiment {run.experiment_id} not found")
        asked = run.pipeline_version_reference
        version = self.versions.get(asked.pipeline_version_id) if asked else None
        if version is None or version.pipeline_id != asked.pipeline_id:
            raise RefusedError(404, "PipelineVersion not found")
        known = version.pipeline_spec["root"].get("inputDefinitions", {}).get("parameters", {})
        given = (run.runtime_config.parameters or {}) if run.runtime_config else {}
        if unknown := sorted(set(given) - set(known)):
            raise RefusedError(400, f"parameter {unknown[0]} is not an input of the pipeline")
        needed = {
            k for k, v in known.items() if "defaultValue" not in v and not v.get("isOptional")
        }
        if lacking := sorted(needed - set(given)):
            raise RefusedError(400, f"parameter {lacking[0]} is required")

    def upload(self, query: dict[str, str], text: str) -> Any:
        import kfp_server_api as api

        if query.get("pipelineid") not in self.things["pipelines"]:
            raise RefusedError(404, f"Pipeline {query.get('pipelineid')} not found")
        spec = check_ir(text)
        mine = [v for v in self.versions.values() if v.pipeline_id == query["pipelineid"]]
        if any(v.display_name == query.get("name") for v in mine):
            raise RefusedError(409, f"The version {query.get('name')} already exists")
        made = api.V2beta1PipelineVersion(
            pipeline_id=query["pipelineid"],
            pipeline_version_id=str(uuid.uuid4()),
            display_name=query.get("name"),
            created_at=datetime.now(UTC),
            pipeline_spec=spec,
        )
        (self.folder / f"{made.pipeline_version_id}.yaml").write_text(text)
        self.versions[made.pipeline_version_id] = made
        return made

    def listed(self, kind: str, query: dict[str, str]) -> list[Any]:
        """Return what a list is of: pipelines and experiments without a namespace are shared."""
        found = list(self.things[kind].values())
        if kind in ("pipelines", "experiments"):
            found = [t for t in found if (t.namespace or "") == query.get("namespace", "")]
        return found

    def start(self, run: Any) -> None:
        folder = self.folder / "runs" / run.run_id
        folder.mkdir(parents=True)
        version = run.pipeline_version_reference.pipeline_version_id
        asked = {
            "ir": str(self.folder / f"{version}.yaml"),
            "run": run.run_id,
            "root": str(folder / "artifacts"),
            "arguments": run.runtime_config.parameters or {},
        }
        with (folder / "log").open("wb") as log:
            self.processes[run.run_id] = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pipe = self.processes[run.run_id].stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            pipe.write(json.dumps(asked).encode())
            pipe.close()

    def refresh(self, run: Any) -> Any:
        """Bring a run up to date with its process."""
        import kfp_server_api as api

        code = self.processes[run.run_id].poll()
        log = (self.folder / "runs" / run.run_id / "log").read_text(errors="replace")
        states = dict.fromkeys(STARTED.findall(log), "RUNNING")
        states |= {n: "SUCCEEDED" if s == "SUCCESS" else "FAILED" for n, s in TASK.findall(log)}
        # The real one lists all of Argo's nodes, and says year 1 where there is no end yet.
        nodes: list[tuple[str, str | None]] = [("root", "RUNNING" if code is None else "SUCCEEDED")]
        for name, state in states.items():
            nodes += [(f"{name}-driver", "SUCCEEDED"), ("executor", state), (name, state)]
        if code:
            # Of what a failure left out it lists the node, without a state.
            version = self.versions[run.pipeline_version_reference.pipeline_version_id]
            inner = version.pipeline_spec["components"].get("comp-exit-handler-1", {})
            tasks = inner.get("dag", {}).get("tasks", {})
            nodes += [(name, None) for name in tasks if name not in states]
        run.run_details = api.V2beta1RunDetails(
            task_details=[
                api.V2beta1PipelineTaskDetail(
                    run_id=run.run_id, display_name=n, state=s, end_time="0001-01-01T00:00:00Z"
                )
                for n, s in nodes
            ]
        )
        if run.state == "CANCELING" and code is not None:
            run.state = "FAILED"  # as the real one says, after its exit handler
        if run.state not in ("CANCELING", "CANCELED", "FAILED", "SUCCEEDED"):
            run.state = "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"
        if run.state not in ("RUNNING", "CANCELING") and run.finished_at is None:
            run.finished_at = datetime.now(UTC)
        return run

    def terminate(self, run: Any) -> None:
        import kfp_server_api as api

        if self.refresh(run).state != "RUNNING":
            raise RefusedError(400, "the run has ended")
        os.killpg(self.processes[run.run_id].pid, signal.SIGKILL)
        run.state = "CANCELING"
        run.state_history = [api.V2beta1RuntimeStatus(state=run.state)]


def chosen(things: list[Any], query: dict[str, str]) -> list[Any]:
    """Apply filter, order and size as the real list does."""
    for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
        if predicate["operation"] not in ("EQUALS", 1) or predicate["key"] != "display_name":
            raise RefusedError(400, f"the stand-in has no filter such as {predicate}")
        things = [t for t in things if t.display_name == predicate["stringValue"]]
    if "experiment_id" in query:
        things = [t for t in things if t.experiment_id == query["experiment_id"]]
    things = sorted(things, key=lambda t: t.created_at)
    if query.get("sort_by", "").endswith("desc"):
        things.reverse()
    return things[: int(query.get("page_size") or 10)]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    state: State
    token: str | None
    asked: list[str]

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.asked.append(f"{method} {parts.path}")
        try:
            if self.token and self.headers.get("authorization") != f"Bearer {self.token}":
                raise RefusedError(401, "Unauthenticated")
            with self.state.lock:
                status, value = 200, plain(self._route(method, parts.path, query, body))
        except RefusedError as error:
            status = error.status
            value = {"error": str(error), "code": CODES[status], "message": str(error)}
        content = json.dumps(value, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _route(  # noqa: PLR0911 - a route a line
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> Any:
        state = self.state
        steps = path.removeprefix("/apis/v2beta1/").split("/")
        if path.endswith("/healthz"):
            return {"multi_user": False} | ({"tag_name": "2.16.0"} if "v1beta1" in path else {})
        kind, action = steps[0], ""
        if path.endswith("pipelines/upload_version") and method == "POST":
            return state.upload(query, self._file(body))
        if kind not in KINDS:
            raise RefusedError(501, f"the stand-in has no {path}")
        if len(steps) == 1:
            if method == "POST":
                return state.create(kind, json.loads(body))
            return {kind_key(kind): chosen(state.listed(kind, query), query)}
        identity, _, action = steps[1].partition(":")
        if identity not in state.things[kind]:
            raise RefusedError(404, f"{KINDS[kind][0]} {identity} not found")
        thing = state.things[kind][identity]
        if steps[2:] == ["versions"]:
            mine = [v for v in state.versions.values() if v.pipeline_id == identity]
            return {"pipeline_versions": chosen(mine, query)}
        if method == "DELETE":
            del state.things[kind][identity]
            return {}
        if action == "terminate":
            state.terminate(thing)
            return {}
        return state.refresh(thing) if kind == "runs" else thing

    def _file(self, body: bytes) -> str:
        kind = self.headers["Content-Type"]
        message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        parts: Any = message.get_payload()
        (part,) = parts
        content: bytes = part.get_payload(decode=True)
        return content.decode()


def kind_key(kind: str) -> str:
    return "recurringRuns" if kind == "recurringruns" else kind


@contextmanager
def standin(
    folder: Path,
    *,
    token: str | None = None,
    command: list[str] | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Any]:
    """Yield a running stand-in with `url`, `state` and `asked`; its processes end with it.

    `command` takes the place of the run's execution, such as `sleep 60` for one that never ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fields: dict[str, Any] = {
        "state": State(folder, command or EXECUTE),
        "token": token,
        "asked": [],
    }
    server = ThreadingHTTPServer((host, 0), type("Bound", (Handler,), fields))
    server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    server.state, server.asked = fields["state"], fields["asked"]  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        for process in fields["state"].processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def named_by_label(ir: Path) -> set[str]:
    """Return the variables that tell a pod its run: KFP labels each pod with it."""
    import yaml

    _, *platforms = list(yaml.safe_load_all(ir.read_text()))
    executors = [
        executor
        for platform in platforms
        for executor in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    ]
    return {
        field["name"]
        for executor in executors
        for field in executor.get("fieldPathAsEnv", [])
        if field["fieldPath"] == "metadata.labels['pipeline/runid']"
    }


def execute() -> None:
    """Run the IR that standard input names, by kfp.local; the run's id is the one we gave."""
    from kfp import components, local
    from kfp.local import pipeline_orchestrator

    asked = json.load(sys.stdin)
    os.environ.update(dict.fromkeys(named_by_label(Path(asked["ir"])), asked["run"]))
    pipeline_orchestrator.placeholder_utils.make_random_id = lambda: asked["run"]
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=asked["root"],
        raise_on_error=True,
        enable_caching=False,
    )
    components.load_component_from_file(asked["ir"])(**asked["arguments"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--execute"]:
        execute()
    else:
        with standin(Path(sys.argv[1])) as running:
            sys.stdout.write(f"{running.url}\n")
            sys.stdout.flush()
            threading.Event().wait()
