"""All settings, in one file, from the environment. docs/operations.md lists every variable.

Without DEBUG=1 this is production, and an unsafe production does not start.
"""

import urllib.parse
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from cosn_site import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

# --- safety -----------------------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
TESTING = env.flag("TESTING")
_DEBUG_KEY = "only-for-development-" + "x" * 40
SECRET_KEY = env.text("SECRET_KEY", _DEBUG_KEY if DEBUG or TESTING else "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) is missing. Set it to 50 or more random characters.")
_weak = len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY == _DEBUG_KEY
if not (DEBUG or TESTING) and (_weak or SECRET_KEY.startswith("django-insecure-")):
    raise ImproperlyConfigured("SECRET_KEY is too weak. Set it to 50 or more random characters.")
if (DEBUG or TESTING) and env.flag("PRODUCTION"):
    _name = "DEBUG" if DEBUG else "TESTING"
    raise ImproperlyConfigured(f"{_name} and PRODUCTION are both set. Take {_name} out of a production environment.")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver" if DEBUG or TESTING else "")
if not ALLOWED_HOSTS or ("*" in ALLOWED_HOSTS and not (DEBUG or TESTING)):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the host names of this site, comma-separated, without '*'.")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", f"http://127.0.0.1:{env.number('PORT', 8000)}" if DEBUG or TESTING else "").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is missing. Set it to the public address, such as https://www.example.org.")

# --- applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "members",
    "forums",
    "reports",
    "store",
    "cosn_site",
    "cosn_site.apps.AssociationAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "django_tasks_db",
    "pgtrigger",
    "pghistory",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "cosn_site.middleware.permissions_policy",
    "cosn_site.middleware.own_not_found",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cosn_site.middleware.private_pages",
    "cosn_site.middleware.audit_context",
]

ROOT_URLCONF = "cosn_site.urls"
WSGI_APPLICATION = "cosn_site.wsgi.application"
FORM_RENDERER = "cosn_site.forms.SiteFormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["cosn_site.templatetags.site"],
        },
    }
]

# --- database, cache, files -------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
if not DATABASE_URL:
    raise ImproperlyConfigured("DATABASE_URL is missing. It looks like postgresql://user:password@host:5432/name.")
if urllib.parse.urlsplit(DATABASE_URL).scheme not in {"postgres", "postgresql"}:
    raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://. No other database is supported.")
DATABASES: dict[str, Any] = {
    "default": dict(
        dj_database_url.parse(DATABASE_URL, engine="cosn_site.database", conn_max_age=600, conn_health_checks=True),
        TEST={"NAME": env.text("TEST_DATABASE_NAME") or None},
    )
}
# unique all the same, and stricter: members.User has a constraint on the lower-case address
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Shared by all processes, so that a limit on tries counts once, not once a process.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # Django's 300 would let a flood push the counts of tries out
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "cosn_site.stylesheet.StylesheetFinder",  # the imports of site.css, written out
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = False

# How private files leave: `stream` by this process, `accel` by nginx in front, `presign` by the object store.
FILES_DELIVERY = env.choice("FILES_DELIVERY", "stream", ("stream", "accel", "presign"))
FILES_ROOT = Path(env.text("FILES_ROOT", str(VAR_DIR / "files")))
FILES_ACCEL_PREFIX = "/private-files/"  # the `internal` location in deploy/nginx.conf
FILES_PRESIGN_SECONDS = 60
_files_storage: dict[str, Any] = {
    "BACKEND": "cosn_site.storage.PrivateFileStorage",
    "OPTIONS": {"location": FILES_ROOT, "file_permissions_mode": 0o640},
}
if FILES_DELIVERY == "presign":
    _files_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.text("S3_BUCKET"),
            "endpoint_url": env.text("S3_ENDPOINT") or None,
            "region_name": env.text("S3_REGION", "us-east-1"),
            "access_key": env.text("S3_ACCESS_KEY") or None,
            "secret_key": env.text("S3_SECRET_KEY") or None,
            "default_acl": None,
            "querystring_auth": True,
            "querystring_expire": FILES_PRESIGN_SECONDS,
            "file_overwrite": False,
            "signature_version": "s3v4",
        },
    }
STORAGES = {
    "default": _files_storage,  # nothing is uploaded to a public place, not even by oversight
    "files": _files_storage,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
REPORT_MAX_BYTES = env.number("REPORT_MAX_BYTES", 50 * 1024 * 1024)
FILE_UPLOAD_HANDLERS = [
    "cosn_site.uploads.CappedUploadHandler",  # first, so that it can leave what is too large on the wire
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- people -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["members.sign_in.SignInBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "members:account"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "members.sign_in.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "members.forms.SignupForm"
ACCOUNT_FORMS = {  # the same forms, in our words
    "login": "members.sign_in_forms.LoginForm",
    "signup": "members.sign_in_forms.SignupForm",
    "add_email": "members.sign_in_forms.AddEmailForm",
    "change_email": "members.sign_in_forms.ChangeEmailForm",
    "change_password": "members.sign_in_forms.ChangePasswordForm",
    "set_password": "members.sign_in_forms.SetPasswordForm",
    "reset_password": "members.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "members.sign_in_forms.ResetPasswordKeyForm",
    "reauthenticate": "members.sign_in_forms.ReauthenticateForm",
    "request_login_code": "members.sign_in_forms.RequestLoginCodeForm",
    "confirm_login_code": "members.sign_in_forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "members.sign_in_forms.ConfirmEmailVerificationCodeForm",
    "confirm_password_reset_code": "members.sign_in_forms.ConfirmPasswordResetCodeForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # "your password was changed", to the address it was changed for
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
SESSION_ENGINE = "cosn_site.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30

# --- time and words ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["cosn_site.formats"]  # days as the site writes them, in the admin too
TIME_ZONE = "America/New_York"

# --- mail -------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "CoSN <membership@example.org>")
SERVER_EMAIL = env.text("SERVER_EMAIL", DEFAULT_FROM_EMAIL)
_MAIL_SERVICE = env.text("MAIL_BACKEND")  # such as anymail.backends.postmark.EmailBackend
if _MAIL_SERVICE:
    MAILERS: dict[str, Any] = {"default": {"BACKEND": _MAIL_SERVICE}}
    ANYMAIL = {
        name.removeprefix("ANYMAIL_"): env.text(name)
        for name in ("ANYMAIL_POSTMARK_SERVER_TOKEN", "ANYMAIL_MAILGUN_API_KEY", "ANYMAIL_SENDGRID_API_KEY")
        if env.text(name)
    }
elif DEBUG:  # development: each message is a file to open, under var/mail
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": VAR_DIR / "mail"},
        }
    }
else:
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {
                "host": env.text("SMTP_HOST", "localhost"),
                "port": env.number("SMTP_PORT", 587),
                "username": env.text("SMTP_USER"),
                "password": env.text("SMTP_PASSWORD"),
                "use_tls": env.flag("SMTP_TLS", default=True),
            },
        }
    }

# --- names ------------------------------------------------------------------------------------------------------
DNS_SERVERS = env.words("DNS_SERVERS")  # asked for the records that show a domain to be somebody's; none: the machine's

# --- background work --------------------------------------------------------------------------------------------
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "mail", "files"]}}

# --- security headers -------------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if not (DEBUG or TESTING):
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 365 * 24 * 60 * 60)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    if env.flag("BEHIND_PROXY", default=True):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# allauth's limits are per network address; this says how many proxies stand in front of us
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0 if DEBUG or TESTING else 1)

# --- logging ----------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"secrets": {"()": "cosn_site.logs.WithoutSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
