"""Evaluation: who decides best on rows that no model has seen, in money and with intervals."""
