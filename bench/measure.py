"""A subject beside its limit, in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.quiet import Patience
from bench.wrk import Shot, Target, shoot


@dataclass(frozen=True, slots=True)
class Comparison:
    """Shots of a subject, each between two shots of its limit: limit, subject, limit, subject … limit."""

    subject: str
    limit: str
    subject_shots: Sequence[Shot]
    limit_shots: Sequence[Shot]
    warm_up: Shot

    @property
    def ratios(self) -> list[float]:
        """Of each subject's shot to the mean of the limit's before and after it, so that a drift of the machine
        falls on both alike."""
        around = zip(self.limit_shots, self.limit_shots[1:], strict=False)
        return [
            shot.per_second / ((before.per_second + after.per_second) / 2)
            for shot, (before, after) in zip(self.subject_shots, around, strict=True)
        ]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def errors(self) -> int:
        return sum(shot.errors for shot in (*self.subject_shots, *self.limit_shots))


def compare(subject: Target, limit: Target, *, rounds: int, seconds: float, patience: Patience) -> Comparison:
    """Measure in turn, each shot in a quiet moment if there is one. A short shot of each goes before and counts for
    nothing: it warms up what can be warm."""
    shoot(limit, 1)
    warm_up = shoot(subject, 1)

    def shot(target: Target) -> Shot:
        patience.settle()
        return shoot(target, seconds)

    limits, subjects = [shot(limit)], []
    for _ in range(rounds):
        subjects.append(shot(subject))
        limits.append(shot(limit))
    return Comparison(subject.name, limit.name, subjects, limits, warm_up)


def middle(shots: Sequence[Shot], what: str) -> float:
    """The median of one figure over several shots."""
    return float(median(getattr(shot, what) for shot in shots))
