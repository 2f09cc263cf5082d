"""A file with two hundred kinds of bad rows: each is named by its line and says what is wrong, and nothing is written.

The three tables are the files: what a row is, its cells, and a part of the sentence that refuses it.
"""

import csv
import io
import re
from typing import Any

import pytest

from members.importing import verbs
from members.models import Contact, ImportBatch, Membership, Organization, Plan, Term, User
from tests import people
from tests.members.importing import NOW, previewed, refusals

pytestmark = pytest.mark.django_db

Row = tuple[str, list[str], str]

_ORGANIZATION = {
    "name": "New District", "kind": "district", "state": "MN", "nces": "", "enrollment": "", "staff": "",
    "parent": "", "shares": "", "slug": "",
}  # fmt: skip
_PERSON = {
    "email": "", "name": "", "first": "", "last": "", "title": "", "tz": "", "at": "", "state": "", "primary": "",
    "billing": "",
}  # fmt: skip
_TERM = {
    "district": "fresh", "state": "", "email": "", "plan": "district-test", "start": "2026-07-01", "end": "",
    "seats": "", "dues": "", "po": "", "kind": "",
}  # fmt: skip


def organization(what: str, words: str, **cells: str) -> Row:
    return what, list({**_ORGANIZATION, **cells}.values()), words


def person(what: str, words: str, **cells: str) -> Row:
    return what, list({**_PERSON, "email": f"p{abs(hash(what)) % 10**9}@example.org", **cells}.values()), words


def term(what: str, words: str, **cells: str) -> Row:
    return what, list({**_TERM, **cells}.values()), words


FORMULA, ERROR, NUMBER = "begins as a formula does", "The spreadsheet shows an error", "is not a whole number"
NOT_A_DAY, NOT_MONEY, NOT_AN_ADDRESS = "is not a day", "is not an amount in dollars", "is not an e-mail address"

