"""The lifecycle file as a resource of Kubernetes: its definition, made from the same model."""
