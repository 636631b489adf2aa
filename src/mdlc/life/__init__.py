"""What happens over a model's life, from the rooms below: train, release, retrain, replay, report.

The rooms pipelines, serving and monitoring do not know each other; a life needs all three. This is
the one place above them (docs/decisions/0004-life-layer.md), and the command line is above it.
"""
