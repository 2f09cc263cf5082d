"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from cosn_site.prepared import Prepared, columns, instance
from members.models import User
from members.sign_in_words import ERROR_WORDS

_COLUMNS = columns(User)
_person = Prepared("person_by_id", ["bigint"], lambda pk: User.objects.filter(pk=pk).values_list(*_COLUMNS))


class SignInBackend(AuthenticationBackend):
    """allauth's, which signs in by address; the person of a session is read by a prepared query."""

    def get_user(self, user_id: int) -> User | None:
        """The person, if the account may sign in."""
        for row in _person(user_id):
            person = instance(User, _COLUMNS, row)
            if self.user_can_authenticate(person):
                return person
        return None


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up keeps name and title, and errors are in our words; nothing else differs from allauth."""

    error_messages = DefaultAccountAdapter.error_messages | ERROR_WORDS

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        user.title = form.cleaned_data.get("title", "")
        return super().save_user(request, user, form, commit)
