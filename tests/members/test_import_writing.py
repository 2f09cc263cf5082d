"""An import that is confirmed is written: all of it or nothing, once, and only as it was previewed."""

from datetime import date
from typing import Any

import psycopg2
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection

from members import terms
from members.importing import previewing, reading, verbs, writing
from members.models import Contact, ImportBatch, Membership, Organization, Term, User
from tests import people
from tests.members.importing import NOW, Action, found, previewed, received, refusals, workbook, written

ORGANIZATIONS = """\
Name,Type,State,NCES ID,Enrollment,Belongs to
Lakes Agency,Regional or state agency,MN,,,
Maple Valley,School district,Minnesota,2700001,"12,500",Lakes Agency
Oak Hills,district,mn,2700002,800,
"""
PEOPLE = """\
Email,First name,Last name,Title,District,Primary contact
Dana@Example.org,Dana,Okafor,CTO,Maple Valley,yes
robin@example.org,Robin,Castellano,,2700002,
"""
MEMBERSHIPS = """\
District,Plan,Start date,Seats,Amount,PO number
Maple Valley,District membership,2026-07-01,10,"$1,250.00",PO 7
Oak Hills,district-test,1 July 2026,,,
"""
State = ImportBatch.State


@pytest.fixture
def plan(db: None) -> Any:
    return people.district_plan()


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Organization, User, Contact, Membership, Term))


@pytest.mark.django_db
def test_three_files_make_organizations_their_people_and_their_memberships(plan: Any) -> None:
    for kind, text in (("organizations", ORGANIZATIONS), ("people", PEOPLE), ("memberships", MEMBERSHIPS)):
        assert written(kind, text).state == State.WRITTEN
    maple = Organization.objects.get(nces_id="2700001")
    assert (maple.slug, maple.state, maple.enrollment, maple.kind) == ("maple-valley", "MN", 12_500, "district")
    assert str(maple.parent) == "Lakes Agency"
    dana = User.objects.get(email="dana@example.org")
    assert (dana.name, dana.title) == ("Dana Okafor", "CTO")
    assert Contact.objects.get(organization=maple).is_primary
    term = maple.membership.terms.get()
    assert (term.seats, term.dues_cents, term.reference, term.last_day) == (10, 125_000, "PO 7", date(2027, 6, 30))


@pytest.mark.django_db
def test_the_same_files_a_second_time_change_nothing(plan: Any) -> None:
    for kind, text in (("organizations", ORGANIZATIONS), ("people", PEOPLE), ("memberships", MEMBERSHIPS)):
        written(kind, text)
    before = counts()
    for kind, text in (("organizations", ORGANIZATIONS), ("people", PEOPLE), ("memberships", MEMBERSHIPS)):
        batch = previewed(kind, text)
        assert {action for _, action, _ in found(batch)} == {Action.SKIP}, found(batch)
        with pytest.raises(verbs.NothingToWrite):
            verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    assert counts() == before


@pytest.mark.django_db
def test_a_person_who_is_imported_has_no_password_and_an_address_that_is_not_verified() -> None:
    written("people", "email\nnew@example.org\n")
    person = User.objects.get(email="new@example.org")
    assert not person.has_usable_password()
    address = EmailAddress.objects.get(user=person)
    assert (address.email, address.verified, address.primary) == ("new@example.org", False, True)


@pytest.mark.django_db
def test_a_line_changes_what_it_says_and_an_empty_cell_changes_nothing() -> None:
    written("organizations", ORGANIZATIONS)
    batch = written("organizations", "NCES ID,Name,Enrollment,State\n2700001,Maple Valley Schools,,MN\n")
    assert found(batch) == [(2, "change", "Name: “Maple Valley” becomes “Maple Valley Schools”")]
    maple = Organization.objects.get(nces_id="2700001")
    assert (maple.name, maple.enrollment) == ("Maple Valley Schools", 12_500)


@pytest.mark.django_db
def test_a_person_is_known_by_any_of_their_addresses_in_any_case() -> None:
    dana = people.visitor()
    EmailAddress.objects.create(user=dana, email="second@example.org", verified=True, primary=False)
    batch = written("people", "email,title\nSECOND@example.org,Superintendent\n")
    assert found(batch)[0][1] == "change"
    dana.refresh_from_db()
    assert (dana.title, dana.email) == ("Superintendent", "visitor@example.org")


