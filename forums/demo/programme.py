"""What the demo's coming forums have besides their day: when sessions end, who speaks, what is asked and handed out."""

from typing import Any

from django.core.files.base import ContentFile

from forums.models import Forum, Material, Part, Question, Session, Speaker


def load(forum: Forum, row: dict[str, Any], content: dict[str, Any]) -> None:
    """Create what is missing. What staff of the demo have changed since stays."""
    sessions = list(forum.agenda.order_by("starts_at", "pk"))
    _ends(sessions, forum)
    if not Part.objects.filter(session__forum=forum).exists():
        _parts(sessions, row["agenda"], content["speakers"])
    if not forum.questions.exists():
        Question.objects.bulk_create(
            Question(forum=forum, position=position, **asked) for position, asked in enumerate(content["questions"])
        )
    if not forum.materials.exists():
        for position, handed_out in enumerate(content["materials"]):
            _material(forum, position, handed_out)


def _ends(sessions: list[Session], forum: Forum) -> None:
    """Each session lasts until the next one, the last one to the end."""
    starts = [session.starts_at for session in sessions]
    for session, ends_at in zip(sessions, [*starts[1:], forum.local_end.time()], strict=True):
        if session.ends_at is None:
            session.ends_at = ends_at
            session.save(update_fields=["ends_at"])


def _parts(sessions: list[Session], agenda: list[dict[str, Any]], speakers: dict[str, Any]) -> None:
    by_title = {session.title: session for session in sessions}
    for item in agenda:
        session = by_title.get(item["title"])
        if session is None:  # staff of the demo gave it another title
            continue
        for position, part in enumerate(item.get("parts", [])):
            words = speakers[part["who"]]
            speaker, _ = Speaker.objects.get_or_create(name=words["name"], defaults=words)
            Part.objects.create(session=session, speaker=speaker, role=part["role"], position=position)


def _material(forum: Forum, position: int, row: dict[str, Any]) -> None:
    given: dict[str, Any] = {"link": row.get("link", "")}
    if "text" in row:
        given = {"file": ContentFile(row["text"].strip().encode(), name=row["filename"])}
    Material.objects.create(forum=forum, title=row["title"], position=position, **given)
