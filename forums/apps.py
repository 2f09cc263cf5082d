from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ForumsConfig(AppConfig):
    name = "forums"
    verbose_name = "Forums"

    def ready(self) -> None:
        # models are loaded only now
        from forums.one_person import take_part_in_merges
        from forums.roles import ensure_hosts

        take_part_in_merges()
        # Sent app by app in the order of INSTALLED_APPS: when it is auth's turn, the permissions of ours are there.
        post_migrate.connect(ensure_hosts, sender=apps.get_app_config("auth"), dispatch_uid="forums.hosts")
