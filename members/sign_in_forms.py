"""django-allauth's forms with our words on them; what they do is allauth's."""

from typing import Any

from allauth.account import forms as allauth_forms

from members.sign_in_words import FIELD_WORDS


class OurWords:
    """Labels, hints and the message for an empty field; the placeholder goes, because the label says it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint, when_empty) in FIELD_WORDS.items():
            field = self.fields.get(name)  # type: ignore[attr-defined]
            if field is None:
                continue
            field.label = label
            field.error_messages["required"] = when_empty
            field.widget.attrs.pop("placeholder", None)
            if hint:
                field.help_text = hint


class LoginForm(OurWords, allauth_forms.LoginForm): ...


class SignupForm(OurWords, allauth_forms.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Work e-mail"
        self.fields["password1"].label = "Password"


class AddEmailForm(OurWords, allauth_forms.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New e-mail"


class ChangeEmailForm(OurWords, allauth_forms.ChangeEmailForm): ...


class ChangePasswordForm(OurWords, allauth_forms.ChangePasswordForm): ...


class SetPasswordForm(OurWords, allauth_forms.SetPasswordForm): ...


class ResetPasswordForm(OurWords, allauth_forms.ResetPasswordForm): ...


class ResetPasswordKeyForm(OurWords, allauth_forms.ResetPasswordKeyForm): ...


class ReauthenticateForm(OurWords, allauth_forms.ReauthenticateForm): ...


class RequestLoginCodeForm(OurWords, allauth_forms.RequestLoginCodeForm): ...


class ConfirmLoginCodeForm(OurWords, allauth_forms.ConfirmLoginCodeForm): ...


class ConfirmEmailVerificationCodeForm(OurWords, allauth_forms.ConfirmEmailVerificationCodeForm): ...


class ConfirmPasswordResetCodeForm(OurWords, allauth_forms.ConfirmPasswordResetCodeForm): ...
