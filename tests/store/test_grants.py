"""The verbs on grants, and what the gate makes of them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pghistory.models import Events

from cosn_site.verbs import ReasonMissing
from store import grants
from store.access import decide, read_viewer
from store.models import Grant
from store.reasons import Reason
from tests import people, shelf

pytestmark = pytest.mark.django_db


def reason_for(who: object, report: object) -> Reason:
    return decide(read_viewer(who), report, timezone.now()).reason  # type: ignore[arg-type]


def give(**more: object) -> Grant:
    given = {
        "report": more.pop("report", None) or shelf.report(),
        "person": people.visitor(),
        "kind": Grant.Kind.COMPLIMENTARY,
        "by": None,
        "now": timezone.now(),
    }
    return grants.give(**{**given, **more})  # type: ignore[arg-type]


def test_a_grant_opens_its_report_to_its_person_and_to_nobody_else() -> None:
    report, other = shelf.report(), shelf.report("another-report")
    assert reason_for(people.visitor(), report) is Reason.NOT_A_MEMBER
    give(report=report)
    assert reason_for(people.visitor(), report) is Reason.COMPLIMENTARY
    assert reason_for(people.visitor(), other) is Reason.NOT_A_MEMBER
    assert reason_for(people.lapsed(), report) is Reason.LAPSED


def test_a_revoked_grant_opens_nothing_from_that_instant_and_stays_in_the_record() -> None:
    report = shelf.report()
    grant = give(report=report)
    assert reason_for(people.visitor(), report) is Reason.COMPLIMENTARY
    grants.revoke(grant=grant, reason="Given by mistake.", by=None, now=timezone.now())
    assert reason_for(people.visitor(), report) is Reason.NOT_A_MEMBER
    assert Grant.objects.get().closed_reason == "Given by mistake."


def test_a_grant_ends_when_it_was_to_end() -> None:
    report, now = shelf.report(), timezone.now()
    give(report=report, expires_at=now + timedelta(hours=1))
    viewer = read_viewer(people.visitor())
    assert decide(viewer, report, now + timedelta(minutes=59)).reason is Reason.COMPLIMENTARY
    assert decide(viewer, report, now + timedelta(hours=1)).reason is Reason.NOT_A_MEMBER


def test_the_same_grant_is_not_given_twice_while_it_is_open() -> None:
    report = shelf.report()
    grant = give(report=report)
    with pytest.raises(grants.AlreadyGranted):
        give(report=report)
    grants.revoke(grant=grant, reason="A mistake.", by=None, now=timezone.now())
    assert give(report=report).pk != grant.pk


def test_a_grant_does_not_end_before_it_opens() -> None:
    with pytest.raises(grants.EndsBeforeItOpens):
        give(expires_at=timezone.now() - timedelta(seconds=1))
    assert not Grant.objects.exists()


def test_a_grant_is_revoked_once_and_with_a_reason() -> None:
    grant = give()
    with pytest.raises(ReasonMissing, match="Say why the grant is revoked"):
        grants.revoke(grant=grant, reason=" ", by=None, now=timezone.now())
    grants.revoke(grant=grant, reason="A mistake.", by=None, now=timezone.now())
    with pytest.raises(grants.AlreadyClosed):
        grants.revoke(grant=grant, reason="Again.", by=None, now=timezone.now())


def test_of_a_link_only_its_hash_is_kept() -> None:
    now = timezone.now()
    grant, secret = grants.give_link(
        report=shelf.report(), note="A paper", expires_at=now + timedelta(days=7), by=None, now=now
    )
    assert grant.person is None
    assert grant.link_hash == grants.hash_of_link(secret)
    assert secret not in str(Grant.objects.values().get())


def test_two_links_are_never_the_same() -> None:
    now, report = timezone.now(), shelf.report()
    links = {grants.give_link(report=report, expires_at=None, by=None, now=now)[1] for _ in range(3)}
    assert len(links) == 3


def test_the_audit_trail_names_who_gave_and_who_revoked() -> None:
    clerk = people.staff()
    grant = give(by=clerk)
    grants.revoke(grant=grant, reason="A mistake.", by=clerk, now=timezone.now())
    contexts = [event.pgh_context for event in Events.objects.tracks(grant).order_by("pgh_id")]
    assert [(context["verb"], context["user"]) for context in contexts if context] == [
        ("give_grant", clerk.pk),
        ("revoke_grant", clerk.pk),
    ]
    assert grant.given_by == clerk
