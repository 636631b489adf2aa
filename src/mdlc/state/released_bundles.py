"""The one way to a released bundle: from what names it, checked before anything is loaded.

A pointer, a canary on trial or a line of history names a folder, a version and a digest. The folder
is below the document's own (the documents see to that), the manifest has the digest, every file the
manifest's, and where releases are signed, the signature is checked.
"""

from __future__ import annotations

from pathlib import Path

from mdlc.core import signing
from mdlc.core.bundle import Manifest, open_bundle
from mdlc.state.release_documents import CanaryRelease, Pointer


def checked(folder: Path, of: Pointer | CanaryRelease, *, name: str) -> tuple[Path, Manifest]:
    """Return the bundle that is named by a document in `folder`, and its manifest.

    Args:
        folder: That of the pointer.
        of: The pointer, or its canary.
        name: The lifecycle's name, which is signed with it.

    Raises:
        ArtifactError: it is missing, altered, another model, or not signed where it has to be.
    """
    bundle = folder / of.bundle
    manifest, _ = open_bundle(bundle, digest=of.digest)
    signing.verify(bundle, name=name, version=of.version, digest=of.digest)
    return bundle, manifest
