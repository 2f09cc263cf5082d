"""People: accounts that are switched off, never deleted, and what each may do here."""

from typing import Any
from zoneinfo import available_timezones

from allauth.account.admin import EmailAddressAdmin  # noqa: F401 - registers itself, which is undone below
from allauth.account.models import EmailAddress
from allauth.usersessions.admin import UserSessionAdmin  # noqa: F401 - the same
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.model_admin import LedgerAdmin
from members.addresses import change_address
from members.admin.merges import PEOPLE, MergePages
from members.models import User

admin.site.unregister([EmailAddress, UserSession])


class PersonAddForm(AdminUserCreationForm):
    """A new person. Without a password they sign in by a code sent to their address."""

    class Meta:
        model = User
        fields = ("email", "name", "title")
        field_classes: dict[str, Any] = {}


class PersonForm(UserChangeForm):
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(available_timezones()) if "/" in name]
    )

    class Meta:
        model = User
        fields = [
            *("email", "password", "name", "title", "time_zone"),
            *("is_active", "is_staff", "is_superuser", "groups", "user_permissions"),
        ]
        field_classes: dict[str, Any] = {}


@admin.register(User)
class PersonAdmin(MergePages, UserAdmin):
    """People. An account is switched off, never deleted: downloads and grants refer to it."""

    mergeable = PEOPLE

    form = PersonForm
    add_form = PersonAddForm
    ordering = ("email",)
    list_display = ("email", "name", "title", "is_active", "is_staff", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("email", "name", "title", "time_zone", "password")}),
        ("What they may do here", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "title", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only those who may do everything can give others the right to do anything."""
        fixed: list[str] = list(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fixed += ["is_staff", "is_superuser", "groups", "user_permissions"]
            if obj is not None and (obj.is_staff or obj.is_superuser):
                fixed += ["email", "password", "is_active"]
        return fixed

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 - Django's
        person = self.get_object(request, id)
        is_above = person is not None and (person.is_staff or person.is_superuser)
        if is_above and not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change and "email" in form.changed_data:
            address = obj.email
            obj.email = form.initial["email"]
            super().save_model(request, obj, form, change)
            change_address(person=obj, email=address, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        else:
            super().save_model(request, obj, form, change)


@admin.register(EmailAddress)
class AddressAdmin(LedgerAdmin):
    """To look at. An address is changed on its person's page, and only its owner can verify it: whoever could do that
    here could sign in as anybody."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email", "user__name")
    fields = list_display
    readonly_fields = fields


@admin.register(UserSession)
class SessionAdmin(LedgerAdmin):
    """To look at, without the session's key, which is as good as a password."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "ip")
    fields = list_display
    readonly_fields = fields