BAD_ORGANIZATIONS: list[Row] = [
    organization("no name", "a new organization needs one", name=""),
    organization("no kind", "a new organization needs one", kind=""),
    organization("nothing but a state", "a new organization needs one", name="", kind=""),
    organization("an ID that is new and no name", "a new organization needs one", name="", nces="2799999"),
    organization("a name of 201 characters", "Keep it to 200 characters; this has 201", name="x" * 201),
    organization("a cell of 2,001 characters", "more than 2,000 characters", name="x" * 2_001),
    organization("a name that is a formula", FORMULA, name="=1+1"),
    organization("a name that calls a function", FORMULA, name="@SUM(A1:A9)"),
    organization("a name that begins with a plus and words", FORMULA, name="+cmd"),
    organization("a name that begins with a minus and words", FORMULA, name="-2+3+cmd"),
    organization("a name that is a pipe to a program", FORMULA, name="|calc"),
    organization("a name that begins with a percent sign", FORMULA, name="%0A=1"),
    organization("a formula behind a tab", FORMULA, name="\t=1+1"),
    organization("a formula behind a line end", FORMULA, name="\r\n=1+1"),
    organization("a formula behind spaces", FORMULA, name="   =1+1"),
    organization("a formula behind a sign nobody sees", FORMULA, name="\u200b=1+1"),
    organization("an error of the spreadsheet", ERROR, name="#REF!"),
    organization("a value that is missing there", ERROR, name="#N/A"),
    organization("a NUL in the name", "control character", name="Maple\x00Valley"),
    organization("a bell in the name", "control character", name="Maple\x07Valley"),
    organization("an escape in the name", "control character", name="Maple\x1b[31m"),
    organization("a delete character in the name", "control character", name="Maple\x7f"),
    organization("text that is turned round", "signs that turn its direction", name="Maple\u202eyelleV"),
    organization("text that is isolated", "signs that turn its direction", name="Maple\u2066Valley"),
    organization("a character that was lost before", "could not be read", name="Maple \ufffd"),
    organization("a kind nobody knows", "is not a kind of organization that we know", kind="castle"),
    organization("two kinds at once", "is not a kind of organization that we know", kind="district, school"),
    organization("a kind that is a number", "is not a kind of organization that we know", kind="1"),
    organization("a kind that is an error", ERROR, kind="#VALUE!"),
    organization("a state nobody knows", "is not a state", state="Minesota"),
    organization("a state of another country", "is not a state", state="Ontario"),
    organization("three letters for a state", "is not a state", state="MIN"),
    organization("letters that are no state", "is not a state", state="ZZ"),
    organization("a state that is a number", "is not a state", state="27"),
    organization("two states", "is not a state", state="MN/WI"),
    organization("an ID of five digits", "has seven digits", nces="12345"),
    organization("an ID of eight digits", "has seven digits", nces="12345678"),
    organization("an ID with letters", "has seven digits", nces="27000AB"),
    organization("an ID with a hyphen", "has seven digits", nces="27-00001"),
    organization("an ID with a point", "has seven digits", nces="2700001.0"),
    organization(
        "an ID in the figures of another script", "has seven digits", nces="\u0662\u0667\u0660\u0660\u0660\u0660\u0661"
    ),
    organization("an ID in powers of ten", "has seven digits", nces="2.7E+06"),
    organization("an enrollment in words", NUMBER, enrollment="twelve"),
    organization("an enrollment that is about", NUMBER, enrollment="~5000"),
    organization("an enrollment with a half", NUMBER, enrollment="500.5"),
    organization("an enrollment below zero", NUMBER, enrollment="-5"),
    organization("an enrollment that is a range", NUMBER, enrollment="500-1000"),
    organization("an enrollment with commas astray", NUMBER, enrollment="12,50"),
    organization("an enrollment with points between thousands", NUMBER, enrollment="12.500"),
    organization("an enrollment of more than there are students", "is not between", enrollment="50,000,000"),
    organization("an enrollment that is not available", NUMBER, enrollment="n/a"),
    organization("an enrollment in powers of ten", NUMBER, enrollment="5e3"),
    organization("an enrollment that divides by zero", ERROR, enrollment="#DIV/0!"),
    organization("a staff in words", NUMBER, staff="many"),
    organization("a staff of millions", "is not between", staff="9,999,999"),
    organization("a parent nobody knows", "We know no organization", parent="Nowhere Agency"),
    organization("a parent with an ID nobody has", "We know no organization", parent="9999999"),
    organization("a parent that two have the name of", "We know 2 organizations", parent="Twin District"),
    organization("a parent that was merged", "was merged into Maple Valley School District", parent="gone-district"),
    organization("a parent that is a formula", FORMULA, parent="=A1"),
    organization("a parent that comes later in the file", "We know no organization", parent="Later Agency"),
    organization("its own parent", "cannot belong to itself", name="", nces="2700100", parent="2700100"),
    organization("a share that is neither yes nor no", "is neither yes nor no", shares="maybe"),
    organization("a share that is two", "is neither yes nor no", shares="2"),
    organization("a short name with capitals", "A short name has small letters", slug="Maple-Valley"),
    organization("a short name with a space", "A short name has small letters", slug="maple valley"),
    organization("a short name with an accent", "A short name has small letters", slug="peña"),
    organization("a short name that ends in a hyphen", "A short name has small letters", slug="maple-"),
    organization("a short name with two hyphens", "A short name has small letters", slug="maple--valley"),
    organization("a short name of 81 letters", "A short name has small letters", slug="x" * 81),
    organization("a short name that is an address", "A short name has small letters", slug="/maple/"),
    organization("the name of two, without a state", "We know 2 of this name", name="Twin District", state=""),
    organization("one that was merged, by its short name", "was merged into", slug="gone-district"),
    organization("one that was merged, by its ID", "was merged into", nces="2700300"),
    organization("another ID for one that has one", "has the NCES ID 2700100 here", slug="has-an-id", nces="2700101"),
    organization("another short name for one that has one", "which stays", nces="2700100", slug="other-name"),
    organization(
        "the ID of one and the short name of another", "which has another NCES ID", nces="2700100", slug="maple-valley"
    ),
]
TWICE_ORGANIZATIONS: list[Row] = [
    organization("an ID", "", name="Once", nces="2700500"),
    organization("the ID again", "Line {-1} is about the same one", name="Once more", nces="2700500"),
    organization("a short name", "", name="Short", slug="short-one"),
    organization("the short name again", "Line {-1} is about the same one", name="Shorter", slug="short-one"),
    organization("a name and state", "", name="Only Once"),
    organization("the name and state again", "Line {-1} is about the same one", name="ONLY once"),
    organization(
        "the name and state again, with an ID", "Line {-2} is about the same one", name="Only Once", nces="2700501"
    ),
    organization("an agency that is new", "", name="New Agency", kind="agency"),
    organization(
        "one that is here under a new parent", "to itself or to a new one", slug="has-an-id-3", parent="New Agency"
    ),
    organization("one that is here", "", name="Renamed", nces="2700150"),
    organization("the same by its short name", "Line {-1} is about the same one", name="Renamed", slug="has-an-id-too"),
    organization("an agency that was named too early", "", name="Later Agency", kind="agency"),
]

