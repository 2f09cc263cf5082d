"""How the admin writes days and times, as the pages do (`cosn_site.templatetags.site.day`)."""
