"""The member directory: for members only, by their own choice, field by field, and never all at once."""

import re
from datetime import date, timedelta
from html import unescape
from random import Random
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pghistory.models import Events

from cosn_site.clock import association_day
from members import directory
from members.directory import Choices
from members.models import Contact, DirectoryEntry, Membership, Organization, Seat, Term, User
from members.seats import take_seat
from tests import people
from tests.site.test_hostile_words import HOSTILE, caught
from tests.store.asking import ask

pytestmark = pytest.mark.django_db

ADDRESS, MINE = "/membership/directory/", "/account/directory/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def words(html: bytes) -> str:
    main = html.decode().partition('<main id="main">')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def opened(who: User, path: str = ADDRESS, status: int = 200) -> str:
    answer = ask(people.browser(who), path)
    assert answer.status == status
    return words(answer.body)


def be_listed(who: User, **chosen: object) -> DirectoryEntry:
    choices = Choices(**chosen)  # type: ignore[arg-type]
    return directory.list_person(person=who, choices=choices, by=who, now=timezone.now(), today=people.today())


def names(**search: str) -> list[str]:
    return [person.name for person in directory.search(people.today(), **search)]


# --- who may read -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "is_open"),
    [
        ("member", True),
        ("contact", True),
        ("grace", True),
        ("provisional", True),
        ("noseat", False),
        ("lapsed", False),
        ("upcoming", False),
        ("visitor", False),
        ("purchase", False),
        ("staff", False),
        ("editor", False),
    ],
)
def test_the_directory_is_open_to_members_and_tells_others_why_not(who: str, is_open: bool) -> None:
    member, reader = people.member(), people.CAST[who]()
    assert reader is not None
    be_listed(member, about="Maps of the wiring")
    page = opened(reader)
    assert ("Maps of the wiring" in page) is is_open
    assert ("The directory is for members" in page) is not is_open
    if not is_open:
        assert "See where you stand" in page
        assert "Jordan" not in opened(reader, f"{ADDRESS}?person={member.pk}")


def test_the_signed_out_are_led_to_the_sign_in_and_an_unverified_address_opens_nothing() -> None:
    unverified = people.unverified()
    people.sit(unverified, people.maple_valley(), number=2)
    be_listed(people.contact(), about="Maps")
    assert "The directory is for members" in opened(unverified)
    assert ask(Client(), ADDRESS).headers["Location"].startswith("/accounts/login/?next=")


# --- who is listed ----------------------------------------------------------------------------------------------------
def test_nobody_is_listed_without_asking_to_be() -> None:
    member = people.member()
    people.contact()
    assert "Nobody is listed yet" in opened(member)
    be_listed(member)
    assert names() == ["Jordan Whitfield"]


def test_whoever_loses_their_seat_is_gone_at_once_and_back_with_the_next_one() -> None:
    member = people.member()
    be_listed(member)
    take_seat(seat=member.seat_rows.get(), by=None, now=timezone.now())
    assert names() == []
    assert directory.card_of(member.pk, people.today()) is None
    people.sit(member, people.maple_valley(), number=2)
    assert names() == ["Jordan Whitfield"]


def test_an_account_that_is_switched_off_or_without_a_name_is_not_listed() -> None:
    member, contact = people.member(), people.contact()
    be_listed(member)
    be_listed(contact)
    User.objects.filter(pk=member.pk).update(is_active=False)
    User.objects.filter(pk=contact.pk).update(name="")
    assert names() == []


@pytest.mark.parametrize("seed", range(3))
def test_the_list_is_who_the_rule_says_whatever_terms_seats_and_benefits_there_are(seed: int) -> None:
    dice, today = Random(seed), people.today()  # noqa: S311 - a game, played again alike
    _random_world(dice, today)
    found = set(directory.listed(today).values_list("pk", flat=True))
    by_the_rule = {
        person.pk for person in User.objects.exclude(directory_entry=None) if directory.is_member(person, today)
    }
    assert found == by_the_rule
    assert 0 < len(found) < 40


