"""An import's file and lines go after thirty days; that there was one stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cosn_site.storage import private_files
from members.importing.retention import forget_old_imports
from members.models import ImportBatch, Organization
from tests.members.importing import NOW, previewed, written

pytestmark = pytest.mark.django_db(transaction=True)
CSV = "Name,Kind\nCedar Falls,district\n"
State = ImportBatch.State


@pytest.mark.parametrize(("make", "state"), [(written, State.WRITTEN), (previewed, State.DISCARDED)])
def test_after_thirty_days_file_and_lines_go_and_what_was_written_stays(
    make: Callable[..., ImportBatch], state: State
) -> None:
    batch = make("organizations", CSV)
    name, organizations = str(batch.file.name), Organization.objects.count()
    assert forget_old_imports(NOW + timedelta(days=29, hours=23)) == 0
    assert private_files().exists(name)
    assert batch.lines.exists()
    assert forget_old_imports(NOW + timedelta(days=30)) == 1
    assert forget_old_imports(NOW + timedelta(days=31)) == 0
    batch.refresh_from_db()
    assert (batch.state, batch.file.name, batch.lines.count()) == (state, "", 0)
    assert not private_files().exists(name)
    assert Organization.objects.count() == organizations


@pytest.mark.parametrize("state", [State.READING, State.WRITING])
def test_what_is_being_worked_on_is_left_alone(state: State) -> None:
    batch = previewed("organizations", CSV)
    ImportBatch.objects.filter(pk=batch.pk).update(state=state)
    assert forget_old_imports(NOW + timedelta(days=60)) == 0
    assert private_files().exists(str(batch.file.name))
