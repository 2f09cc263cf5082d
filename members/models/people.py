"""A person is an e-mail address."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


def validate_time_zone(name: str) -> None:
    """Refuses a name that the time-zone database does not know."""
    if name not in available_timezones():
        raise ValidationError("Choose a time zone from the list, such as America/Chicago.")


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """In small letters altogether: the sign-in looks addresses up like that, and finds no other."""
        return super().normalize_email(email).lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        """Addresses are one and the same whatever their letter case."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they sign in by e-mailed code."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """Anyone who signs in: a member, a visitor, staff. Whether they are a member is never stored here."""

    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=120, blank=True)
    title = models.CharField("job title", max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    is_staff = models.BooleanField("staff", default=False, help_text="Works for the association; may open the admin.")
    is_active = models.BooleanField("active", default=True, help_text="Untick instead of deleting an account.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="one_person_per_email", violation_error_message="This address has an account."
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """The address as forms clean it, as `create_user` does."""
        return UserManager.normalize_email(super().normalize_username(username))

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email
