"""Files and folders by their location: a path, file:///..., or an object store's s3://bucket/key.

A folder in an object store is a set of objects and an index with the size and digest of each, which
is written last. A folder without an index does not count as existing, and one whose objects have
other digests is refused. So a writer that is killed leaves nothing that looks complete.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mdlc.core.errors import ArtifactError
from mdlc.core.files import (
    D,
    Document,
    digest_bytes,
    digest_json,
    digest_path,
    storage_errors,
    whole_folder,
    write_bytes,
)
from mdlc.state import object_storage

INDEX = ".mdlc-folder.json"
MAX_DOCUMENT = 16 * 2**20
"""Most bytes of an object that is read into memory."""
MAX_FOLDER = 200 * 2**30
"""Most bytes of a folder that is fetched."""
MAX_FILES = 100_000
OBJECTS = ("s3://", "minio://")


class IndexItem(Document):
    """One file of a folder."""

    size: int
    digest: str


class FolderIndex(Document):
    """All files of a folder, by relative name."""

    files: dict[str, IndexItem]


@dataclass(frozen=True)
class ListedObject:
    """One object below a location."""

    name: str
    size: int
    mark: str
    """A mark that changes when the object changes."""


def is_remote(location: str) -> bool:
    """Return whether a location is in an object store.

    >>> is_remote("s3://bucket/a"), is_remote("file:///a"), is_remote("a/b")
    (True, False, False)
    """
    return location.startswith(OBJECTS)


def join(location: str, *parts: str) -> str:
    """Return the location of something below a folder.

    >>> join("s3://bucket/a/", "b", "c.json")
    's3://bucket/a/b/c.json'
    """
    return "/".join([location.rstrip("/"), *(part.strip("/") for part in parts)])


def local_path(location: str) -> Path:
    """Return the path of a location that is not in an object store."""
    return Path(unquote(urlsplit(location).path) if "://" in location else location)


def read_bytes(location: str) -> bytes | None:
    """Return the content of a small file; None if it does not exist.

    Raises:
        ArtifactError: it is larger than MAX_DOCUMENT.
        ServiceError: the object store does not answer, or refuses.
    """
    if not is_remote(location):
        path = local_path(location)
        if not path.is_file():
            return None
        _bounded(path.stat().st_size, location)
        return path.read_bytes()
    bucket, key = object_storage.split(location)
    with object_storage.answering(location):
        try:
            answer = object_storage.client().get_object(Bucket=bucket, Key=key)
        except Exception as error:
            if object_storage.absent(error):
                return None
            raise
        _bounded(answer["ContentLength"], location)
        content: bytes = answer["Body"].read()
        return content


def put_bytes(location: str, content: bytes) -> None:
    """Write a small file atomically: readers see the old content or the new."""
    if not is_remote(location):
        write_bytes(local_path(location), content)
        return
    bucket, key = object_storage.split(location)
    with object_storage.answering(location):
        object_storage.client().put_object(Bucket=bucket, Key=key, Body=content)


def read_document(location: str, kind: type[D]) -> D | None:
    """Return a document; None if it does not exist.

    Raises:
        ArtifactError: it is not a valid document of this kind.
    """
    from pydantic import ValidationError

    content = read_bytes(location)
    try:
        return None if content is None else kind.model_validate_json(content)
    except ValidationError as error:
        raise ArtifactError(f"{location} is not a whole {kind.__name__}") from error


def put_document(location: str, document: Document) -> None:
    """Write a document as JSON."""
    put_bytes(location, (document.model_dump_json(indent=2) + "\n").encode())


def put_file(path: Path, location: str) -> None:
    """Copy one file to a location."""
    if not is_remote(location):
        target = local_path(location)
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.{os.getpid()}")
            shutil.copyfile(path, part)
            part.replace(target)
        return
    bucket, key = object_storage.split(location)
    with object_storage.answering(location):
        object_storage.client().upload_file(str(path), bucket, key)


def put_folder(folder: Path, location: str) -> None:
    """Copy a folder, its index last. A folder with the same content is left as it is."""
    index = index_of(folder)
    if read_document(join(location, INDEX), FolderIndex) == index:
        return
    for name in index.files:
        put_file(folder / name, join(location, name))
    put_document(join(location, INDEX), index)


def index_of(folder: Path) -> FolderIndex:
    """Return the names, sizes and digests of a folder's files."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != INDEX)
    named = {p.relative_to(folder).as_posix(): p for p in files}
    return FolderIndex(
        files={n: IndexItem(size=p.stat().st_size, digest=digest_path(p)) for n, p in named.items()}
    )


