"""mdlc schema: the file's JSON Schema, for editors."""

from __future__ import annotations

from mdlc.cli.verb_support import print_json

EPILOG = "Example: mdlc schema > lifecycle.schema.json"


def schema() -> None:
    """Print the JSON Schema of a lifecycle file."""
    from mdlc.core.spec import Lifecycle

    print_json(Lifecycle.model_json_schema(by_alias=True))
