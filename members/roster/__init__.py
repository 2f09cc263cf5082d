"""The pages on which an organization's primary contact looks after its seats, domains, contacts and papers."""
