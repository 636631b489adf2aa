"""Deployment: the winner in the model registry, and its bundle where the server finds it."""
