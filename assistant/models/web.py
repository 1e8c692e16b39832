"""HTTP as a download needs it: what may be followed, and what a server's headers say."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit


class Redirected(Exception):
    """Says that a server pointed somewhere a download must not follow."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects on the web, never from https to anything weaker, and no loops."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("http", "https") or (before == "https" and after != "https"):
            raise urllib.error.URLError(Redirected(f"the server redirects to {newurl[:200]}"))
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(self, req, fp, code, msg, headers):
        location = headers.get("Location") or headers.get("URI") or ""
        scheme = urlsplit(location).scheme
        if scheme and scheme not in ("http", "https"):
            raise urllib.error.URLError(Redirected(f"the server redirects to {location[:200]}"))
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except urllib.error.HTTPError as error:
            if error.code in (301, 302, 303, 307, 308):
                raise urllib.error.URLError(Redirected("the server redirects in a loop")) from None
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone: no files, no FTP, no other scheme."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        made.add_handler(handler())
    return made


def validator(headers) -> str:
    """Return what identifies this version of the file: a strong ETag, else its date, else ""."""
    etag = headers.get("ETag", "")
    if etag.startswith('"'):
        return etag
    return headers.get("Last-Modified", "") if not etag else ""


def length(headers) -> int | None:
    """Return the promised number of bytes, or None without a usable promise."""
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def retry_after(text: str | None) -> float:
    """Return the seconds a Retry-After header asks for, 0 when it says nothing usable."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), 1e6)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0
