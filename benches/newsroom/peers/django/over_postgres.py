"""The side-by-side bench's application of Django REST framework, which is over SQLite, over the PostgreSQL of the URL in `DB`.

Its folder must be in PYTHONPATH. Attributes are named as the newsroom names them.
"""

import os
import urllib.parse

from django.conf import LazySettings

url = urllib.parse.urlsplit(os.environ["DB"])
configure = LazySettings.configure


def over_postgres(self, **settings):
    settings["DATABASES"] = {"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.path.lstrip("/"), "USER": url.username, "HOST": url.hostname,
        "PORT": url.port, "CONN_MAX_AGE": None,
    }}
    settings["JSON_API_FORMAT_FIELD_NAMES"] = "camelize"
    configure(self, **settings)


LazySettings.configure = over_postgres
from app import app  # noqa: E402, F401
