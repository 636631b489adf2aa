"""mdlc schema: the file's JSON Schema, for editors."""

from __future__ import annotations

import mdlc
from mdlc.cli.verb_support import handle_errors, print_json

EPILOG = "Example: mdlc schema > lifecycle.schema.json"


def schema() -> None:
    """Print the JSON Schema of a lifecycle file, with the sections of installed plug-ins."""
    with handle_errors():
        print_json(mdlc.file_schema())
