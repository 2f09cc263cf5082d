"""Two probes: alive, and able to serve."""

import os
from pathlib import Path

from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cosn_site.audience import machine


@machine
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@machine
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, migrations and file storage are there; otherwise 503 and which one is not."""
    checks = {"database": _database(), "migrations": False, "storage": _storage()}
    checks["migrations"] = checks["database"] and _migrations()
    ready = all(checks.values())
    words = {name: "ok" if fine else "failed" for name, fine in checks.items()}
    return JsonResponse({"status": "ready" if ready else "not ready", **words}, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _storage() -> bool:
    storage = storages["files"]
    try:
        if isinstance(storage, FileSystemStorage):
            return _is_usable(Path(storage.location))
        storage.exists("editions/ready")
    except Exception:  # noqa: BLE001 - each backend has errors of its own, and any of them means "not ready"
        return False
    return True


def _is_usable(folder: Path) -> bool:
    """It is there and can be written to, or it can be made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.R_OK | os.W_OK | os.X_OK)