@pytest.mark.django_db
def test_two_districts_of_one_name_get_short_names_of_their_own() -> None:
    people.maple_valley()
    rows = "Maple Valley,district,MN,2700001\nMaple Valley,district,WA,5300001\nMaple Valley,district,WA,5300002\n"
    written("organizations", f"name,type,state,nces id\n{rows}")
    slugs = set(Organization.objects.filter(name="Maple Valley").values_list("slug", flat=True))
    assert slugs == {"maple-valley-mn", "maple-valley-wa", "maple-valley-wa-2"}


@pytest.mark.django_db
def test_a_term_is_written_as_record_term_writes_it(plan: Any) -> None:
    """Both ways, side by side: all columns but the keys and the time are the same."""
    written("organizations", ORGANIZATIONS)
    written("memberships", "district,plan,start,end,seats,dues,po\nMaple Valley,district-test,2026-09-10,,14,,PO 9\n")
    imported = Term.objects.get()
    other = Membership.objects.create(organization=Organization.objects.get(nces_id="2700002"), plan=plan)
    recorded = terms.record_term(
        membership=other, starts_on=date(2026, 9, 10), seats=14, reference="PO 9", by=people.staff(), now=NOW
    )
    own = {"id", "membership_id", "created_at"}
    names = {field.attname for field in Term._meta.concrete_fields} - own
    assert {name: getattr(imported, name) for name in names} == {name: getattr(recorded, name) for name in names}


@pytest.mark.django_db
def test_a_membership_that_was_to_end_goes_on_with_an_imported_term(plan: Any) -> None:
    written("organizations", ORGANIZATIONS)
    written("memberships", MEMBERSHIPS)
    Membership.objects.update(cancelled_at=NOW, cancel_reason="Closed")
    written("memberships", "district,plan,start\nMaple Valley,district-test,2027-07-01\n")
    maple = Membership.objects.get(organization__nces_id="2700001")
    assert (maple.cancelled_at, maple.terms.count()) == (None, 2)


@pytest.mark.django_db
def test_every_row_of_an_import_names_who_confirmed_it_in_the_audit() -> None:
    written("organizations", ORGANIZATIONS)
    row = Organization.objects.get(nces_id="2700001")
    context = row.events.latest("pgh_id").pgh_context  # type: ignore[attr-defined]
    assert (context.metadata["verb"], context.metadata["user"]) == ("import_organizations", people.staff().pk)


# --- nothing before, nothing by halves ----------------------------------------------------------------------------
@pytest.mark.django_db
def test_nothing_but_the_import_is_written_before_it_is_confirmed(plan: Any) -> None:
    people.staff()
    before = counts()
    for kind, text in (("organizations", ORGANIZATIONS), ("people", PEOPLE), ("memberships", MEMBERSHIPS)):
        previewed(kind, text)
    assert counts() == before


@pytest.mark.django_db
def test_one_refused_line_keeps_all_the_others_out() -> None:
    batch = previewed("organizations", f"{ORGANIZATIONS}No kind,,MN,,,\n")
    assert list(refusals(batch)) == [5]
    with pytest.raises(verbs.LinesRefused):
        verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_what_changed_since_the_preview_stops_the_import() -> None:
    batch = previewed("organizations", ORGANIZATIONS)
    verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    Organization.objects.create(name="Oak Hills", slug="oak-hills", kind="district", state="MN", nces_id="2700002")
    writing.write(batch.pk, now=NOW)
    batch.refresh_from_db()
    assert batch.state == State.STOPPED
    assert "What line 4 is about has changed since the preview, so nothing was written." in batch.problem
    assert Organization.objects.count() == 1


@pytest.mark.django_db
def test_what_was_stopped_can_be_read_again_and_then_written() -> None:
    test_what_changed_since_the_preview_stops_the_import()
    batch = ImportBatch.objects.get()
    verbs.choose_columns(batch=batch, columns=batch.mapping, dates="", by=people.staff(), now=NOW)
    previewing.preview(batch.pk, now=NOW)
    verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    writing.write(batch.pk, now=NOW)
    assert Organization.objects.count() == 3


@pytest.mark.django_db
def test_written_twice_is_written_once() -> None:
    batch = written("organizations", ORGANIZATIONS)
    writing.write(batch.pk, now=NOW)
    assert Organization.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.READING, State.WRITING, State.WRITTEN, State.DISCARDED])
def test_no_step_is_taken_twice_or_out_of_order(state: str) -> None:
    batch = previewed("organizations", ORGANIZATIONS)
    ImportBatch.objects.update(state=state)
    with pytest.raises(verbs.NotNow):
        verbs.confirm(batch=batch, by=None, now=NOW)
    with pytest.raises(verbs.NotNow):
        verbs.choose_columns(batch=batch, columns=batch.mapping, dates="", by=None, now=NOW)


