"""Decides a text column's type from all rows: a class for each cell, then one type for all."""
