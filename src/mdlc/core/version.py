"""The version of mdlc: bundles name it, and `mdlc --version` says it."""

VERSION = "0.1.0"
