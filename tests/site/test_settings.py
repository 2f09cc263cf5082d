"""Production refuses to start when it would be unsafe, with one clear sentence, and starts when all is right.

Each refusal is a whole process in an environment that differs by one thing from the one that starts.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from members.models import User

ROOT = Path(__file__).resolve().parents[2]
KEY = "k3y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2
SAFE = {
    "SECRET_KEY": KEY,
    "DATABASE_URL": "postgresql://cosn:pass-word-of-the-database@127.0.0.1:1/cosn",  # nobody listens on port 1
    "ALLOWED_HOSTS": "www.example.org",
    "SITE_URL": "https://www.example.org",
}
SECRETS = (KEY, "pass-word-of-the-database")


def on_a_server() -> dict[str, str]:
    """The same on the server of the tests, in a database that every server has: checks ask PostgreSQL its version."""
    return SAFE | {"DATABASE_URL": settings.DATABASE_URL.replace("/cosn?", "/postgres?")}


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python process with these variables and no others of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """What a web server does first."""
    return run("-c", "from cosn_site.wsgi import application", **environment)


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stderr.strip().splitlines()[-1]


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in SAFE.items() if key != name}


def test_a_safe_production_starts() -> None:
    result = start(**SAFE)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "x" * 49}, "SECRET_KEY"),
        ({"SECRET_KEY": "x" * 80}, "SECRET_KEY"),
        ({"SECRET_KEY": "abab" * 30}, "SECRET_KEY"),
        ({"SECRET_KEY": "only-for-development-" + "x" * 40}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + KEY}, "SECRET_KEY"),
        ({"DEBUG": "1", "PRODUCTION": "1"}, "DEBUG"),
        ({"TESTING": "1", "PRODUCTION": "1"}, "TESTING"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "www.example.org, *"}, "ALLOWED_HOSTS"),
        ({"SITE_URL": ""}, "SITE_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://x@localhost/cosn"}, "DATABASE_URL"),
        ({"DATABASE_URL": "cosn"}, "DATABASE_URL"),
        ({"FILES_DELIVERY": "public"}, "FILES_DELIVERY"),
        ({"SECURE_HSTS_SECONDS": "a year"}, "SECURE_HSTS_SECONDS"),
        ({"SECRET_KEY_FILE": "/nonexistent/key"}, "SECRET_KEY_FILE"),
        ({"DATABASE_URL_FILE": "/nonexistent/url"}, "DATABASE_URL_FILE"),
        ({"SECRET_KEY_FILE": "/"}, "SECRET_KEY_FILE"),
    ],
    ids=str,
)
def test_an_unsafe_production_does_not_start_and_says_why_in_one_line(changes: dict[str, str], told: str) -> None:
    result = start(**SAFE | changes)
    assert result.returncode != 0
    line = last_line(result)
    assert line.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert told in line
    assert line.endswith((".", ".'", "/key", "/url", "/"))
    for secret in SECRETS:
        assert secret not in result.stderr + result.stdout


@pytest.mark.parametrize("name", SAFE)
def test_nothing_that_production_needs_has_a_default(name: str) -> None:
    result = start(**without(name))
    assert result.returncode != 0
    assert name in last_line(result)


def test_an_empty_environment_is_production_and_refuses() -> None:
    assert "SECRET_KEY" in last_line(start())


# --- secrets from files -------------------------------------------------------------------------------------------
def test_secrets_come_from_files_and_the_line_break_at_their_end_is_no_part_of_them(tmp_path: Path) -> None:
    key, url = tmp_path / "key", tmp_path / "url"
    key.write_text(KEY + "\n")
    url.write_text(SAFE["DATABASE_URL"] + "\n")
    environment = {name: SAFE[name] for name in ("ALLOWED_HOSTS", "SITE_URL")}
    result = run(
        "-c",
        "from cosn_site import settings as s; print(s.SECRET_KEY); print(s.DATABASES['default']['PASSWORD'])",
        **environment,
        SECRET_KEY_FILE=str(key),
        DATABASE_URL_FILE=str(url),
    )
    assert result.stdout.splitlines() == list(SECRETS)


def test_a_file_goes_before_the_variable(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY[::-1])
    result = run("-c", "from cosn_site import settings as s; print(s.SECRET_KEY)", **SAFE, SECRET_KEY_FILE=str(key))
    assert result.stdout.strip() == KEY[::-1]


@pytest.mark.parametrize("content", ["", "\n", "short\n"])
def test_a_secret_from_an_empty_or_short_file_is_refused_like_a_variable(tmp_path: Path, content: str) -> None:
    key = tmp_path / "key"
    key.write_text(content)
    result = start(**without("SECRET_KEY"), SECRET_KEY_FILE=str(key))
    assert result.returncode != 0
    assert "SECRET_KEY" in last_line(result)


# --- what production is -------------------------------------------------------------------------------------------
def test_the_check_for_deployment_is_clean_under_production_settings() -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "INFO", **on_a_server())
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_the_check_for_deployment_is_a_check_that_can_fail() -> None:
    environment = on_a_server() | {"SECURE_HSTS_SECONDS": "0"}
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **environment)
    assert result.returncode != 0
    assert "HSTS" in result.stderr


def test_production_settings_are_the_safe_ones() -> None:
    words = """
from django.conf import settings as s
from django.db import connection
print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SECURE_SSL_REDIRECT)
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SAMESITE)
print(s.SECURE_HSTS_SECONDS >= 31536000, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.X_FRAME_OPTIONS)
print(s.PASSWORD_HASHERS[0].rpartition(".")[2], connection.vendor)
"""
    assert run("-c", words, **SAFE, DJANGO_SETTINGS_MODULE="cosn_site.settings").stdout.splitlines() == [
        "False True True True True",
        "__Host-session __Host-csrf Lax",
        "True True DENY",
        "ScryptPasswordHasher postgresql",
    ]


def test_the_probes_answer_without_tls_and_everything_else_is_led_to_it() -> None:
    words = """
import django; django.setup()
from django.test import Client
for path, secure in (("/healthz", False), ("/privacy/", False), ("/healthz", True)):
    answer = Client(headers={"Host": "www.example.org"}).get(path, secure=secure)
    print(answer.status_code, answer.headers.get("Location"), answer.headers.get("Strict-Transport-Security"))
"""
    assert run("-c", words, **SAFE, DJANGO_SETTINGS_MODULE="cosn_site.settings").stdout.splitlines() == [
        "200 None None",
        "301 https://www.example.org/privacy/ None",
        "200 None max-age=31536000; includeSubDomains; preload",
    ]


# --- the demo -----------------------------------------------------------------------------------------------------
def test_the_demo_is_not_loaded_in_production() -> None:
    result = run("manage.py", "load_demo", **on_a_server())
    assert result.returncode != 0
    assert "DEBUG" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.django_db
def test_no_person_with_the_demo_password_comes_into_being_where_debug_is_off() -> None:
    with override_settings(DEBUG=False, TESTING=False), pytest.raises(CommandError):
        call_command("load_demo")
    assert not User.objects.exists()


def test_no_other_database_is_configured_anywhere() -> None:
    for path in (*ROOT.glob("cosn_site/*.py"), ROOT / "requirements.txt", ROOT / "pyproject.toml"):
        words = path.read_text(encoding="utf-8").lower()
        for other in ("backends.sqlite3", "mysqlclient", "backends.mysql", "backends.oracle"):
            assert other not in words, path
