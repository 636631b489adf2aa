"""Plug-ins for mdlc; each module is one, and `pyproject.toml` names them."""
