"""THE gate: who may have which report, and why.

The rule, in the order it is asked:

1. A report that is not published does not exist; a withdrawn one is gone; an embargoed one waits.
2. A report that is open to all is open to all.
3. Everything else wants a sign-in with a verified address (or a link that was granted). That suffices where the
   access is *registered*.
4. Members' reports open by the person's standing: member, provisional or grace.
5. They open by a grant: purchased, complimentary, or given by staff.
6. Otherwise the answer is no, with the reason that shows the way in: no seat, lapsed, not a member.
7. Whatever is refused by the above, the association's own staff may have.

Nothing is cached and nothing is stored: `viewer_for` reads the facts once a request, `decide` is pure. Every page that
shows access (report, catalog, refusal, account) shows the answer of `decide`; there is no second rule.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from cosn_site.clock import association_day
from cosn_site.prepared import Prepared
from members.holdings import holdings_of, read_holdings
from members.models import User
from members.standing import Holding, PersonStanding, Status, person_standing
from reports.models import Edition, Report
from reports.models.reports import State
from store.models import Grant
from store.reasons import Reason


@dataclass(frozen=True, slots=True)
class OpenGrant:
    """A grant that nobody has closed. It opens its report from `opened_at` until it expires."""

    id: int
    report_id: int
    kind: str
    opened_at: datetime
    expires_at: datetime | None = None

    def opens(self, report_id: int, now: datetime) -> bool:
        if self.report_id != report_id or now < self.opened_at:
            return False
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking, with all the facts the gate decides from. Signed out: no facts at all."""

    person_id: int | None = None
    is_staff: bool = False
    is_verified: bool = False
    holdings: tuple[Holding, ...] = ()
    grants: tuple[OpenGrant, ...] = ()

    @property
    def is_signed_in(self) -> bool:
        return self.person_id is not None


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer: one reason, and the facts behind it for whoever explains it."""

    reason: Reason
    report: Report
    standing: PersonStanding | None = None
    grant: OpenGrant | None = None

    @property
    def allowed(self) -> bool:
        return self.reason.allows

    @property
    def organization_id(self) -> int | None:
        """The organization through whose seat the report opens, for the ledger."""
        if self.standing and self.standing.holding and self.reason in _RIGHT_OF_STATUS.values():
            return self.standing.holding.organization_id
        return None


_RIGHT_OF_STATUS = {
    Status.ACTIVE: Reason.MEMBER,
    Status.GRACE: Reason.GRACE,
    Status.PROVISIONAL: Reason.PROVISIONAL,
}
_RIGHT_OF_GRANT = {
    Grant.Kind.PURCHASED: Reason.PURCHASED,
    Grant.Kind.COMPLIMENTARY: Reason.COMPLIMENTARY,
    Grant.Kind.STAFF: Reason.STAFF,
}
_REFUSAL_OF_STATE = {
    State.DRAFT: Reason.NOT_PUBLISHED,
    State.SCHEDULED: Reason.NOT_PUBLISHED,
    State.WITHDRAWN: Reason.WITHDRAWN,
    State.EMBARGOED: Reason.EMBARGOED,
}


def decide(viewer: Viewer, report: Report, now: datetime) -> Decision:
    """May this viewer have this report at this instant? Pure; see the rule at the head of this file."""
    decision = _decide(viewer, report, now)
    if viewer.is_staff and not decision.allowed:
        return Decision(Reason.STAFF, report, decision.standing)
    return decision


def _decide(viewer: Viewer, report: Report, now: datetime) -> Decision:
    state = report.state(now)
    if state is not State.OUT:
        return Decision(_REFUSAL_OF_STATE[state], report)
    if report.access == Report.Access.PUBLIC:
        return Decision(Reason.PUBLIC, report)
    if not viewer.is_signed_in:
        return _by_grant(viewer, report, now) or Decision(Reason.NOT_SIGNED_IN, report)
    if not viewer.is_verified:
        return Decision(Reason.NOT_VERIFIED, report)
    if report.access == Report.Access.REGISTERED:
        return Decision(Reason.REGISTERED, report)
    found = person_standing(viewer.holdings, association_day(now))
    return _by_standing(report, found) or _by_grant(viewer, report, now, found) or _refused_to_person(report, found)


def _by_standing(report: Report, found: PersonStanding) -> Decision | None:
    right = _RIGHT_OF_STATUS.get(found.standing.status)
    return Decision(right, report, found) if right else None


def _by_grant(viewer: Viewer, report: Report, now: datetime, found: PersonStanding | None = None) -> Decision | None:
    for grant in viewer.grants:
        if grant.opens(report.pk, now):
            return Decision(_RIGHT_OF_GRANT[Grant.Kind(grant.kind)], report, found, grant)
    return None


def _refused_to_person(report: Report, found: PersonStanding) -> Decision:
    if found.unseated:
        return Decision(Reason.NO_SEAT, report, found)
    if found.standing.status is Status.LAPSED:
        return Decision(Reason.LAPSED, report, found)
    return Decision(Reason.NOT_A_MEMBER, report, found)


def viewer_for(request: HttpRequest) -> Viewer:
    """Who is asking, read from the database once a request (one statement; none for those signed out)."""
    viewer: Viewer | None = getattr(request, "viewer", None)
    if viewer is None:
        viewer = read_viewer(request.user) if request.user.is_authenticated else Viewer()
        request.viewer = viewer  # type: ignore[attr-defined]
    return viewer


def read_viewer(person: User, at: datetime | None = None) -> Viewer:
    """The facts about a person as they stand in the database now.

    With `at`, seats and grants are those that were held at that instant; all else is as recorded now. For whoever
    explains an answer (`store.why`), never for the gate.
    """
    ((is_verified, holdings, grants),) = _facts(person.pk) if at is None else _facts_of(person.pk, at)
    return Viewer(
        person_id=person.pk,
        is_staff=person.is_staff,
        is_verified=is_verified,
        holdings=read_holdings(holdings),
        grants=tuple(_grant(row) for row in grants),
    )


def _facts_of(
    person_id: int, at: datetime | None = None
) -> QuerySet[User, tuple[bool, list[dict[str, Any]], list[dict[str, Any]]]]:
    still_open = Q(closed_at__isnull=True) if at is None else Q(closed_at__isnull=True) | Q(closed_at__gt=at)
    grants = Grant.objects.filter(still_open, person=person_id).order_by("kind", "pk")
    fact = JSONObject(id="pk", report_id="report_id", kind="kind", opened_at="opened_at", expires_at="expires_at")
    return User.objects.filter(pk=person_id).values_list(
        Exists(EmailAddress.objects.filter(user=person_id, verified=True, primary=True)),
        holdings_of(person_id, at),
        ArraySubquery(grants.values(fact=fact)),
    )


_facts = Prepared("facts_about_a_viewer", ["bigint"], _facts_of)


def _grant(row: dict[str, Any]) -> OpenGrant:
    expires_at = row["expires_at"]
    return OpenGrant(
        id=row["id"],
        report_id=row["report_id"],
        kind=row["kind"],
        opened_at=datetime.fromisoformat(row["opened_at"]),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
    )


class Refused(Exception):
    """The gate said no; `decision` says why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason.label)
        self.decision = decision


def open_edition(
    viewer: Viewer, report: Report, now: datetime, *, number: int | None = None
) -> tuple[Decision, Edition]:
    """The current edition, or the one of this number, if the gate allows the report: the only way to a file.

    Whoever may have a report may have all its editions that were ever out; staff may have the others too. Raises
    `Refused`, and `Edition.DoesNotExist` for a number that there is none of for this viewer.
    """
    decision = decide(viewer, report, now)
    if not decision.allowed or report.current_edition is None:
        raise Refused(decision if not decision.allowed else Decision(Reason.NOT_PUBLISHED, report))
    if number is None or number == report.current_edition.number:
        return decision, report.current_edition
    editions = report.editions.all() if viewer.is_staff else report.editions.once_out()
    return decision, editions.get(number=number)
