"""Form fields of the admin whose times are a named zone's, whatever zone the reader's session is in."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone

from cosn_site.clock import ASSOCIATION_ZONE

TYPED = "%Y-%m-%dT%H:%M"


class LocalDateTimeInput(forms.DateTimeInput):
    """One box with the browser's own calendar and clock."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format=TYPED)


class DayInput(forms.DateInput):
    """One box with the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class AssociationDateTimeField(forms.DateTimeField):
    """A time typed and shown in the association's zone; its help text says so."""

    widget = LocalDateTimeInput
    zone: tzinfo = ASSOCIATION_ZONE
    zone_in_words = "Eastern time (Washington, DC)."

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = LocalDateTimeInput  # the admin would split it into two boxes
        kwargs["help_text"] = f"{kwargs.get('help_text', '')} {self.zone_in_words}".strip()
        super().__init__(input_formats=[TYPED, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"], **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        with timezone.override(self.zone):
            return super().has_changed(initial, data)


class WallClockField(forms.DateTimeField):
    """A time as the clock on the wall shows it, in a zone that another field of the form names: `in_zone` adds it."""

    widget = LocalDateTimeInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = LocalDateTimeInput
        super().__init__(input_formats=[TYPED, "%Y-%m-%dT%H:%M:%S"], **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):  # a zone without changes of clocks takes any time there is
            found = super().to_python(value)
        return found.replace(tzinfo=None) if found else None

    def prepare_value(self, value: Any) -> Any:
        return value


def in_zone(wall_clock: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clock on the wall shows this. Raises ValidationError for a time that a change of clocks
    skips or has twice."""
    with timezone.override(zone):
        try:
            return from_current_timezone(wall_clock)
        except ValidationError as error:
            raise ValidationError(
                "The clocks change at that time, so it does not exist or exists twice. Choose another one."
            ) from error


class LinesField(forms.CharField):
    """A list of short texts, one on each line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})

    def __init__(self, *, each_at_most: int, **kwargs: Any) -> None:
        self.each_at_most = each_at_most
        kwargs["help_text"] = f"{kwargs.get('help_text', '')} One on each line.".strip()
        for unused in ("base_field", "max_length"):
            kwargs.pop(unused, None)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = value if isinstance(value, list) else (super().to_python(value) or "").splitlines()
        return [" ".join(line.split()) for line in lines if line.strip()]

    def validate(self, value: Any) -> None:
        super().validate(value)
        for line in value:
            if len(line) > self.each_at_most:
                raise ValidationError(f"Keep each line to {self.each_at_most} characters: “{line[:40]}…” is longer.")

    def run_validators(self, value: Any) -> None:
        for line in value:
            super().run_validators(line)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data or "") != (initial or [])