BAD_PEOPLE: list[Row] = [
    person("no address", "A person is known by an address", email="", name="Nobody"),
    person("an address without a domain", NOT_AN_ADDRESS, email="dana"),
    person("an address without a name", NOT_AN_ADDRESS, email="@example.org"),
    person("an address with two signs", NOT_AN_ADDRESS, email="dana@@example.org"),
    person("an address with a space", NOT_AN_ADDRESS, email="dana okafor@example.org"),
    person("an address with a name before it", NOT_AN_ADDRESS, email="Dana <dana@example.org>"),
    person("two addresses", NOT_AN_ADDRESS, email="a@example.org; b@example.org"),
    person("two addresses with a comma", NOT_AN_ADDRESS, email="a@example.org, b@example.org"),
    person("an address with a comma for a point", NOT_AN_ADDRESS, email="dana@example,org"),
    person("an address without a top", NOT_AN_ADDRESS, email="dana@example"),
    person("an address with two points", NOT_AN_ADDRESS, email="dana..okafor@example.org"),
    person("an address with a point at its end", NOT_AN_ADDRESS, email="dana@example.org."),
    person("an address that is a link", NOT_AN_ADDRESS, email="mailto:dana@example.org"),
    person("an address that is a telephone number", NOT_AN_ADDRESS, email="555-0100"),
    person("an address that is none", NOT_AN_ADDRESS, email="n/a"),
    person("an address that is longer than can be", "longer than an address can be", email=f"{'x' * 250}@example.org"),
    person("an address that is a formula", NOT_AN_ADDRESS, email='=HYPERLINK("mailto:a@example.org")'),
    person("an address that is an error", ERROR, email="#NAME?"),
    person("an address with a NUL", "control character", email="da\x00na@example.org"),
    person("an address that is turned round", "turn its direction", email="dana\u202e@example.org"),
    person("an account that is switched off", "This account is switched off", email="off@example.org"),
    person("a name of 121 characters", "Keep it to 120 characters", name="x" * 121),
    person("a name that is a formula", FORMULA, name="=cmd|' /C calc'!A0"),
    person("a name that is an error", ERROR, name="#NULL!"),
    person("a first name of 61 characters", "Keep it to 60 characters", first="x" * 61),
    person("a first name that is a formula", FORMULA, first="@a"),
    person("a last name of 61 characters", "Keep it to 60 characters", last="x" * 61),
    person("a last name with a control character", "control character", last="O\x01kafor"),
    person("a title of 121 characters", "Keep it to 120 characters", title="x" * 121),
    person("a title that is a formula", FORMULA, title="+1 CTO"),
    person("a time zone nobody has", "is not a time zone", tz="Mars/Olympus"),
    person("a time zone in letters", "is not a time zone", tz="CST"),
    person("a time zone in hours", "is not a time zone", tz="UTC-6"),
    person("a time zone that is a path", "is not a time zone", tz="../../etc/passwd"),
    person("an organization nobody knows", "We know no organization", at="Nowhere District"),
    person("an organization in another state", "in TX", at="has-an-id-2", state="TX"),
    person("an organization that two have the name of", "We know 2 organizations", at="Twin District"),
    person("an organization that was merged", "was merged into", at="2700300"),
    person("an organization that is a formula", FORMULA, at="=A1"),
    person("an organization whose name is too long", "Keep it to 200 characters", at="x" * 201),
    person("a state nobody knows", "is not a state", at="maple-valley", state="Minnesotta"),
    person("a primary contact of nowhere", "Say where this person is a contact", primary="yes"),
    person("a billing contact of nowhere", "Say where this person is a contact", billing="yes"),
    person(
        "a primary contact that is neither yes nor no", "is neither yes nor no", at="maple-valley", primary="perhaps"
    ),
    person("a billing contact that is neither yes nor no", "is neither yes nor no", at="maple-valley", billing="?"),
    person("a second primary contact", "has a primary contact, “Dana Okafor”", at="maple-valley", primary="yes"),
]
TWICE_PEOPLE: list[Row] = [
    person("a new one", "", email="once@example.org"),
    person("the same in capitals", "Line {-1} is about the same one", email="ONCE@example.org"),
    person("one that is here", "", email="visitor@example.org", name="Lee"),
    person("the same by a second address", "Line {-1} is about the same one", email="second@example.org", name="Lee"),
    person("a primary contact", "", at="has-an-id", primary="yes"),
    person("a second one of the same in the file", "Line {-1} is about the same one", at="has-an-id", primary="yes"),
]

