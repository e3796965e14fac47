"""Serve ministack in this process until SIGTERM; its settings are in the environment already."""

import argparse
import asyncio
import os
import signal

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app
from ministack.core import lambda_runtime

from local import mends
from local.xray.daemon import Daemon
from local.xray.recording import STORE

_KEEP_ALIVE_SECONDS = 75
_DRAIN_SECONDS = 1.0


async def _serve(host: str, port: int) -> None:
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _DRAIN_SECONDS
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    announcement = asyncio.create_task(_announce(host, port))
    await serve(app.app, config, shutdown_trigger=stop.wait)
    await announcement


async def _announce(host: str, port: int) -> None:
    """Say that we are ready once the port answers."""
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            break
    print(f"local cloud ready on http://{host}:{port}", flush=True)


def main() -> None:
    """Mend ministack, unless asked for it as released, and serve it."""
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
    parser.add_argument("--stock", action="store_true", help="serve ministack without the mends")
    if not parser.parse_args().stock:
        mends.apply_all()
        # Lambda workers inherit the environment of this process.
        os.environ["AWS_XRAY_DAEMON_ADDRESS"] = Daemon(os.environ["BIND_HOST"], STORE).address
    try:
        asyncio.run(_serve(os.environ["BIND_HOST"], int(os.environ["GATEWAY_PORT"])))
    finally:
        lambda_runtime.reset()


if __name__ == "__main__":
    main()
