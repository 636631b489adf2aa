"""Runs the compiled pipeline on this machine through kfp.local: cached, resumable, warm.

local_runner   LocalRunner: arguments in, a record of the run out (run.json, a log a stage)
  -> kfp_hooks     the two places of kfp.local that are replaced: its cache and its processes
  -> warm_server   a process with the libraries loaded, which forks for each step
"""
