"""The words of django-allauth's fields and errors, in this association's voice. No rule is decided here."""

# by name of the field: its label, its hint, and what to say when it is left empty
FIELD_WORDS: dict[str, tuple[str, str, str]] = {
    "login": ("E-mail", "", "Enter the e-mail you sign in with."),
    "email": ("E-mail", "", "Enter your e-mail."),
    "password": ("Password", "", "Enter your password."),
    "oldpassword": ("Password now", "", "Enter the password you have now."),
    "password1": ("New password", "Ten characters or more. Three words in a row are easy to keep.", "Choose one."),
    "password2": ("The same again", "", "Enter the new password a second time."),
    "code": ("Code", "", "Enter the code from the message."),
}

# by allauth's name of the error
ERROR_WORDS: dict[str, str] = {
    "account_inactive": "This account is closed. Write to membership@example.org to open it again.",
    "cannot_remove_primary_email": "You sign in with this address, so it has to stay.",
    "duplicate_email": "This address is on your account already.",
    "email_password_mismatch": "This e-mail and password do not go together. Try again, or sign in with a code.",
    "email_taken": "There is an account with this address already.",
    "enter_current_password": "Enter the password you have now.",
    "incorrect_code": "That is not the code we sent. The newest message holds the one that works.",
    "incorrect_password": "That is not your password.",
    "invalid_or_expired_key": "This link has been used, or it is too old.",
    "invalid_login": "We could not sign you in. Try again, or sign in with a code.",
    "invalid_password_reset": "This link has been used, or it is too old.",
    "too_many_login_attempts": "Too many tries. Wait a few minutes, or sign in with a code.",
    "unknown_email": "We have no account with this address.",
    "unverified_primary_email": "Verify your address first.",
    "same_as_current": "This is the one you have now.",
    "rate_limited": "That was quick. Wait a minute, then try again.",
}
