"""The authorization that COPY and UNLOAD name: checked for its form, used for nothing, not kept."""

import re

from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
_ROLES = re.compile(rf"{_ROLE}(,{_ROLE})*")
_CREDENTIALS = (
    re.compile(rf"aws_iam_role={_ROLE}(,{_ROLE})*"),
    re.compile(r"aws_access_key_id=[^;\s]+;aws_secret_access_key=[^;\s]+(;token=[^;\s]+)?"),
)


def read_authorization(words: Words) -> bool:
    """Read one authorization clause if one comes next; raises StatementError for a wrong one."""
    if words.take("IAM_ROLE"):
        _check_role(words)
    elif words.one_of("CREDENTIALS", "WITH"):
        words.take("CREDENTIALS")
        words.take("AS")
        text = words.string()
        if not any(form.fullmatch(text) for form in _CREDENTIALS):
            raise StatementError("Invalid credentials: they must name a role or a key")
    elif words.take("ACCESS_KEY_ID"):
        words.take("AS")
        words.string()
        words.expect("SECRET_ACCESS_KEY")
        words.take("AS")
        words.string()
        if words.one_of("SESSION_TOKEN", "TOKEN"):
            words.take("AS")
            words.string()
    else:
        return False
    return True


def _check_role(words: Words) -> None:
    if words.take("DEFAULT"):
        return
    role = words.string()
    if role == "SESSION":
        raise NotEmulated("IAM_ROLE 'SESSION'")
    if not _ROLES.fullmatch(role):
        raise StatementError("Invalid IAM role ARN")
