"""Table notes: written at the tables, published or not, shown and found, and taken over into a report."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forums.models import Forum, TableNote
from forums.notes import NothingWritten, Words, change_note, delete_note, find_notes, publish_note, write_note
from reports.models import Takeaway
from reports.roles import ensure_editors
from reports.takeaways import NothingToTakeOver, take_over_notes
from tests import people
from tests.factories import make_forum, make_report, make_takeaway

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 4, 6, 18, tzinfo=UTC)
Kind = TableNote.Kind


def a_note(forum: Forum, text: str, kind: Kind = Kind.CHALLENGE, *, published: bool = False) -> TableNote:
    note = write_note(forum=forum, words=Words(kind, text, "3"), by=people.staff(), now=NOW)
    if published:
        publish_note(note=note, by=people.staff())
    return note


# --- writing ----------------------------------------------------------------------------------------------------------
def test_a_note_is_kept_tidily_and_seen_by_staff_only_at_first() -> None:
    note = a_note(make_forum(), "  Nobody  owns\nthe data. ")
    assert (note.text, note.table, note.is_published, note.taken_by) == (
        "Nobody owns the data.",
        "3",
        False,
        people.staff(),
    )
    with pytest.raises(NothingWritten):
        change_note(note=note, words=Words(Kind.QUOTE, " \n"), by=None)


def test_staff_write_change_publish_take_back_and_delete_on_one_page() -> None:
    forum, browser = make_forum(), people.browser(people.staff())
    page = f"/cto-forums/{forum.slug}/notes/"
    said = browser.post(page, {"step": "save", "kind": "recipe", "text": "Ask first.", "table": "7"}, follow=True)
    assert said.redirect_chain == [(f"{page}?table=7", 302)]
    assert 'value="7"' in said.content.decode(), "the next note is of the same table"
    note = TableNote.objects.get()
    browser.post(f"{page}?note={note.pk}", {"step": "save", "kind": "quote", "text": "Ask twice.", "table": "7"})
    browser.post(page, {"step": "publish", "note": note.pk})
    note.refresh_from_db()
    assert (note.kind, note.text, note.is_published) == (Kind.QUOTE, "Ask twice.", True)
    browser.post(page, {"step": "withdraw", "note": note.pk})
    note.refresh_from_db()
    assert not note.is_published
    browser.post(page, {"step": "delete", "note": note.pk})
    assert not TableNote.objects.exists()


def test_an_empty_note_is_asked_for_again_and_a_note_of_another_forum_is_out_of_reach() -> None:
    here, there, browser = make_forum("here"), make_forum("there"), people.browser(people.staff())
    note = a_note(there, "Theirs.")
    page = f"/cto-forums/{here.slug}/notes/"
    assert browser.post(page, {"step": "save", "kind": "recipe", "text": " "}).status_code == 422
    for step in ("publish", "delete"):
        assert browser.post(page, {"step": step, "note": note.pk}).status_code == 404
    assert browser.get(page, {"note": note.pk}).status_code == 404
    assert browser.get(page, {"note": "x"}).status_code == 404
    note.refresh_from_db()
    assert not note.is_published


def test_notes_are_for_staff_who_write_them() -> None:
    forum = make_forum()
    page = f"/cto-forums/{forum.slug}/notes/"
    plain_staff = people.person("plain", is_staff=True)
    ensure_editors()
    editor = people.editor()
    editor.groups.add(Group.objects.get(name="Editors"))
    assert people.browser(editor).get(page).status_code == 200
    assert people.browser(plain_staff).get(page).status_code == 403
    assert people.browser(people.member()).get(page).status_code == 403
    assert Client().get(page).status_code == 302


# --- seen and found ---------------------------------------------------------------------------------------------------
def test_a_past_forums_page_shows_its_published_notes_by_kind() -> None:
    forum = make_forum()
    a_note(forum, "Budgets follow buildings.", published=True)
    a_note(forum, "We only whisper this.")
    a_note(forum, "Nobody asked us.", Kind.QUOTE, published=True)
    page = Client().get(forum.get_absolute_url()).content.decode()
    assert "From the tables" in page
    assert page.index("Budgets follow buildings.") < page.index("Nobody asked us.")
    assert "whisper" not in page


def test_a_forum_without_published_notes_says_nothing_of_tables() -> None:
    forum = make_forum()
    a_note(forum, "We only whisper this.")
    assert "From the tables" not in Client().get(forum.get_absolute_url()).content.decode()


def test_the_search_finds_published_notes_and_no_others() -> None:
    forum = make_forum()
    told = a_note(forum, "Ask the quokka about its budget.", published=True)
    a_note(forum, "The quokka was not amused.")
    draft = make_forum("a-draft", status=Forum.Status.DRAFT)
    a_note(draft, "The next quokka.", published=True)
    assert find_notes("quokkas") == [told]
    page = Client().get("/knowledge-center/", {"q": "quokka"}).content.decode()
    assert "Ask the quokka about its budget." in page
    assert "amused" not in page
    assert "next quokka" not in page
    assert "From the tables" not in Client().get("/knowledge-center/", {"q": "wombat"}).content.decode()
    assert "From the tables" not in Client().get("/knowledge-center/").content.decode()


@pytest.mark.parametrize("text", ["'", '"', "a:b & !", "\\", "<script>", "or", "-", "%"])
def test_whatever_is_typed_the_search_of_notes_does_not_stumble(text: str) -> None:
    a_note(make_forum(), "Ask the quokka.", published=True)
    assert find_notes(text) == []


def test_what_a_note_says_is_shown_as_words() -> None:
    forum = make_forum()
    a_note(forum, "<b>Quokka</b>", published=True)
    for page in (forum.get_absolute_url(), "/knowledge-center/?q=quokka"):
        content = Client().get(page).content.decode()
        assert "&lt;b&gt;Quokka" in content
        assert "<b>Quokka" not in content


# --- into the report --------------------------------------------------------------------------------------------------
def test_a_report_takes_over_what_it_lacks_and_nothing_the_second_time() -> None:
    forum = make_forum()
    report = make_report(forum=forum)
    make_takeaway(report, "Budgets follow buildings.", kind=Takeaway.Kind.CHALLENGE)
    a_note(forum, "Budgets follow buildings.")
    a_note(forum, "Share one contract.", Kind.RECIPE)
    a_note(forum, "Nobody asked us.", Kind.QUOTE)
    a_note(make_forum("another"), "Of another forum.")
    assert take_over_notes(report=report, by=people.staff()) == 1
    with pytest.raises(NothingToTakeOver):
        take_over_notes(report=report, by=people.staff())
    texts = list(report.takeaways.values_list("kind", "text"))
    assert texts == [("challenge", "Budgets follow buildings."), ("recipe", "Share one contract.")]


def test_a_long_note_is_cut_at_a_word_and_taken_over_once() -> None:
    forum = make_forum()
    report = make_report(forum=forum)
    a_note(forum, "Word " * 79 + "end.")
    take_over_notes(report=report, by=people.staff())
    (taken,) = report.takeaways.all()
    assert len(taken.text) <= 300
    assert taken.text.endswith("Word …")
    with pytest.raises(NothingToTakeOver):
        take_over_notes(report=report, by=people.staff())


def test_a_note_that_is_deleted_stays_in_the_report() -> None:
    forum = make_forum()
    report, note = make_report(forum=forum), a_note(forum, "Share one contract.", Kind.RECIPE)
    take_over_notes(report=report, by=people.staff())
    delete_note(note=note, by=people.staff())
    assert report.takeaways.count() == 1


def test_editors_take_notes_over_by_one_button_where_there_are_any() -> None:
    forum = make_forum()
    report = make_report(forum=forum)
    browser = people.browser(people.staff())
    page = f"/admin/reports/report/{report.pk}/change/"
    assert "Take over the notes" not in browser.get(page).content.decode()
    a_note(forum, "Share one contract.", Kind.RECIPE)
    assert "Take over the notes of its forum" in browser.get(page).content.decode()
    said = browser.post(f"/admin/reports/report/{report.pk}/do/take-over-notes/", follow=True).content.decode()
    assert "among the takeaways" in said
    assert report.takeaways.get().text == "Share one contract."
