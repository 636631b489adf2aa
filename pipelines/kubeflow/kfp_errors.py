"""Turns errors of KFP's API into our one-line errors, and builds its filters."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Iterator
from typing import Any

from mdlc.core.errors import ServiceError

HINTS = {
    401: "say who you are: KF_PIPELINES_* variables, MDLC_KFP_TOKEN or MDLC_KFP_COOKIES",
    403: "this account may not do that in this namespace",
}


def equals(name: str) -> str:
    """Return the filter for one display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


@contextlib.contextmanager
def existing() -> Iterator[None]:
    """Ignore the error that an object exists already; the caller then looks it up again."""
    import kfp_server_api as api

    try:
        yield
    except api.ApiException as error:
        if error.status != 409:
            raise


@contextlib.contextmanager
def answering(host: str) -> Iterator[None]:
    """Suppress kfp's own output, and turn its errors into ServiceErrors of one line."""
    import kfp_server_api as api
    import urllib3

    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except api.ApiException as error:
        raise ServiceError(
            f"Kubeflow Pipelines at {host} answers {error.status} {error.reason}: {_said(error)}",
            hint=HINTS.get(error.status, ""),
        ) from error
    except (urllib3.exceptions.HTTPError, ConnectionError) as error:
        raise ServiceError(
            f"Kubeflow Pipelines at {host} does not answer: {type(error).__name__}",
            hint="is --host right, and the API reachable (kubectl port-forward)?",
        ) from error


def _said(error: Any) -> str:
    """Return the API's own message, cut short, because a body may be a proxy's whole HTML page."""
    try:
        body = json.loads(error.body)
        text = body.get("error_message") or body.get("message") or body.get("error") or ""
    except (TypeError, ValueError, AttributeError):
        text = ""
    return " ".join(str(text).split())[:200]
