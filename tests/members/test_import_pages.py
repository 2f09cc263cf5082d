"""The pages of imports in the admin: upload, columns, every line, confirm; for whoever may do it by hand."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from members.importing import previewing, writing
from members.models import ImportBatch, Organization
from tests import people
from tests.members.importing import NOW, previewed, workbook, written
from tests.members.test_import_writing import ORGANIZATIONS
from tests.site.test_hostile_words import HOSTILE, caught

pytestmark = pytest.mark.django_db
State = ImportBatch.State
UPLOAD = "/admin/members/importbatch/add/"


def at(batch: ImportBatch, page: str = "change") -> str:
    return reverse(f"admin:members_importbatch_{page}", args=[batch.pk])


def page(browser: Client, where: str) -> str:
    answer = browser.get(where)
    assert answer.status_code == 200, (where, answer.status_code)
    return answer.content.decode()


@pytest.fixture
def staff() -> Client:
    return people.browser(people.staff())


def upload(browser: Client, content: str | bytes, kind: str = "organizations", name: str = "list.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post(UPLOAD, {"kind": kind, "file": SimpleUploadedFile(name, data)})


def test_a_file_is_uploaded_mapped_looked_at_confirmed_and_written(staff: Client) -> None:
    assert UPLOAD in page(staff, "/admin/members/importbatch/")
    answer = upload(staff, ORGANIZATIONS)
    batch = ImportBatch.objects.get()
    assert answer.headers["Location"] == at(batch, "columns")
    columns = page(staff, at(batch, "columns"))
    assert "12,500" in columns, "examples are shown"
    assert "D: NCES ID" in columns
    assert staff.post(at(batch, "columns"), batch.mapping).headers["Location"] == at(batch)
    assert "The file is being read" in page(staff, at(batch))
    previewing.preview(batch.pk, now=NOW)
    preview = page(staff, at(batch))
    assert "Of 3 lines 3 would be created, 0 changed and 0 skipped" in preview
    assert "Write 3 lines" in preview
    assert not Organization.objects.exists()
    staff.post(at(batch, "confirm"))
    assert "The lines are being written" in page(staff, at(batch))
    writing.write(batch.pk, now=NOW)
    assert "3 created, 0 changed and 0 skipped on" in page(staff, at(batch))
    assert Organization.objects.count() == 3


def test_the_work_is_done_in_the_background_by_jobs(staff: Client) -> None:
    from cosn_site.jobs.stopping import Stop
    from cosn_site.jobs.worker import Worker

    upload(staff, ORGANIZATIONS)
    batch = ImportBatch.objects.get()
    for step, data in (("columns", batch.mapping), ("confirm", {})):
        staff.post(at(batch, step), data)
        Worker(stop=Stop(), queues=["files"], until_idle=True).run()
    batch.refresh_from_db()
    assert batch.state == State.WRITTEN


def test_a_guess_is_changed_and_a_column_that_is_needed_is_asked_for(staff: Client) -> None:
    upload(staff, "Wie,Was\nMaple Valley,district\n")
    batch = ImportBatch.objects.get()
    answer = staff.post(at(batch, "columns"), {})
    assert answer.status_code == 422
    assert "Say which column is “Name” or “NCES district ID” or “Short name”." in answer.content.decode()
    answer = staff.post(at(batch, "columns"), {"name": "0", "kind": "0"})
    assert "Two fields have the same column." in answer.content.decode()
    staff.post(at(batch, "columns"), {"name": "0", "kind": "1"})
    batch.refresh_from_db()
    assert batch.mapping == {"name": 0, "kind": 1}


def test_each_line_says_why_and_the_list_is_filtered_and_paged(staff: Client) -> None:
    people.maple_valley()
    rows = [f"District {n},district" for n in range(60)]
    batch = previewed("organizations", "\n".join(["name,type", *rows, "No kind,", "Maple Valley School District,"]))
    first = page(staff, at(batch))
    assert "Page 1 of 2" in first
    assert "60 would be created, 0 changed and 1 skipped" in first
    assert "Nothing can be written while a line is refused" in first
    assert "Write" not in first.partition("room-steps")[2].partition("</ul>")[0]
    assert "No kind" in page(staff, f"{at(batch)}?page=2")
    refused = page(staff, f"{at(batch)}?action=refuse")
    assert "It is not here yet, and a new organization needs one." in refused
    assert "District 1<" not in refused
    for odd in ("?page=nine", "?action=eat", "?page=99"):
        page(staff, f"{at(batch)}{odd}")


def test_refused_lines_leave_as_csv_that_starts_no_formula(staff: Client) -> None:
    rows = ["=HYPERLINK(1),district", "@SUM(1),district", '"\t=1+1",district', "-1+2,district", "+1+2,district"]
    batch = previewed("organizations", "\n".join(["name,type", *rows]))
    assert batch.lines.filter(action="refuse").count() == len(rows)
    answer = staff.get(at(batch, "refused"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert lines[0] == "Line,Why it is refused,name,type"
    assert lines[1].startswith("2,")
    assert "'=HYPERLINK(1)" in lines[1]
    for line in lines[1:]:
        cell = line.removesuffix(",district").rpartition(",")[2].strip('"')
        assert cell.startswith("'"), line
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_file_that_is_none_is_refused_beside_its_field(staff: Client) -> None:
    for content, words in ((b"", "empty"), (b"%PDF-1.7", "neither a CSV nor an XLSX"), (b"name\n", "no line below it")):
        answer = upload(staff, content)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_an_import_is_discarded_and_says_so(staff: Client) -> None:
    batch = previewed("organizations", ORGANIZATIONS)
    staff.post(at(batch, "discard"))
    assert "Nothing of this file was written." in page(staff, at(batch))
    assert not batch.lines.exists()


def test_no_step_of_an_import_is_taken_by_looking(staff: Client) -> None:
    batch = previewed("organizations", ORGANIZATIONS)
    for step in ("confirm", "discard"):
        assert staff.get(at(batch, step)).status_code == 405
    page(staff, at(batch))
    batch.refresh_from_db()
    assert batch.state == State.PREVIEWED


def test_hostile_names_of_files_columns_and_rows_stay_words(staff: Client) -> None:
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    upload(staff, f"name,type,{quoted}\n{quoted},{quoted},{quoted}\n", name=f"a{HOSTILE}.csv".replace("/", ""))
    batch = ImportBatch.objects.get()
    seen = page(staff, at(batch, "columns"))
    staff.post(at(batch, "columns"), {"name": "0", "kind": "1"})
    previewing.preview(batch.pk, now=NOW)
    seen += page(staff, at(batch)) + page(staff, "/admin/members/importbatch/")
    assert caught(seen) == []
    assert "onerror" in seen


# --- who may ------------------------------------------------------------------------------------------------------
def clerk(*permissions: str) -> Client:
    who = people.person("clerk", is_staff=True)
    who.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="members"))
    return people.browser(who)


def test_who_may_not_add_people_by_hand_may_not_import_them() -> None:
    may = clerk("add_importbatch", "add_organization", "change_organization")
    offered = page(may, UPLOAD)
    assert 'value="organizations"' in offered
    assert 'value="people"' not in offered
    assert upload(may, "email\na@example.org\n", kind="people").status_code == 422
    batch = previewed("people", "email\na@example.org\n")
    for step in ("confirm", "discard", "columns"):
        assert may.post(at(batch, step), {"email": "0"}).status_code == 403
    assert upload(may, ORGANIZATIONS).status_code == 302


@pytest.mark.parametrize("permissions", [(), ("view_importbatch",), ("add_importbatch",), ("add_organization",)])
def test_without_all_permissions_nothing_is_imported(permissions: tuple[str, ...]) -> None:
    batch, browser = previewed("organizations", ORGANIZATIONS), clerk(*permissions)
    assert upload(browser, ORGANIZATIONS).status_code == 403
    assert browser.post(at(batch, "confirm")).status_code == 403
    looks = browser.get(at(batch)).status_code
    assert looks == (200 if "importbatch" in "".join(permissions) else 403)
    assert browser.get(at(batch, "refused")).status_code == looks


@pytest.mark.parametrize("who", ["signed out", "member", "contact", "editor"])
def test_nobody_else_sees_an_import(who: str) -> None:
    batch, browser = written("organizations", ORGANIZATIONS), people.browser(people.CAST[who]())
    for where in (UPLOAD, "/admin/members/importbatch/", at(batch), at(batch, "columns"), at(batch, "refused")):
        assert browser.get(where).status_code in (302, 403)


def test_a_workbook_shows_its_columns_too(staff: Client) -> None:
    upload(staff, workbook([["Name", "Type"], ["Maple Valley", "district"]]), name="list.xlsx")
    assert "a workbook" in page(staff, at(ImportBatch.objects.get(), "columns"))
