"""Sending stored files: streamed from either store in constant memory, by ranges too (R27, T10).

A view asks first whether this person may see the file, in their municipality; so every range is asked for anew.
"""

from flask import Response, abort, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from portal.core import files
from portal.core.errors import Missing
from portal.core.stores import PIECE, StoreDown

FILE_SECONDS = 86400
PRIVATE = "private, no-store"


def send_stored(key: str, media_type: str, name: str, *, public: bool) -> Response:
    """A stored file: pictures inline, everything else as a download, never as a page (R27). Raises Missing.

    Only what is public may be kept on the way; anything else is kept nowhere.
    """
    try:
        source = files.open_stored(key)
        size = source.seek(0, 2)
        source.seek(0)
    except FileNotFoundError:
        raise Missing from None
    except StoreDown:
        abort(503)
    response = Response(FileWrapper(source, PIECE), mimetype=media_type, direct_passthrough=True)
    response.call_on_close(source.close)
    response.content_length = size
    response.headers.set(
        "Content-Disposition", "inline" if media_type.startswith("image/") else "attachment", filename=name
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = f"public, max-age={FILE_SECONDS}" if public else PRIVATE
    # A key names the same bytes for ever.
    response.set_etag(key)
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        source.close()
        return _unsatisfiable(size)
    return response


def _unsatisfiable(size: int) -> Response:
    return Response(
        status=416,
        headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes", "Cache-Control": PRIVATE},
    )
