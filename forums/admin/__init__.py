"""The admin of forums: what is announced, who comes, and what staff do about it."""

from forums.admin.certificates import CertificateAdmin
from forums.admin.forums import ForumAdmin
from forums.admin.programme import SessionAdmin, SpeakerAdmin
from forums.admin.registrations import RegistrationAdmin
from forums.admin.series import ForumSeriesAdmin, SponsorAdmin

__all__ = [
    "CertificateAdmin",
    "ForumAdmin",
    "ForumSeriesAdmin",
    "RegistrationAdmin",
    "SessionAdmin",
    "SpeakerAdmin",
    "SponsorAdmin",
]