def _random_world(dice: Random, today: date) -> None:
    persons = [people.person(f"somebody{number}") for number in range(40)]
    holders = [
        Organization.objects.create(name=f"Agency {n}", slug=f"agency-{n}", kind="agency", shares_benefit=n % 2 == 0)
        for n in range(14)
    ]
    children = [
        Organization.objects.create(name=f"Child {n}", slug=f"child-{n}", kind="district", parent=dice.choice(holders))
        for n in range(6)
    ]
    memberships = [Membership.objects.create(organization=one, plan=people.district_plan()) for one in holders]
    memberships += [Membership.objects.create(person=one, plan=people.individual_plan()) for one in persons[:8]]
    for membership in memberships:
        starts = today + timedelta(days=dice.choice([-380, -215, -200, -199, -1, 0, 1]))
        Term.objects.create(
            membership=membership,
            starts_on=starts,
            ends_on=starts + timedelta(days=dice.choice([0, 199, 200, 364])),
            grace_days=dice.choice([0, 15, 30]),
            provisional_until=dice.choice([None, None, None, today, today - timedelta(days=1)]),
            voided_at=dice.choice([None, None, None, None, timezone.now()]),
        )
    for number, person in enumerate(persons[4:], start=1):
        membership = dice.choice(memberships[:14])
        through = dice.choice([None, None, *children])
        left = dice.choice([None, None, None, timezone.now()])
        Seat.objects.create(
            membership=membership,
            person=person,
            number=number,
            through=through,
            taken_at=timezone.now() - timedelta(days=50),
            left_at=left,
        )
        DirectoryEntry.objects.create(person=person, listed_at=timezone.now())
    for person in persons[:4]:
        DirectoryEntry.objects.create(person=person, listed_at=timezone.now())


# --- what is shown ----------------------------------------------------------------------------------------------------
FIELDS = {
    "shows_title": "Chief technology officer",
    "shows_organization": "Maple Valley School District",
    "shows_state": "MN",
    "shows_email": "member@example.org",
}


@pytest.fixture
def maple() -> tuple[User, User]:
    """Somebody to be found, and somebody to look."""
    member, contact = people.member(), people.contact()
    Organization.objects.filter(slug="maple-valley").update(state="MN")
    return member, contact


@pytest.mark.parametrize("hidden", FIELDS)
def test_a_field_that_its_owner_did_not_choose_never_leaves_the_server(maple: tuple[User, User], hidden: str) -> None:
    member, reader = maple
    browser = people.browser(reader)
    for shown in (True, False):
        be_listed(member, **{**dict.fromkeys(FIELDS, True), hidden: shown})
        one = ask(browser, f"{ADDRESS}?person={member.pk}").body.decode()
        listing = ask(browser, ADDRESS).body.decode().partition("headlines")[2].partition("</main>")[0]
        needle = ">MN<" if hidden == "shows_state" else FIELDS[hidden]
        one_main = one.partition("<main")[2]
        found = re.search(r"\bMN\b", one_main) if hidden == "shows_state" else needle in one_main
        assert bool(found) is shown
        if hidden != "shows_email":
            assert bool(re.search(rf"\b{re.escape(FIELDS[hidden])}\b", listing)) is shown


def test_what_is_hidden_is_not_even_read_from_the_database(maple: tuple[User, User]) -> None:
    member, _ = maple
    be_listed(member, shows_title=False, shows_organization=False, shows_state=False)
    rows = str(list(directory.cards(directory.search(people.today()))))
    for value in FIELDS.values():
        assert value not in rows


def test_search_goes_by_what_is_shown_and_finds_nothing_by_what_is_not(maple: tuple[User, User]) -> None:
    member, _ = maple
    finds = ["jordan", "WHITFIELD", "maple valley", "chief", "wiring", "jordan wiring", "Maple Jordan"]
    be_listed(member, about="Wiring of old schools")
    assert {search: names(words=search) for search in finds} == {search: [member.name] for search in finds}
    assert names(state="MN") == names(words="maple", state="MN") == [member.name]
    assert names(state="WI") == names(words="jordan nobody") == names(words="member@example.org") == []

    be_listed(member, shows_title=False, shows_organization=False, shows_state=False, about="")
    assert names(words="jordan") == [member.name]
    for search in ("maple", "chief", "wiring", "example.org"):
        assert names(words=search) == [], search
    assert names(state="MN") == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "' OR 1=1 --", "a" * 100, "  "])
def test_marks_in_a_search_are_only_marks(maple: tuple[User, User], text: str) -> None:
    be_listed(maple[0])
    expected = [maple[0].name] if not text.strip() else []
    assert names(words=text) == expected


