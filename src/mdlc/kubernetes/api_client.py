"""The client of the Kubernetes API server; no other module talks to it.

All methods only read, except `send` and `execute`.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mdlc.core.errors import ServiceError, StorageError

TIMEOUT = 10
"""Seconds for one request."""
CHUNK = 64 * 1024
"""Bytes of one message to a command in a pod."""


class ApiError(ServiceError):
    """The API server refused a request; `status`, `reason` and the message are its own."""

    def __init__(self, message: str, *, status: int, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class Kube:
    """One cluster, found as kubectl finds it: by a kubeconfig, or by the pod's service account."""

    def __init__(self, *, kubeconfig: str | None = None, context: str | None = None) -> None:
        try:
            from kubernetes import client, config
        except ImportError as error:
            hint = "pip install mdlc[kubernetes]"
            raise StorageError("Kubernetes needs its client", hint=hint) from error
        self._api = client
        try:
            if kubeconfig is None and _in_pod():
                config.load_incluster_config()
            else:
                config.load_kube_config(config_file=kubeconfig, context=context)
        except config.ConfigException as error:
            raise ServiceError(
                f"no Kubernetes cluster is known: {error}", hint="name one with --kubeconfig"
            ) from error

    def version(self) -> str:
        """Return the API server's version, such as v1.31.2."""
        with _answering():
            return str(self._api.VersionApi().get_code(_request_timeout=TIMEOUT).git_version)

    def crds(self) -> dict[str, list[str]]:
        """Return name -> served versions of the custom resources."""
        with _answering():
            found = self._api.ApiextensionsV1Api().list_custom_resource_definition(
                _request_timeout=TIMEOUT
            )
        return {
            item.metadata.name: [v.name for v in item.spec.versions if v.served]
            for item in found.items
        }

    def default_storage_classes(self) -> list[str]:
        """Return the names of the default storage classes."""
        key = "storageclass.kubernetes.io/is-default-class"
        with _answering():
            found = self._api.StorageV1Api().list_storage_class(_request_timeout=TIMEOUT)
        return [
            item.metadata.name
            for item in found.items
            if (item.metadata.annotations or {}).get(key) == "true"
        ]

    def gpus(self) -> dict[str, int]:
        """Return accelerator resource -> total number on all nodes."""
        with _answering():
            nodes = self._api.CoreV1Api().list_node(_request_timeout=TIMEOUT).items
        found: dict[str, int] = {}
        for node in nodes:
            for name, amount in (node.status.allocatable or {}).items():
                if "gpu" in name.lower() or name.endswith((".com/tpu", "/tpu")):
                    found[name] = found.get(name, 0) + int(amount)
        return {name: count for name, count in found.items() if count}

    def pod_security(self, namespace: str) -> str | None:
        """Return the pod security level that a namespace enforces; "" for none.

        None if there is no such namespace.
        """
        with _answering():
            try:
                found = self._api.CoreV1Api().read_namespace(namespace, _request_timeout=TIMEOUT)
            except self._api.ApiException as error:
                if error.status == 404:
                    return None
                raise
        labels = found.metadata.labels or {}
        return str(labels.get("pod-security.kubernetes.io/enforce", ""))

    def secret_keys(self, namespace: str, name: str) -> set[str] | None:
        """Return the keys of a Secret, without its values; None if it does not exist."""
        with _answering():
            try:
                found = self._api.CoreV1Api().read_namespaced_secret(
                    name, namespace, _request_timeout=TIMEOUT
                )
            except self._api.ApiException as error:
                if error.status == 404:
                    return None
                raise
        return set(found.data or {})

    def may(self, *, namespace: str, verb: str, resource: str, group: str = "") -> bool:
        """Return whether we may do `verb` to a resource, such as pods/log, in a namespace."""
        name, _, part = resource.partition("/")
        attributes = {"namespace": namespace, "verb": verb, "resource": name, "group": group}
        attributes |= {"subresource": part} if part else {}
        review = self._api.V1SelfSubjectAccessReview(
            spec=self._api.V1SelfSubjectAccessReviewSpec(
                resource_attributes=self._api.V1ResourceAttributes(**attributes)
            )
        )
        with _answering():
            answer = self._api.AuthorizationV1Api().create_self_subject_access_review(
                review, _request_timeout=TIMEOUT
            )
        return bool(answer.status.allowed)

    def pods(self, namespace: str, *, labels: str) -> list[Any]:
        """Return the pods with these labels, oldest first."""
        with _answering():
            found = self._api.CoreV1Api().list_namespaced_pod(
                namespace, label_selector=labels, _request_timeout=TIMEOUT
            )
        return sorted(found.items, key=lambda pod: pod.metadata.creation_timestamp)

    def log(self, namespace: str, pod: str, *, container: str, lines: int) -> str:
        """Return the end of a container's log."""
        with _answering():
            return str(
                self._api.CoreV1Api().read_namespaced_pod_log(
                    pod,
                    namespace,
                    container=container,
                    tail_lines=lines,
                    _request_timeout=TIMEOUT * 6,
                )
            )

    def send(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
        text: bool = False,
    ) -> Any:
        """Send any request and return the answer: an object, or text such as a log.

        Raises:
            ApiError: the API server refuses. The error has the server's message, which may quote
                the request, so do not send secrets.
        """
        headers = {"Accept": "application/json, */*", "Content-Type": content}
        with _answering(telling=True):
            return self._api.ApiClient().call_api(
                path,
                method,
                header_params=headers,
                query_params=list((query or {}).items()),
                body=body,
                response_type="str" if text else "object",
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _request_timeout=TIMEOUT * 3,
            )

    def execute(
        self, namespace: str, pod: str, *, command: list[str], content: bytes, seconds: int
    ) -> tuple[int, str]:
        """Run a command in a pod with `content` as its input; return exit code and output."""
        from kubernetes.stream import stream
        from kubernetes.stream.ws_client import ERROR_CHANNEL, STDERR_CHANNEL, STDOUT_CHANNEL

        with _answering():
            open_exec = self._api.CoreV1Api().connect_get_namespaced_pod_exec
            channel = stream(
                open_exec,
                pod,
                namespace,
                command=command,
                stdin=True,
                stdout=True,
                stderr=True,
                tty=False,
                binary=True,
                _preload_content=False,
                _request_timeout=seconds,
            )
            for start in range(0, len(content), CHUNK):
                channel.write_stdin(content[start : start + CHUNK])
            channel.run_forever(timeout=seconds)
            # read_channel returns "" (not bytes) for a channel that was never written.
            parts = [channel.read_channel(c) or b"" for c in (STDOUT_CHANNEL, STDERR_CHANNEL)]
            said = b"".join(parts)
            ended = json.loads(channel.read_channel(ERROR_CHANNEL) or "{}")
            channel.close()
        if not ended:
            raise ServiceError(f"a command in the pod {pod} did not end within {seconds} s")
        return (0 if ended.get("status") == "Success" else 1), said.decode(errors="replace")


@functools.cache
def _in_pod() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


@contextmanager
def _answering(*, telling: bool = False) -> Iterator[None]:
    """Turn errors of the kubernetes client into errors of one line.

    The server's message is left out, because it may contain secrets, unless `telling` is set.
    """
    import urllib3
    from kubernetes.client import ApiException

    try:
        yield
    except ApiException as error:
        hint = "this account may not ask that" if error.status == 403 else ""
        if telling:
            raise _refusal(error) from error
        raise ServiceError(
            f"Kubernetes answers {error.status} {error.reason}", hint=hint
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise ServiceError(
            f"Kubernetes does not answer: {type(error).__name__}", hint="is the cluster up?"
        ) from error


def _refusal(error: Any) -> ApiError:
    """Return the error with the API server's own message, on one line."""
    try:
        said = json.loads(error.body or "{}")
    except ValueError:
        said = {}
    words = " ".join(str(said.get("message") or error.reason).split())
    return ApiError(
        f"Kubernetes answers {error.status}: {words}",
        status=error.status or 0,
        reason=str(said.get("reason", "")),
    )
