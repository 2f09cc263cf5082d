"""The daily look at the stored files: none is lost silently."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.tasks import TaskResultStatus
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs import GiveUp
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from reports.integrity import check_stored_files
from reports.models import Edition, Report
from tests import shelf
from tests.people import browser, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_reports() -> tuple[Report, Report]:
    return shelf.report("first"), shelf.report("second", published_at=None)


def path_of(report: Report) -> Path:
    edition = Edition.objects.get(report=report)
    return Path(edition.file.path)


def test_sound_files_pass(two_reports: tuple[Report, Report]) -> None:
    assert check_stored_files.call() == "All 2 stored files are there and unchanged."


def test_a_missing_file_is_named_though_its_report_is_a_draft(two_reports: tuple[Report, Report]) -> None:
    path_of(two_reports[1]).unlink()
    with pytest.raises(GiveUp, match=r"again: The report second, edition 1 \(missing\)\.$"):
        check_stored_files.call()


def test_one_changed_byte_is_found(two_reports: tuple[Report, Report]) -> None:
    path = path_of(two_reports[0])
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(GiveUp, match=r"again: The report first, edition 1 \(changed\)\.$"):
        check_stored_files.call()


def test_an_earlier_edition_is_looked_at_too(two_reports: tuple[Report, Report]) -> None:
    path_of(two_reports[0]).unlink()
    shelf.add_edition(two_reports[0], b"%PDF-1.7 the second", number=2)
    with pytest.raises(GiveUp, match="The report first, edition 1"):
        check_stored_files.call()


def test_many_losses_are_counted_and_twenty_named() -> None:
    for number in range(22):
        path_of(shelf.report(f"number-{number}")).unlink()
    with pytest.raises(GiveUp, match="and 2 more"):
        check_stored_files.call()


def test_a_storage_that_is_away_is_no_lost_file(
    two_reports: tuple[Report, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> bool:
        raise TimeoutError

    monkeypatch.setattr(type(storages["files"]), "exists", away)
    check_stored_files.enqueue()
    Worker(stop=Stop(), until_idle=True).run()
    assert DBTaskResult.objects.get().status == TaskResultStatus.READY


def test_staff_read_which_file_is_lost(two_reports: tuple[Report, Report]) -> None:
    path_of(two_reports[0]).unlink()
    check_stored_files.enqueue()
    Worker(stop=Stop(), until_idle=True).run()
    page = browser(staff()).get(reverse("admin:cosn_site_backgroundtask_changelist"))
    assert "The report first, edition 1 (missing)" in page.text
    assert "Run again" in page.text
