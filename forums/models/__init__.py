"""The forums' tables: what is announced, who is registered, what was mailed, and the day itself."""

from forums.models.day import Certificate, CheckIn, SurveyAnswer, SurveyResponse, TableNote
from forums.models.forums import Forum, ForumSeries, Material, Part, Question, Session, Speaker, Sponsor
from forums.models.hand_ons import HandOn
from forums.models.letters import Letter, LetterKind, Mailing, Paragraph
from forums.models.registrations import Answer, Override, Registration, Seating, Skip, Team

__all__ = [
    "Answer",
    "Certificate",
    "CheckIn",
    "Forum",
    "ForumSeries",
    "HandOn",
    "Letter",
    "LetterKind",
    "Mailing",
    "Material",
    "Override",
    "Paragraph",
    "Part",
    "Question",
    "Registration",
    "Seating",
    "Session",
    "Skip",
    "Speaker",
    "Sponsor",
    "SurveyAnswer",
    "SurveyResponse",
    "TableNote",
    "Team",
]
