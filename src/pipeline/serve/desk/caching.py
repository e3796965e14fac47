"""What callers' caches are told about an answer."""


def caching(seconds: int) -> str:
    """Write the header that lets one caller's cache keep an answer for so many seconds."""
    return f"private, max-age={seconds}"
