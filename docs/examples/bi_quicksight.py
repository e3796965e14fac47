"""The files of an export in a bucket of one's own, with the manifest that QuickSight wants."""

import json
from collections.abc import Iterable
from typing import Any

import requests

SETTINGS = {"format": "CSV", "delimiter": ",", "textqualifier": '"', "containsHeader": "true"}


def publish(s3: Any, bucket: str, prefix: str, files: Iterable[str]) -> str:
    """Copy files from their signed addresses; returns the manifest's s3:// address.

    The manifest comes last and names each file, so what an earlier run left is not read.
    """
    places = []
    for number, address in enumerate(files):
        key = f"{prefix}/part-{number:03}.csv.gz"
        with requests.get(address, stream=True, timeout=600) as file:
            file.raise_for_status()
            s3.upload_fileobj(file.raw, bucket, key)
        places.append(f"s3://{bucket}/{key}")
    manifest = {"fileLocations": [{"URIs": places}], "globalUploadSettings": SETTINGS}
    s3.put_object(Bucket=bucket, Key=f"{prefix}/manifest.json", Body=json.dumps(manifest).encode())
    return f"s3://{bucket}/{prefix}/manifest.json"
