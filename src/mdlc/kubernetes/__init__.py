"""Kubernetes: the client of its API server, objects applied to it, and the Lifecycle resource."""
