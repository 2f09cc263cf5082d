"""Steps on a forum's seats as buttons: how many there are, one chair more for somebody, and the forum that is off."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms

from cosn_site.model_admin import ObjectForm, Verb, step
from cosn_site.verbs import StepRefused
from forums.allocation import foresee, gives_seats, offer_until
from forums.announcing import cancel_forum
from forums.capacity import MOST_SEATS, CapacityWrong, resize
from forums.models import Forum, Registration, Seating
from forums.registrants import details_for
from forums.registrations import AlreadyRegistered, admit_beyond_capacity
from members.addresses import person_at

MAY_RUN = "forums.change_forum"
MAY_SEAT = "forums.change_registration"


class SameCapacity(StepRefused):
    sentence = "It has as many seats as that already."


class CapacityForm(ObjectForm):
    """How many seats there are."""

    capacity = forms.IntegerField(label="Seats", min_value=1, max_value=MOST_SEATS)

    def __init__(self, *args: Any, obj: Forum, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        seating = seating_of(obj)
        if seating is not None:
            self.initial["capacity"] = seating.capacity


def seating_of(forum: Forum) -> Seating | None:
    """The seats of a forum, as they are now."""
    return Seating.objects.select_related("forum").filter(pk=forum.pk).first()


def _foretell_resize(forum: Forum, cleaned: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    """What another capacity would bring, in words."""
    capacity = cleaned["capacity"]
    if not 1 <= capacity <= MOST_SEATS:
        raise CapacityWrong
    seating = seating_of(forum)
    if seating is None:
        yield "Seats", f"{capacity:,}. Registration begins at the time that is set."
        return
    if capacity == seating.capacity:
        raise SameCapacity
    yield "Seats", f"{capacity:,} instead of {seating.capacity:,}; {seating.held:,} are held"
    served = foresee(seating, capacity, now)
    people = sum(one.party.size for one in served)
    if people:
        at_once = offer_until(now, starts_at=forum.starts_at, hours=forum.offer_hours) is None
        what = "get a seat at once" if at_once else "get an offer"
        one = what.replace("get", "gets")
        rest = seating.waiting - people
        still = f"{rest:,} still {'waits' if rest == 1 else 'wait'}" if rest else "and nobody waits any longer"
        yield "The line", f"{people:,} more {what if people > 1 else one}, {still}"
    elif capacity > seating.capacity:
        yield "The line", "Nobody gets a seat by it now." if seating.waiting else "Nobody waits."
    over = max(seating.held - capacity, 0)
    if over:
        are = "is" if over == 1 else "are"
        yield "Too many", f"{over:,} {are} over. Nobody loses a seat; none is given until as many have left."


def _foretell_cancelling(forum: Forum, cleaned: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    told = Registration.objects.alive().filter(forum=forum, person__is_active=True).count()
    yield "The forum", "does not take place. Its page stays and says so. This cannot be taken back."
    yield "Who is told", f"{told:,} {'person' if told == 1 else 'people'}, and it leaves their calendars"


class BringInForm(forms.Form):
    """Whom, and why one chair more."""

    email = forms.CharField(
        label="E-mail address",
        validators=[forms.EmailField.default_validators[0]],
        widget=forms.EmailInput(attrs={"size": 40, "autocomplete": "off"}),
        help_text="Somebody new gets an account by it.",
    )
    name = forms.CharField(label="Name", max_length=120)
    reason = forms.CharField(
        label="Why one chair more is brought in",
        max_length=300,
        widget=forms.TextInput(attrs={"size": 70}),
        help_text="It stays on record with your name, and beside everyone in line who is passed over.",
    )


def _bring_in(forum: Forum, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
    person = person_at(email=cleaned["email"], name=cleaned["name"], by=by)
    if not person.is_active:
        raise AlreadyRegistered("This account is switched off. Switch it on first.")
    details = details_for(person)
    return admit_beyond_capacity(forum=forum, person=person, details=details, reason=cleaned["reason"], by=by, now=now)


def _may_take_place(forum: Forum, now: datetime) -> bool:
    return forum.status == Forum.Status.PUBLISHED and now < forum.ends_at


def _may_be_full(forum: Forum, now: datetime) -> bool:
    seating = seating_of(forum)
    return seating is not None and _may_take_place(forum, now) and not (seating.free and gives_seats(forum, now))


VERBS = (
    Verb(
        name="resize",
        label="Set the number of seats",
        run=step(resize, forum="object", capacity="capacity"),
        done="The number of seats is set.",
        permission=MAY_RUN,
        offered=lambda forum, now: forum.status != Forum.Status.CANCELLED and now < forum.ends_at,
        form=CapacityForm,
        preview=_foretell_resize,
        preview_label="Show what follows",
    ),
    Verb(
        name="bring-in",
        label="Bring in somebody beyond capacity",
        run=_bring_in,
        done="They have a chair of their own, and are told.",
        permission=MAY_SEAT,
        offered=_may_be_full,
        form=BringInForm,
        caution="Every seat is taken. This brings in one chair more for one person; who waits is passed over.",
    ),
    Verb(
        name="cancel",
        label="Cancel this forum",
        run=step(cancel_forum, forum="object"),
        done="The forum is cancelled, and everyone who was registered is told.",
        permission=MAY_RUN,
        offered=_may_take_place,
        preview=_foretell_cancelling,
        preview_label="Show who is told",
        caution="Everyone who is registered or waits gets a mail, and the forum leaves their calendars.",
        is_grave=True,
    ),
)
