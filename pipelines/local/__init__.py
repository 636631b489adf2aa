"""Runs the compiled pipeline on this machine through kfp.local: cached, resumable, warm.

local_runner   LocalRunner: runs the stages, records the run (run.json, a log of each stage)
  -> kfp_hooks     the two places of kfp.local that are replaced: its cache and its processes
  -> warm_server   a process with the libraries loaded, which forks for each step
"""
