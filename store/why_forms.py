"""What somebody asks when they ask why."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms

from cosn_site.admin_fields import DayInput
from cosn_site.clock import association_day
from members.models import User
from reports.models import Report
from reports.shelf import find_report
from store.access import Viewer, decide
from store.reasons import Reason

NEAR_OFFERED = 5
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


class WhyForm(forms.Form):
    """A report, by its title or the last part of its address, and a day.

    Where nothing is found, `near` has the reports with what was typed in their title: pairs of a title and of the
    query that asks the same about that report.
    """

    report = forms.CharField(
        label="Report",
        max_length=300,
        help_text="Its title, or the last part of its address.",
        widget=forms.TextInput(attrs={"list": "reports-to-ask-about", "autocomplete": "off", "size": 60}),
        error_messages={"required": "Say which report."},
    )
    day = forms.CharField(
        label="Day",
        max_length=40,
        required=False,
        widget=DayInput,
        help_text="Any day, past or to come. Empty: today.",
    )

    def __init__(self, data: Any = None, *, viewer: Viewer, now: datetime, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.viewer, self.now = viewer, now
        self.near: list[tuple[str, str]] = []

    def clean_report(self) -> Report:
        """What does not exist for the viewer is not found, whatever day is asked about."""
        typed = self.cleaned_data["report"]
        report = find_report(typed)
        if report is None:
            slugs = Report.objects.filter(title__iexact=typed).order_by("pk").values_list("slug", flat=True)
            report = next((found for slug in slugs if (found := find_report(slug))), None)
        if report is None or not self._exists(report):
            self.near = list(self._near(typed))
            choose = "Choose one of those below, or copy" if self.near else "Copy"
            raise forms.ValidationError(
                f"There is no such report. {choose} its title, or what stands between the last two slashes of its "
                "address."
            )
        return report

    def _exists(self, report: Report) -> bool:
        return decide(self.viewer, report, self.now).reason is not Reason.NOT_PUBLISHED

    def _near(self, typed: str) -> Iterator[tuple[str, str]]:
        known = Report.objects.all() if self.viewer.is_staff else Report.objects.announced(self.now)
        found = known.filter(title__icontains=typed).select_related("current_edition", "series")
        others = {name: self.data.get(name, "") for name in self.fields if name != "report"}
        for report in found.order_by("-year", "title", "pk")[:NEAR_OFFERED]:
            if self._exists(report):
                yield report.title, urlencode({**others, "report": report.slug})

    def clean_day(self) -> date:
        typed = self.cleaned_data["day"].strip()
        if not typed:
            return association_day(self.now)
        try:
            day = date.fromisoformat(typed)
        except ValueError:
            # the browser's calendar shows nothing but a day; a plain box keeps what was typed
            self.fields["day"].widget = forms.TextInput()
            raise forms.ValidationError("This is no day. Write it as year-month-day, such as 2026-09-30.") from None
        if not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(f"Choose a day from {EARLIEST.year} to {LATEST.year}.")
        return day


class StaffWhyForm(WhyForm):
    """The same for any person."""

    person = forms.CharField(
        label="E-mail address of the person",
        max_length=254,
        widget=forms.EmailInput(attrs={"size": 40, "autocomplete": "off"}),
        error_messages={"required": "Say whom it is about."},
    )
    field_order = ("person", "report", "day")

    def clean_person(self) -> User:
        person = User.objects.filter(email__iexact=self.cleaned_data["person"].strip()).first()
        if person is None:
            raise forms.ValidationError("Nobody with this address has an account.")
        return person