BAD_TERMS: list[Row] = [
    term("no holder", "Give an organization or a person’s address", district=""),
    term("two holders", "and not both", email="visitor@example.org"),
    term("an organization nobody knows", "We know no organization", district="Nowhere"),
    term("an organization that two have the name of", "We know 2 organizations", district="Twin District"),
    term("an organization that was merged", "was merged into", district="gone-district"),
    term("a holder that is a formula", FORMULA, district="=A1"),
    term(
        "a person nobody knows",
        "Nobody with this address",
        district="",
        email="nobody@example.org",
        plan="individual-test",
    ),
    term(
        "a person whose account is off",
        "Nobody with this address",
        district="",
        email="off@example.org",
        plan="individual-test",
    ),
    term("an address that is none", NOT_AN_ADDRESS, district="", email="nobody"),
    term("no plan", "A term needs one", plan=""),
    term("a plan nobody knows", "We have no such plan. There are:", plan="Gold"),
    term("a plan that two have the name of", "We have 2 plans of that name", plan="Same name"),
    term("a plan of individuals for a district", "is held by a person", plan="individual-test"),
    term("a plan of districts for a person", "is held by an organization", district="", email="visitor@example.org"),
    term(
        "another plan than the membership has",
        "Its membership is on District membership",
        district="maple-valley",
        plan="by-size",
    ),
    term("a plan without prices", "has no prices on 1 July 2026", plan="no-prices"),
    term("a day before the first prices", "has no prices on 1 July 1999", start="1999-07-01"),
    term("no first day", "A term needs one", start=""),
    term("a day that could be two", "could be 4 March or 3 April", start="03/04/2026"),
    term("a day with hyphens that could be two", "could be 4 March or 3 April", start="3-4-2026"),
    term("a day with two figures for the year", "two figures for the year", start="7/1/26"),
    term("a thirteenth month", NOT_A_DAY, start="2026-13-01"),
    term("a 31st of June", NOT_A_DAY, start="2026-06-31"),
    term("a 29th of February in a common year", NOT_A_DAY, start="29 February 2027"),
    term("two figures that are both above twelve", NOT_A_DAY, start="13/14/2026"),
    term("a month alone", NOT_A_DAY, start="July 2026"),
    term("a year alone", NOT_A_DAY, start="2026"),
    term("a school year", NOT_A_DAY, start="2026-27"),
    term("a day in words", NOT_A_DAY, start="next Tuesday"),
    term("a day as a spreadsheet counts it", NOT_A_DAY, start="46204"),
    term("a day in another language", NOT_A_DAY, start="1 juillet 2026"),
    term("a day with an hour", NOT_A_DAY, start="2026-07-01 14:30:00"),
    term("a day that is an error", ERROR, start="#VALUE!"),
    term("a day long ago", "The year 1026 is taken for a mistake", start="1026-07-01"),
    term("a day far ahead", "The year 2206 is taken for a mistake", start="2206-07-01"),
    term("a zero for a month", NOT_A_DAY, start="2026-00-10"),
    term("a last day that is none", NOT_A_DAY, end="never"),
    term("a last day that could be two", "could be", end="05/06/2027"),
    term("an end before the start", "must end on or after the day it starts", end="2026-06-30"),
    term("an end of years and no dues", "longer than its year", end="2029-06-30"),
    term("no seats", "is not between 1 and", seats="0"),
    term("seats below zero", NUMBER, seats="-3"),
    term("seats and a half", NUMBER, seats="2.5"),
    term("seats in words", NUMBER, seats="ten"),
    term("more seats than there can be", "is not between", seats="10,001"),
    term("unlimited seats", NUMBER, seats="unlimited"),
    term(
        "seats for a person",
        "An individual membership has one seat",
        district="",
        email="visitor@example.org",
        plan="individual-test",
        seats="2",
        dues="150",
    ),
    term(
        "more seats than the plan sells",
        "has no price for more seats",
        district="",
        email="visitor@example.org",
        plan="individual-test",
        seats="2",
    ),
    term("dues in words", NOT_MONEY, dues="free"),
    term("dues below zero", NOT_MONEY, dues="-$50"),
    term("dues in brackets", NOT_MONEY, dues="(50.00)"),
    term("dues in euros", NOT_MONEY, dues="€500"),
    term("dues written as in Europe", NOT_MONEY, dues="1.250,00"),
    term("dues with three decimals", NOT_MONEY, dues="1250.005"),
    term("dues with commas astray", NOT_MONEY, dues="12,50"),
    term("dues of more than ten million", "more than $10,000,000", dues="99,999,999"),
    term("dues with a note", NOT_MONEY, dues="1250 paid"),
    term("dues that are an error", ERROR, dues="#N/A"),
    term("dues in powers of ten", NOT_MONEY, dues="1.25E3"),
    term("a reference of 81 characters", "Keep it to 80 characters", po="x" * 81),
    term("a reference that is a formula", FORMULA, po="=1+1"),
    term("a reference with a control character", "control character", po="PO\x02"),
    term("a kind of term nobody knows", "is not paid, complimentary or extension", kind="lifetime"),
    term("a size that nobody recorded", "how many students are enrolled", plan="by-size"),
    term("a size that no band reaches", "has no dues for a size of 9,000", district="large", plan="by-size"),
    term("days of a term that is there", "It has a term from", district="maple-valley", start="TODAY"),
    term(
        "a term that is there, with other seats",
        "has 3 here. Terms are not changed",
        district="maple-valley",
        start="THEIRS",
        seats="9",
    ),
    term(
        "a term that is there, with other dues",
        "has $0.00 here. Terms are not changed",
        district="maple-valley",
        start="THEIRS",
        dues="700",
    ),
]
TWICE_TERMS: list[Row] = [
    term("a term", "", district="has-an-id"),
    term("the same again", "Line {-1} is about the same one", district="2700100"),
    term("one that overlaps it", "It overlaps the term of line {-2}", district="has-an-id", start="2027-06-30"),
    term(
        "another plan in the same file",
        "on another plan in line {-3}",
        district="has-an-id",
        dues="$1",
        plan="by-size",
        start="2028-07-01",
    ),
]

