"""Builds the manifests with kustomize and says what is wrong with them; `make manifests` runs it."""
