"""The public API behind `import mdlc`: what a notebook or a program calls, and what the verbs call.

`mdlc.load` and `mdlc.init` return a `Lifecycle`; its methods are the verbs, its properties the
documents that the stages wrote; `Lifecycle.cluster` returns the same lifecycle on Kubernetes. Each
method takes the lock, shows progress, adds the file's line to an error, and calls one function of
the layers below. The command line imports only this API, so both do the same.

Public names are listed in `mdlc/__init__.py` and described in docs/api.md.
"""
