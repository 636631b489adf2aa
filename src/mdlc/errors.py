"""The errors that mdlc raises on purpose. Each is one line with the object, the rule and a hint.

All derive from `MdlcError`. The command line exits with the class's `exit_code`.

    >>> import mdlc
    >>> try:
    ...     mdlc.load("nowhere.yaml")
    ... except mdlc.errors.SpecError as error:
    ...     str(error)
    'cannot read nowhere.yaml: No such file or directory; make a new one with mdlc init'
"""

from mdlc.core.errors import (
    ArtifactError,
    BusyError,
    DataError,
    KilledError,
    MdlcError,
    RefusedError,
    ServiceError,
    SpecError,
    StageError,
    StorageError,
    UsageError,
)

__all__ = [
    "ArtifactError",
    "BusyError",
    "DataError",
    "KilledError",
    "MdlcError",
    "RefusedError",
    "ServiceError",
    "SpecError",
    "StageError",
    "StorageError",
    "UsageError",
]
