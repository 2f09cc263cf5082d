"""Seats, the line for them, and who is registered. The law is in `forums.allocation`; the database guards it here."""

from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from forums.models.forums import Forum
from members.models import Organization
from members.states import NAMES


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(condition=pgtrigger.AnyChange("capacity")))
class Seating(models.Model):
    """How many chairs a forum has, and how many are held. A forum without a row here takes no registrations.

    Whoever decides about a seat or a place in line holds the lock on this row. The counts are kept by the triggers of
    `Registration`; nothing else can write them.
    """

    forum = models.OneToOneField(Forum, on_delete=models.CASCADE, primary_key=True, related_name="seating")
    capacity = models.PositiveIntegerField()
    held = models.PositiveIntegerField(default=0, editable=False, help_text="Seats within the capacity.")
    extra = models.PositiveIntegerField(default=0, editable=False, help_text="Chairs brought in by an override.")
    waiting = models.PositiveIntegerField(default=0, editable=False)
    last_place = models.PositiveBigIntegerField(default=0, editable=False)
    handed_on_in = models.BigIntegerField(
        null=True, editable=False, help_text="The transaction in which somebody handed a seat on that nobody took yet."
    )

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="counts_follow_registrations",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                # At depth one a statement of somebody's came here directly; ours come from a registration's trigger.
                func="""
                    IF TG_OP = 'INSERT' THEN
                        IF (NEW.held, NEW.extra, NEW.waiting, NEW.last_place) <> (0, 0, 0, 0) THEN
                            RAISE EXCEPTION 'The counts of a forum begin at nothing.';
                        END IF;
                        NEW.handed_on_in := NULL;
                        SELECT  -- nothing, unless somebody takes the seating away and makes it anew
                            count(*) FILTER (WHERE state IN ('confirmed', 'offered') AND override_id IS NULL),
                            count(*) FILTER (WHERE state IN ('confirmed', 'offered') AND override_id IS NOT NULL),
                            count(*) FILTER (WHERE state = 'waiting'),
                            coalesce(max(place), 0)
                        INTO NEW.held, NEW.extra, NEW.waiting, NEW.last_place
                        FROM forums_registration WHERE forum_id = NEW.forum_id;
                    ELSIF pg_trigger_depth() < 2
                        AND (NEW.held, NEW.extra, NEW.waiting, NEW.last_place, NEW.forum_id, NEW.handed_on_in)
                            IS DISTINCT FROM
                            (OLD.held, OLD.extra, OLD.waiting, OLD.last_place, OLD.forum_id, OLD.handed_on_in)
                    THEN
                        RAISE EXCEPTION 'The counts of a forum are kept by its registrations.';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.held} of {self.capacity} seats"

    @property
    def free(self) -> int:
        """Chairs that nobody holds and no offer keeps."""
        return max(self.capacity - self.held, 0)

    @property
    def over(self) -> int:
        """How many more hold a seat than there are chairs, since the capacity was made smaller."""
        return max(self.held - self.capacity, 0)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Override(models.Model):
    """One chair more than the capacity, for one person, by staff, for a reason. Used once."""

    forum = models.ForeignKey(Forum, on_delete=models.PROTECT, related_name="overrides")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason")]

    def __str__(self) -> str:
        return f"One more chair for {self.person}: {self.reason}"


class Team(models.Model):
    """People of one district who registered together."""

    class Mode(models.TextChoices):
        TOGETHER = "together", "All of us or none"
        AS_MANY_AS_FIT = "as_many", "As many of us as fit"

    forum = models.ForeignKey(Forum, on_delete=models.PROTECT, related_name="teams")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=8, choices=Mode)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"The team of {self.lead}"


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Adjectives of registrations."""

    def holding(self) -> Self:
        """Those that hold a seat: confirmed, or kept by an offer."""
        return self.filter(state__in=Registration.HOLDING)

    def confirmed(self) -> Self:
        return self.filter(state=Registration.State.CONFIRMED)

    def in_line(self) -> Self:
        """Those that wait, the first in line at the head."""
        return self.filter(state=Registration.State.WAITING).order_by("place")

    def alive(self) -> Self:
        """Those that hold a seat or wait for one."""
        return self.filter(state__in=Registration.ALIVE)