def test_no_list_holds_an_address_and_a_person_s_page_holds_theirs_alone(maple: tuple[User, User]) -> None:
    member, contact = maple
    be_listed(member, shows_email=True)
    be_listed(contact, shows_email=True)
    browser = people.browser(contact)
    for path in (ADDRESS, f"{ADDRESS}?q=jordan", f"{ADDRESS}?page=2", f"{ADDRESS}?q=example.org"):
        assert (
            re.findall(r"[\w.]+@\w+", ask(browser, path).body.decode().partition("<main")[2].partition("<footer")[0])
            == []
        )
    one = ask(browser, f"{ADDRESS}?person={member.pk}").body.decode().partition("<main")[2].partition("<footer")[0]
    assert set(re.findall(r"[\w.]+@[\w.]+\w", one)) == {"member@example.org"}


def test_a_seat_through_a_district_shows_the_district(maple: tuple[User, User]) -> None:
    member, _ = maple
    holder = Organization.objects.get(slug="maple-valley")
    child = Organization.objects.create(
        name="Little District", slug="little", kind="district", parent=holder, state="WI"
    )
    Organization.objects.filter(pk=holder.pk).update(shares_benefit=True)
    Seat.objects.filter(person=member).update(through=child)
    be_listed(member)
    card = directory.card_of(member.pk, people.today())
    assert card is not None
    assert (card.organization, card.state) == ("Little District", "WI")


@pytest.mark.parametrize("person", ["x", "0", "99999999999", "-1", "%00", ""])
def test_a_person_who_is_not_listed_is_not_there(maple: tuple[User, User], person: str) -> None:
    assert ask(people.browser(maple[0]), f"{ADDRESS}?person={person}").status == 404
    assert ask(people.browser(maple[0]), f"{ADDRESS}?person={maple[1].pk}").status == 404


# --- in bulk ----------------------------------------------------------------------------------------------------------
def many(count: int) -> None:
    membership = people.maple_valley()
    for number in range(10, 10 + count):
        person = people.person(f"colleague{number}", name=f"Colleague {number:03}")
        people.sit(person, membership, number=number)
        DirectoryEntry.objects.create(person=person, listed_at=timezone.now())


def test_a_page_holds_twenty_four_and_asks_as_much_for_many_as_for_few() -> None:
    member = people.member()
    browser = people.browser(member)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert ask(browser, ADDRESS).status == 200
        return len(asked)

    many(2)
    statements()
    few = statements()
    DirectoryEntry.objects.all().delete()
    Seat.objects.filter(number__gte=10).delete()
    many(50)
    assert statements() == few
    html = ask(browser, ADDRESS).body.decode()
    assert html.count("Colleague 0") == 24
    assert "1 to 24 of 50" in html
    assert "Colleague 010" not in ask(browser, f"{ADDRESS}?page=2").body.decode()
    assert "Colleague 059" in ask(browser, f"{ADDRESS}?page=3").body.decode()


def test_whoever_reads_too_fast_is_told_to_wait_and_others_are_not(maple: tuple[User, User]) -> None:
    member, contact = maple
    be_listed(contact)
    browser = people.browser(member)
    paths = [ADDRESS, f"{ADDRESS}?person={contact.pk}", f"{ADDRESS}?q=dana"]
    statuses = [ask(browser, paths[number % 3]).status for number in range(62)]
    assert statuses == [200] * 60 + [429] * 2
    answer = ask(browser, ADDRESS)
    assert "more pages of the directory than a reader would" in words(answer.body)
    assert answer.headers["Retry-After"] == "600"
    assert "Dana" not in answer.body.decode()
    assert ask(people.browser(contact), ADDRESS).status == 200


# --- my own entry -----------------------------------------------------------------------------------------------------
CHOSEN = {"shows_title": "on", "about": "Wiring of old schools"}


def test_a_member_previews_lists_changes_and_leaves(maple: tuple[User, User]) -> None:
    member, reader = maple
    browser = people.browser(member)
    page = words(browser.post(MINE, {**CHOSEN, "step": "preview"}).content)
    assert (
        "What others would see Nothing is saved yet. Jordan Whitfield Chief technology officer Ask about: Wiring"
        in page
    )
    assert not DirectoryEntry.objects.exists()

    assert browser.post(MINE, {**CHOSEN, "step": "list"}).status_code == 302
    assert "Jordan Whitfield Chief technology officer Ask about: Wiring of old schools" in opened(reader)
    assert "Maple Valley" not in opened(reader).replace("directory", "")

    browser.post(MINE, {"shows_organization": "on", "about": "", "step": "list"})
    assert "Jordan Whitfield Maple Valley School District" in opened(reader)
    assert DirectoryEntry.objects.count() == 1

    browser.post(MINE, {"step": "leave"})
    assert not DirectoryEntry.objects.exists()
    assert "Jordan" not in opened(reader)