KINDS: dict[str, tuple[dict[str, str], list[Row], list[Row]]] = {
    "organizations": (_ORGANIZATION, BAD_ORGANIZATIONS, TWICE_ORGANIZATIONS),
    "people": (_PERSON, BAD_PEOPLE, TWICE_PEOPLE),
    "memberships": (_TERM, BAD_TERMS, TWICE_TERMS),
}
HEADERS = {
    "organizations": ["Name", "Kind", "State", "NCES", "Enrollment", "Staff", "Belongs to", "Shares", "Slug"],
    "people": ["Email", "Name", "First", "Last", "Title", "TZ", "Works at", "State", "Primary", "Billing"],
    "memberships": ["District", "State", "Email", "Plan", "Start", "End", "Seats", "Dues", "PO", "Kind"],
}


@pytest.fixture
def house() -> None:
    """What the bad rows stumble over."""
    people.contact(), people.visitor(), people.district_plan(), people.individual_plan()
    visitor = people.visitor()
    visitor.emailaddress_set.create(email="second@example.org", verified=True)  # type: ignore[attr-defined]
    people.person("off")
    User.objects.filter(email="off@example.org").update(is_active=False)

    def make(slug: str, **more: Any) -> Organization:
        return Organization.objects.create(**{"slug": slug, "name": slug.title(), "kind": "district", **more})

    make("has-an-id", nces_id="2700100", state="MN")
    make("has-an-id-too", nces_id="2700150", state="MN")
    make("has-an-id-3", nces_id="2700160")
    make("twin", name="Twin District", state="MN"), make("twin-2", name="Twin District", state="WI")
    kept = Organization.objects.get(slug="maple-valley")
    make("gone-district", nces_id="2700300", merged_into=kept)
    make("fresh", state="MN"), make("large", enrollment=9_000)
    for slug, name in (
        ("by-size", "By size"),
        ("no-prices", "Empty"),
        ("same-1", "Same name"),
        ("same-2", "Same name"),
    ):
        Plan.objects.create(
            slug=slug, name=name, holder="organization", band_by="enrollment" if slug == "by-size" else ""
        )
    prices = Plan.objects.get(slug="by-size").price_lists.create(number=1, valid_from="2000-01-01", seats=5)
    prices.bands.create(up_to=5_000, dues_cents=100)