@pghistory.track()
class Registration(models.Model):
    """One person at one forum: with a numbered seat, or with a place in line, or no longer.

    There is one row for a person and a forum; whoever comes back later gets the same row with a new place. Setting
    `state` is enough: the database gives the lowest free seat number or the next place in line, and refuses a seat
    that is not there.
    """

    class State(models.TextChoices):
        CONFIRMED = "confirmed", "Registered"
        OFFERED = "offered", "Seat offered"
        WAITING = "waiting", "On the waitlist"
        CANCELLED = "cancelled", "Cancelled"
        LAPSED = "lapsed", "Offer not answered"
        HANDED_ON = "handed_on", "Handed to a colleague"

    HOLDING = (State.CONFIRMED, State.OFFERED)
    ALIVE = (State.CONFIRMED, State.OFFERED, State.WAITING)

    forum = models.ForeignKey(
        Forum,
        on_delete=models.PROTECT,
        related_name="registrations",
        db_index=False,  # `one_registration_per_person` begins with it
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State)
    seat_number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    place = models.PositiveBigIntegerField(
        null=True, blank=True, editable=False, help_text="When they came into the line: lower was earlier."
    )
    offer_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    takes_seat_at_once = models.BooleanField(
        default=False, help_text="A seat that becomes free is theirs without being asked."
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="registrations")
    override = models.OneToOneField(
        Override, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="registration"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    organization_name = models.CharField("district or organization", max_length=160, blank=True)
    title = models.CharField("position", max_length=120, blank=True)
    us_state = models.CharField("state", max_length=2, blank=True, choices=NAMES)
    ticket = models.CharField(max_length=16, editable=False, help_text="In the QR code; opens a door only.")
    registered_at = models.DateTimeField(editable=False)
    settled_at = models.DateTimeField(editable=False, help_text="Since when it is in this state.")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it ended, when somebody said.")
    revision = models.PositiveIntegerField(default=0, editable=False)
    surveyed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ["forum", "pk"]
        indexes = [
            models.Index(fields=["forum", "place"], condition=Q(state="waiting"), name="the_line_of_a_forum"),
            models.Index(fields=["offer_expires_at"], condition=Q(state="offered"), name="offers_by_deadline"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["forum", "person"],
                name="one_registration_per_person",
                deferrable=models.Deferrable.IMMEDIATE,  # so that two rows can change hands in one statement
            ),
            models.UniqueConstraint(fields=["ticket"], name="tickets_are_unique"),
            models.UniqueConstraint(
                fields=["forum", "seat_number"], condition=Q(seat_number__isnull=False), name="one_holder_per_seat"
            ),
            models.UniqueConstraint(
                fields=["forum", "place"], condition=Q(place__isnull=False), name="one_person_per_place"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["confirmed", "offered"], seat_number__gte=1)
                | Q(state__in=["waiting", "cancelled", "lapsed", "handed_on"], seat_number__isnull=True),
                name="who_holds_a_seat_has_its_number",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["waiting", "offered"]) | Q(place__isnull=False), name="who_waits_has_a_place"
            ),
            models.CheckConstraint(
                condition=Q(state="offered", offer_expires_at__isnull=False)
                | ~Q(state="offered") & Q(offer_expires_at__isnull=True),
                name="an_offer_has_a_deadline",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_number_or_a_place",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("forum_id", "person_id", "state", "seat_number", "place", "override_id"),
                declare=[("held", "boolean"), ("highest", "integer"), ("chairs", "integer")],
                func="""
                    held := FALSE;
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.forum_id <> OLD.forum_id THEN
                            RAISE EXCEPTION 'A registration stays with its forum.';
                        END IF;
                        held := OLD.state IN ('confirmed', 'offered');
                    END IF;
                    IF NEW.state NOT IN ('confirmed', 'offered') THEN
                        NEW.seat_number := NULL;
                        NEW.override_id := NULL;
                    END IF;
                    IF NEW.override_id IS NOT NULL
                        AND (TG_OP = 'INSERT' OR OLD.override_id IS DISTINCT FROM NEW.override_id)
                    THEN
                        UPDATE forums_override SET used_at = statement_timestamp()
                        WHERE id = NEW.override_id AND used_at IS NULL
                            AND forum_id = NEW.forum_id AND person_id = NEW.person_id;
                        IF NOT FOUND THEN
                            RAISE EXCEPTION 'This override is for somebody else, or was used.'
                                USING ERRCODE = 'check_violation';
                        END IF;
                    END IF;
                    IF NEW.state IN ('confirmed', 'offered') AND NOT held AND NEW.seat_number IS NULL THEN
                        SELECT seating.held + seating.extra INTO chairs
                            FROM forums_seating seating WHERE forum_id = NEW.forum_id FOR UPDATE;
                        SELECT max(seat_number) INTO highest
                            FROM forums_registration WHERE forum_id = NEW.forum_id AND seat_number IS NOT NULL;
                        IF highest IS NULL THEN
                            NEW.seat_number := 1;
                        ELSIF highest = chairs THEN  -- nobody in between has left
                            NEW.seat_number := highest + 1;
                        ELSE
                            SELECT min(number) INTO NEW.seat_number FROM generate_series(1, highest + 1) number
                            WHERE NOT EXISTS (
                                SELECT FROM forums_registration
                                WHERE forum_id = NEW.forum_id AND seat_number = number
                            );
                        END IF;
                    END IF;
                    -- Whoever comes into the line comes at its end, but for a place that is handed on.
                    IF NEW.state = 'waiting' AND (
                        NEW.place IS NULL
                        OR TG_OP = 'UPDATE' AND OLD.state <> 'waiting' AND NEW.place IS NOT DISTINCT FROM OLD.place
                    ) THEN
                        UPDATE forums_seating SET last_place = last_place + 1
                            WHERE forum_id = NEW.forum_id RETURNING last_place INTO NEW.place;
                    ELSIF NEW.place IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.place IS DISTINCT FROM OLD.place)
                        AND NEW.place > (SELECT last_place FROM forums_seating WHERE forum_id = NEW.forum_id)
                    THEN
                        RAISE EXCEPTION 'Nobody has been given this place in line yet.'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="no_seat_beyond_capacity",
                when=pgtrigger.After,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("state", "seat_number", "override_id")
                | pgtrigger.Delete,
                declare=[
                    *(("d_held", "integer"), ("d_extra", "integer"), ("d_waiting", "integer")),
                    *(("of", "bigint"), ("ours", "bigint := pg_current_xact_id()::text::bigint")),
                ],
                # A seat that is handed on can be taken in the same transaction also where the forum is over.
                func="""
                    d_held := 0; d_extra := 0; d_waiting := 0;
                    IF TG_OP <> 'INSERT' THEN
                        of := OLD.forum_id;
                        d_held := - (OLD.state IN ('confirmed', 'offered') AND OLD.override_id IS NULL)::integer;
                        d_extra := - (OLD.state IN ('confirmed', 'offered') AND OLD.override_id IS NOT NULL)::integer;
                        d_waiting := - (OLD.state = 'waiting')::integer;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        of := NEW.forum_id;
                        d_held := d_held
                            + (NEW.state IN ('confirmed', 'offered') AND NEW.override_id IS NULL)::integer;
                        d_extra := d_extra
                            + (NEW.state IN ('confirmed', 'offered') AND NEW.override_id IS NOT NULL)::integer;
                        d_waiting := d_waiting + (NEW.state = 'waiting')::integer;
                    END IF;
                    IF (d_held, d_extra, d_waiting) = (0, 0, 0) THEN
                        RETURN NULL;
                    END IF;
                    UPDATE forums_seating
                        SET held = held + d_held, extra = extra + d_extra, waiting = waiting + d_waiting,
                            handed_on_in = CASE
                                WHEN d_held < 0 AND TG_OP = 'UPDATE' AND NEW.state = 'handed_on' THEN ours
                                WHEN d_held <= 0 THEN handed_on_in
                            END
                        WHERE forum_id = of AND (d_held <= 0 OR held + d_held <= capacity OR handed_on_in = ours);
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'Every seat of this forum is taken.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_seat_beyond_capacity';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} at {self.forum}"

    @property
    def holds_a_seat(self) -> bool:
        return self.state in self.HOLDING

    @property
    def is_alive(self) -> bool:
        """Whether it holds a seat or waits for one."""
        return self.state in self.ALIVE

    @property
    def district(self) -> str:
        """Where they work: an organization that we know, or the name that was typed; empty where nobody said."""
        return str(self.organization or self.organization_name)

    @property
    def calendar_sequence(self) -> int:
        """The SEQUENCE of its calendar entry: it rises with each change of the forum and of the registration."""
        return self.revision + self.forum.revision


class Answer(models.Model):
    """What somebody answered at registration. Has no history on purpose: what is erased is gone."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey("forums.Question", on_delete=models.PROTECT, related_name="answers")
    value = models.TextField(blank=True, help_text="Several choices stand in a line each.")

    class Meta:
        ordering = ["question__position", "question"]
        constraints = [models.UniqueConstraint(fields=["registration", "question"], name="one_answer_per_question")]
        permissions = [("view_sensitive_answers", "Can see dietary and access needs")]

    def __str__(self) -> str:
        return f"An answer to “{self.question}”"


class Skip(models.Model):
    """Somebody in line was passed over: by whom, when, and why. Never changed."""

    class Reason(models.TextChoices):
        TEAM_TOO_LARGE = "team_too_large", "The team stays together and there were fewer free seats than it needs"
        OVERRIDE = "override", "Staff brought in a chair for somebody else"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="skips")
    in_favor_of = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=14, choices=Reason)
    free_seats = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        triggers = [pgtrigger.Protect(name="written_once", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.registration} was passed over: {self.get_reason_display()}"
