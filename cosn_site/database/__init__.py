"""Django's PostgreSQL backend with a cheaper health check (`base.py`; Django looks for it under that name)."""
