"""The errors that mdlc raises on purpose: one line each, with the object, the rule, the next step.

All are `MdlcError`. The command line ends with the `exit_code` of the class.

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
