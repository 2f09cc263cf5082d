"""What `make` starts. Nothing here is imported by the site itself."""
