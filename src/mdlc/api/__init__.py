"""The public API behind `import mdlc`: what a notebook or a program calls, and what the verbs call.

`mdlc.load` and `mdlc.init` give a `Lifecycle`; its methods are the verbs, its properties the
documents that the stages wrote; `Lifecycle.cluster` gives the same life on Kubernetes. Each method
is thin: it takes the lock, shows progress, adds the file's line to an error, and calls one function
of the layers below. The command line imports nothing else, so the two cannot drift.

Public names are listed in `mdlc/__init__.py` and described in docs/api.md.
"""
