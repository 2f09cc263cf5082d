"""The limit: the least that Django can do for a signed-in person and one row."""
