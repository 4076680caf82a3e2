"""URLs, as far as they can be told without the packages that fetch them."""
from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_url(path: Any) -> bool:
    """Whether a str is a URL of fsspec's: "s3://bucket/table.kf", "https://...", "zip://a.kf::s3://bucket/b.zip"."""
    if not isinstance(path, str) or "://" not in path or os.path.exists(path):
        return False
    scheme = path.partition("://")[0]
    return scheme.replace("+", "").replace("-", "").replace(".", "").isalnum()


def shown(url: str) -> str:
    """The URL without what may be secret, for messages, pickles and manifests: user, password, and the query, which
    has the signature of a signed one."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
