"""Serves the released model in this process."""

from __future__ import annotations

import os

from mdlc.core.errors import MdlcError
from mdlc.core.spec import Lifecycle
from mdlc.state.workspace import Workspace


def serve_here(
    lifecycle: Lifecycle, *, workspace: Workspace, host: str, port: int, token_env: str | None
) -> None:
    """Serve until stopped. The token is read from the environment variable named `token_env`.

    Raises:
        MdlcError: the variable is not set.
    """
    from mdlc.serving import model_server

    model_server.run(
        workspace.pointer,
        host=host,
        port=port,
        store=workspace.store,
        serving=lifecycle.spec.deploy.serving,
        token=token_of(token_env),
        currency=lifecycle.spec.business.currency,
    )


def token_of(variable: str | None) -> str | None:
    """Return the token in an environment variable; None if no variable is named.

    Raises:
        MdlcError: the variable is empty or not set.
    """
    if variable is None:
        return None
    token = os.environ.get(variable)
    if not token:
        raise MdlcError(f"the variable {variable} is not set", hint="put the token in it")
    return token