def get_folder(location: str, target: Path) -> None:
    """Copy a folder from a location and check every digest; on an error `target` is not created.

    Raises:
        ArtifactError: the folder does not exist, is incomplete, altered or too large, or its index
            names a file outside of it.
    """
    index = read_document(join(location, INDEX), FolderIndex)
    if index is None:
        raise ArtifactError(f"{location} is missing or was never written whole")
    size = sum(item.size for item in index.files.values())
    if size > MAX_FOLDER or len(index.files) > MAX_FILES:
        raise ArtifactError(f"{location} has {len(index.files)} files of {size} bytes: too large")
    with whole_folder(target) as temporary:
        for name, item in index.files.items():
            path = _inside(temporary, name, location=location)
            get_file(join(location, name), path)
            if digest_path(path) != item.digest:
                raise ArtifactError(f"{join(location, name)} has been altered")


def get_file(location: str, target: Path) -> None:
    """Copy one file from a location.

    Raises:
        ArtifactError: it does not exist.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with storage_errors(target):
        if not is_remote(location):
            if not local_path(location).is_file():
                raise ArtifactError(f"{location} is missing")
            shutil.copyfile(local_path(location), target)
            return
        bucket, key = object_storage.split(location)
        with object_storage.answering(location):
            try:
                object_storage.client().download_file(bucket, key, str(target))
            except Exception as error:
                if object_storage.absent(error):
                    raise ArtifactError(f"{location} is missing") from error
                raise


def get_all(location: str, target: Path) -> None:
    """Copy every file below a location without an index, such as data that others wrote."""
    found = listed(location)
    if sum(item.size for item in found) > MAX_FOLDER:
        raise ArtifactError(f"{location} is larger than {MAX_FOLDER} bytes")
    for item in found:
        get_file(join(location, item.name), _inside(target, item.name, location=location))


def listed(location: str) -> list[ListedObject]:
    """Return all objects below a location, sorted by name.

    Raises:
        ArtifactError: there are more than MAX_FILES.
    """
    if is_remote(location):
        found = list(_objects(location))
    else:
        root = local_path(location)
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        found = [
            ListedObject(
                p.relative_to(root).as_posix(), p.stat().st_size, str(p.stat().st_mtime_ns)
            )
            for p in paths
        ]
    return sorted(found, key=lambda item: item.name)


def fingerprint(location: str) -> str:
    """Return a digest of names, sizes and marks below a location; it changes if a file changes."""
    return digest_json([[item.name, item.size, item.mark] for item in listed(location)])


def digest_of(location: str) -> str:
    """Return the digest of a small file; "" if it does not exist."""
    content = read_bytes(location)
    return "" if content is None else digest_bytes(content)


def _objects(location: str) -> Iterator[ListedObject]:
    bucket, key = object_storage.split(location)
    prefix = key.rstrip("/") + "/" if key else ""
    with object_storage.answering(location):
        pages = (
            object_storage.client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=prefix)
        )
        count = 0
        for page in pages:
            for item in page.get("Contents", []):
                count += 1
                if count > MAX_FILES:
                    raise ArtifactError(f"{location} has more than {MAX_FILES} objects")
                if not item["Key"].endswith("/"):
                    name = item["Key"].removeprefix(prefix)
                    yield ListedObject(name, item["Size"], item["ETag"].strip('"'))


def _inside(folder: Path, name: str, *, location: str) -> Path:
    """Return the path of a named file; refuse a name that leads out of the folder."""
    plain = posixpath.normpath(name)
    if plain != name or plain.startswith(("/", "..")) or "\\" in plain:
        raise ArtifactError(f"{location} names {name!r}, which is outside of it")
    path = folder / plain
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _bounded(size: int, location: str) -> None:
    if size > MAX_DOCUMENT:
        raise ArtifactError(f"{location} has {size} bytes; at most {MAX_DOCUMENT}")
