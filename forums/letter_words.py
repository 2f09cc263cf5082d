"""What the letters of a forum say, each true to the moment at which it is sent."""

from collections.abc import Callable

from django.conf import settings

from forums.letter_parts import (
    CHANGES,
    Facts,
    Link,
    Words,
    all_forums,
    forum_page,
    in_days,
    page,
    plain,
    stays_together,
)
from forums.links import link_to
from forums.models import Forum, HandOn, LetterKind, Registration
from forums.templatetags.forum_words import forum_day, moment_at, ordinal

State = Registration.State


def words(kind: LetterKind, facts: Facts) -> Words:
    """The letter of this kind. KeyError where a kind has no words, which a test rules out."""
    return _WORDS[kind](facts)


# --- seats ------------------------------------------------------------------------------------------------------------
def _registered(facts: Facts) -> Words:
    row, title = facts.row, facts.forum.title
    return Words(
        subject=f"You have a seat: {title}",
        heading="You have a seat",
        paragraphs=(
            f"You are registered for “{title}”, and seat {row.seat_number} is yours.",
            (
                "Your ticket is behind the button; its code opens the door. "
                "The entry for your calendar comes with this letter."
            ),
            *_asked(facts),
        ),
        button=Link("See your ticket", link_to(row)),
        closing="Can’t come?",
        closing_link=Link("Give the seat back, or hand it to a colleague", link_to(row)),
    )


def _asked(facts: Facts) -> tuple[str, ...]:
    """To who was registered by a colleague, or by staff: their page asks them."""
    if not facts.unanswered:
        return ()
    something = "a question" if facts.unanswered == 1 else f"{facts.unanswered} questions"
    return (f"The forum has {something} for you that we need to have answered: the page behind the button asks.",)


def _waitlisted(facts: Facts) -> Words:
    row, forum = facts.row, facts.forum
    place = ordinal(facts.position)
    if stays_together(row):
        then = "Your team stays together: it gets its seats when there are enough for all of you who wait."
    elif row.takes_seat_at_once or forum.offer_hours == 0:
        then = "When a seat becomes free and it is your turn, it is yours at once, and we write to you."
    else:
        then = (
            f"When a seat becomes free and it is your turn, we write to you and hold it for {forum.offer_hours} hours, "
            "or less when the forum is near."
        )
    return Words(
        subject=f"You are on the waitlist: {forum.title}",
        heading=f"You are {place} on the waitlist",
        paragraphs=(
            f"The seats of “{forum.title}” are taken. As of now you are {place} in line.",
            then,
            *_asked(facts),
        ),
        button=Link("See your place in line", link_to(row)),
        closing="Changed your mind?",
        closing_link=Link("Leave the line, or hand your place to a colleague", link_to(row)),
    )


def _offered(facts: Facts) -> Words:
    row = facts.row
    deadline = plain(moment_at(row.offer_expires_at, facts.forum))
    for_team = " Your team stays together: one of you answers for all." if stays_together(row) else ""
    return Words(
        subject=f"A seat is held for you until {deadline}",
        heading=f"A seat is held for you until {deadline}",
        paragraphs=(
            (
                "A seat has become free, and you are next on the waitlist. "
                f"Take it by {deadline}. After that it goes to the next person.{for_team}"
            ),
        ),
        button=Link("Take the seat", link_to(row)),
        closing="Can’t come?",
        closing_link=Link("Let it go, or hand it to a colleague", link_to(row)),
    )


def _lapsed(facts: Facts) -> Words:
    forum = facts.forum
    return Words(
        subject=f"The seat was not taken in time: {forum.title}",
        heading="The seat was not taken in time",
        paragraphs=(
            (
                f"We held a seat at “{forum.title}” for you. Its deadline has passed, so it goes to the next in line, "
                "and you are no longer on the waitlist."
            ),
            (
                "If you still want to come, register again while registration is open. You then come at the end of the "
                "line."
            ),
        ),
        button=Link("See the forum", forum_page(forum)),
    )