def file_of(kind: str) -> tuple[str, dict[int, tuple[str, str]]]:
    """The file, and for each line what it is and what is expected of it."""
    header, bad, twice = HEADERS[kind], *KINDS[kind][1:]
    theirs = Term.objects.filter(membership__organization__slug="maple-valley").values_list("starts_on", flat=True)
    days = {"TODAY": people.today().isoformat(), "THEIRS": theirs[0].isoformat()}
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    rows.writerow(header)
    expected, number, seen = {}, 2, list[int]()
    for what, cells, words in (*bad, *twice):
        rows.writerow([days.get(cell, cell) for cell in cells])
        seen.append(number)
        expected[number] = (what, re.sub(r"\{(-\d)\}", lambda back: str(seen[int(back[1]) - 1]), words))
        # an editor takes the line end inside a cell for one, too
        number += 1 + sum(cell.count("\n") for cell in cells)
    return out.getvalue(), expected


@pytest.mark.parametrize("kind", KINDS)
def test_each_bad_row_is_named_by_its_line_with_what_is_wrong(house: None, kind: str) -> None:
    text, expected = file_of(kind)
    batch = previewed(kind, text)
    assert len(batch.mapping) == len(HEADERS[kind]), batch.mapping
    said = refusals(batch)
    wrong = [
        f"line {number}, {what}: wanted “{words}”, said “{said.get(number, 'nothing')}”"
        for number, (what, words) in expected.items()
        if (words not in said.get(number, "")) or bool(words) != (number in said)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_such_a_file_is_written(house: None, kind: str) -> None:
    models = (Organization, User, Contact, Membership, Term)
    people.staff()
    before = [model.objects.count() for model in models]
    batch = previewed(kind, file_of(kind)[0])
    with pytest.raises(verbs.LinesRefused):
        verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    assert [model.objects.count() for model in models] == before
    assert ImportBatch.objects.get().state == ImportBatch.State.PREVIEWED


def test_there_are_two_hundred_kinds_and_each_is_one() -> None:
    kinds = [(kind, what) for kind, (_, bad, twice) in KINDS.items() for what, _, words in (*bad, *twice) if words]
    assert len(kinds) >= 200, len(kinds)
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_put_right_are_let_in(house: None, kind: str) -> None:
    """So that no row is refused for what it shares with all the others."""
    right = {
        "organizations": organization("", "", nces="2700900", enrollment="1,000", parent="maple-valley", slug="right")[
            1
        ],
        "people": person(
            "", "", email="right@example.org", name="Right", tz="America/Chicago", at="fresh", primary="yes"
        )[1],
        "memberships": term("", "", end="2027-06-30", seats="12", dues="$1,250.00", po="PO 1", kind="paid")[1],
    }
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADERS[kind], right[kind]])
    assert refusals(previewed(kind, out.getvalue())) == {}
