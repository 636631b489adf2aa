"""The client of the object store (boto3), with time limits, and with errors in one line.

Address and credentials are found as boto3 finds them: AWS_ENDPOINT_URL (MinIO, SeaweedFS ...),
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, or a role of the pod.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from typing import Any

from mdlc.core.errors import MdlcError, ServiceError, StorageError

ATTEMPTS = 4


def split(location: str) -> tuple[str, str]:
    """Return bucket and key of s3://bucket/key."""
    bucket, _, key = location.partition("://")[2].partition("/")
    if not bucket:
        raise StorageError(f"{location!r} names no bucket", hint="write s3://bucket/folder")
    return bucket, key.strip("/")


@functools.cache
def client() -> Any:
    """Return the one client of this process."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise StorageError("an object store needs boto3", hint="pip install mdlc[s3]") from error
    style = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
    config = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": ATTEMPTS, "mode": "standard"},
        s3=style,
        # Other stores than Amazon's refuse its newer checksums; our own digests are in the index.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client("s3", config=config)


def absent(error: Exception) -> bool:
    """Return whether an error means that there is no such object."""
    return _code(error) in {"404", "NoSuchKey", "NotFound"}


def _code(error: Exception) -> str:
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def answering(location: str) -> Iterator[None]:
    """Turn boto3's errors into ours, without their text, which may contain keys."""
    try:
        yield
    except (MdlcError, OSError):
        raise
    except Exception as error:
        kind = type(error).__name__
        if not type(error).__module__.startswith(("botocore", "boto3", "s3transfer")):
            raise
        where = os.environ.get("AWS_ENDPOINT_URL") or "its default endpoint"
        raise ServiceError(
            f"the object store at {where} refuses {location}: {_code(error) or kind}",
            hint="check AWS_ENDPOINT_URL, the bucket, and the keys' permissions",
        ) from error
