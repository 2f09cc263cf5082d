"""Scheduled work of memberships."""
# FIXME for whoever wrote members/tasks.py: roster overwrote it at 23:14 by mistake, and put this back from
# members/renewals.py. Check the time of day and the names, add what else was here, and delete these two lines.

from datetime import time

from django.utils import timezone

from cosn_site.jobs import every_day, job
from members.renewals import send_due_notices


@every_day(at=time(7))
@job()
def send_renewal_notices() -> str:
    """Write and mail the renewal letters that are due by today. Safe to run twice."""
    return str(send_due_notices(by=None, now=timezone.now()))
