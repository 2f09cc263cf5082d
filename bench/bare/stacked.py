"""The bare views behind the product's own settings and middleware: what the stack costs before any view of ours."""

from cosn_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare.urls"
