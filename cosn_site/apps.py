from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class SiteConfig(AppConfig):
    name = "cosn_site"
    verbose_name = "Site"
    default = True


class AssociationAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "cosn_site.admin_site.AssociationAdminSite"
