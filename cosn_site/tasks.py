"""The house keeps itself clean: rows that nobody needs any more."""

from datetime import time, timedelta
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs import every, every_day, job
from cosn_site.models import ScheduledJob

KEPT_FOR = timedelta(days=30)


@every_day(at=time(3, 10))
@job()
def remove_finished_tasks() -> str:
    """Finished and failed tasks of more than 30 days ago, and schedules that the code has not had for as long."""
    before = timezone.now() - KEPT_FOR
    removed, _ = DBTaskResult.objects.finished().filter(finished_at__lt=before).delete()
    # a job that was declared but never due since then would only come back and be enqueued once more
    ScheduledJob.objects.filter(enqueued_at__lt=before).delete()
    return f"Removed {removed} finished tasks."


@every_day(at=time(3, 20))
@job()
def remove_expired_sessions() -> str:
    """Sessions that have run out, and what was noted of them: network address and browser are personal data."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    # the note is written a moment before its session may be, so a young one is left alone
    settled = Q(created_at__lt=timezone.now() - timedelta(days=1))
    removed, _ = UserSession.objects.filter(settled).exclude(session_key__in=Session.objects.values("pk")).delete()
    return f"Removed expired sessions; {removed} of them had been somebody's."


@every(minutes=60)
@job()
def remove_expired_cache_rows() -> str:
    """Django's database cache drops a row only when it is asked for or when the table is full."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < now()")  # noqa: S608 - the name is a setting of ours
        return f"Removed {cursor.rowcount} cache rows."
