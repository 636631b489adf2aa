"""Kinds of models, one file each; registry.py lists them."""
