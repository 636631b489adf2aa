"""Wiring only: which stage feeds which, and how a pipeline runs here or on Kubeflow Pipelines."""
