"""The words for the gate's answers: one panel a reason, the same on every page.

Decides nothing. Each panel says what holds, why (in the order the gate asked), and the next step.
"""

from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from cosn_site.clock import association_day
from store.access import Decision
from store.panels import allowed, refused
from store.panels.parts import Panel
from store.reasons import Reason

_PANELS = {
    Reason.PUBLIC: allowed.public,
    Reason.REGISTERED: allowed.registered,
    Reason.MEMBER: allowed.member,
    Reason.GRACE: allowed.grace,
    Reason.PROVISIONAL: allowed.provisional,
    Reason.PURCHASED: allowed.purchased,
    Reason.COMPLIMENTARY: allowed.complimentary,
    Reason.STAFF: allowed.given_by_staff,
    Reason.NOT_SIGNED_IN: refused.not_signed_in,
    Reason.NOT_VERIFIED: refused.not_verified,
    Reason.NOT_A_MEMBER: refused.not_a_member,
    Reason.LAPSED: refused.lapsed,
    Reason.NO_SEAT: refused.no_seat,
    Reason.EMBARGOED: refused.embargoed,
    Reason.NOT_PUBLISHED: refused.not_published,
    Reason.WITHDRAWN: refused.withdrawn,
}


def panel_for(decision: Decision, now: datetime) -> Panel:
    """The panel that explains this decision."""
    if decision.reason is Reason.STAFF and decision.grant is None:
        return allowed.staff(decision, now)
    panel = _PANELS[decision.reason](decision, association_day(now))
    return panel if decision.allowed else replace(panel, explained=_explained(decision))


def _explained(decision: Decision) -> str:
    return f"{reverse('store:why')}?{urlencode({'report': decision.report.slug})}"
