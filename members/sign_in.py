"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from members.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up keeps name and title; nothing else differs from allauth."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        user.title = form.cleaned_data.get("title", "")
        return super().save_user(request, user, form, commit)
