from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "Members"

    def ready(self) -> None:
        from allauth.account.signals import email_confirmed

        from members.sign_in import address_was_verified

        email_confirmed.connect(address_was_verified, dispatch_uid="members.address_was_verified")
