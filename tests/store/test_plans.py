"""How the queries on every mail's way find their rows: by an index, however much is stored."""

from __future__ import annotations

import re

import apsw
import pytest

from horarium.store.embedded import EmbeddedEngine
from horarium.store.queries import load_queries

# Every query that a mail's way runs, in or out, and every one that a task runs when it looks.
HOT = (
    "due_timers", "firings_of", "listening_until", "next_due", "open_firings", "signals",
    "due_reminders", "anybody_waiting", "waiting_of_service", "waiting_of_client", "waiting_offer",
    "waiting_offers_of", "waiting_passed", "waiting_by_token",
    "standing_timer", "worker_before",
    "answers_since", "booking_head", "due_mails", "event_entries", "forget_attempts",
    "free_lost_mails", "in_ledger", "laid_before", "last_answer", "longest_period",
    "queue_of_event", "attendance_of_event", "offers_of_event", "known_of_party", "kind_of_mail",
    "offers_of_person", "events_of_person",
    "next_mail_due", "periods_of_event", "periods_overlapping", "periods_overlapping_any",
    "charges_ended", "charges_of_event", "charges_overlapping", "claims_of_event",
    "claims_overlapping", "drop_old_charges", "drop_old_claims", "quota_mark", "quota_used",
    "quota_usages",
    # What every request of a browser or a program asks, and every sign-in.
    "session_with_account", "session_of_digest", "see_session", "open_sessions_of_user",
    "close_open_sessions_of_user", "visitors_of_source", "failures", "browser",
    "token_with_account", "account_named", "sessions_beginning", "sweep_sessions",
    # What an extraction asks of a table that has a row for every file of the node.
    "installed_by", "installed_by_others", "places_of_content",
)  # fmt: skip
# Read from memory and not from a table, or in the order of an index up to the first that fits.
ALLOWED = re.compile(r"VIRTUAL TABLE|SCAN first_pending|SCAN o USING INDEX outbox_due$")


@pytest.fixture(scope="module")
def engine() -> EmbeddedEngine:
    made = EmbeddedEngine(":memory:")
    made.migrate(0)
    return made


def plan(engine: EmbeddedEngine, query: str) -> list[str]:
    """The lines of SQLite's plan for a named query."""
    text = load_queries("sqlite")[query]
    values = {name: "[]" if name == "spans" else 1 for name in re.findall(r":([a-z_]+)", text)}
    return [str(row[3]) for row in engine._writer.execute(f"EXPLAIN QUERY PLAN {text}", values)]


@pytest.mark.parametrize("query", HOT)
def test_no_query_walks_a_table(query: str, engine: EmbeddedEngine) -> None:
    lines = plan(engine, query)
    walks = [line for line in lines if "SCAN" in line and not ALLOWED.search(line)]
    assert walks == []


@pytest.mark.parametrize("query", ["periods_overlapping", "periods_overlapping_any"])
def test_long_periods_are_found_by_their_end(query: str, engine: EmbeddedEngine) -> None:
    searches = [line for line in plan(engine, query) if line.startswith("SEARCH p ")]
    assert [re.findall(r"USING INDEX (\w+)", line) for line in searches] == [
        ["booking_period_time"],
        ["booking_period_long"],
    ]


def test_a_plan_is_made_once_and_kept(engine: EmbeddedEngine) -> None:
    """Otherwise SQLite plans a query with parameters anew each time it runs."""
    assert engine._writer.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1


@pytest.mark.parametrize("query", ["laid_before_of_all", "periods_of_all"])
def test_what_all_hold_is_found_by_one_search_for_each(query: str, engine: EmbeddedEngine) -> None:
    searches = [line for line in plan(engine, query) if line.startswith(("SEARCH p", "SEARCH b"))]
    assert searches
    assert all("tenant=? AND resource=?" in line for line in searches)
