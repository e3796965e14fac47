"""Decodes load data; invalid UTF-8 stays recognisable, or is replaced byte by byte."""

import codecs

from local.redshift_data.dialect.load.options import CopyOptions
from local.redshift_data.errors import NotEmulated, StatementError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(body: bytes, options: CopyOptions) -> str:
    """Return the text; lone surrogates stand for bytes that are no UTF-8, unless replaced."""
    if options.encoding == "utf-8":
        if body.startswith(codecs.BOM_UTF8):
            raise NotEmulated("COPY of UTF-8 with a byte order mark")
        return _from_utf8(body, options.replacement)
    if options.encoding == "utf-16" and not body.startswith(_UTF16_MARKS):
        raise StatementError("UTF16 data must have a byte order mark")
    try:
        return body.decode(options.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise StatementError(
            "Encoding of the file is not the same as that specified in the COPY command."
        ) from error


def _from_utf8(body: bytes, replacement: str) -> str:
    text = body.decode(errors="surrogateescape")
    if not replacement:
        return text
    return "".join(replacement if "\udc80" <= c <= "\udcff" else c for c in text)
