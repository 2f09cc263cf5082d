"""The WSGI application of the bare views behind the product's middleware."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
