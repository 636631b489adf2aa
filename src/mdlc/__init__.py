"""mdlc runs a machine-learning model's whole life from one file."""

from mdlc.core.version import VERSION

__version__ = VERSION
