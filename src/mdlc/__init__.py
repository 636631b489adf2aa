"""mdlc runs a machine-learning model's whole life from one file."""

__version__ = "0.1.0"
