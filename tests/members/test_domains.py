"""E-mail domains: which may be an organization's own, how that is shown, and that nobody learns whose are known."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from members import dns_check, domains
from members.domain_names import NotADomain, PublicProvider, PublicSuffix, clean_domain, public_providers
from members.models import Domain, Membership, Organization
from members.requests import Way, offer_for
from tests import people
from tests.members.name_server import NameServer, name_server
from tests.members.post import deliver, link_in

NAME = "maplevalley.example"
PAGE = "/account/organization/maple-valley"


@pytest.fixture(autouse=True)
def _fresh_limits(request: pytest.FixtureRequest) -> None:
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        cache.clear()


@pytest.fixture
def dns(settings: Any) -> Iterator[NameServer]:
    with name_server() as server:
        settings.DNS_SERVERS = [server.address]
        yield server


def add(name: str = NAME, organization: Organization | None = None) -> Domain:
    people.contact()
    organization = organization or people.maple_valley().organization
    assert organization
    return domains.add_domain(organization=organization, name=name, by=people.contact(), now=timezone.now())


def elsewhere(name: str = NAME) -> Domain:
    """The domain, verified for another organization."""
    other = Organization.objects.create(name="Other Schools", slug="other", kind="district")
    domain = domains.add_domain(organization=other, name=name, by=None, now=timezone.now())
    domains.verify_by_staff(domain=domain, by=people.staff(), now=timezone.now())
    return domain


def check(domain: Domain) -> Domain:
    dns_check.look_for_record.call(domain.pk)
    domain.refresh_from_db()
    return domain


# --- names --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("maplevalley.example", "maplevalley.example"),
        (" @MapleValley.Example. ", "maplevalley.example"),
        ("somebody@staff.ternlake.example", "staff.ternlake.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("anoka.k12.mn.us", "anoka.k12.mn.us"),
        ("maplevalley.k12.mn.us", "maplevalley.k12.mn.us"),
    ],
)
def test_a_domain_is_kept_in_lower_case_as_the_dns_has_it(typed: str, name: str) -> None:
    assert clean_domain(typed) == name


@pytest.mark.parametrize(
    "typed",
    ["gmail.com", "Somebody@GMail.com", "yahoo.co.uk", "mail.outlook.com", "proton.me", "hotmail.com", "aol.com"],
)
def test_public_mail_providers_are_refused(typed: str) -> None:
    with pytest.raises(PublicProvider):
        clean_domain(typed)


@pytest.mark.parametrize("typed", ["k12.mn.us", "co.uk", "mn.us", "github.io", "k12.ca.us", "lib.mn.us"])
def test_suffixes_that_nobody_owns_are_refused(typed: str) -> None:
    with pytest.raises(PublicSuffix):
        clean_domain(typed)


@pytest.mark.parametrize(
    "typed", ["", "@", "example", "a..b", "192.168.0.1", "http://a.example/", "a b.example", "-a.example", "a" * 300]
)
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(NotADomain):
        clean_domain(typed)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_clean_domain_or_refused(typed: str) -> None:
    try:
        name = clean_domain(typed)
    except (NotADomain, PublicProvider, PublicSuffix):
        return
    assert clean_domain(name) == name == name.lower()
    assert name.isascii()


def test_the_list_of_providers_is_in_order_and_names_domains() -> None:
    assert len(public_providers()) > 150
    assert all("." in name and name == name.lower() for name in public_providers())


# --- by a DNS record ----------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_domain_is_verified_by_its_record_in_a_real_dns(dns: NameServer) -> None:
    domain = add()
    dns.records[NAME] = ["v=spf1 -all", domain.dns_value]
    check(domain)
    assert (domain.method, domain.verified_at is not None) == ("dns", True)
    assert dns.asked == [NAME]


@pytest.mark.django_db
@pytest.mark.parametrize("records", [None, [], ["v=spf1 -all"], ["cosn-domain=of-somebody-else"]])
def test_without_the_record_it_is_not_and_the_page_says_when_we_looked(
    dns: NameServer, records: list[str] | None
) -> None:
    domain = add()
    if records:
        dns.records[NAME] = records
    check(domain)
    assert domain.verified_at is None
    page = people.browser(people.contact()).get(f"{PAGE}/domains/{domain.pk}/").content.decode()
    assert "We looked for the record on" in page


@pytest.mark.django_db
def test_a_dns_that_does_not_answer_costs_a_bounded_time(dns: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_check, "SECONDS", 0.3)
    dns.silent = True
    domain = check(add())
    assert (domain.verified_at, domain.checked_at is not None) == (None, True)


@pytest.mark.django_db
def test_the_contact_has_us_look_in_the_background(dns: NameServer) -> None:
    domain, contact = add(), people.browser(people.contact())
    dns.records[NAME] = [domain.dns_value]
    response = contact.post(f"{PAGE}/domains/{domain.pk}/check/", follow=True)
    assert "We are looking" in response.content.decode()
    assert dns.asked == [], "not while the page waits"
    deliver()
    assert "Verified" in contact.get(f"{PAGE}/domains/{domain.pk}/").content.decode()


# --- by the postmaster --------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_domain_is_verified_by_its_postmaster_by_a_button() -> None:
    domain = add()
    people.browser(people.contact()).post(f"{PAGE}/domains/{domain.pk}/mail/")
    (message,) = deliver()
    assert message.to == [f"postmaster@{NAME}"]
    link = link_in(message)
    assert Client().get(link).status_code == 200
    domain.refresh_from_db()
    assert domain.verified_at is None, "opening the link does nothing"
    assert "Thank you" in Client().post(link).content.decode()
    domain.refresh_from_db()
    assert domain.method == "mail"


@pytest.mark.django_db
def test_the_postmasters_link_is_good_for_seven_days_and_a_newer_one_takes_its_place() -> None:
    domain = add()
    domains.mail_postmaster(domain=domain, by=None, now=timezone.now())
    (first,) = deliver()
    with pytest.raises(domains.TooSoon):
        domains.mail_postmaster(domain=domain, by=None, now=timezone.now())
    domains.mail_postmaster(domain=domain, by=None, now=timezone.now() + timedelta(hours=1))
    (second,) = deliver()
    assert Client().post(link_in(first)).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert Client().post(link_in(second)).status_code == 410
    domain.refresh_from_db()
    assert domain.verified_at is None


# --- nobody learns which are known --------------------------------------------------------------------------------
@pytest.mark.django_db
def test_adding_a_domain_of_another_organization_gets_the_same_answer_and_the_same_page() -> None:
    people.contact()
    elsewhere("known.example")
    contact, pages = people.browser(people.contact()), []
    for name in ("known.example", "new.example"):
        response = contact.post(f"{PAGE}/domains/add/", {"name": name}, follow=True)
        domain = Domain.objects.get(name=name, organization__slug="maple-valley")
        own = contact.get(f"{PAGE}/domains/{domain.pk}/")
        words = f"{response.redirect_chain} {response.content.decode()} {own.content.decode()}"
        for changing in (name, domain.dns_value, f"/domains/{domain.pk}/"):
            words = words.replace(changing, "…")
        pages.append("\n".join(line for line in words.splitlines() if "csrfmiddlewaretoken" not in line))
        domain.delete()
    assert pages[0] == pages[1]


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["dns", "mail"])
def test_a_domain_that_two_show_to_be_theirs_stays_where_it_is_and_staff_decide(way: str, dns: NameServer) -> None:
    people.contact()
    first, second = elsewhere(), add()
    if way == "dns":
        dns.records[NAME] = [second.dns_value]
        check(second)
    else:
        domains.mail_postmaster(domain=second, by=None, now=timezone.now())
        (message,) = deliver()
        assert "Thank you" in Client().post(link_in(message)).content.decode()
    second.refresh_from_db()
    assert second.verified_at is None
    (told,) = deliver()
    assert told.to == ["membership@example.org"]
    page = people.browser(people.contact()).get(f"{PAGE}/domains/{second.pk}/").content.decode()
    assert "Other Schools" not in page
    with pytest.raises(domains.VerifiedElsewhere, match="Other Schools"):
        domains.verify_by_staff(domain=second, by=people.staff(), now=timezone.now())
    domains.take_back_verification(domain=first, by=people.staff(), now=timezone.now())
    domains.verify_by_staff(domain=second, by=people.staff(), now=timezone.now())
    assert Domain.objects.get(verified_at__isnull=False) == second


@pytest.mark.django_db
def test_a_domain_that_is_not_verified_opens_no_seat_and_a_removed_one_no_longer() -> None:
    membership: Membership = people.maple_valley()
    membership.terms.update(seats=10)
    from tests.members.test_roster import works_by_domain

    assert membership.organization
    person = works_by_domain("ada", membership.organization)
    domain = Domain.objects.get()
    assert offer_for(membership=membership, person=person, now=timezone.now()).way is Way.TAKE
    domains.remove_domain(domain=domain, by=None, now=timezone.now())
    assert offer_for(membership=membership, person=person, now=timezone.now()).way is Way.NONE


@pytest.mark.django_db
def test_a_domain_is_listed_once_and_so_many_at_most() -> None:
    add()
    with pytest.raises(domains.AlreadyListed):
        add(NAME.upper())
    for number in range(domains.AT_MOST - 1):
        add(f"school{number}.example")
    with pytest.raises(domains.TooMany):
        add("one-more.example")


# --- staff --------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_staff_add_verify_and_take_back_on_the_pages_of_the_admin() -> None:
    organization = people.maple_valley().organization
    assert organization
    staff = people.browser(people.staff())
    staff.post(f"/admin/members/organization/{organization.pk}/do/add-domain/", {"add-domain-name": NAME})
    domain = Domain.objects.get(name=NAME)
    staff.post(f"/admin/members/domain/{domain.pk}/do/verify/")
    domain.refresh_from_db()
    assert (domain.method, domain.verified_by) == ("staff", people.staff())
    assert NAME in staff.get(f"/admin/members/organization/{organization.pk}/change/").content.decode()
    staff.post(f"/admin/members/domain/{domain.pk}/do/take-back/")
    domain.refresh_from_db()
    assert domain.verified_at is None


@pytest.mark.django_db
def test_staff_hand_the_role_of_primary_contact_on_in_the_admin() -> None:
    people.noseat()
    organization = people.maple_valley().organization
    assert organization
    where = f"/admin/members/organization/{organization.pk}/do/make-primary/"
    staff = people.browser(people.staff())
    assert staff.post(where, {"make-primary-email": "visitor@example.org"}).status_code == 422
    staff.post(where, {"make-primary-email": "member@example.org"})
    assert organization.contacts.get(is_primary=True).person == people.member()
