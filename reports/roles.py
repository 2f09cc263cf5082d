"""The role of those who publish: what the group *Editors* may do, and that it exists wherever the site runs."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

EDITORS = "Editors"
# Reports, news and what they stand under. Nothing about members, money, or the newsletter's subscribers.
_WRITE = ("add", "change", "view")
_EDITED = (
    *("report", "edition", "newsitem", "coverage", "boilerplate", "presscontact"),
    *("series", "focusarea", "framework", "frameworkedition", "category", "skill", "takeaway"),
)
# What is not yet history may also go; the admin looks at each object before it lets one go.
_DELETED = (
    "report",
    "newsitem",
    "coverage",
    "series",
    "focusarea",
    "frameworkedition",
    "category",
    "skill",
    "takeaway",
)
_LOOKED_AT = (("forums", "view_forum"), ("forums", "view_forumseries"), ("forums", "view_sponsor"))
# Reports are written from what the tables of a forum wrote down, and from what its survey says.
_FROM_THE_ROOM = (
    *(("forums", f"{verb}_tablenote") for verb in (*_WRITE, "delete")),
    ("forums", "view_surveyresponse"),
)


def editor_permissions() -> list[tuple[str, str]]:
    """App and code name of each permission that editors have."""
    return [
        *(("reports", f"{verb}_{model}") for model in _EDITED for verb in _WRITE),
        *(("reports", f"delete_{model}") for model in _DELETED),
        ("reports", "publish_report"),
        *_LOOKED_AT,
        *_FROM_THE_ROOM,
    ]


def ensure_editors(**kwargs: Any) -> None:
    """Make the group *Editors* if it is not there, and give it what it lacks. Takes nothing away. Safe to run often.

    Runs after each `migrate`, once the permissions of all apps are there.
    """
    wanted = Q()
    for app, codename in editor_permissions():
        wanted |= Q(content_type__app_label=app, codename=codename)
    group, _ = Group.objects.get_or_create(name=EDITORS)
    group.permissions.add(*Permission.objects.filter(wanted))
