"""Copy each SOURCE to its TARGET, as KServe's storage-initializer does."""

import sys

from kserve_storage import Storage  # type: ignore[import-not-found]

arguments = sys.argv[1:]
for source, target in zip(arguments[::2], arguments[1::2], strict=True):
    Storage.download(source, target)