def _cancelled(facts: Facts) -> Words:
    if facts.forum.status == Forum.Status.CANCELLED and facts.row.is_alive:
        return _called_off(facts.forum)
    return _handed_on(facts) if facts.row.state == State.HANDED_ON else _ended(facts)


def _called_off(forum: Forum) -> Words:
    return Words(
        subject=f"Cancelled: {forum.title}",
        heading="The forum will not take place",
        paragraphs=(
            (
                f"We are sorry: “{forum.title}”, planned for {plain(forum_day(forum))}, is cancelled. "
                "There is nothing for you to do."
            ),
            "What comes with this letter takes the entry out of your calendar.",
        ),
        button=all_forums(),
    )


def _handed_on(facts: Facts) -> Words:
    taker, title = facts.colleague or "Your colleague", facts.forum.title
    return Words(
        subject=f"{taker} comes in your place: {title}",
        heading=f"{taker} comes in your place",
        paragraphs=(
            (
                f"{taker} took what you held out, and has it from now on. You are no longer registered for "
                f"“{title}”; what comes with this letter takes the entry out of your calendar."
            ),
        ),
        button=Link("See the forum", forum_page(facts.forum)),
    )


def _ended(facts: Facts) -> Words:
    """By themselves, or by staff, who are asked why."""
    why = (f"The reason given: {facts.row.reason}",) if facts.row.reason else ()
    return Words(
        subject=f"Your registration is cancelled: {facts.forum.title}",
        heading="Your registration is cancelled",
        paragraphs=(
            f"You are no longer registered for “{facts.forum.title}”. What was yours goes to the next in line.",
            *why,
            "If this was a mistake, register again while registration is open, or reply to this letter.",
        ),
        button=Link("See the forum", forum_page(facts.forum)),
    )


def held_out(hand_on: HandOn, link: str) -> Words:
    """To the colleague to whom a seat or a place in line is held out."""
    row, forum = hand_on.registration, hand_on.registration.forum
    giver = row.person.name or row.person.email
    has = {
        State.CONFIRMED: "a seat",
        State.OFFERED: f"the offer of a seat, which holds until {plain(moment_at(row.offer_expires_at, forum))},",
    }.get(State(row.state), "a place on the waitlist")
    short = "a place on the waitlist" if row.state == State.WAITING else "a seat"
    return Words(
        subject=f"{giver} hands you {short}: {forum.title}",
        heading=f"{giver} hands you {short}",
        paragraphs=(
            f"{giver} has {has} at “{forum.title}”, and would like you to come instead. It is free.",
            f"Open the page behind the button and take it there. Until you do it stays with {giver}.",
        ),
        button=Link("See what is held for you", link),
        closing="If you don’t want it, do nothing.",
    )


# --- before it --------------------------------------------------------------------------------------------------------
_KEPT = {
    State.CONFIRMED: "Your seat is kept.",
    State.OFFERED: "The seat that is held for you stays held until its deadline.",
    State.WAITING: "Your place in line is kept.",
}


def _changed(facts: Facts) -> Words:
    row, forum = facts.row, facts.forum
    what = [CHANGES[word] for word in facts.changed]
    named = f"{', '.join(what[:-1])} and {what[-1]}" if len(what) > 1 else "".join(what) or "plan"
    have = "have" if len(what) > 1 else "has"
    return Words(
        subject=f"The {named} {have} changed: {forum.title}",
        heading=f"The {named} of your forum {have} changed",
        paragraphs=(
            f"This is how “{forum.title}” stands now. {_KEPT[State(row.state)]}",
            "What comes with this letter puts your calendar right.",
        ),
        button=Link("See your registration", link_to(row)),
        closing="Can’t come any more?",
        closing_link=Link("Give it back, or hand it to a colleague", link_to(row)),
    )


