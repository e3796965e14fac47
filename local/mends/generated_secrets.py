"""A generated secret leaves out the kinds of characters that the template excludes.

Secrets Manager honours ExcludePunctuation and its siblings. Stock ministack honours only
ExcludeCharacters, so a secret that has to be base64 or part of an address gets punctuation.
"""

import string
from typing import Any

from ministack.services.cloudformation import provisioners

from local.mends.seams import seam

_secret_string = seam(__name__, provisioners, "_sm_secret_string")

_EXCLUSIONS = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
}


def apply() -> None:
    """Spell the exclusions out before the secret is generated."""
    provisioners._sm_secret_string = _generate


def _generate(properties: dict[str, Any]) -> str:
    wanted = properties.get("GenerateSecretString")
    if wanted:
        excluded = wanted.get("ExcludeCharacters", "") + "".join(
            characters
            for name, characters in _EXCLUSIONS.items()
            if str(wanted.get(name)).lower() == "true"
        )
        wanted = {**wanted, "ExcludeCharacters": excluded}
        wanted["PasswordLength"] = int(wanted.get("PasswordLength", 32))
        properties = {**properties, "GenerateSecretString": wanted}
    return str(_secret_string(properties))
