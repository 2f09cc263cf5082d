"""Background work: Django's tasks on the database backend, with what that leaves out.

A task is a row, written in the transaction of the change that calls for it: never lost, and never early. Ours besides:

- `@job` says how often a task is tried again and how long the pauses are (`policy`);
- `Worker` runs tasks and tries them again (`worker`, `endings`);
- `reap` takes back the tasks of a worker that is no more (`presence`, `reaper`);
- `@every_day` and `@every` declare scheduled work, which `tick` enqueues (`rhythms`, `scheduler`).

Every task must be safe to run twice: a worker can die between the work and the note that it is done.
"""

from cosn_site.jobs.policy import GiveUp, job
from cosn_site.jobs.rhythms import every, every_day

__all__ = ["GiveUp", "every", "every_day", "job"]