def _still_coming(facts: Facts) -> Words:
    row, forum = facts.row, facts.forum
    return Words(
        subject=f"Still coming {in_days(forum, facts.now)}? {forum.title}",
        heading="Still coming?",
        paragraphs=(
            (
                f"You have seat {row.seat_number} at “{forum.title}”, {in_days(forum, facts.now)}. "
                "If you are coming, there is nothing to do."
            ),
            "If you are not, give the seat back now: the next in line still has time to plan.",
        ),
        button=Link("Give my seat back", page("forums:cancel", row)),
        closing="Somebody else from your district could come?",
        closing_link=Link("Hand the seat to a colleague", page("forums:hand_on", row)),
    )


def _reminded(facts: Facts) -> Words:
    row, forum = facts.row, facts.forum
    soon = in_days(forum, facts.now)
    return Words(
        subject=f"The forum is {soon}: {forum.title}",
        heading=f"The forum is {soon}",
        paragraphs=(
            f"We look forward to seeing you at “{forum.title}”. Seat {row.seat_number} is yours.",
            "Your ticket is behind the button. Have its code at hand at the door; your name does as well.",
            *_asked(facts),
        ),
        button=Link("See your ticket", link_to(row)),
        closing="Can’t come?",
        closing_link=Link("Give the seat back, or hand it to a colleague", link_to(row)),
    )


# --- after it ---------------------------------------------------------------------------------------------------------
def _thanked(facts: Facts) -> Words:
    row, forum = facts.row, facts.forum
    if facts.came is False:
        return Words(
            subject=f"We missed you: {forum.title}",
            heading="We missed you",
            paragraphs=(
                (
                    f"A seat at “{forum.title}” was yours, and we did not see you at the door. "
                    "If you were there, reply to this letter and we set it right. "
                    "If you were not, we hope to see you next time."
                ),
            ),
            button=all_forums(),
        )
    survey = Link("Answer a few questions", page("forums:survey", row)) if facts.has_survey else None
    certificate = None
    if facts.came and forum.certificate_hours:
        certificate = Link("Get your certificate", page("forums:my_certificate", row))
    closing = ""
    if survey:
        closing = "How was it?" if certificate else "Nobody sees whose answers they are."
    return Words(
        subject=f"Thank you for coming: {forum.title}",
        heading="Thank you for coming",
        paragraphs=(
            (
                f"Thank you for being at “{forum.title}”. What was said there becomes a report, "
                "and we write to you when it is out."
            ),
        ),
        button=certificate or survey or Link("See the forum", forum_page(forum)),
        closing=closing,
        closing_link=survey if certificate else None,
    )


def _report_out(facts: Facts) -> Words:
    mailing, forum = facts.mailing, facts.forum
    assert mailing is not None  # noqa: S101 - each letter of this kind has one
    return Words(
        subject=f"The report of your forum is out: {mailing.subject}",
        heading="The report of your forum is out",
        paragraphs=(
            (
                f"You were at “{forum.title}”, {plain(forum_day(forum))}. The report that grew from it is out: "
                f"“{mailing.subject}”."
            ),
        ),
        button=Link("See the report", f"{settings.SITE_URL}{mailing.link}"),
    )


def _from_staff(facts: Facts) -> Words:
    mailing = facts.mailing
    assert mailing is not None  # noqa: S101 - each letter of this kind has one
    button = Link("See your registration", link_to(facts.row)) if facts.row.is_alive else None
    return Words(subject=mailing.subject, heading=mailing.subject, paragraphs=(), button=button)


_WORDS: dict[LetterKind, Callable[[Facts], Words]] = {
    LetterKind.REGISTERED: _registered,
    LetterKind.WAITLISTED: _waitlisted,
    LetterKind.OFFERED: _offered,
    LetterKind.LAPSED: _lapsed,
    LetterKind.CANCELLED: _cancelled,
    LetterKind.CHANGED: _changed,
    LetterKind.STILL_COMING: _still_coming,
    LetterKind.REMINDED: _reminded,
    LetterKind.THANKED: _thanked,
    LetterKind.REPORT_OUT: _report_out,
    LetterKind.FROM_STAFF: _from_staff,
}
