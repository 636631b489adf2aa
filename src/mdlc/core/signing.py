"""Releases that are signed: who may write the artifact store may not decide what is loaded.

Digests show that a bundle is the one that its pointer names, but whoever writes both can make them
agree. With a key, releasing signs what is released (lifecycle, version, digest of the manifest,
which has the digests of all files), and every opening of a released bundle verifies that first.
The algorithm is Ed25519 (RFC 8032): predictors hold the public key, which signs nothing.

Keys are PEM, in the variable itself or in a file that it names:

    openssl genpkey -algorithm ed25519 -out release.key     # MDLC_SIGNING_KEY, of who releases
    openssl pkey -in release.key -pubout -out release.pub   # MDLC_VERIFY_KEYS, of who loads

MDLC_VERIFY_KEYS may hold several keys, one after another, while one takes the other's place. Where
it is set, a signature is required.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mdlc.core.bundle import SIGNATURE
from mdlc.core.errors import ArtifactError, RefusedError, SpecError
from mdlc.core.files import Document, read_document, write_document

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNING, VERIFYING = "MDLC_SIGNING_KEY", "MDLC_VERIFY_KEYS"
PUBLIC = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.S)
CONTEXT = "mdlc release v1"
"""So that a signature of something else, by the same key, is none of a release."""


class Signature(Document):
    """signature.json of a released bundle."""

    version: str
    """The version as which it was released."""
    signature: str
    """Base64 of Ed25519 over `statement`."""


def statement(*, name: str, version: str, digest: str) -> bytes:
    """Return the bytes that are signed.

    >>> statement(name="a", version="1", digest="d")
    b'["mdlc release v1", "a", "1", "d"]'
    """
    return json.dumps([CONTEXT, name, version, digest]).encode()


def sign(folder: Path, *, name: str, version: str, digest: str) -> bool:
    """Sign the bundle in `folder` if there is a key; return whether it is signed.

    Raises:
        RefusedError: signatures are required here, and there is no key to sign with.
        SpecError: the key is none.
    """
    key = _signing_key()
    if key is None:
        if os.environ.get(VERIFYING):
            raise RefusedError(
                f"version {version} cannot be released unsigned: {VERIFYING} requires signatures",
                hint=f"give the releasing process the private key as {SIGNING}",
            )
        return False
    made = key.sign(statement(name=name, version=version, digest=digest))
    signed = Signature(version=version, signature=base64.b64encode(made).decode())
    write_document(folder / SIGNATURE, signed)
    return True


def verify(folder: Path, *, name: str, version: str, digest: str) -> None:
    """Check the signature of a released bundle; without MDLC_VERIFY_KEYS nothing is required.

    Raises:
        ArtifactError: it is not signed, or by no key that is known here, or as another version.
        SpecError: a key is none.
    """
    keys = _verifying_keys()
    if not keys:
        return
    from cryptography.exceptions import InvalidSignature

    path = folder / SIGNATURE
    if not path.is_file():
        raise ArtifactError(
            f"{folder} is not signed, and {VERIFYING} requires it", hint="release it again, signed"
        )
    try:
        given = base64.b64decode(read_document(path, Signature).signature, validate=True)
    except ValueError as error:
        raise ArtifactError(f"{path} is not a signature") from error
    for key in keys:
        try:
            key.verify(given, statement(name=name, version=version, digest=digest))
        except InvalidSignature:
            continue
        return
    raise ArtifactError(
        f"{folder}: the signature is not one of version {version} of {name} by a known key",
        hint=f"release it again, or add the key to {VERIFYING}",
    )


def _signing_key() -> Ed25519PrivateKey | None:
    text = _pem(SIGNING)
    if not text:
        return None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(SIGNING, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(SIGNING, "private")
    return key


def _verifying_keys() -> list[Ed25519PublicKey]:
    text = _pem(VERIFYING)
    if not text:
        return []
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    keys = []
    for pem in PUBLIC.findall(text):
        try:
            key = load_pem_public_key(pem.encode())
        except ValueError as error:
            raise _no_key(VERIFYING, "public") from error
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key(VERIFYING, "public")
        keys.append(key)
    if not keys:
        raise _no_key(VERIFYING, "public")
    return keys


def _pem(variable: str) -> str:
    """Return the PEM in a variable, or in the file that it names; "" where it is not set."""
    given = os.environ.get(variable, "").strip()
    if not given or given.startswith("-----BEGIN"):
        return given
    try:
        return Path(given).read_text("ascii")
    except (OSError, ValueError) as error:
        raise SpecError(f"{variable} names a file that cannot be read as a key") from error


def _no_key(variable: str, kind: str) -> SpecError:
    return SpecError(
        f"{variable} is no {kind} Ed25519 key in PEM",
        hint="make one with openssl genpkey -algorithm ed25519 (docs/security.md)",
    )
