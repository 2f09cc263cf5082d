"""gunicorn's settings: `python -m gunicorn --config deploy/gunicorn.conf.py cosn_site.wsgi`.

Environment: WEB_BIND (default the socket that deploy/nginx.conf expects), WEB_CONCURRENCY (processes, default one a
core), WEB_THREADS (threads in each, default 4).

Every thread keeps a connection to PostgreSQL, so processes x threads must stay below its max_connections.
"""

import gc
import os
from typing import Any

bind = os.environ.get("WEB_BIND", "unix:/run/cosn/web.sock").split(",")
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 1)
# Threads, so that somebody who waits for the mail server or for a PDF to be set holds up nobody else.
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 4)
preload_app = True  # a mistake in the settings ends the start, not each worker in turn
timeout = 60
graceful_timeout = 20
keepalive = 75  # longer than nginx keeps an idle connection, so that it never sends into a closed one
control_socket_disable = True
umask = 0o007  # the socket is for nginx, which is in our group, and for nobody else


def when_ready(server: Any) -> None:
    """Before the workers are forked: import every view, so that a mistake ends the start and no visitor waits for it;
    then keep what lives for ever out of the sight of the garbage collector and in memory that the workers share."""
    from django.db import connections
    from django.urls import get_resolver

    get_resolver().reverse_dict  # noqa: B018 - reading it imports all of them
    connections.close_all()  # a connection must not be shared
    gc.collect()
    gc.freeze()
