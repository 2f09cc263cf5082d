"""Letters: each true when it is sent, sent once, and never after something later overtook it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from forums.announcing import announce_change, cancel_forum, mail_registrants, tell_report_is_out
from forums.capacity import resize, settle_all
from forums.handing_on import find_hand_on, hold_out, take, take_back
from forums.letters import message_id, post, send_hand_on, send_letter
from forums.links import link_to, token_of
from forums.models import Answer, CheckIn, Forum, HandOn, Letter, LetterKind, Question, Registration
from forums.registrations import Details, accept_offer, cancel, save_answers
from forums.reminders import write_due_letters
from forums.teams import Colleague, Team, register_team
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.post_office import calendar_of, deliver, html_of, kinds_waiting

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def forum() -> Forum:
    """One seat, sixty days ahead, at noon UTC (7 am Eastern)."""
    return make_open_forum(now=NOW, capacity=1, title="Who decides?", venue="Hall 2")


def letters_to(messages: list[Any], who: str) -> list[str]:
    """The subjects of those that went to somebody."""
    return [message.subject for message in messages if message.to == [f"{who}@example.org"]]


def seated(forum: Forum, key: str = "first", now: datetime = NOW) -> Registration:
    return make_registration(forum, people.person(key), now=now)


# --- one letter ---------------------------------------------------------------------------------------------------
def test_who_is_registered_gets_the_seat_the_link_and_the_entry(forum: Forum) -> None:
    row = seated(forum)
    (message,) = deliver(NOW)
    assert message.subject == "You have a seat: Who decides?"
    assert message.to == ["first@example.org"]
    assert message.reply_to == ["forums@example.org"]
    for text in (message.body, html_of(message)):
        assert "seat 1 is yours" in text
        assert link_to(row) in text
        assert "Tuesday, 2 March 2027, 7 to 11 am Eastern" in text
        assert "Hall 2" in text
    assert Calendar.from_ical(calendar_of(message))["METHOD"] == "REQUEST"
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_the_entry_comes_as_an_invitation_and_as_a_file(forum: Forum) -> None:
    seated(forum)
    (message,) = deliver(NOW)
    parts = {part.get_content_type(): part for part in message.message().walk()}
    invitation = parts["text/calendar"]
    assert (invitation.get_param("method"), invitation.get_content_disposition()) == ("REQUEST", None)
    attached = parts["application/ics"]
    assert attached.get_filename() == f"{forum.slug}.ics"
    in_the_file, invited = (part.get_payload(decode=True) for part in (attached, invitation))
    assert bytes(in_the_file).splitlines() == bytes(invited).splitlines()
    assert list(parts)[:5] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar")
    ]


def test_who_waits_is_told_the_place_as_it_is_when_the_letter_goes(forum: Forum) -> None:
    seated(forum)
    second = seated(forum, "second")
    seated(forum, "third")
    cancel(registration=second, by=None, now=NOW + MINUTE)
    (subject,) = letters_to(sent := deliver(NOW + MINUTE), "third")
    assert subject == "You are on the waitlist: Who decides?"
    text = next(message.body for message in sent if message.subject == subject)
    assert "You are 1st on the waitlist" in text
    assert "hold it for 48 hours" in " ".join(text.split())


def test_who_is_cancelled_by_staff_reads_their_reason_in_the_letter(forum: Forum) -> None:
    row = seated(forum)
    cancel(registration=row, reason="This seat is for districts.", by=people.staff(), now=NOW)
    (message,) = [one for one in deliver(NOW) if one.subject.startswith("Your registration is cancelled")]
    for text in (message.body, html_of(message)):
        assert "The reason given: This seat is for districts." in " ".join(text.split())
        assert "thank you" not in text


def test_an_offer_names_its_deadline_in_the_forums_zone(forum: Forum) -> None:
    first, second = seated(forum), seated(forum, "second")
    cancel(registration=first, by=None, now=NOW)
    (message,) = [m for m in deliver(NOW) if m.to == ["second@example.org"]]
    assert message.subject == "A seat is held for you until Sunday, 3 January 2027, 7 am Eastern"
    assert link_to(second) in message.body
    assert b"STATUS:TENTATIVE" in calendar_of(message)


def test_a_title_with_markup_and_line_breaks_stays_text() -> None:
    forum = make_open_forum(now=NOW, title="<b>Bold</b>\r\nBcc: x@example.org & more")
    make_registration(forum, people.person("first", name="<script>alert(1)</script>"), now=NOW)
    (message,) = deliver(NOW)
    assert "<b>Bold</b>" not in html_of(message)
    assert "&lt;b&gt;Bold&lt;/b&gt;" in html_of(message)
    assert message.subject == "You have a seat: <b>Bold</b> Bcc: x@example.org & more"
    assert "Bcc" not in message.message()


def test_each_of_a_team_is_told_of_the_questions_that_they_alone_can_answer() -> None:
    forum = make_open_forum(now=NOW, capacity=2, title="Who decides?")
    table = Question.objects.create(forum=forum, label="Which table?", is_required=True)
    Question.objects.create(forum=forum, label="What do you hope for?")
    lead = people.person("lead")
    team = register_team(
        forum=forum,
        lead=lead,
        colleagues=[Colleague("mate@example.org", "Mate"), Colleague("last@example.org", "Last")],
        mode=Team.Mode.AS_MANY_AS_FIT,
        details=Details(),
        by=lead,
        now=NOW,
    )
    save_answers(team.registrations.get(person=lead), {table: "The first"})
    asks = {message.to[0]: "a question for you" in " ".join(message.body.split()) for message in deliver(NOW)}
    assert asks == {"lead@example.org": False, "mate@example.org": True, "last@example.org": True}
    save_answers(team.registrations.get(person__email="mate@example.org"), {table: "The second"})
    day_before = forum.starts_at - DAY
    Registration.objects.filter(person__email="last@example.org").update(state="cancelled")
    write_due_letters(day_before)
    assert not any("for you that we need" in message.body for message in deliver(day_before))
    Answer.objects.all().delete()
    Letter.objects.filter(kind=LetterKind.REMINDED).delete()
    write_due_letters(day_before)
    reminders = deliver(day_before)
    assert len(reminders) == 2
    assert all("a question for you" in " ".join(message.body.split()) for message in reminders)


def test_a_team_that_stays_together_is_told_so(forum: Forum) -> None:
    register_team(
        forum=forum,
        lead=people.person("lead"),
        colleagues=[Colleague("second@example.org", "Second")],
        mode=Team.Mode.TOGETHER,
        details=Details(),
        by=None,
        now=NOW,
    )
    sent = deliver(NOW)
    assert sorted(message.to[0] for message in sent) == ["lead@example.org", "second@example.org"]
    assert all("Your team stays together" in html_of(message) for message in sent)
    resize(forum=forum, capacity=2, by=None, now=NOW + MINUTE)
    assert all("one of you answers for all" in html_of(message) for message in deliver(NOW + MINUTE))


# --- each kind ----------------------------------------------------------------------------------------------------
def _registered(forum: Forum, row: Registration) -> datetime:
    return NOW


def _still_coming(forum: Forum, row: Registration) -> datetime:
    write_due_letters(forum.starts_at - 14 * DAY)
    return forum.starts_at - 14 * DAY


def _reminded(forum: Forum, row: Registration) -> datetime:
    write_due_letters(forum.starts_at - DAY)
    return forum.starts_at - DAY


def _changed(forum: Forum, row: Registration) -> datetime:
    forum.venue = "Hall 3"
    announce_change(forum=forum, by=None, now=NOW)
    return NOW


def _cancelled(forum: Forum, row: Registration) -> datetime:
    cancel(registration=row, by=None, now=NOW)
    return NOW


def _thanked(forum: Forum, row: Registration) -> datetime:
    write_due_letters(forum.ends_at + 2 * DAY)
    return forum.ends_at + 2 * DAY


def _report_out(forum: Forum, row: Registration) -> datetime:
    tell_report_is_out(forum=forum, reference="report 1", title="A report", link="/knowledge-center/a/", now=NOW)
    return NOW


def _from_staff(forum: Forum, row: Registration) -> datetime:
    rows = Registration.objects.all()
    mail_registrants(forum=forum, registrations=rows, subject="Parking", text="Hi {name}", by=people.staff(), now=NOW)
    return NOW


EACH: dict[str, tuple[Callable[[Forum, Registration], datetime], str, str, str]] = {
    "registered": (_registered, "You have a seat: Who decides?", "See your ticket", "REQUEST"),
    "still_coming": (_still_coming, "Still coming in 14 days? Who decides?", "Give my seat back", "REQUEST"),
    "reminded": (_reminded, "The forum is tomorrow: Who decides?", "See your ticket", "REQUEST"),
    "changed": (_changed, "The place has changed: Who decides?", "See your registration", "REQUEST"),
    "cancelled": (_cancelled, "Your registration is cancelled: Who decides?", "See the forum", "CANCEL"),
    "thanked": (_thanked, "Thank you for coming: Who decides?", "See the forum", "REQUEST"),
    "report_out": (_report_out, "The report of your forum is out: A report", "See the report", ""),
    "from_staff": (_from_staff, "Parking", "See your registration", ""),
}


@pytest.mark.parametrize("kind", EACH)
def test_each_kind_has_a_text_an_html_part_and_one_button(kind: str, forum: Forum) -> None:
    step, subject, button, method = EACH[kind]
    row = seated(forum)
    if kind != "registered":
        deliver(NOW)
    (message,) = deliver(step(forum, row))
    assert (message.subject, Letter.objects.get(kind=kind).sent_at is not None) == (subject, True)
    assert f"{button}:\nhttp" in message.body
    assert html_of(message).count('class="mail-button"') == 1
    assert f">{button}</a>" in html_of(message)
    found = calendar_of(message)
    assert (Calendar.from_ical(found)["METHOD"] if found else "") == method


def test_the_kinds_that_time_and_the_line_bring_have_words_too(forum: Forum) -> None:
    first = seated(forum)
    seated(forum, "second")
    cancel(registration=first, by=None, now=NOW)
    deliver(NOW)
    settle_all(NOW + 3 * DAY)
    (message,) = deliver(NOW + 3 * DAY)
    assert message.subject == "The seat was not taken in time: Who decides?"
    assert Calendar.from_ical(calendar_of(message))["METHOD"] == "CANCEL"
    shown = {*EACH, LetterKind.WAITLISTED, LetterKind.OFFERED, LetterKind.LAPSED}
    assert shown == set(LetterKind)


def test_still_coming_leads_to_the_page_with_the_button_that_gives_the_seat_back(forum: Forum) -> None:
    row = seated(forum)
    deliver(NOW)
    (message,) = deliver(_still_coming(forum, row))
    assert reverse("forums:cancel", args=[token_of(row)]) in message.body
    assert Registration.objects.get(pk=row.pk).state == Registration.State.CONFIRMED


def test_a_cancelled_forum_is_told_to_everyone_and_takes_the_entry_away(forum: Forum) -> None:
    seated(forum), seated(forum, "second")
    deliver(NOW)
    cancel_forum(forum=forum, by=None, now=NOW)
    sent = deliver(NOW)
    assert {message.to[0]: message.subject for message in sent} == {
        "first@example.org": "Cancelled: Who decides?",
        "second@example.org": "Cancelled: Who decides?",
    }
    assert all(Calendar.from_ical(calendar_of(message))["METHOD"] == "CANCEL" for message in sent)


# --- after it -----------------------------------------------------------------------------------------------------
def _check_in(row: Registration, at: datetime) -> None:
    CheckIn.objects.create(registration=row, entry=f"00000000-0000-0000-0000-{row.pk:012}", at=at, received_at=at)


def test_who_came_is_thanked_with_certificate_and_survey_and_who_did_not_was_missed() -> None:
    forum = make_open_forum(now=NOW, title="Who decides?", certificate_hours=4)
    Question.objects.create(forum=forum, stage=Question.Stage.SURVEY, label="How was it?")
    came, stayed_away = seated(forum), seated(forum, "second")
    deliver(NOW)
    _check_in(came, forum.starts_at)
    thanked, missed = deliver(_thanked(forum, came))
    assert (thanked.to, thanked.subject) == (["first@example.org"], "Thank you for coming: Who decides?")
    assert reverse("forums:my_certificate", args=[token_of(came)]) in thanked.body
    assert reverse("forums:survey", args=[token_of(came)]) in thanked.body
    assert (missed.to, missed.subject) == (["second@example.org"], "We missed you: Who decides?")
    assert token_of(stayed_away) not in missed.body
    assert (calendar_of(thanked) != b"", calendar_of(missed)) == (True, b"")


def test_where_nobody_was_checked_in_all_who_had_a_seat_are_thanked() -> None:
    forum = make_open_forum(now=NOW, title="Who decides?", certificate_hours=4)
    row = seated(forum)
    seated(forum, "second")
    deliver(NOW)
    sent = deliver(_thanked(forum, row))
    assert [message.subject for message in sent] == ["Thank you for coming: Who decides?"] * 2
    assert "certificate" not in sent[0].body


# --- once ---------------------------------------------------------------------------------------------------------
def test_a_letter_is_sent_once_however_often_its_task_runs(forum: Forum) -> None:
    row = seated(forum)
    deliver(NOW)
    (letter,) = Letter.objects.all()
    for _ in range(3):
        assert send_letter.func(row.pk, letter.kind, letter.key) == "Sent before."
    assert len(mail.outbox) == 1


def test_two_sendings_of_one_letter_share_their_message_id(forum: Forum) -> None:
    seated(forum)
    (first,) = deliver(NOW)
    letter = Letter.objects.get()
    Letter.objects.update(sent_at=None)  # the worker was killed before it could note what it had sent
    send_letter.func(letter.registration_id, letter.kind, letter.key)
    second = mail.outbox[-1]
    assert second is not first
    assert second.message()["Message-ID"] == first.message()["Message-ID"]
    assert first.message()["Message-ID"].endswith("@127.0.0.1>")


def test_different_letters_have_different_message_ids() -> None:
    ids = {message_id(pk, kind, key) for pk in (1, 2) for kind in LetterKind for key in ("a", "b")}
    assert len(ids) == 2 * len(LetterKind) * 2


def test_what_the_mail_service_refused_is_sent_by_the_next_try(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    seated(forum)

    def refuse(self: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", refuse)
        with pytest.raises(ConnectionRefusedError):
            deliver(NOW)
    assert Letter.objects.get().sent_at is None
    assert len(deliver(NOW + MINUTE)) == 1


def test_putting_letters_in_line_is_one_statement(forum: Forum) -> None:
    rows = [seated(forum, f"cto{number}").pk for number in range(3)]
    with CaptureQueriesContext(connection) as captured:
        post(LetterKind.REGISTERED, rows, now=NOW)
    assert len([query for query in captured if query["sql"].startswith("INSERT")]) == 1
    assert len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]) == 1


# --- overtaken ----------------------------------------------------------------------------------------------------
def _cancel_it(forum: Forum, row: Registration) -> None:
    cancel(registration=row, by=None, now=NOW + MINUTE)


def _cancel_the_forum(forum: Forum, row: Registration) -> None:
    cancel_forum(forum=forum, by=None, now=NOW + MINUTE)


def _leave_and_come_back(forum: Forum, row: Registration) -> None:
    cancel(registration=row, by=None, now=NOW + MINUTE)
    make_registration(forum, row.person, now=NOW + 2 * MINUTE)


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        (None, ["You have a seat: Who decides?"]),
        (_cancel_it, ["Your registration is cancelled: Who decides?"]),
        (_cancel_the_forum, ["Cancelled: Who decides?"]),
        (_leave_and_come_back, ["You have a seat: Who decides?"]),
    ],
)
def test_a_letter_that_was_overtaken_while_it_waited_is_not_sent(meanwhile: Any, told: list[str], forum: Forum) -> None:
    row = seated(forum)
    if meanwhile:
        meanwhile(forum, row)
    assert letters_to(deliver(NOW + 3 * MINUTE), "first") == told


@pytest.mark.parametrize(
    ("at", "accepts", "told"),
    [
        (NOW + MINUTE, False, "A seat is held for you until Sunday, 3 January 2027, 7 am Eastern"),
        (NOW + MINUTE, True, "You have a seat: Who decides?"),
        (NOW + 3 * DAY, False, "The seat was not taken in time: Who decides?"),
    ],
)
def test_of_an_offer_only_what_is_true_is_told(at: datetime, accepts: bool, told: str, forum: Forum) -> None:
    first, second = seated(forum), seated(forum, "second")
    cancel(registration=first, by=None, now=NOW)
    if accepts:
        accept_offer(registration=second, by=None, now=NOW + MINUTE)
    settle_all(at)
    assert letters_to(deliver(at), "second") == [told]


def test_an_offer_whose_deadline_has_passed_is_not_mailed_though_nobody_noted_it_yet(forum: Forum) -> None:
    first = seated(forum)
    seated(forum, "second")
    cancel(registration=first, by=None, now=NOW)
    assert letters_to(deliver(NOW + 2 * DAY), "second") == []


def test_of_two_changes_that_waited_the_last_letter_tells_both(forum: Forum) -> None:
    seated(forum)
    deliver(NOW)
    forum.venue = "Hall 3"
    announce_change(forum=forum, by=None, now=NOW)
    forum.title = "Who really decides?"
    announce_change(forum=forum, by=None, now=NOW)
    assert [message.subject for message in deliver(NOW)] == ["The place and title have changed: Who really decides?"]


def test_a_change_that_was_told_is_not_told_again_with_the_next(forum: Forum) -> None:
    seated(forum)
    forum.venue = "Hall 3"
    announce_change(forum=forum, by=None, now=NOW)
    deliver(NOW)
    forum.title = "Who really decides?"
    announce_change(forum=forum, by=None, now=NOW)
    assert [message.subject for message in deliver(NOW)] == ["The title has changed: Who really decides?"]


def test_a_change_that_staff_keep_to_themselves_does_not_silence_the_one_before(forum: Forum) -> None:
    seated(forum)
    deliver(NOW)
    forum.venue = "Hall 3"
    announce_change(forum=forum, by=None, now=NOW)
    Forum.objects.filter(pk=forum.pk).update(venue="Hall 3, left door", revision=2)
    (message,) = deliver(NOW)
    assert "Hall 3, left door" in message.body


def test_an_account_that_is_switched_off_gets_nothing(forum: Forum) -> None:
    row = seated(forum)
    row.person.is_active = False
    row.person.save()
    assert kinds_waiting() == ["registered"]
    assert deliver(NOW) == []


def test_the_record_says_what_was_written_and_what_was_sent(forum: Forum) -> None:
    _cancel_it(forum, seated(forum))
    deliver(NOW + MINUTE)
    sent = {letter.kind: letter.sent_at is not None for letter in Letter.objects.all()}
    assert sent == {LetterKind.REGISTERED: False, LetterKind.CANCELLED: True}


# --- to a colleague -----------------------------------------------------------------------------------------------
def _held_out(forum: Forum) -> HandOn:
    row = seated(forum)
    return hold_out(registration=row, email="colleague@example.org", name="Priya", by=None, now=NOW)


def _secret_in(message: Any) -> str:
    return message.body.partition("/cto-forums/take/")[2].partition("/")[0]


def test_a_colleague_is_mailed_a_link_whose_secret_is_stored_hashed(forum: Forum) -> None:
    hand_on = _held_out(forum)
    (message,) = [m for m in deliver(NOW) if m.to == ["colleague@example.org"]]
    assert message.subject == "First hands you a seat: Who decides?"
    secret = _secret_in(message)
    assert find_hand_on(secret) == hand_on
    assert secret not in str(HandOn.objects.values_list().get())
    assert secret in html_of(message)
    assert token_of(hand_on.registration) not in message.body


def test_the_task_that_runs_twice_leaves_a_link_that_works(forum: Forum) -> None:
    hand_on = _held_out(forum)
    deliver(NOW)
    send_hand_on.func(hand_on.pk)
    assert find_hand_on(_secret_in(mail.outbox[-1])) == hand_on


def test_what_was_taken_back_is_not_mailed_to_the_colleague(forum: Forum) -> None:
    hand_on = _held_out(forum)
    take_back(hand_on=hand_on, by=None, now=NOW)
    assert letters_to(deliver(NOW), "colleague") == []


def test_both_are_told_when_a_colleague_has_taken_it(forum: Forum) -> None:
    hand_on = _held_out(forum)
    deliver(NOW)
    colleague = people.person("colleague", name="Priya Raman")
    take(hand_on=hand_on, person=colleague, details=Details(), by=None, now=NOW + MINUTE)
    sent = deliver(NOW + MINUTE)
    assert letters_to(sent, "colleague") == ["You have a seat: Who decides?"]
    assert letters_to(sent, "first") == ["Priya Raman comes in your place: Who decides?"]
