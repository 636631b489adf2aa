"""Builds the manifests with kustomize and says what is wrong; `make manifests` runs it."""
