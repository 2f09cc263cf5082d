"""What somebody asks when they ask why."""

from datetime import date, datetime
from typing import Any

from django import forms

from cosn_site.admin_fields import DayInput
from cosn_site.clock import association_day
from members.models import User
from reports.models import Report
from reports.shelf import find_report
from store.access import Viewer, decide
from store.reasons import Reason

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


class WhyForm(forms.Form):
    """A report, by its title or the last part of its address, and a day."""

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

    def clean_report(self) -> Report:
        """What does not exist for the viewer is not found, whatever day is asked about."""
        typed = self.cleaned_data["report"]
        report = find_report(typed)
        if report is None:
            slugs = Report.objects.filter(title__iexact=typed).order_by("pk").values_list("slug", flat=True)
            report = next((found for slug in slugs if (found := find_report(slug))), None)
        if report is None or decide(self.viewer, report, self.now).reason is Reason.NOT_PUBLISHED:
            raise forms.ValidationError(
                "There is no such report. Copy its title, or what stands between the last two slashes of its address."
            )
        return report

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
