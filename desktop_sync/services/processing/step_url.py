"""Post records to a user's URL: TLS verified, no redirect to another origin, with a time limit (SPEC §6, §13)."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from email.message import Message
from typing import IO
from urllib.parse import urljoin, urlsplit

from desktop_sync.services.processing.outgoing import ForbiddenAddressError, handlers

ANSWER_BYTES = 64 * 1024
MOST_REDIRECTS = 5


class _RefusedError(Exception):
    """The server answered with something that is not followed. The text is a clause for people."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are looked at by `post`, never followed on the way: the records would be lost or go elsewhere."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def post(url: str, body: bytes, headers: dict[str, str], time_limit_s: float) -> str:
    """The body was posted as JSON and the server said yes (2xx); empty, or what went wrong. Blocks.

    A redirect is followed within one origin only, and only where it keeps the body (307, 308).
    """
    end = time.monotonic() + time_limit_s
    try:
        opener = urllib.request.build_opener(_NoRedirect(), *handlers(url))
        for _ in range(MOST_REDIRECTS):
            target = _attempt(opener, url, body, headers, end)
            if not target:
                return ""
            url = target
        return "it redirects again and again"
    except (_RefusedError, ForbiddenAddressError) as error:
        return str(error)
    except TimeoutError:
        return f"there was no answer within {time_limit_s:g} seconds"
    except urllib.error.URLError as error:
        return _reason(error, time_limit_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"the server cannot be reached ({type(error).__name__})"


def _attempt(opener: urllib.request.OpenerDirector, url: str, body: bytes, headers: dict[str, str], end: float) -> str:
    """The address to go on to, or empty when all is done."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if urlsplit(url).scheme not in ("http", "https"):
        raise _RefusedError("the address does not begin with https://")
    request = urllib.request.Request(  # noqa: S310 - the scheme was just looked at
        url, data=body, method="POST", headers={"Content-Type": "application/json; charset=utf-8", **headers}
    )
    try:
        with opener.open(request, timeout=left) as answer:
            read = 0
            while read < ANSWER_BYTES and (part := answer.read(4096)):
                read += len(part)
                if time.monotonic() > end:
                    raise TimeoutError
        return ""
    except urllib.error.HTTPError as error:
        with error:
            return _next(url, error)


def _next(url: str, error: urllib.error.HTTPError) -> str:
    target = error.headers.get("Location", "")
    if error.code not in (301, 302, 303, 307, 308) or not target:
        raise _RefusedError(f"the server answered {error.code}")
    target = urljoin(url, target)
    if _origin(target) != _origin(url):
        raise _RefusedError("the server sends the records on to another server; that is not followed")
    if error.code not in (307, 308):
        raise _RefusedError(f"the server answered {error.code}, a redirect that drops the records")
    return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _reason(error: urllib.error.URLError, time_limit_s: float) -> str:
    if isinstance(error.reason, TimeoutError):
        return f"there was no answer within {time_limit_s:g} seconds"
    if isinstance(error.reason, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.reason.verify_code, "the certificate of the server is not trusted")
    if isinstance(error.reason, ssl.SSLError):
        return "no safe encryption can be agreed on with the server"
    return f"the server cannot be reached ({type(error.reason).__name__})"


_CERTIFICATES = {
    9: "the certificate of the server is not valid yet; is this machine's clock right?",
    10: "the certificate of the server has expired",
    62: "the certificate of the server is another server's",
    64: "the certificate of the server is another server's",
}
"""What is wrong with one, by the numbers of OpenSSL (X509_V_ERR_…): dates, and the name or address that it is for."""
