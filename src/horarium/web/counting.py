"""How many requests were answered, and how long that took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from horarium.runtime.metrics import Labels, Metric


@dataclass(slots=True)
class Counted:
    """The requests since the start, by class of status, and the seconds they took in all."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Counts one."""
        self.answers[f"{status // 100}xx"] += 1
        self.seconds += seconds

    def metrics(self) -> list[Metric]:
        """The figures."""
        answers: dict[Labels, float] = {
            (("status", status),): float(n) for status, n in self.answers.items()
        }
        return [
            Metric("horarium_http_requests_total", "counter", "Requests answered.", answers),
            Metric(
                "horarium_http_seconds_total", "counter", "Seconds that took.", {(): self.seconds}
            ),
        ]
