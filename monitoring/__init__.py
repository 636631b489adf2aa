"""Watching a served model: drift, late labels, alerts, and what starts a retraining.

The predictor counts; this room reads the counts (`samples`), turns them into signals (`drift`,
`signals`), into alerts that last (`alerts`, `watch`), and asks for a retraining within a budget
(`trigger`). `history` remembers which model served when. See README.md.
"""
