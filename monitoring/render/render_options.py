"""The options of `mdlc render monitoring`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict, Unpack, cast, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from mdlc.core.errors import UsageError, closest
from mdlc.core.names import DNS_LABEL, is_label

Target = Literal["plain", "operator", "all"]
ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})")
MAX_FOLDER = 100
ALERTMANAGER = "localhost:9093"


class RenderOptions(BaseModel):
    """Options that were checked; `check_options` creates them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Target = "all"
    namespace: str | None = None
    """The objects' namespace; None: that of each lifecycle's file, or `default`."""
    trigger_url: str | None = None
    """Address of `mdlc trigger`, without a path; None: Alertmanager sends alerts to people only."""
    trigger_token_file: str | None = None
    predictors: dict[str, list[str]] = {}
    """Lifecycle -> addresses of its predictors; the default is `localhost:PORT`."""
    alertmanager: str = ALERTMANAGER
    grafana_folder: str | None = None
    grafana_url: str | None = None
    docs_url: str | None = None

    @property
    def trigger_address(self) -> str | None:
        """Host and port of the trigger."""
        if self.trigger_url is None:
            return None
        parts = urlsplit(self.trigger_url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


class OptionValues(TypedDict, total=False):
    """Options as the user gave them."""

    target: str
    namespace: str | None
    trigger_url: str | None
    trigger_token_file: str | None
    predictors: Iterable[str]
    alertmanager: str
    grafana_folder: str | None
    grafana_url: str | None
    docs_url: str | None


def check_options(names: Sequence[str], **given: Unpack[OptionValues]) -> RenderOptions:
    """Check options for the lifecycles `names`.

    Raises:
        UsageError: an option is invalid; the message names it.
    """
    target, namespace = given.get("target", "all"), given.get("namespace")
    folder, alertmanager = given.get("grafana_folder"), given.get("alertmanager", ALERTMANAGER)
    if target not in get_args(Target):
        raise _wrong("--target", f"{target!r} is none of {', '.join(get_args(Target))}")
    if namespace is not None and DNS_LABEL.fullmatch(namespace) is None:
        raise _wrong("--namespace", f"{namespace!r} is no name of a Kubernetes namespace")
    if folder is not None and not 0 < len(folder.strip()) <= MAX_FOLDER:
        raise _wrong("--grafana-folder", f"{folder!r} is not 1 to {MAX_FOLDER} long")
    if not _is_address(alertmanager):
        raise _wrong("--alertmanager", f"{alertmanager!r} is not HOST:PORT")
    url = _root("--trigger-url", given.get("trigger_url"), path=False)
    return RenderOptions(
        target=cast("Target", target),
        namespace=namespace,
        trigger_url=url,
        trigger_token_file=_token_file(given.get("trigger_token_file"), url=url),
        predictors=_predictors(given.get("predictors", ()), names=names),
        alertmanager=alertmanager,
        grafana_folder=folder,
        grafana_url=_root("--grafana-url", given.get("grafana_url")),
        docs_url=_root("--docs-url", given.get("docs_url")),
    )


def _predictors(given: Iterable[str], *, names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, address = text.rpartition("=")
        if not equals and len(names) == 1:
            name = names[0]
        elif not equals:
            raise _wrong(
                "--predictor", f"{text!r} does not say whose it is", hint="write NAME=HOST:PORT"
            )
        if name not in names:
            raise _wrong("--predictor", f"no lifecycle {name!r}", hint=closest(name, names))
        if not _is_address(address):
            raise _wrong("--predictor", f"{address!r} is not HOST:PORT")
        if address not in found.setdefault(name, []):
            found[name].append(address)
    return {name: sorted(addresses) for name, addresses in sorted(found.items())}


def _root(option: str, url: str | None, *, path: bool = True) -> str | None:
    """Check an address to which paths are appended; return it without a final slash."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(option, f"{url!r} is not an address: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise _wrong(option, "it holds a name or password", hint="secrets are given as files")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise _wrong(option, f"{url!r} is not http(s)://HOST[:PORT]")
    if parts.query or parts.fragment or any(c.isspace() or c in "\"'<>{}" for c in url):
        raise _wrong(option, f"{url!r} is not just an address")
    if not path and parts.path.strip("/"):
        raise _wrong(option, f"{url!r} has a path", hint="mdlc adds /v1/alerts and /metrics")
    return url.rstrip("/")


def _token_file(name: str | None, *, url: str | None) -> str | None:
    option = "--trigger-token-file"
    if name is not None and url is None:
        raise _wrong(option, "there is no --trigger-url to send the token to")
    if name is not None and (not name.strip() or not name.isprintable()):
        raise _wrong(option, f"{name!r} is no path of a file")
    if name is None and url is not None and not _is_loopback(url):
        raise _wrong(
            option,
            f"{url} is not on this machine, so the trigger wants a token",
            hint="name the file with the token, as Alertmanager sees it",
        )
    return name


def _is_address(text: str) -> bool:
    match = ADDRESS.fullmatch(text)
    return match is not None and 0 < int(match[1]) <= 65535


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(option: str, message: str, *, hint: str = "") -> UsageError:
    return UsageError(message, where=f"option {option}", hint=hint)


def dns_name(*parts: str) -> str:
    """Join parts to the name of a Kubernetes object: at most 63 characters of a-z, 0-9 and -.

    >>> dns_name("flight-delays", "Model_Quality")
    'flight-delays-model-quality'
    """
    from mdlc.core.files import digest_bytes

    text = "-".join(parts)
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if is_label(name[:53]) and len(name) <= 63:
        return name
    return f"{name[:54].strip('-') or 'x'}-{digest_bytes(text.encode())[:8]}"