def test_the_preview_is_what_others_then_see(maple: tuple[User, User]) -> None:
    member, reader = maple
    for chosen in (CHOSEN, {"shows_email": "on", "shows_state": "on", "shows_organization": "on", "about": "Maps"}):
        browser = people.browser(member)
        browser.post(MINE, {**chosen, "step": "list"})
        others = (
            opened(reader, f"{ADDRESS}?person={member.pk}").partition("This person")[0].partition("Back to")[0].strip()
        )
        preview = words(browser.post(MINE, {**chosen, "step": "preview"}).content)
        assert f"Nothing is saved yet. {others}" in preview


def test_an_entry_is_never_made_by_looking_at_the_page(maple: tuple[User, User]) -> None:
    assert "You are not listed" in opened(maple[0], MINE)
    assert not DirectoryEntry.objects.exists()


@pytest.mark.parametrize(("who", "told"), [("visitor", "for members"), ("lapsed", "for members")])
def test_who_is_no_member_cannot_be_listed_but_can_leave(who: str, told: str) -> None:
    person = people.CAST[who]()
    assert person is not None
    browser = people.browser(person)
    response = browser.post(MINE, {**CHOSEN, "step": "list"})
    assert response.status_code == 422
    assert told in words(response.content)
    assert not DirectoryEntry.objects.exists()
    DirectoryEntry.objects.create(person=person, listed_at=timezone.now())
    assert browser.post(MINE, {"step": "leave"}).status_code == 302
    assert not DirectoryEntry.objects.exists()


def test_a_member_without_a_name_is_asked_for_it_and_their_address_is_not_taken_for_one(
    maple: tuple[User, User],
) -> None:
    member, _ = maple
    User.objects.filter(pk=member.pk).update(name="")
    response = people.browser(member).post(MINE, {**CHOSEN, "step": "list"})
    assert response.status_code == 422
    assert "Give your name first" in words(response.content)
    assert "member@example.org" not in words(response.content)


def test_the_account_and_the_membership_page_lead_to_the_directory() -> None:
    member = people.member()
    account = ask(people.browser(member), "/account/").body.decode()
    assert f'href="{ADDRESS}"' in account
    assert f'href="{MINE}"' in account
    assert f'href="{ADDRESS}"' in ask(Client(), "/membership/").body.decode()


def test_every_change_of_an_entry_is_on_record() -> None:
    member = people.member()
    entry = be_listed(member)
    be_listed(member, about="Maps")
    events = list(Events.objects.tracks(entry).order_by("pgh_created_at", "pgh_id"))
    assert [event.pgh_context["verb"] for event in events] == ["list_in_directory"] * 2
    assert {event.pgh_context["user"] for event in events} == {member.pk}


def test_the_contact_of_two_organizations_is_shown_where_they_sit(maple: tuple[User, User]) -> None:
    member, _ = maple
    other = Organization.objects.create(name="Elsewhere", slug="elsewhere", kind="district")
    Contact.objects.create(organization=other, person=member, is_primary=True)
    be_listed(member)
    card = directory.card_of(member.pk, association_day(timezone.now()))
    assert card is not None
    assert card.organization == "Maple Valley School District"


def test_hostile_words_are_shown_as_words(maple: tuple[User, User]) -> None:
    member, reader = maple
    be_listed(member, about=HOSTILE)
    User.objects.filter(pk=member.pk).update(name=HOSTILE, title=HOSTILE)
    Organization.objects.update(name=HOSTILE)
    for who, path in ((reader, ADDRESS), (reader, f"{ADDRESS}?person={member.pk}"), (member, MINE)):
        html = ask(people.browser(who), path).body.decode()
        assert "onerror" in html
        assert caught(html) == []
    assert (
        caught(ask(people.browser(reader), f"{ADDRESS}?q={quote(HOSTILE)}&state={quote(HOSTILE)}").body.decode()) == []
    )
