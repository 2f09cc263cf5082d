"""Scheduled work of memberships."""

from datetime import time

from django.utils import timezone

from cosn_site.jobs import every_day, job
from members.importing.retention import forget_old_imports
from members.renewals import send_due_notices


@every_day(at=time(7, 30))
@job()
def send_renewal_series() -> str:
    """Write and mail the renewal letters that are due by today. Safe to run twice."""
    return str(send_due_notices(by=None, now=timezone.now()))


@every_day(at=time(3, 20))
@job()
def forget_imports() -> str:
    """Delete the files and lines of imports from more than thirty days ago. Safe to run twice."""
    return f"{forget_old_imports(timezone.now())} forgotten."
