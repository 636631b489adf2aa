"""Runs the compiled pipeline on this machine through kfp.local: cached, resumable, warm."""
