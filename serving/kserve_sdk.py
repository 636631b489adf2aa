"""Imports the KServe SDK; all other modules take its names from here.

At its import, kserve parses the command line of the process for options of its own model server
(abbreviated ones too), so it is imported while sys.argv has no arguments. Used of it are the
endpoints, the data plane and the protocol types. Its RESTServer is not used, because it binds all
interfaces and logs a line for each request.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def _bare_command_line() -> Iterator[None]:
    whole = sys.argv
    sys.argv = whole[:1]
    try:
        yield
    finally:
        sys.argv = whole


with _bare_command_line():
    from kserve import InferOutput, InferResponse, Model, ModelRepository
    from kserve.errors import InferenceError, InvalidInput, ModelNotFound, ModelNotReady
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.infer_type import RequestedOutput
    from kserve.protocol.model_repository_extension import ModelRepositoryExtension
    from kserve.protocol.rest.v1_endpoints import register_v1_endpoints
    from kserve.protocol.rest.v2_endpoints import register_v2_endpoints

__all__ = [
    "DataPlane",
    "InferOutput",
    "InferResponse",
    "InferenceError",
    "InvalidInput",
    "Model",
    "ModelNotFound",
    "ModelNotReady",
    "ModelRepository",
    "ModelRepositoryExtension",
    "RequestedOutput",
    "register_v1_endpoints",
    "register_v2_endpoints",
]
