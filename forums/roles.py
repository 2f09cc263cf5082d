"""The role of those who run forums: what the group *Forum hosts* may do, and that it exists wherever the site runs.

Hosts see the dietary and access needs that people told us, because they order the lunch. Other staff do not.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

HOSTS = "Forum hosts"
SEES_SENSITIVE_ANSWERS = "forums.view_sensitive_answers"
_WRITE = ("add", "change", "view")
_WRITTEN = (
    *("forum", "forumseries", "sponsor", "speaker", "session", "part"),
    *("material", "question", "paragraph", "tablenote"),
)
_DELETED = ("session", "part", "material", "question", "paragraph", "speaker", "sponsor", "tablenote")


def host_permissions() -> list[str]:
    """The code names of what hosts may do; all of them are about forums."""
    return [
        *(f"{verb}_{model}" for model in _WRITTEN for verb in _WRITE),
        *(f"delete_{model}" for model in _DELETED),
        *("view_registration", "change_registration", "view_certificate", "view_checkin", "view_surveyresponse"),
        *("check_in", "view_sensitive_answers"),
    ]


def ensure_hosts(**kwargs: Any) -> None:
    """Make the group if it is not there, and give it what it lacks. Takes nothing away. Safe to run often.

    Runs after each `migrate`, once the permissions of all apps are there.
    """
    group, _ = Group.objects.get_or_create(name=HOSTS)
    wanted = Q(content_type__app_label="forums", codename__in=host_permissions())
    group.permissions.add(*Permission.objects.filter(wanted))
