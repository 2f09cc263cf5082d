"""The association's admin: Django's own, with our name, grouped by what staff come to do, closed to anyone else."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

# What staff come to do, and the models they do it with. What no group names stands in the last one.
TASKS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("publish", "Publish", ("reports.Report", "reports.NewsItem", "reports.Coverage")),
    (
        "library",
        "Arrange the library",
        ("reports.Series", "reports.FocusArea", "reports.Framework", "reports.Category", "reports.Skill"),
    ),
    ("press", "Speak to the press", ("reports.PressContact", "reports.Boilerplate")),
    (
        "forums",
        "Run forums",
        (
            *("forums.Forum", "forums.Registration", "forums.Session", "forums.Speaker"),
            *("forums.ForumSeries", "forums.Sponsor", "forums.Certificate"),
        ),
    ),
    (
        "membership",
        "Look after members",
        (
            *("members.Organization", "members.Membership", "members.Term", "members.Seat", "members.Plan"),
            *("members.Domain", "members.ExemptionCertificate"),
            "members.RenewalNotice",
            "members.ImportBatch",
            "members.Merge",
        ),
    ),
    ("access", "Give and follow access", ("store.Grant", "store.Download")),
    ("newsletter", "Send the newsletter", ("reports.Subscriber", "reports.ConsentText")),
    ("people", "People and roles", ("members.User", "auth.Group", "account.EmailAddress")),
)
THE_REST = ("rest", "Keep it running")


class AssociationAdminSite(admin.AdminSite):
    site_header = "Knowledge center: staff"
    site_title = "Knowledge center"
    index_title = "What would you like to do?"
    index_template = "admin/staff_index.html"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        # Nothing is deleted by the dozen: what may go at all goes from its own page.
        self.disable_action("delete_selected")

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """One sign-in for everyone: the site's own, with its limits and its second ways in."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models this person may open, by task; for one app's own page as Django has it."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        models = {
            f"{app['app_label']}.{model['object_name']}": model
            for app in super().get_app_list(request)
            for model in app["models"]
        }
        return list(_by_task(models))


def _by_task(models: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for label, name, members in TASKS:
        found = [models.pop(member) for member in members if member in models]
        if found:
            yield _group(label, name, found)
    if models:
        yield _group(*THE_REST, list(models.values()))


def _group(label: str, name: str, models: list[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "app_label": label,
        "app_url": f"{reverse('admin:index')}#{label}",
        "has_module_perms": True,
        "models": models,
    }
