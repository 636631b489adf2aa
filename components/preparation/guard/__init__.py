"""Tests of feedback before a retraining learns from it: see docs/decisions/0011."""
