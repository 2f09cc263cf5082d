from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Knowledge center"

    def ready(self) -> None:
        # models are loaded only now
        from reports.roles import ensure_editors

        # Sent app by app in the order of INSTALLED_APPS: when it is auth's turn, the permissions of ours are there.
        post_migrate.connect(ensure_editors, sender=apps.get_app_config("auth"), dispatch_uid="reports.editors")
