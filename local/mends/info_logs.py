"""What a handler logs below WARNING with the standard library reaches its log group.

AWS puts a handler on Python's root logger, so a function that lowers the level gets its lines.
Stock ministack puts none there, and Python's last resort prints warnings and errors only.
"""

from ministack.core import lambda_runtime

from local.mends.seams import replace_once, seam

_script = seam(__name__, lambda_runtime, "_PYTHON_WORKER_SCRIPT")

_STOCK = "    try:\n        mod = importlib.import_module(module_name)"
_MENDED = f"""    import logging
    _root_handler = logging.StreamHandler(sys.stderr)
    _root_handler.setFormatter(logging.Formatter(
        "[%(levelname)s]\\t%(asctime)s.%(msecs)03dZ\\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    ))
    logging.getLogger().addHandler(_root_handler)
{_STOCK}"""
replace_once(__name__, _script, _STOCK, _MENDED)


def apply() -> None:
    """Put a handler on the root logger before the function's module is imported."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = replace_once(
        __name__, lambda_runtime._PYTHON_WORKER_SCRIPT, _STOCK, _MENDED
    )