def outside() -> Any:
    """A connection of somebody else."""
    server = psycopg2.connect(**connection.get_connection_params())
    server.autocommit = True
    return server


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_adds_in_the_middle_of_it_takes_all_the_others_back(monkeypatch: Any) -> None:
    """The last line of 2,500; its NCES ID is taken by another connection after the line was planned anew."""
    rows = [f"District {n},district,MN,{2_700_000 + n}" for n in range(2_500)]
    batch = previewed("organizations", "\n".join(["name,type,state,nces id", *rows]))
    verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    compare, seen = writing._compare, []

    def then_somebody_is_quicker(lines: Any, planned: Any) -> None:
        compare(lines, planned)
        seen.append(lines[-1].number)
        if lines[-1].number == 2_501:
            with outside().cursor() as cursor:
                cursor.execute(
                    "INSERT INTO members_organization (name, slug, kind, state, nces_id, shares_benefit)"
                    " VALUES ('Quicker', 'quicker', 'district', 'MN', '2702499', false)"
                )

    monkeypatch.setattr(writing, "_compare", then_somebody_is_quicker)
    writing.write(batch.pk, now=NOW)
    batch.refresh_from_db()
    assert seen == [1_001, 2_001, 2_501]
    assert batch.state == State.STOPPED
    assert "nothing was written" in batch.problem
    assert list(Organization.objects.values_list("slug", flat=True)) == ["quicker"]


@pytest.mark.django_db(transaction=True)
def test_how_far_it_is_can_be_seen_from_outside_while_nothing_else_can(monkeypatch: Any) -> None:
    rows = [f"District {n},district,MN,{2_700_000 + n}" for n in range(2_100)]
    batch = previewed("organizations", "\n".join(["name,type,state,nces id", *rows]))
    assert (batch.lines_done, batch.lines_total) == (2_100, 2_100)
    verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    compare, seen = writing._compare, []

    def look(lines: Any, planned: Any) -> None:
        compare(lines, planned)
        with outside().cursor() as cursor:
            cursor.execute(
                "SELECT state, lines_done, (SELECT count(*) FROM members_organization) FROM members_importbatch"
            )
            seen.append(cursor.fetchone())

    monkeypatch.setattr(writing, "_compare", look)
    writing.write(batch.pk, now=NOW)
    assert seen == [("writing", 0, 0), ("writing", 1_000, 0), ("writing", 2_000, 0)]
    batch.refresh_from_db()
    assert (batch.state, batch.lines_done) == (State.WRITTEN, 2_100)


@pytest.mark.django_db
def test_an_import_that_is_discarded_while_it_is_read_stops_being_read(monkeypatch: Any) -> None:
    batch = received("organizations", ORGANIZATIONS)
    verbs.choose_columns(batch=batch, columns=batch.mapping, dates="", by=people.staff(), now=NOW)

    def discarded(path: Any, encoding: str) -> int:
        verbs.discard(batch=batch, by=people.staff(), now=NOW)
        return 3

    monkeypatch.setattr(previewing, "count_lines", discarded)
    assert previewing.preview(batch.pk, now=NOW) == "It was discarded."
    batch.refresh_from_db()
    assert (batch.state, batch.lines.count()) == (State.DISCARDED, 0)


@pytest.mark.django_db
def test_a_workbook_is_read_like_a_csv_file(plan: Any) -> None:
    rows: list[list[Any]] = [
        ["Name", "Type", "State", "NCES ID", "Enrollment"],
        ["Maple Valley", "School district", "Minnesota", 600001, 12500.0],
        ["Oak Hills", "District", "MN", None, None],
    ]
    written("organizations", workbook(rows), filename="list.xlsx")
    assert set(Organization.objects.values_list("name", "nces_id", "enrollment")) == {
        ("Maple Valley", "0600001", 12_500),
        ("Oak Hills", "", None),
    }
    terms_rows: list[list[Any]] = [["District", "Plan", "Start"], ["Maple Valley", "district-test", date(2026, 7, 1)]]
    written("memberships", workbook(terms_rows), filename="list.xlsx")
    assert Term.objects.get().starts_on == date(2026, 7, 1)


def test_the_file_is_kept_in_the_private_storage(db: None) -> None:
    batch = received("organizations", ORGANIZATIONS)
    assert batch.file.storage is not None
    assert batch.file.path.startswith(str(settings.FILES_ROOT))
    assert reading.MOST_LINES >= 50_000
