"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cosn_site.prepared import Prepared, columns, instance
from members.addresses import forget_unproven_password
from members.models import User
from members.sign_in_words import ERROR_WORDS

_COLUMNS = columns(User)
_person = Prepared("person_by_id", ["bigint"], lambda pk: User.objects.filter(pk=pk).order_by().values_list(*_COLUMNS))


def is_out_of_place(person: User) -> bool:
    """One of the demo's people, where there is no demo."""
    in_a_demo = settings.DEBUG or settings.TESTING
    return not in_a_demo and person.email.lower().endswith("@example.org")


class SignInBackend(AuthenticationBackend):
    """allauth's, which signs in by address; the person of a session is read by a prepared query.

    The demo's people have a password that everybody knows, so they open nothing where DEBUG is off, however they came
    into the database. Their addresses are of a domain that nobody can have.
    """

    def user_can_authenticate(self, user: User) -> bool:
        """Whether this account may sign in."""
        return super().user_can_authenticate(user) and not is_out_of_place(user)

    def get_user(self, user_id: int) -> User | None:
        """The person, if the account may sign in."""
        for row in _person(user_id):
            person = instance(User, _COLUMNS, row)
            if self.user_can_authenticate(person):
                return person
        return None


def address_was_verified(*, request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    """allauth says that an address was verified, which has no other place for this.

    Whoever signs up types the code into the browser that chose the password. Whoever signs in by code has shown no
    more than that the address is theirs: a password that the account had before need not be.
    """
    match = request.resolver_match
    if match is not None and match.url_name == "account_confirm_login_code":
        forget_unproven_password(person=email_address.user, by=email_address.user)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up keeps name and title, and errors are in our words; nothing else differs from allauth."""

    error_messages = DefaultAccountAdapter.error_messages | ERROR_WORDS

    def pre_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse | None:
        """Ends a sign-in, by password or by code, that would come to nothing with the next request."""
        if is_out_of_place(user):
            messages.error(request, "The demo’s people cannot sign in here.")
            return redirect("account_login")
        return super().pre_login(request, user, **details)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        user.title = form.cleaned_data.get("title", "")
        return super().save_user(request, user, form, commit)
