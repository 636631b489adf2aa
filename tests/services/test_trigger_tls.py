"""Client certificates: who has none by our authority does not get as far as a request."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import tiny
from tests.services.triggered import Trigger, alert

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> None:
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    openssl(folder, *new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")


def certificate(folder: Path, name: str, *, by: str) -> None:
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", *subject)  # fmt: skip
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey",
            f"{by}.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy",
            "-out", f"{name}.pem")  # fmt: skip


def post(trigger: Trigger, folder: Path, *, client: str | None) -> int:
    trusting = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    # An authority by openssl req has no key usage, which Python 3.13 asks for.
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if client:
        trusting.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    url = f"https://127.0.0.1:{trigger.port}/v1/alerts"
    return httpx.post(url, json=alert(model="other"), verify=trusting, timeout=20).status_code


def test_a_client_needs_a_certificate_by_the_authority(tmp_path: Path) -> None:
    for name in ("ca", "stranger"):
        authority(tmp_path, name)
    for name, by in (("server", "ca"), ("alertmanager", "ca"), ("eve", "stranger")):
        certificate(tmp_path, name, by=by)
    file = tiny.write_file(tmp_path)
    options = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--tls-client-ca", "ca.pem"]
    paths = [str(tmp_path / o) if o.endswith((".pem", ".key")) else o for o in options]
    with Trigger(file, *paths) as trigger:
        assert post(trigger, tmp_path, client="alertmanager") == 200
        for wrong in (None, "eve"):
            with pytest.raises(httpx.HTTPError):
                post(trigger, tmp_path, client=wrong)
        assert trigger.stop() == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "whoever reaches 0.0.0.0 could start retrainings"),  # noqa: S104
        (["--tls-cert", "no.pem"], "TLS needs a certificate and its key"),
        (["--token-env", "MDLC_NO_SUCH"], "the variable MDLC_NO_SUCH is not set"),
        (["--backend", "cloud"], "no backend cloud"),
    ],
)
def test_what_would_be_unsafe_does_not_start(tmp_path: Path, options: list[str], said: str) -> None:
    ended = tiny.mdlc("trigger", tiny.write_file(tmp_path), *options)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert said in ended.stderr
