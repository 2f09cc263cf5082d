"""Stock Django: its sessions in the database, its authentication, our table of people, and nothing else.

Its database connections persist like the product's, but without the product's health check: that is the stricter limit.
"""

import os
from typing import Any

import dj_database_url

DEBUG = False
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "bench.bare.apps.TableOfPeople",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "pgtrigger",
    "pghistory",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "bench.bare.urls"
DATABASES: dict[str, Any] = {"default": dict(dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=600))}
AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
USE_TZ = True
USE_I18N = False
# the table of people comes with models that have files, which nobody asks for here
STORAGES = {"files": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
