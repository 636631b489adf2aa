"""Any error as text for a terminal or a log, without values of rows and passwords."""

from mdlc.core.masking import described, trace

__all__ = ["described", "trace"]
