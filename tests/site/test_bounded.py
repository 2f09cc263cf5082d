"""A child process that misbehaves costs its own answer, and learns nothing that it should not know."""

import json
from io import BytesIO
from pathlib import Path

import pytest

from cosn_site import bounded

CHILD = "tests.site.misbehaving"


@pytest.mark.parametrize(
    ("deed", "reason"), [("sleep", "time"), ("loop", "time"), ("eat", "memory"), ("crash", "crash")]
)
def test_a_child_that_misbehaves_is_stopped_and_it_is_known_why(deed: str, reason: str) -> None:
    seconds = 1.5 if deed == "sleep" else 60
    with pytest.raises(bounded.OutOfBounds) as stopped:
        bounded.run(CHILD, [deed], seconds=seconds)
    assert stopped.value.reason == reason
    assert bounded.run(CHILD, ["behave"], seconds=60)


def test_a_child_knows_where_libraries_are_and_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("DATABASE_URL", "postgresql://cosn:hush@localhost/cosn")
    monkeypatch.setenv("LANG", "C.UTF-8")
    known = json.loads(bounded.run(CHILD, ["behave"], seconds=60))
    assert known["LANG"] == "C.UTF-8"
    assert not [name for name, value in known.items() if "hush" in value]


def test_an_open_file_is_copied_whole_for_the_child_and_left_at_its_beginning() -> None:
    source = BytesIO(b"all of it")
    source.seek(4)
    pieces: list[bytes] = []
    with bounded.as_path(source, each=pieces.append) as path:
        assert path.read_bytes() == b"all of it"
    assert b"".join(pieces) == b"all of it"
    assert source.tell() == 0
    assert not path.exists()


def test_a_path_is_given_to_the_child_as_it_is(tmp_path: Path) -> None:
    with bounded.as_path(tmp_path / "report.pdf") as path:
        assert path == tmp_path / "report.pdf"


def test_a_message_cut_short_is_the_end_of_the_conversation() -> None:
    sent = bounded.frame(b"words") + bounded.frame(b"")
    stream = BytesIO(sent)
    assert [bounded.read_frame(stream) for _ in range(3)] == [b"words", b"", None]
    assert bounded.read_frame(BytesIO(sent[:10])) is None
